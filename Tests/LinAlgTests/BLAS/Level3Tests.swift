import LinAlg
import Testing

@Suite("BLAS level 3")
struct Level3Tests {
  /// m, n, k
  static let shapes = [
    (0, 0, 0), (0, 4, 3), (4, 0, 3), (4, 3, 0), (1, 1, 1), (1, 9, 5), (9, 1, 5), (5, 9, 1),
    (2, 3, 4), (7, 11, 13), (17, 8, 23),
  ]
  static let scales = [(1.0, 0.0), (0.0, 1.0), (0.0, 0.0), (1.0, 1.0), (-0.5, 2.0)]

  @Test(arguments: shapes, Layout.allCases)
  func againstLoops(shape: (Int, Int, Int), result: Layout) {
    for (index, layout) in Layout.allCases.enumerated() {
      // Every layout of the first operand meets every one of the result; the second operand's layout
      // and the scales rotate, out of step with each other over the shapes.
      let turn = index + shape.0 + 2 * shape.1 + 3 * shape.2
      let other = Layout.allCases[turn % Layout.allCases.count]
      let (alpha, beta) = Self.scales[(turn + index) % Self.scales.count]
      gemm(Float.self, shape, layout, other, result, Float(alpha), Float(beta))
      gemm(Double.self, shape, layout, other, result, alpha, beta)
      symmAndSyrk(Float.self, shape, layout, other, result, Float(alpha), Float(beta))
      symmAndSyrk(Double.self, shape, layout, other, result, alpha, beta)
      triangularProducts(Float.self, shape, layout, result, Float(alpha))
      triangularProducts(Double.self, shape, layout, result, alpha)
    }
  }

