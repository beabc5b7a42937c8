import CKernels
import LinAlg
import TestNumbers
import Testing

/// Products with packed weights, on every instruction set that this machine has, against sums in
/// double precision, with guard pages at the operands.
@Suite struct PackedKernelTests {
  typealias Product = GuardedProducts.Product

  @Test(arguments: TestedSet.all)
  func `every remainder of rows and columns`(set: TestedSet) throws {
    let products = try #require(GuardedProducts(set, capacity: 1 << 16, seed: 41))
    for N in Array(1...14) + [63, 64, 65, 129] {
      for M in N < 20 ? Array(1...67) + [128, 129, 191, 193] : [1, 33, 64, 97] {
        for K in [1 + (M + N) % 9, 5 * (1 + (N + 3 * M) % 9)] {
          var p = Product(N: N, M: M, K: K, transposed: M % 2 == 0, accumulate: N % 2 == 0)
          p.gap = K % 4
          p.reverse = (M + K) % 2 == 0
          p.fetch = (M / 2 + N) % 2 == 0
          p.edge = (N + M / 2) % 3 == 0 ? .start : .end
          let worst = products.error(p)
          #expect(worst <= 1, "\(set) \(p): \(worst)")
        }
      }
    }
  }

  @Test(arguments: TestedSet.all)
  func `every remainder of the depth, and several blocks of it`(set: TestedSet) throws {
    let products = try #require(GuardedProducts(set, capacity: 1 << 16, seed: 42))
    for K in Array(0...67) + [128, 129, 511, 513, 1023, 1024, 1025] {
      for transposed in [false, true] {
        for edge in GuardedFloats.Edge.allCases {
          for N in [1, 2, 3, 5, 7, 13] {
            var p = Product(N: N, M: 37, K: K, transposed: transposed, accumulate: K % 2 == 0)
            p.edge = edge
            let worst = products.error(p)
            #expect(worst <= 1, "\(set) \(p): \(worst)")
          }
        }
      }
    }
  }

  @Test(arguments: TestedSet.all)
  func `columns beyond whole vectors, under many rows`(set: TestedSet) throws {
    let products = try #require(GuardedProducts(set, capacity: 1 << 16, seed: 44))
    for N in [15, 16, 17, 23, 24, 25, 31, 33, 95, 97, 199] {
      for M in Array(1...10) + [17, 20, 24, 35, 40, 41] {
        for K in [63, 64, 65 + (M + N) % 3, 1024 + (M + N) % 9] where N * K <= 1 << 16 {
          var p = Product(N: N, M: M, K: K, transposed: M % 2 == 0, accumulate: (M + N) % 2 == 0)
          p.gap = K % 3
          p.edge = (N + M / 2) % 2 == 0 ? .start : .end
          let worst = products.error(p)
          #expect(worst <= 1, "\(set) \(p): \(worst)")
        }
      }
    }
  }

  /// A row's result is the same bits wherever the row stands and however many there are.
  @Test(arguments: TestedSet.all)
  func `rows do not depend on each other`(set: TestedSet) throws {
    let k = try set.pack()
    var rng = SeededGenerator(seed: 43)
    let (M, K, panel) = (83, 1100, Int(k.panel))
    let b = drawn(K * M, within: Float(1), using: &rng)
    let row = drawn(K, within: Float(1), using: &rng)
    let packed = AlignedStorage<Float>(repeating: 0, count: K * ((M + panel - 1) / panel) * panel)
    k.pack(K, M, b, K, b, M, packed.pointer)
    var alone = [Float](repeating: 0, count: M)
    k.packed_product(1, M, K, row, K, packed.pointer, &alone, M, 0, 0, 0)
    for N in 2...26 {
      for position in [0, N / 2, N - 1] {
        var a = drawn(N * K, within: Float(1), using: &rng)
        a.replaceSubrange(position * K..<(position + 1) * K, with: row)
        for (reverse, fetch) in [(0, 0), (1, 0), (0, 1), (1, 1)] as [(Int32, Int32)] {
          var c = [Float](repeating: 0, count: N * M)
          k.packed_product(N, M, K, a, K, packed.pointer, &c, M, 0, reverse, fetch)
          #expect(
            Array(c[position * M..<(position + 1) * M]) == alone,
            "row \(position) of \(N), reverse \(reverse), fetch \(fetch)")
        }
      }
    }
  }
}
