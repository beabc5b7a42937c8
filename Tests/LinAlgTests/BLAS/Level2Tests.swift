import LinAlg
import Testing

@Suite("BLAS level 2")
struct Level2Tests {
  static let shapes = [
    (0, 0), (0, 3), (3, 0), (1, 1), (1, 7), (7, 1), (2, 3), (5, 5), (13, 8), (31, 37),
  ]
  static let scales = [(1.0, 0.0), (0.0, 1.0), (0.0, 0.0), (1.0, 1.0), (-0.5, 2.0)]

  @Test(arguments: shapes, Layout.allCases)
  func againstLoops(shape: (Int, Int), layout: Layout) {
    for (alpha, beta) in Self.scales {
      for stride in [1, 3] {
        general(Float.self, shape.0, shape.1, layout, Float(alpha), Float(beta), stride)
        general(Double.self, shape.0, shape.1, layout, alpha, beta, stride)
        symmetricAndTriangular(Float.self, shape.0, layout, Float(alpha), Float(beta), stride)
        symmetricAndTriangular(Double.self, shape.0, layout, alpha, beta, stride)
      }
    }
  }

  func general<S: LinAlgScalar>(
    _: S.Type, _ m: Int, _ n: Int, _ layout: Layout, _ alpha: S, _ beta: S, _ stride: Int
  ) {
    let seed = UInt64(m * 1000 + n * 10 + stride)
    var rng = SeededGenerator(seed: seed)
    let a: Matrix<S> = random(m, n, &rng)
    let x: Vector<S> = random(count: n, &rng)
    let y: Vector<S> = random(count: m, &rng)
    let (α, β) = (Double(alpha), Double(beta))
    let comment: Comment =
      "seed \(seed), \(S.self) [\(m), \(n)] \(layout) α \(α) β \(β) stride \(stride)"

    var result = beta == 0 ? Vector(repeating: .nan, count: m) : y
    #expect(
      result.writing(stride: stride) {
        BLAS.gemv(
          alpha: alpha, a.placed(layout), x.placed(stride: stride), beta: beta, into: &$0)
      }, comment)
    #expect(
      mismatch(
        result, terms: n,
        exact: { i in α * sum(n) { Double(a[i, $0]) * Double(x[$0]) } + β * Double(y[i]) },
        magnitude: { i in
          abs(α) * sum(n) { abs(Double(a[i, $0]) * Double(x[$0])) } + abs(β * Double(y[i]))
        }) == nil, comment)

    var outer = a
    #expect(
      outer.writing(layout) {
        BLAS.ger(alpha: alpha, y.placed(stride: stride), x, into: &$0)
      }, comment)
    #expect(
      mismatch(
        outer, terms: 2, exact: { Double(a[$0, $1]) + α * Double(y[$0]) * Double(x[$1]) },
        magnitude: { abs(Double(a[$0, $1])) + abs(α * Double(y[$0]) * Double(x[$1])) }) == nil,
      comment)
  }

  func symmetricAndTriangular<S: LinAlgScalar>(
    _: S.Type, _ n: Int, _ layout: Layout, _ alpha: S, _ beta: S, _ stride: Int
  ) {
    let seed = UInt64(n * 10 + stride)
    var rng = SeededGenerator(seed: seed)
    var a: Matrix<S> = random(n, n, &rng)
    let x: Vector<S> = random(count: n, &rng)
    let y: Vector<S> = random(count: n, &rng)
    let (α, β) = (Double(alpha), Double(beta))
    for triangle in [Triangle.upper, .lower] {
      let comment: Comment =
        "seed \(seed), \(S.self) \(n) \(triangle) \(layout) α \(α) β \(β) stride \(stride)"
      var result = beta == 0 ? Vector(repeating: .nan, count: n) : y
      #expect(
        result.writing(stride: stride) {
          BLAS.symv(
            triangle, alpha: alpha, a.placed(layout), x.placed(stride: stride), beta: beta,
            into: &$0)
        }, comment)
      #expect(
        mismatch(
          result, terms: n,
          exact: { i in
            α * sum(n) { symmetric(a, triangle, i, $0) * Double(x[$0]) } + β * Double(y[i])
          },
          magnitude: { i in
            abs(α) * sum(n) { abs(symmetric(a, triangle, i, $0) * Double(x[$0])) }
              + abs(β * Double(y[i]))
          }) == nil, comment)
    }
    // A dominant diagonal keeps the triangular systems well conditioned, also with a unit one.
    a = a / S(Swift.max(n, 1))
    for i in 0..<n { a[i, i] = 1 + a[i, i].magnitude }
    for triangle in [Triangle.upper, .lower] {
      for diagonal in [Diagonal.stored, .unit] {
        let comment: Comment =
          "seed \(seed), \(S.self) \(n) \(triangle) \(diagonal) \(layout) stride \(stride)"
        var product = x
        #expect(
          product.writing(stride: stride) {
            BLAS.trmv(triangle, diagonal: diagonal, a.placed(layout), into: &$0)
          }, comment)
        #expect(
          mismatch(
            product, terms: n,
            exact: { i in
              sum(n) { triangular(a, triangle, diagonal, i, $0) * Double(x[$0]) }
            },
            magnitude: { i in
              sum(n) { abs(triangular(a, triangle, diagonal, i, $0) * Double(x[$0])) }
            }) == nil, comment)
        // The solution is judged by its residual: |Ax̂ − b| ≤ γ·|A||x̂| (Higham §8.1).
        var solution = x
        #expect(
          solution.writing(stride: stride) {
            BLAS.trsv(triangle, diagonal: diagonal, a.placed(layout), into: &$0)
          }, comment)
        #expect(
          mismatch(
            x, terms: n,
            exact: { i in
              sum(n) { triangular(a, triangle, diagonal, i, $0) * Double(solution[$0]) }
            },
            magnitude: { i in
              sum(n) { abs(triangular(a, triangle, diagonal, i, $0) * Double(solution[$0])) }
            }) == nil, comment)
      }
    }
  }

  @Test func shapesTrapWithBoth() async {
    let gemv = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var y = [0.0, 0]
      BLAS.gemv(Matrix<Double>.zeros(rows: 2, columns: 3), [1.0, 2], into: &y)
    }
    expectMessage(gemv, contains: "BLAS.gemv", "[2, 3]", "2 elements")
    let ger = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var a = Matrix<Double>.zeros(rows: 2, columns: 3)
      BLAS.ger([1.0, 2, 3], [1.0, 2, 3], into: &a)
    }
    expectMessage(ger, contains: "BLAS.ger", "[2, 3]", "3 elements")
    let trsv = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var x = [0.0, 0]
      BLAS.trsv(.lower, Matrix<Double>.zeros(rows: 2, columns: 3), into: &x)
    }
    expectMessage(trsv, contains: "BLAS.trsv", "[2, 3]", "2 elements")
  }
}
