import CKernels
import LinAlg
import Testing

/// Every product kernel of every instruction set that this machine has, on operands that begin or end
/// at a page that nobody may touch. The other suites of these kernels use such operands too.
@Suite struct GuardPageTests {
  /// All remainders, and beyond one register tile, one panel and one block.
  static let sizes = Array(1...67) + [128, 129]

  @Test(arguments: TestedSet.all)
  func `packing and products`(set: TestedSet) throws {
    let products = try #require(GuardedProducts(set, capacity: 1 << 15, seed: 71))
    for N in 1...13 {
      for M in Self.sizes {
        // Every pair of N and M, M and K, N and K; a part of the triples.
        for K in Self.sizes where (K + 3 * M + N) % 7 == 0 {
          var p = GuardedProducts.Product(N: N, M: M, K: K)
          p.edge = (N + M + K) % 4 == 0 ? .start : .end
          p.transposed = (N ^ M ^ K) & 1 == 0
          p.accumulate = (M + K) % 3 == 0
          p.reverse = K % 5 < 2
          p.fetch = (N + K) % 2 == 0
          let worst = products.error(p)
          #expect(worst <= 1, "\(set) \(p): \(worst)")
        }
      }
    }
  }

  @Test(arguments: TestedSet.all)
  func `weight gradients`(set: TestedSet) throws {
    let products = try #require(GuardedProducts(set, capacity: 1 << 15, seed: 72))
    for rows in 0...13 {
      for M in Self.sizes {
        for K in Self.sizes where (K + 3 * M + rows) % 7 == 0 {
          var g = GuardedProducts.Gradient(M: M, K: K, rows: rows)
          g.edge = (rows + M + K) % 4 == 0 ? .start : .end
          let worst = products.error(g)
          #expect(worst <= 1, "\(set) \(g): \(worst)")
        }
      }
    }
  }

  /// The guards themselves: one float beyond either end is out of reach.
  @Test func `a read beyond the end stops the process`() async {
    await #expect(processExitsWith: .failure) {
      let memory = try #require(GuardedFloats(capacity: 3000))
      let floats = memory.floats(100, at: .end)
      floats[0] = floats[100]
    }
  }

  @Test func `a write before the start stops the process`() async {
    await #expect(processExitsWith: .failure) {
      let memory = try #require(GuardedFloats(capacity: 3000))
      memory.floats(100, at: .start)[-1] = 1
    }
  }
}
