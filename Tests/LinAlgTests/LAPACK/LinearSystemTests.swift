import LinAlg
import Testing

/// `c·n·ε`: what a backward stable factorisation of a well-conditioned `n × n` matrix of elements
/// around 1 may leave in a norm relative to the matrix (Higham §9, §10, §19 have constants below 10).
func tolerance<S: LinAlgScalar>(_: S.Type, _ n: Int) -> S { 10 * S(max(n, 1)) * S.ulpOfOne }

/// A well-conditioned random matrix: random elements and a dominant diagonal.
func wellConditioned<S: LinAlgScalar>(_ n: Int, _ rng: inout SeededGenerator) -> Matrix<S> {
  var a: Matrix<S> = random(n, n, &rng) / S(max(n, 1))
  for i in 0..<n { a[i, n - 1 - i] += 2 }
  return a
}

@Suite("LU")
struct LUTests {
  @Test(arguments: [0, 1, 2, 3, 7, 33, 120], Layout.allCases)
  func solvesWithASmallResidual(n: Int, layout: Layout) throws {
    try solves(Float.self, n, layout)
    try solves(Double.self, n, layout)
  }

  func solves<S: LinAlgScalar>(_: S.Type, _ n: Int, _ layout: Layout) throws {
    var rng = SeededGenerator(seed: UInt64(n))
    let a: Matrix<S> = wellConditioned(n, &rng)
    let b: Matrix<S> = random(n, 4, &rng)
    let comment: Comment = "seed \(n), \(S.self) \(n) \(layout)"
    let lu = try LU(a.placed(layout))
    let close = tolerance(S.self, n)
    let x = try lu.solve(b.placed(layout))
    #expect((a * x).isApproximatelyEqual(to: b, relativeTolerance: close), comment)
    let y = try lu.solveTransposed(b)
    #expect((a.transposed * y).isApproximatelyEqual(to: b, relativeTolerance: close), comment)
    let inverse = try lu.inverse()
    #expect(
      (a * inverse).isApproximatelyEqual(to: Matrix.identity(n), relativeTolerance: close), comment)
    let z = try lu.solve(b.column(1))
    #expect(Array(z) == Array(x.column(1)) || z.isApproximatelyEqual(to: x.column(1)), comment)
    #expect(lu.singularPivot == nil)
    let rcond = lu.reciprocalCondition
    #expect(rcond > 0.01 && rcond <= 1, comment)
  }

  @Test(arguments: [(3, 3), (5, 2), (2, 5), (1, 4), (4, 1), (0, 3), (3, 0)])
  func factorsMultiplyToTheMatrix(m: Int, n: Int) throws {
    var rng = SeededGenerator(seed: 8)
    let a: Matrix<Double> = random(m, n, &rng)
    let lu = try LU(a)
    #expect(lu.lower.rows == m && lu.lower.columns == min(m, n))
    #expect(lu.upper.rows == min(m, n) && lu.upper.columns == n)
    let permuted = Matrix<Double>(rows: m, columns: n) { i, j in a[lu.permutation[i], j] }
    #expect((lu.lower * lu.upper).isApproximatelyEqual(to: permuted, relativeTolerance: 1e-14))
    for i in 0..<m {
      for j in 0..<min(m, n) where j >= i { #expect(lu.lower[i, j] == (i == j ? 1 : 0)) }
      for j in 0..<min(i, n) where i < min(m, n) { #expect(lu.upper[i, j] == 0) }
    }
  }

  @Test func knownDeterminants() throws {
    #expect(try Matrix<Double>.zeros(rows: 0, columns: 0).determinant() == 1)
    #expect(try ([[5]] as Matrix<Double>).determinant() == 5)
    #expect(try ([[0, 1], [1, 0]] as Matrix<Double>).determinant() == -1)
    #expect(try ([[0, 1, 0], [0, 0, 1], [1, 0, 0]] as Matrix<Double>).determinant() == 1)
    #expect(try ([[1, 2], [2, 4]] as Matrix<Double>).determinant() == 0)
    // Vandermonde of 1, 2, 3, 4: Π (xⱼ − xᵢ) = 12.
    let vandermonde = Matrix<Double>(rows: 4, columns: 4) { i, j in
      (0..<j).reduce(1) { product, _ in product * Double(i + 1) }
    }
    #expect(abs(try vandermonde.determinant() - 12) < 1e-12)
  }

  @Test func logDeterminantDoesNotOverflow() throws {
    let huge = Matrix<Double>.diagonal([Double](repeating: -1e300, count: 5))
    let (sign, logMagnitude) = try LU(huge).logDeterminant
    #expect(sign == -1)
    #expect(abs(logMagnitude - 5 * 300 * 2.302585092994046) < 1e-10)
    let singular = try LU([[1, 1], [1, 1]] as Matrix<Double>).logDeterminant
    #expect(singular.sign == 0 && singular.logMagnitude == -.infinity)
    #expect(try LU(Matrix<Float>.zeros(rows: 0, columns: 0)).logDeterminant == (1, 0))
  }

  @Test func singularMatrixNamesItsPivot() throws {
    let a: Matrix<Double> = [[1, 2, 3], [2, 4, 6], [1, 0, 1]]
    // Elimination by hand: the second pivot is −2 (row 2), the third 0.
    let lu = try LU(a)
    #expect(lu.singularPivot == 2)
    #expect(lu.determinant == 0 && lu.reciprocalCondition == 0)
    #expect(throws: LinAlgError.singular(pivot: 2)) { try lu.solve(a) }
    #expect(throws: LinAlgError.singular(pivot: 2)) { try lu.inverse() }
    #expect(throws: LinAlgError.singular(pivot: 0)) {
      try Matrix<Float>.zeros(rows: 2, columns: 2).inverse()
    }
  }

  @Test func nonFiniteInputIsRefusedWithItsPlace() {
    var a = Matrix<Double>.identity(3)
    a[2, 1] = .nan
    #expect(throws: LinAlgError.nonFinite(.matrix, row: 2, column: 1)) { try LU(a) }
    a[1, 2] = .infinity
    #expect(throws: LinAlgError.nonFinite(.matrix, row: 1, column: 2)) { try LU(a) }
    #expect(throws: LinAlgError.nonFinite(.rightHandSide, row: 0, column: 1)) {
      try Matrix<Double>.identity(2).solve([[1, .nan], [3, 4]] as Matrix<Double>)
    }
    #expect(throws: LinAlgError.nonFinite(.rightHandSide, row: 1, column: 0)) {
      try Matrix<Double>.identity(2).solve([1, -.infinity])
    }
  }

  @Test func conditionEstimateSeesIllConditioning() throws {
    // The Hilbert matrix of order 8 has the condition number 3.4e10 in the 1-norm.
    let hilbert = Matrix<Double>(rows: 8, columns: 8) { i, j in 1 / Double(i + j + 1) }
    let rcond = try LU(hilbert).reciprocalCondition
    #expect(rcond > 1 / 3.4e11 && rcond < 1 / 3.3e10)
    #expect(try Cholesky(hilbert).reciprocalCondition / rcond < 1.5)
    #expect(try LU(Matrix<Double>.identity(4)).reciprocalCondition == 1)
  }

  @Test func shapesTrapWithBoth() async {
    let solve = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = try Matrix<Double>.identity(3).solve(Matrix<Double>.zeros(rows: 2, columns: 4))
    }
    expectMessage(solve, contains: "LU.solve", "[2, 4]", "[3, 3]")
    let inverse = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = try Matrix<Double>.zeros(rows: 2, columns: 4).inverse()
    }
    expectMessage(inverse, contains: "square", "[2, 4]")
  }
}

