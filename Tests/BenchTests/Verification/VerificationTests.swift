import Testing

@testable import Bench

/// The checker must find what is wrong, and must say how much it looked at.
struct VerificationTests {
  private let item = BenchCase(
    cell: .lstm, mode: .training, shape: Shape(T: 4, N: 3, D: 5, H: 6))

  /// A contestant that is right but for one element of one tensor.
  private final class Faulty: Contestant {
    let base: any Contestant
    let tensor: TensorName
    let change: (inout [Double]) -> Void

    init(
      _ workload: Workload, tensor: TensorName, change: @escaping (inout [Double]) -> Void
    ) {
      base = ContestantKind.perGate.make(workload)
      self.tensor = tensor
      self.change = change
    }

    func call() { base.call() }

    func results() -> Results {
      var results = base.results()
      var elements = results.tensors[tensor] ?? []
      change(&elements)
      results.tensors[tensor] = elements
      return results
    }
  }

  private func verify(
    _ tensor: TensorName, _ change: @escaping @Sendable (inout [Double]) -> Void
  ) throws {
    let verifier = Verifier(
      item, workload: Workload(item, seed: 4), plan: .make(item, flops: .infinity))
    let kind = ContestantKind(
      name: "faulty", summary: "", longestCall: nil,
      make: { Faulty($0, tensor: tensor, change: change) })
    _ = try verifier.verify(kind)
  }

  @Test(arguments: TensorName.allCases.filter { $0 != .dRecurrentBias })
  func oneWrongElementOfAnyTensorIsFound(_ tensor: TensorName) {
    let error = #expect(throws: BenchError.self) {
      try verify(tensor) { elements in
        let largest = elements.indices.max { abs(elements[$0]) < abs(elements[$1]) }
        if let largest { elements[largest] *= 1 + 1e-4 }
      }
    }
    #expect(error?.code == .failure)
    #expect(error?.message.contains("faulty") == true)
    #expect(error?.message.contains(tensor.rawValue) == true, "\(error?.message ?? "")")
  }

  @Test func notANumberIsFound() {
    #expect(throws: BenchError.self) { try verify(.dU) { $0[0] = .nan } }
    #expect(throws: BenchError.self) { try verify(.outputs) { $0[0] = .infinity } }
  }

  @Test func aMissingOrTruncatedTensorIsFound() {
    #expect(throws: BenchError.self) { try verify(.dInitialCell) { $0 = [] } }
    #expect(throws: BenchError.self) { try verify(.dx) { $0.removeLast() } }
  }

  @Test func whatIsRightPasses() throws {
    try verify(.dW) { _ in }
  }

  @Test func errorNorm() {
    #expect(Verification.error([1, 2.5], [1, 2]) == 0.25)
    #expect(Verification.error([0, 0], [0, 0]) == 0)
    #expect(Verification.error([1e-30], [0]) == .infinity)
    #expect(Verification.error([.nan], [1]) == .infinity)
    #expect(Verification.error([1], [1, 2]) == .infinity)
  }

  /// Scalar loops that overflow prove nothing.
  @Test(arguments: [Double.nan, .infinity, -.infinity])
  func aReferenceThatIsNotFiniteIsNoReference(_ value: Double) {
    #expect(Verification.error([1, 2], [1, value]) == .infinity)
    #expect(Verification.error([1, value], [1, value]) == .infinity)
    var (actual, expected) = (Results(steps: 1, batch: 1), Results(steps: 1, batch: 1))
    actual.tensors[.outputs] = [1, 2]
    expected.tensors[.outputs] = [1, value]
    let outcome = Verification.compare(
      actual, with: expected, cell: .lstm, shape: Shape(T: 1, N: 1, D: 1, H: 2))
    #expect(!outcome.isCorrect)
  }

  @Test func theBoundGrowsWithTheRootOfTheLongestSum() {
    let small = Shape(T: 10, N: 4, D: 64, H: 64)
    #expect(Verification.bound(.outputs, cell: .lstm, shape: small) == 1e-5)
    let large = Shape(T: 10, N: 4, D: 2048, H: 2048)
    #expect(Verification.bound(.outputs, cell: .lstm, shape: large) == 2e-5)
    #expect(
      abs(Verification.bound(.dx, cell: .lstm, shape: large) / 1e-5 - 8.0.squareRoot()) < 1e-12)
  }

  @Test func smallRowsAreComparedWhole() {
    let plan = VerificationPlan.make(item)
    #expect(plan.isComplete(for: item.shape))
    #expect(plan.sequences == [0, 1, 2])
  }

  @Test func largeRowsAreComparedOnSomeSequencesThenOnFewerSteps() {
    let middle = BenchCase(
      cell: .lstm, mode: .training, shape: Shape(T: 50, N: 32, D: 256, H: 256))
    let plan = VerificationPlan.make(middle)
    #expect(plan.steps == 50)
    #expect(plan.sequences == [0, 31])
    let large = BenchCase(
      cell: .lstm, mode: .training, shape: Shape(T: 25, N: 128, D: 4096, H: 4096))
    #expect(VerificationPlan.make(large) == VerificationPlan(steps: 3, sequences: [0, 127]))
    #expect(!VerificationPlan.make(large).isComplete(for: large.shape))
  }

  @Test func sequencesAreSpreadWithoutRepetition() {
    for n in 1...40 {
      for count in 1...n {
        let indices = VerificationPlan.spread(count, over: n)
        #expect(Set(indices).count == count)
        #expect(indices.first == 0)
        if count > 1 { #expect(indices.last == n - 1) }
      }
    }
  }
}
