import CAllocationCounter
import Testing

@testable import Bench

/// Every contestant computes every tensor that the scalar loops compute, and the same numbers.
struct ContestantTests {
  static let shapes = [
    Shape(T: 1, N: 1, D: 1, H: 1), Shape(T: 5, N: 3, D: 7, H: 4), Shape(T: 4, N: 17, D: 2, H: 33),
  ]

  @Test(arguments: CellKind.allCases, Mode.allCases)
  func everyContestantAgreesWithTheOracle(_ cell: CellKind, _ mode: Mode) throws {
    for (index, shape) in Self.shapes.enumerated() {
      let item = BenchCase(cell: cell, mode: mode, shape: shape)
      let workload = Workload(item, seed: UInt64(100 + index))
      let verifier = Verifier(
        item, workload: workload, plan: .make(item, flops: .infinity))
      for kind in ContestantKind.all {
        let outcome = try verifier.verify(kind)
        #expect(outcome.maxError > 0 || shape.H == 1, "\(kind.name) \(item), seed \(100 + index)")
      }
    }
  }

  /// Weights of fewer bytes are right where loops with rounded weights say so, and their error is that of
  /// rounding: that of a format with fewer digits is larger.
  @Test(arguments: CellKind.allCases)
  func narrowWeightsAgreeWithRoundedOnes(_ cell: CellKind) throws {
    let item = BenchCase(
      cell: cell, mode: .inference, shape: Shape(T: 4, N: 3, D: 21, H: 33))
    let verifier = Verifier(
      item, workload: Workload(item, seed: 104), plan: .make(item, flops: .infinity))
    let packed = try verifier.verify(.packed).maxError
    let errors = try ContestantKind.narrow.map { kind in
      // Products of bytes are compared with loops that do not round what they multiply.
      let planted = kind.weights == .int8Dynamic ? 0.05 : 3e-5
      #expect(throws: BenchError.self) { try verifier.verify(kind, plantedError: planted) }
      return try verifier.verify(kind).maxError
    }
    #expect(errors.allSatisfy { $0 > 10 * packed })
    #expect(errors[0] < errors[1] && errors[0] < errors[2])
    #expect(errors[2] < errors[3])
    #expect(errors.allSatisfy { $0 < 0.02 })
    #expect(ContestantKind.narrow.allSatisfy { !$0.takesPart(in: .forward) })
  }

  @Test(arguments: CellKind.allCases, Mode.allCases)
  func everyContestantReportsTheSameTensors(_ cell: CellKind, _ mode: Mode) {
    let item = BenchCase(cell: cell, mode: mode, shape: Shape(T: 3, N: 2, D: 5, H: 4))
    let workload = Workload(item, seed: 3)
    let tensors = ContestantKind.all.map { kind -> [TensorName: Int] in
      let contestant = kind.make(workload)
      contestant.call()
      return contestant.results().tensors.mapValues(\.count)
    }
    #expect(tensors.allSatisfy { $0 == tensors[0] })
    #expect(tensors[0].keys.contains(.dx) == mode.includesBackward)
    #expect(tensors[0].keys.contains(.finalCell) == (cell == .lstm))
  }

  /// The sequences of a batch are independent, which is what makes a sample of them a test.
  @Test(arguments: CellKind.allCases)
  func aFewSequencesOfABatchAreEnough(_ cell: CellKind) throws {
    let item = BenchCase(cell: cell, mode: .training, shape: Shape(T: 6, N: 9, D: 4, H: 5))
    let workload = Workload(item, seed: 8)
    let plan = VerificationPlan(steps: 4, sequences: [0, 5, 8])
    let verifier = Verifier(item, workload: workload, plan: plan)
    for kind in ContestantKind.all { _ = try verifier.verify(kind) }
  }

  @Test(
    .enabled(if: allocation_counter_is_available()), arguments: CellKind.allCases, Mode.allCases)
  func thePlainPortAllocatesNothingPerCall(_ cell: CellKind, _ mode: Mode) {
    let item = BenchCase(cell: cell, mode: mode, shape: Shape(T: 4, N: 3, D: 4, H: 5))
    let contestant = ContestantKind.perGate.make(Workload(item, seed: 2))
    contestant.call()
    let before = allocation_counter_thread_value()
    contestant.call()
    #expect(allocation_counter_thread_value() == before)
  }

  @Test(.enabled(if: allocation_counter_is_available()))
  func allocationsAreCounted() {
    var kept: [[Int]] = []
    let subject = TimedSubject(call: { kept = [[1, 2, 3], [4]] })
    let count = WarmUp(subject).allocationsPerCall
    #expect((count ?? 0) >= 2)
    #expect(kept.count == 2)
  }

  @Test func aListNamesContestants() throws {
    #expect(
      try ContestantKind.named(list: "packed,NAIVE,packed").map(\.name) == ["packed", "naive"])
    for list in ["", "fused,", "torch"] {
      let error = #expect(throws: BenchError.self) { try ContestantKind.named(list: list) }
      #expect(error?.code == .usage)
    }
  }
}
