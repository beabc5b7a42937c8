import CKernels
import LinAlg
import Testing

/// The weight gradient, on every instruction set that this machine has, against sums in double
/// precision, with guard pages at its operands.
@Suite struct WeightGradientTests {
  typealias Gradient = GuardedProducts.Gradient

  @Test(arguments: TestedSet.all)
  func `every remainder of rows and columns`(set: TestedSet) throws {
    let products = try #require(GuardedProducts(set, capacity: 1 << 16, seed: 51))
    let sizes = Array(1...35) + [47, 48, 49, 63, 64, 65, 66, 67, 95, 96, 97, 128, 129]
    for M in sizes {
      for K in sizes {
        let edge: GuardedFloats.Edge = (M + K) % 3 == 0 ? .start : .end
        let g = Gradient(M: M, K: K, rows: (M * 5 + K) % 14, edge: edge, gap: (M + 2 * K) % 4)
        let worst = products.error(g)
        #expect(worst <= 1, "\(set) \(g): \(worst)")
      }
    }
  }

  @Test(arguments: TestedSet.all)
  func `every number of rows, and several blocks of everything`(set: TestedSet) throws {
    let products = try #require(GuardedProducts(set, capacity: 1 << 20, seed: 52))
    var cases = (Array(0...40) + [127, 128, 129, 255, 256, 257, 511, 513, 771]).map {
      Gradient(M: 29, K: 37, rows: $0)
    }
    cases += [
      Gradient(M: 5, K: 1025, rows: 3), Gradient(M: 13, K: 2113, rows: 131, gap: 1),
      Gradient(M: 193, K: 33, rows: 259, gap: 3), Gradient(M: 583, K: 16, rows: 300),
      Gradient(M: 0, K: 5, rows: 4), Gradient(M: 5, K: 0, rows: 4),
    ]
    for g in cases {
      for edge in GuardedFloats.Edge.allCases {
        var g = g
        g.edge = edge
        let worst = products.error(g)
        #expect(worst <= 1, "\(set) \(g): \(worst)")
      }
    }
  }

  /// The same bits, whether it is computed at once, by parts of M, of K or of the rows.
  @Test(arguments: TestedSet.all)
  func `parts of it are the same bits`(set: TestedSet) throws {
    let k = try set.pack()
    var rng = SeededGenerator(seed: 53)
    let (M, K, rows) = (101, 83, 300)
    func draw(_ count: Int) -> [Float] {
      (0..<count).map { _ in .random(in: -1...1, using: &rng) }
    }
    let (d, x, start) = (draw(rows * M), draw(rows * K), draw(M * K))
    var size = 0
    k.weight_gradient_scratch(M, K, rows, &size)
    var scratch = [Float](repeating: .nan, count: size)

    /// The gradient by blocks of m × k elements and r rows.
    func gradient(m: Int, k columns: Int, r: Int) -> [Float] {
      var dW = start
      dW.withUnsafeMutableBufferPointer { dW in
        d.withUnsafeBufferPointer { d in
          x.withUnsafeBufferPointer { x in
            guard let dW = dW.baseAddress, let d = d.baseAddress, let x = x.baseAddress else {
              return
            }
            for m0 in stride(from: 0, to: M, by: m) {
              for k0 in stride(from: 0, to: K, by: columns) {
                for r0 in stride(from: 0, to: rows, by: r) {
                  let (count, to) = (min(m, M - m0), dW + m0 * K + k0)
                  let half = count / 2
                  k.weight_gradient(
                    count, min(columns, K - k0), min(r, rows - r0), d + r0 * M + m0, M,
                    x + r0 * K + k0, K, to, half, to + half * K, K, &scratch)
                }
              }
            }
          }
        }
      }
      return dW
    }
    let whole = gradient(m: M, k: K, r: rows)
    for m in [1, 2, 5, 7, 12, 50, 51] {
      #expect(gradient(m: m, k: K, r: rows) == whole, "\(m) columns of dgates at a time")
    }
    for columns in [1, 3, 15, 16, 17, 41, 64] {
      #expect(gradient(m: M, k: columns, r: rows) == whole, "\(columns) columns of x at a time")
    }
    for r in [1, 7, 150, 256] {
      #expect(gradient(m: M, k: K, r: r) == whole, "\(r) rows at a time")
    }
  }
}
