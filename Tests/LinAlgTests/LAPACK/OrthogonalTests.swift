import LinAlg
import Testing

let rectangles = [
  (0, 0), (0, 3), (3, 0), (1, 1), (1, 6), (6, 1), (4, 4), (9, 5), (5, 9), (60, 60), (80, 30),
]

/// Whether the columns of `q` are orthonormal.
func hasOrthonormalColumns<S: LinAlgScalar>(_ q: Matrix<S>) -> Bool {
  (q.transposed * q).isApproximatelyEqual(
    to: Matrix.identity(q.columns), relativeTolerance: tolerance(S.self, max(q.rows, q.columns)))
}

@Suite("QR")
struct QRTests {
  @Test(arguments: rectangles)
  func factorsReproduceTheMatrix(m: Int, n: Int) throws {
    try check(Float.self, m, n)
    try check(Double.self, m, n)
  }

  func check<S: LinAlgScalar>(_: S.Type, _ m: Int, _ n: Int) throws {
    var rng = SeededGenerator(seed: UInt64(100 * m + n))
    let a: Matrix<S> = random(m, n, &rng)
    for layout in Layout.allCases {
      let comment: Comment = "seed \(100 * m + n), \(S.self) [\(m), \(n)] \(layout)"
      let qr = try QR(a.placed(layout))
      let (q, r) = (qr.q(), qr.r)
      let close = tolerance(S.self, max(m, n))
      #expect(q.rows == m && q.columns == min(m, n) && r.rows == min(m, n) && r.columns == n)
      #expect(hasOrthonormalColumns(q), comment)
      #expect((q * r).isApproximatelyEqual(to: a, relativeTolerance: close), comment)
      for i in 0..<r.rows {
        for j in 0..<min(i, n) { #expect(r[i, j] == 0, comment) }
      }
      let full = qr.fullQ()
      #expect(full.rows == m && full.columns == m && hasOrthonormalColumns(full), comment)
      #expect((full * qr.fullR).isApproximatelyEqual(to: a, relativeTolerance: close), comment)
    }
  }

  @Test func nonFiniteInputIsRefused() {
    #expect(throws: LinAlgError.nonFinite(.matrix, row: 1, column: 0)) {
      try QR([[1, 2], [.infinity, 4], [5, .nan]] as Matrix<Float>)
    }
  }
}

@Suite("SVD")
struct SVDTests {
  @Test(arguments: rectangles)
  func factorsReproduceTheMatrix(m: Int, n: Int) throws {
    try check(Float.self, m, n)
    try check(Double.self, m, n)
  }

  func check<S: LinAlgScalar>(_: S.Type, _ m: Int, _ n: Int) throws {
    var rng = SeededGenerator(seed: UInt64(100 * m + n))
    let a: Matrix<S> = random(m, n, &rng)
    let comment: Comment = "seed \(100 * m + n), \(S.self) [\(m), \(n)]"
    let close = tolerance(S.self, max(m, n))
    let short = min(m, n)
    for size in [SVD<S>.Size.thin, .full] {
      let svd = try SVD(a, size)
      #expect(svd.u.rows == m && svd.u.columns == (size == .thin ? short : m))
      #expect(svd.vTransposed.rows == (size == .thin ? short : n) && svd.vTransposed.columns == n)
      #expect(hasOrthonormalColumns(svd.u), comment)
      #expect(hasOrthonormalColumns(Matrix(svd.vTransposed.transposed)), comment)
      let middle = Matrix<S>(rows: svd.u.columns, columns: svd.vTransposed.rows) { i, j in
        i == j ? svd.singularValues[i] : 0
      }
      #expect(
        (svd.u * middle * svd.vTransposed).isApproximatelyEqual(to: a, relativeTolerance: close),
        comment)
      #expect(svd.singularValues.count == short)
      #expect(svd.singularValues.allSatisfy { $0 >= 0 })
      #expect(Array(svd.singularValues) == svd.singularValues.sorted(by: >), comment)
      #expect(
        try SVD.singularValues(of: a.transposed).isApproximatelyEqual(
          to: svd.singularValues, relativeTolerance: close), comment)
      if short > 0 { #expect(svd.rank() == short, comment) }
    }
  }

  @Test func knownValues() throws {
    let svd = try SVD([[3, 0], [0, -5]] as Matrix<Double>)
    #expect(svd.singularValues.isApproximatelyEqual(to: [5.0, 3], relativeTolerance: 1e-15))
    #expect(abs(svd.conditionNumber - 5 / 3) < 1e-14)
    let ones = try SVD(Matrix<Double>(repeating: 1, rows: 4, columns: 3))
    #expect(ones.rank() == 1)
    #expect(abs(ones.singularValues[0] - 12.squareRoot()) < 1e-14)
    #expect(try SVD(Matrix<Double>.zeros(rows: 2, columns: 2)).conditionNumber == .infinity)
    #expect(try SVD(Matrix<Double>.zeros(rows: 0, columns: 2)).conditionNumber == 1)
  }

  @Test(arguments: [(4, 4, 4), (7, 3, 3), (3, 7, 3), (6, 5, 2), (5, 5, 0), (0, 4, 0), (4, 0, 0)])
  func pseudoInverseHasMooreAndPenrosesProperties(m: Int, n: Int, rank: Int) throws {
    var rng = SeededGenerator(seed: 31)
    let a = random(m, rank, &rng) * random(rank, n, &rng) as Matrix<Double>
    let p = try a.pseudoInverse()
    #expect(p.rows == n && p.columns == m)
    let close = 1e-12
    #expect((a * p * a).isApproximatelyEqual(to: a, relativeTolerance: close), "seed 31")
    #expect((p * a * p).isApproximatelyEqual(to: p, relativeTolerance: close), "seed 31")
    let ap = a * p
    let pa = p * a
    #expect(ap.isApproximatelyEqual(to: ap.transposed, relativeTolerance: close), "seed 31")
    #expect(pa.isApproximatelyEqual(to: pa.transposed, relativeTolerance: close), "seed 31")
  }
}