@Suite("Cholesky")
struct CholeskyTests {
  @Test(arguments: [0, 1, 2, 5, 40, 130], [Triangle.lower, .upper])
  func factorsAndSolves(n: Int, triangle: Triangle) throws {
    try check(Float.self, n, triangle)
    try check(Double.self, n, triangle)
  }

  func check<S: LinAlgScalar>(_: S.Type, _ n: Int, _ triangle: Triangle) throws {
    var rng = SeededGenerator(seed: UInt64(n))
    let root: Matrix<S> = wellConditioned(n, &rng)
    let a = root * root.transposed
    let comment: Comment = "seed \(n), \(S.self) \(n) \(triangle)"
    // What is in the other triangle must not matter.
    var given = a
    for i in 0..<n {
      for j in 0..<n where triangle == .lower ? j > i : j < i { given[i, j] = 99 }
    }
    let close = tolerance(S.self, n)
    for layout in Layout.allCases {
      let cholesky = try Cholesky(given.placed(layout), triangle: triangle)
      let l = cholesky.lower
      #expect((l * l.transposed).isApproximatelyEqual(to: a, relativeTolerance: close), comment)
      for i in 0..<n {
        for j in i + 1..<max(n, i + 1) { #expect(l[i, j] == 0, comment) }
        #expect(l[i, i] > 0, comment)
      }
      let b: Matrix<S> = random(n, 3, &rng)
      let x = try cholesky.solve(b)
      #expect((a * x).isApproximatelyEqual(to: b, relativeTolerance: 10 * close), comment)
      let inverse = cholesky.inverse()
      #expect(
        (a * inverse).isApproximatelyEqual(to: Matrix.identity(n), relativeTolerance: 10 * close),
        comment)
      #expect(Matrix(inverse.transposed) == inverse, comment)
      let (sign, logMagnitude) = try LU(a).logDeterminant
      #expect(sign == 1)
      #expect(abs(cholesky.logDeterminant - logMagnitude) < 10 * close * S(max(n, 1)), comment)
    }
  }

  @Test func knownFactor() throws {
    let a: Matrix<Double> = [[4, 12, -16], [12, 37, -43], [-16, -43, 98]]
    let cholesky = try Cholesky(a)
    #expect(cholesky.lower == [[2, 0, 0], [6, 1, 0], [-8, 5, 3]])
    #expect(cholesky.determinant == 36)
    #expect(try cholesky.solve([1.0, 2, 3]).isApproximatelyEqual(to: a.solve([1.0, 2, 3])))
    let empty = try Cholesky(Matrix<Float>.zeros(rows: 0, columns: 0))
    #expect(empty.determinant == 1 && empty.logDeterminant == 0 && empty.reciprocalCondition == 1)
  }

  @Test func indefiniteMatrixNamesItsLeadingMinor() {
    // Leading minors by hand: 4, 4·1 − 2·2 = 0.
    #expect(throws: LinAlgError.notPositiveDefinite(leadingMinor: 2)) {
      try Cholesky([[4, 2, 0], [2, 1, 0], [0, 0, 1]] as Matrix<Double>)
    }
    #expect(throws: LinAlgError.notPositiveDefinite(leadingMinor: 1)) {
      try Cholesky([[-1]] as Matrix<Float>)
    }
    #expect(throws: LinAlgError.notPositiveDefinite(leadingMinor: 3)) {
      try Cholesky(Matrix<Double>.diagonal([1, 2, -3, 4]), triangle: .upper)
    }
    #expect(throws: LinAlgError.nonFinite(.matrix, row: 0, column: 1)) {
      try Cholesky([[1, .nan], [0, 1]] as Matrix<Double>)
    }
  }
}
