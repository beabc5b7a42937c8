import CKernels
import LinAlg
import Recurrent
import Testing

/// The kernels that combine two spans, of every instruction set, on every remainder of the vector
/// width, with operands that end or begin at a guard page.
@Suite struct PairKernelTests {
  @Test(arguments: TestedSet.all)
  func `sum, mean and product`(set: TestedSet) throws {
    let kernels = set.f32
    let memory = try #require(GuardedFloats(capacity: 200))
    let other = try #require(GuardedFloats(capacity: 200))
    let result = try #require(GuardedFloats(capacity: 200))
    var rng = SeededGenerator(seed: 15)
    for n in Array(0..<70) + [200] {
      for edge in GuardedFloats.Edge.allCases {
        let (a, b) = (memory.floats(n, at: edge), other.floats(n, at: edge))
        let y = result.floats(n, at: edge)
        for i in 0..<n {
          a[i] = .random(in: -2...2, using: &rng)
          b[i] = .random(in: -2...2, using: &rng)
        }
        kernels.pair_sum(a, b, y, n)
        #expect((0..<n).allSatisfy { y[$0] == a[$0] + b[$0] })
        kernels.pair_product(a, b, y, n)
        #expect((0..<n).allSatisfy { y[$0] == a[$0] * b[$0] })
        kernels.pair_mean(a, b, y, n)
        #expect((0..<n).allSatisfy { y[$0] == (a[$0] + b[$0]) / 2 })
        let expected = (0..<n).map { a[$0] + b[$0] }
        kernels.pair_sum(a, b, a, n)
        #expect((0..<n).allSatisfy { a[$0] == expected[$0] }, "in place")
      }
    }
  }

  @Test func `in double precision`() {
    var rng = SeededGenerator(seed: 16)
    let (a, b) = (
      (0..<37).map { _ in Double.random(in: -2...2, using: &rng) },
      (0..<37).map { _ in Double.random(in: -2...2, using: &rng) }
    )
    func combined(_ operation: PairOperation) -> [Double] {
      var y = [Double](repeating: 0, count: 37)
      Double.combine(a, b, by: operation, into: &y, count: 37)
      return y
    }
    #expect(combined(.sum) == zip(a, b).map { $0 + $1 })
    #expect(combined(.product) == zip(a, b).map { $0 * $1 })
    #expect(combined(.mean) == zip(a, b).map { ($0 + $1) / 2 })
  }
}
