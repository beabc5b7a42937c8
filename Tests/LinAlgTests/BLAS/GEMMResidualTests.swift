import LinAlg
import Testing

// Large products, too many elements for loops in a debug build: as BLIS's test suite does, both
// sides of C = A·B are applied to a random vector, at the price of three matrix–vector products.

@Suite("Large products by their residual")
struct GEMMResidualTests {
  @Test(arguments: [(300, 257, 411), (64, 1024, 64), (1, 500, 700), (512, 512, 512)])
  func residualIsRounding(m: Int, n: Int, k: Int) {
    check(Float.self, m, n, k)
    check(Double.self, m, n, k)
  }

  func check<S: LinAlgScalar>(_: S.Type, _ m: Int, _ n: Int, _ k: Int) {
    let seed = UInt64(m + n + k)
    var rng = SeededGenerator(seed: seed)
    let a: Matrix<S> = random(m, k, &rng)
    let b: Matrix<S> = random(k, n, &rng)
    for (transA, transB) in [(false, false), (true, false), (false, true), (true, true)] {
      let comment: Comment = "seed \(seed), \(S.self) \(m)×\(n)×\(k) \(transA) \(transB)"
      let left = transA ? Matrix(a.transposed).transposed : a.view
      let right = transB ? Matrix(b.transposed).transposed : b.view
      var c = left * right
      #expect(residualExcess(a, b, c, seed) < 1, comment)
      // The check must see one wrong element in the last place that a tile could be.
      c[m - 1, n - 1] += 1
      #expect(residualExcess(a, b, c, seed) > 1, comment)
    }
  }

  /// The largest element of `|C·x − A·(B·x)|` over its bound, with `x` of random ±1.
  ///
  /// Rounding errs by about `√k·ε·(|A|·|B|)ᵢⱼ` per element, its errors being as good as independent
  /// (Higham and Mary 2019), and the random signs add the `n` errors of a row up like a random walk.
  /// The bound `8·√(k·n)·ε·max(|A|·|B|)` leaves a deviation of eight that no row may exceed.
  func residualExcess<S: LinAlgScalar>(
    _ a: Matrix<S>, _ b: Matrix<S>, _ c: Matrix<S>, _ seed: UInt64
  ) -> Double {
    var rng = SeededGenerator(seed: seed &+ 1)
    let x = (0..<b.columns).map { _ in Bool.random(using: &rng) ? 1.0 : -1.0 }
    func apply(_ m: Matrix<S>, _ v: [Double]) -> [Double] {
      m.withUnsafeElements { m in
        (0..<m.rows).map { i in
          var total = 0.0
          for j in 0..<m.columns { total += Double(m[i, j]) * v[j] }
          return total
        }
      }
    }
    let direct = apply(c, x)
    let composed = apply(a, apply(b, x))
    // The elements of A and B are below 1, so those of |A|·|B| are below k.
    let bound =
      8 * (Double(a.columns) * Double(b.columns)).squareRoot() * Double(S.ulpOfOne)
      * Double(a.columns)
    let difference = zip(direct, composed).map { abs($0 - $1) }.max() ?? 0
    return difference / bound
  }
}

@Suite("The checker of the BLAS tests")
struct CheckerTests {
  @Test func aPlantedErrorIsFound() {
    var rng = SeededGenerator(seed: 5)
    let a: Matrix<Float> = random(9, 30, &rng)
    let b: Matrix<Float> = random(30, 8, &rng)
    var c = a * b
    func check() -> String? {
      mismatch(
        c, terms: 30, exact: { i, j in sum(30) { Double(a[i, $0]) * Double(b[$0, j]) } },
        magnitude: { i, j in sum(30) { abs(Double(a[i, $0]) * Double(b[$0, j])) } })
    }
    #expect(check() == nil)
    c[8, 3] *= 1.001
    #expect(check()?.hasPrefix("[8, 3]") == true)
    c[8, 3] = .nan
    #expect(check()?.hasPrefix("[8, 3]") == true)
  }

  @Test func aWriteIntoTheGapsIsFound() {
    var c = Matrix<Float>.zeros(rows: 3, columns: 3)
    let clean = c.writing(.block) { view in
      view.withUnsafeMutableElements { $0.pointer[3] = 0 }
    }
    #expect(!clean)
  }
}