@Suite("Least squares")
struct LeastSquaresTests {
  @Test(arguments: [(6, 6), (9, 4), (4, 9), (50, 20), (1, 3), (3, 1)])
  func fullRankSatisfiesTheNormalEquations(m: Int, n: Int) throws {
    try check(Float.self, m, n)
    try check(Double.self, m, n)
  }

  func check<S: LinAlgScalar>(_: S.Type, _ m: Int, _ n: Int) throws {
    var rng = SeededGenerator(seed: UInt64(100 * m + n))
    // Rows and columns of a well-conditioned square matrix.
    let square: Matrix<S> = wellConditioned(max(m, n), &rng)
    let a = Matrix(square[rows: 0..<m, columns: 0..<n])
    let b: Matrix<S> = random(m, 3, &rng)
    let comment: Comment = "seed \(100 * m + n), \(S.self) [\(m), \(n)]"
    let close = 10 * tolerance(S.self, max(m, n)) * (a.frobeniusNorm() * b.frobeniusNorm() + 1)
    let plain = try LeastSquares(a, b)
    let minimum = try LeastSquares(minimumNorm: a.placed(.scattered), b)
    for result in [plain, minimum] {
      #expect(result.rank == min(m, n), comment)
      #expect(result.solution.rows == n && result.solution.columns == 3)
      let residual = a * result.solution - b
      // Orthogonal to the columns of A; 0 where A has as many columns as rows.
      #expect((a.transposed * residual).frobeniusNorm() <= close, comment)
      if m <= n { #expect(residual.frobeniusNorm() <= close, comment) }
      for j in 0..<3 {
        #expect(abs(result.residualNorms[j] - BLAS.nrm2(residual.column(j))) <= close, comment)
      }
    }
    #expect(plain.singularValues == nil)
    #expect(
      try minimum.singularValues?.isApproximatelyEqual(
        to: SVD.singularValues(of: a), relativeTolerance: close) == true, comment)
    // Both are the same point: the smallest of all solutions where there are many.
    #expect(
      (plain.solution - minimum.solution).frobeniusNorm() <= 10 * close, comment)
  }

  @Test func dependentColumnsNeedTheMinimumNorm() throws {
    let a: Matrix<Double> = [[1, 0, 1], [0, 0, 1], [0, 0, 1], [0, 0, 0]]
    let b: Matrix<Double> = [[1], [2], [4], [8]]
    #expect(throws: LinAlgError.rankDeficient(diagonal: 1)) { try LeastSquares(a, b) }
    let result = try LeastSquares(minimumNorm: a, b)
    // By hand: x₂ = 3 fits the second and third row best, x₀ = 1 − 3, and x₁ = 0 is smallest.
    #expect(result.rank == 2)
    #expect(
      result.solution.isApproximatelyEqual(
        to: [[-2], [0], [3]] as Matrix<Double>, relativeTolerance: 1e-14))
    #expect(abs(result.residualNorms[0] - (2.0 + 64).squareRoot()) < 1e-13)
    #expect(result.solution.isApproximatelyEqual(to: try a.pseudoInverse() * b))
  }

  @Test func rcondDecidesTheRank() throws {
    let a = Matrix<Double>.diagonal([1, 1e-3, 1e-6])
    let b = Matrix<Double>(repeating: 1, rows: 3, columns: 1)
    #expect(try LeastSquares(minimumNorm: a, b).rank == 3)
    #expect(try LeastSquares(minimumNorm: a, b, rcond: 1e-5).rank == 2)
    #expect(try LeastSquares(minimumNorm: a, b, rcond: 1e-2).rank == 1)
  }

  @Test func emptyProblems() throws {
    let noRows = try LeastSquares(
      Matrix<Double>.zeros(rows: 0, columns: 3), Matrix<Double>.zeros(rows: 0, columns: 2))
    #expect(
      noRows.solution == Matrix<Double>.zeros(rows: 3, columns: 2)
        && noRows.residualNorms == [0, 0])
    let noColumns = try LeastSquares(
      minimumNorm: Matrix<Double>.zeros(rows: 2, columns: 0),
      [[3], [4]] as Matrix<Double>)
    #expect(noColumns.solution.rows == 0 && noColumns.rank == 0)
    #expect(noColumns.residualNorms == [5])
    let noRightHandSide = try LeastSquares(
      Matrix<Double>.identity(2), Matrix<Double>.zeros(rows: 2, columns: 0))
    #expect(noRightHandSide.solution.rows == 2 && noRightHandSide.solution.columns == 0)
  }

  @Test func nonFiniteAndWrongShapes() async {
    #expect(throws: LinAlgError.nonFinite(.rightHandSide, row: 1, column: 0)) {
      try LeastSquares(Matrix<Double>.identity(2), [[1], [.nan]] as Matrix<Double>)
    }
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = try LeastSquares(Matrix<Double>.identity(3), Matrix<Double>.zeros(rows: 2, columns: 4))
    }
    expectMessage(result, contains: "LeastSquares", "[2, 4]", "[3, 3]")
  }
}