  func gemm<S: LinAlgScalar>(
    _: S.Type, _ shape: (Int, Int, Int), _ layoutA: Layout, _ layoutB: Layout, _ layoutC: Layout,
    _ alpha: S, _ beta: S
  ) {
    let (m, n, k) = shape
    let seed = UInt64(m * 10000 + n * 100 + k)
    var rng = SeededGenerator(seed: seed)
    let a: Matrix<S> = random(m, k, &rng)
    let b: Matrix<S> = random(k, n, &rng)
    let c: Matrix<S> = random(m, n, &rng)
    let (α, β) = (Double(alpha), Double(beta))
    let comment: Comment =
      "seed \(seed), \(S.self) \(shape) \(layoutA) \(layoutB) \(layoutC) α \(α) β \(β)"
    var result = beta == 0 ? Matrix(repeating: .nan, rows: m, columns: n) : c
    #expect(
      result.writing(layoutC) {
        BLAS.gemm(alpha: alpha, a.placed(layoutA), b.placed(layoutB), beta: beta, into: &$0)
      }, comment)
    #expect(
      mismatch(
        result, terms: k,
        exact: { i, j in
          α * sum(k) { Double(a[i, $0]) * Double(b[$0, j]) } + β * Double(c[i, j])
        },
        magnitude: { i, j in
          abs(α) * sum(k) { abs(Double(a[i, $0]) * Double(b[$0, j])) } + abs(β * Double(c[i, j]))
        }) == nil, comment)
  }

  func symmAndSyrk<S: LinAlgScalar>(
    _: S.Type, _ shape: (Int, Int, Int), _ layoutA: Layout, _ layoutB: Layout, _ layoutC: Layout,
    _ alpha: S, _ beta: S
  ) {
    let (m, n, k) = shape
    let seed = UInt64(m * 10000 + n * 100 + k)
    var rng = SeededGenerator(seed: seed)
    let b: Matrix<S> = random(m, n, &rng)
    let c: Matrix<S> = random(m, n, &rng)
    let (α, β) = (Double(alpha), Double(beta))
    for side in [Side.left, .right] {
      let order = side == .left ? m : n
      let a: Matrix<S> = random(order, order, &rng)
      for triangle in [Triangle.upper, .lower] {
        let comment: Comment = """
          seed \(seed), \(S.self) \(shape) \(side) \(triangle) \(layoutA) \(layoutB) \(layoutC) \
          α \(α) β \(β)
          """
        func factors(_ i: Int, _ j: Int, _ l: Int) -> Double {
          side == .left
            ? symmetric(a, triangle, i, l) * Double(b[l, j])
            : Double(b[i, l]) * symmetric(a, triangle, l, j)
        }
        var result = beta == 0 ? Matrix(repeating: .nan, rows: m, columns: n) : c
        #expect(
          result.writing(layoutC) {
            BLAS.symm(
              side, triangle, alpha: alpha, a.placed(layoutA), b.placed(layoutB), beta: beta,
              into: &$0)
          }, comment)
        #expect(
          mismatch(
            result, terms: order,
            exact: { i, j in α * sum(order) { factors(i, j, $0) } + β * Double(c[i, j]) },
            magnitude: { i, j in
              abs(α) * sum(order) { abs(factors(i, j, $0)) } + abs(β * Double(c[i, j]))
            }) == nil, comment)
      }
    }
    let a: Matrix<S> = random(m, k, &rng)
    let square: Matrix<S> = random(m, m, &rng)
    for triangle in [Triangle.upper, .lower] {
      let comment: Comment =
        "seed \(seed), \(S.self) syrk \(m) \(k) \(triangle) \(layoutA) \(layoutC) α \(α) β \(β)"
      var result = square
      #expect(
        result.writing(layoutC) {
          BLAS.syrk(triangle, alpha: alpha, a.placed(layoutA), beta: beta, into: &$0)
        }, comment)
      func isWritten(_ i: Int, _ j: Int) -> Bool { triangle == .upper ? i <= j : i >= j }
      #expect(
        mismatch(
          result, terms: k,
          exact: { i, j in
            isWritten(i, j)
              ? α * sum(k) { Double(a[i, $0]) * Double(a[j, $0]) } + β * Double(square[i, j])
              : Double(square[i, j])
          },
          magnitude: { i, j in
            isWritten(i, j)
              ? abs(α) * sum(k) { abs(Double(a[i, $0]) * Double(a[j, $0])) }
                + abs(β * Double(square[i, j]))
              : 0
          }) == nil, comment)
    }
  }

  func triangularProducts<S: LinAlgScalar>(
    _: S.Type, _ shape: (Int, Int, Int), _ layoutA: Layout, _ layoutB: Layout, _ alpha: S
  ) {
    let (m, n, _) = shape
    let seed = UInt64(m * 100 + n)
    var rng = SeededGenerator(seed: seed)
    let b: Matrix<S> = random(m, n, &rng)
    let α = Double(alpha)
    for side in [Side.left, .right] {
      let order = side == .left ? m : n
      var a: Matrix<S> = random(order, order, &rng) / S(Swift.max(order, 1))
      for i in 0..<order { a[i, i] = 1 + a[i, i].magnitude }
      for triangle in [Triangle.upper, .lower] {
        for diagonal in [Diagonal.stored, .unit] {
          let comment: Comment = """
            seed \(seed), \(S.self) \(m) \(n) \(side) \(triangle) \(diagonal) \(layoutA) \
            \(layoutB) α \(α)
            """
          func factors(_ x: Matrix<S>, _ i: Int, _ j: Int, _ l: Int) -> Double {
            side == .left
              ? triangular(a, triangle, diagonal, i, l) * Double(x[l, j])
              : Double(x[i, l]) * triangular(a, triangle, diagonal, l, j)
          }
          var product = b
          #expect(
            product.writing(layoutB) {
              BLAS.trmm(
                side, triangle, diagonal: diagonal, alpha: alpha, a.placed(layoutA), into: &$0)
            }, comment)
          #expect(
            mismatch(
              product, terms: order,
              exact: { i, j in α * sum(order) { factors(b, i, j, $0) } },
              magnitude: { i, j in abs(α) * sum(order) { abs(factors(b, i, j, $0)) } }) == nil,
            comment)
          // The solution is judged by its residual, A·X = α·B.
          var x = b
          #expect(
            x.writing(layoutB) {
              BLAS.trsm(
                side, triangle, diagonal: diagonal, alpha: alpha, a.placed(layoutA), into: &$0)
            }, comment)
          #expect(
            mismatch(
              b.map { alpha * $0 }, terms: order,
              exact: { i, j in sum(order) { factors(x, i, j, $0) } },
              magnitude: { i, j in
                sum(order) { abs(factors(x, i, j, $0)) } + abs(α * Double(b[i, j]))
              }) == nil, comment)
        }
      }
    }
  }

  @Test(arguments: [
    (1, 3, 4, 5), (4, 2, 3, 1), (3, 5, 7, 6), (2, 0, 3, 4), (2, 3, 4, 0), (0, 3, 4, 5),
  ])
  func batchesAreSingleProducts(batch: Int, m: Int, n: Int, k: Int) {
    var rng = SeededGenerator(seed: 77)
    for transA in [Transpose.none, .transpose] {
      for transB in [Transpose.none, .transpose] {
        let a: Matrix<Float> = random(
          batch * (transA == .none ? m : k), transA == .none ? k : m, &rng)
        let b: Matrix<Float> = random(
          batch * (transB == .none ? k : n), transB == .none ? n : k, &rng)
        var c: Matrix<Float> = random(batch * m, n, &rng)
        let old = c
        #expect(
          c.writing(.block) {
            BLAS.gemm(
              batch: batch, transA: transA, transB: transB, alpha: 2, a.placed(.block), b,
              beta: 3, into: &$0)
          })
        for i in 0..<batch {
          let rowsA = a.rows / batch
          let rowsB = b.rows / batch
          let ai = a[rows: i * rowsA..<(i + 1) * rowsA]
          let bi = b[rows: i * rowsB..<(i + 1) * rowsB]
          var expected = Matrix(old[rows: i * m..<(i + 1) * m])
          BLAS.gemm(
            alpha: 2, transA == .none ? ai : ai.transposed, transB == .none ? bi : bi.transposed,
            beta: 3, into: &expected)
          #expect(
            c[rows: i * m..<(i + 1) * m].isApproximatelyEqual(
              to: expected, relativeTolerance: 1e-5), "seed 77")
        }
      }
    }
  }

  @Test func stridedBatchCanShareAnOperand() {
    let a: [Double] = [1, 2, 3, 4]
    let b: [Double] = [1, 0, 0, 1, 0, 1, 1, 0]
    var c = [Double](repeating: .nan, count: 8)
    a.withUnsafeElements { a in
      b.withUnsafeElements { b in
        c.withUnsafeMutableElements { c in
          Double.gemmStridedBatched(
            .none, .none, batch: 2, m: 2, n: 2, k: 2, alpha: 1, a: a.pointer, lda: 2, strideA: 0,
            b: b.pointer, ldb: 2, strideB: 4, beta: 0, c: c.pointer, ldc: 2, strideC: 4)
        }
      }
    }
    #expect(c == [1, 2, 3, 4, 2, 1, 4, 3])
  }

  @Test func operandsThatAlphaZeroesAreNotRead() {
    let nan = Matrix<Double>(repeating: .nan, rows: 3, columns: 3)
    var c = Matrix<Double>(repeating: 2, rows: 3, columns: 3)
    BLAS.gemm(alpha: 0, nan, nan, beta: 0.5, into: &c)
    #expect(c == Matrix(repeating: 1, rows: 3, columns: 3))
    var y = [1.0, 2, 3]
    BLAS.gemv(alpha: 0, nan, [.nan, .nan, .nan], beta: 1, into: &y)
    #expect(y == [1, 2, 3])
  }

  @Test func nanPropagatesThroughAProduct() {
    var a = Matrix<Double>.identity(3)
    a[1, 1] = .nan
    let c = a * Matrix<Double>.identity(3)
    #expect(c[1, 1].isNaN && c[0, 0] == 1)
  }

  @Test func shapesTrapWithAll() async {
    let gemm = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var c = Matrix<Double>.zeros(rows: 2, columns: 5)
      BLAS.gemm(
        Matrix<Double>.zeros(rows: 2, columns: 3), Matrix<Double>.zeros(rows: 4, columns: 5),
        into: &c)
    }
    expectMessage(gemm, contains: "BLAS.gemm", "[2, 3]", "[4, 5]", "[2, 5]")
    let symm = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var c = Matrix<Double>.zeros(rows: 2, columns: 5)
      BLAS.symm(
        .left, .upper, Matrix<Double>.zeros(rows: 5, columns: 5),
        Matrix<Double>.zeros(rows: 2, columns: 5), into: &c)
    }
    expectMessage(symm, contains: "BLAS.symm", "[5, 5]", "left", "[2, 5]")
    let syrk = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var c = Matrix<Double>.zeros(rows: 2, columns: 5)
      BLAS.syrk(.upper, Matrix<Double>.zeros(rows: 2, columns: 3), into: &c)
    }
    expectMessage(syrk, contains: "BLAS.syrk", "[2, 3]", "[2, 5]")
    let trsm = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var b = Matrix<Double>.zeros(rows: 2, columns: 5)
      BLAS.trsm(.right, .upper, Matrix<Double>.zeros(rows: 2, columns: 2), into: &b)
    }
    expectMessage(trsm, contains: "BLAS.trsm", "[2, 2]", "right", "[2, 5]")
    let batch = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var c = Matrix<Double>.zeros(rows: 5, columns: 3)
      BLAS.gemm(
        batch: 2, Matrix<Double>.zeros(rows: 4, columns: 3),
        Matrix<Double>.zeros(rows: 6, columns: 3), into: &c)
    }
    expectMessage(batch, contains: "batch of 2", "[4, 3]", "[6, 3]", "[5, 3]")
  }

  @Test func overlappingUnsafeViewsTrap() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let storage = AlignedStorage<Double>(repeating: 1, count: 100)
      let a = MatrixView(storage: storage, rows: 4, columns: 4, rowStride: 10)
      var c = MutableMatrixView(
        unsafeElements: UnsafeMutableStridedMatrix(
          pointer: storage.pointer + 23, rows: 4, columns: 4, rowStride: 10, columnStride: 1))
      BLAS.gemm(a, a, into: &c)
    }
    expectMessage(result, contains: "the result overlaps an operand")
  }

  @Test func neighbouringUnsafeViewsDoNotTrap() {
    let storage = AlignedStorage<Double>(repeating: 1, count: 100)
    let a = MatrixView(storage: storage, offset: 4, rows: 4, columns: 4, rowStride: 10)
    for offset in [0, 8, 44] {
      var c = MutableMatrixView(
        unsafeElements: UnsafeMutableStridedMatrix(
          pointer: storage.pointer + offset, rows: 4, columns: 2, rowStride: 10, columnStride: 1))
      BLAS.gemm(a, a[columns: 0..<2], into: &c)
      #expect(c[3, 1] == 4)
      c.fill(1)
    }
  }
}
