import Testing

@testable import Bench

/// Batches whose sequences have different lengths are compared with loops over each sequence alone.
struct RaggedVerificationTests {
  static let shape = Shape(T: 6, N: 5, D: 4, H: 7)
  static let lengths = [3, 6, 1, 5, 6]

  static func item(_ cell: CellKind, _ mode: Mode) -> BenchCase {
    BenchCase(cell: cell, mode: mode, shape: shape, lengths: .uniform)
  }

  @Test(arguments: CellKind.allCases, Mode.allCases)
  func withLengthsAndWithoutTheEngineIsRight(_ cell: CellKind, _ mode: Mode) throws {
    let item = Self.item(cell, mode)
    let workload = Workload(item, seed: 21, lengths: Self.lengths)
    for plan in [
      VerificationPlan.make(item, flops: .infinity), VerificationPlan(steps: 4, sequences: [0, 3]),
    ] {
      let verifier = Verifier(item, workload: workload, plan: plan)
      for kind in [ContestantKind.padded, .packed, .fused] { _ = try verifier.verify(kind) }
    }
  }

  /// Lengths that are not those of the row, and none, give other results.
  @Test(arguments: CellKind.allCases, [[3, 6, 1, 5, 5], [3, 6, 2, 5, 6], nil])
  func otherLengthsAreFound(_ cell: CellKind, _ lengths: [Int]?) throws {
    let item = Self.item(cell, .training)
    let workload = Workload(item, seed: 22, lengths: Self.lengths)
    let verifier = Verifier(
      item, workload: workload, plan: .make(item, flops: .infinity))
    let kind = ContestantKind(
      name: "other", summary: "", longestCall: nil,
      make: { workload in
        var workload = workload
        workload.lengths = lengths
        return EngineContestants.make(workload, products: .automatic)
      })
    let error = #expect(throws: BenchError.self) { _ = try verifier.verify(kind) }
    #expect(error?.code == .failure)
  }

  @Test func theLoopsLeaveZerosAfterTheEnd() {
    let item = Self.item(.lstm, .training)
    let results = RaggedOracle.results(
      Workload(item, seed: 23, lengths: Self.lengths), Self.lengths)
    for (name, width) in [(TensorName.outputs, 7), (.dx, 4)] {
      let elements = results.tensors[name] ?? []
      #expect(elements.count == 6 * 5 * width)
      for t in 0..<6 {
        for n in 0..<5 {
          let row = elements[(t * 5 + n) * width..<(t * 5 + n + 1) * width]
          #expect(row.allSatisfy { $0 == 0 } == (t >= Self.lengths[n]), "\(name) \(t) \(n)")
        }
      }
    }
  }

  @Test func contestantsTakePartWhereTheyCan() {
    func names(_ item: BenchCase) -> [String] {
      ContestantKind.all.filter { $0.takesPart(in: item) }.map(\.name)
    }
    var item = Self.item(.gru, .inference)
    #expect(names(item) == ["padded", "packed"])
    item.lengths = nil
    #expect(names(item) == ["naive", "perGate", "fused", "packed"])
  }

  @Test func stepsThatDoNotCountAreNoWork() {
    let workload = Workload(Self.item(.lstm, .inference), seed: 1, lengths: Self.lengths)
    #expect(workload.meanLengthShare == 21.0 / 30)
    #expect(workload.padded.meanLengthShare == 1)
    #expect(workload.prefix(steps: 4).lengths == [3, 4, 1, 4, 4])
    #expect(workload.restricted(to: [1, 2]).lengths == [6, 1])
  }
}
