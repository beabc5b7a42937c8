import ComplexModule
import LinAlg
import Testing

@Suite("Eigenvalues")
struct EigenTests {
  @Test(arguments: [0, 1, 2, 3, 10, 60], [Triangle.lower, .upper])
  func symmetricMatrixIsReproduced(n: Int, triangle: Triangle) throws {
    try symmetric(Float.self, n, triangle)
    try symmetric(Double.self, n, triangle)
  }

  func symmetric<S: LinAlgScalar>(_: S.Type, _ n: Int, _ triangle: Triangle) throws {
    var rng = SeededGenerator(seed: UInt64(n))
    let half: Matrix<S> = random(n, n, &rng)
    let a = half + half.transposed
    var given = a
    for i in 0..<n {
      for j in 0..<n where triangle == .lower ? j > i : j < i { given[i, j] = 99 }
    }
    let comment: Comment = "seed \(n), \(S.self) \(n) \(triangle)"
    let close = tolerance(S.self, n)
    for layout in Layout.allCases {
      let eigen = try SymmetricEigen(given.placed(layout), triangle: triangle)
      let v = eigen.eigenvectors
      #expect(hasOrthonormalColumns(v), comment)
      #expect(Array(eigen.eigenvalues) == eigen.eigenvalues.sorted(), comment)
      #expect(
        (v * Matrix.diagonal(eigen.eigenvalues) * v.transposed).isApproximatelyEqual(
          to: a, relativeTolerance: close), comment)
      #expect(
        try SymmetricEigen.eigenvalues(of: given, triangle: triangle).isApproximatelyEqual(
          to: eigen.eigenvalues, relativeTolerance: close), comment)
    }
  }

  @Test(arguments: [0, 1, 2, 3, 10, 60])
  func generalEigenvectorsSatisfyTheirEquation(n: Int) throws {
    try general(Float.self, n)
    try general(Double.self, n)
  }

  func general<S: LinAlgScalar>(_: S.Type, _ n: Int) throws {
    var rng = SeededGenerator(seed: UInt64(n))
    let a: Matrix<S> = random(n, n, &rng)
    let comment: Comment = "seed \(n), \(S.self) \(n)"
    let eigen = try Eigen(a.placed(.transposedBlock))
    #expect(eigen.eigenvalues.count == n)
    for j in 0..<n {
      let λ = eigen.eigenvalues[j]
      let v = eigen.eigenvector(j)
      var residual: S = 0
      var length: S = 0
      for i in 0..<n {
        var sum = -λ * v[i]
        for l in 0..<n { sum += Complex(a[i, l], 0) * v[l] }
        residual += sum.lengthSquared
        length += v[i].lengthSquared
      }
      // The algorithm is backward stable: each pair is exact for a matrix within c·n·ε·‖A‖.
      #expect(residual.squareRoot() <= tolerance(S.self, n) * a.frobeniusNorm(), comment)
      #expect(abs(length - 1) < tolerance(S.self, n), comment)
    }
    let sum = eigen.eigenvalues.reduce(Complex<S>.zero, +)
    #expect(abs(sum.real - a.trace()) <= tolerance(S.self, n) * (a.frobeniusNorm() + 1), comment)
    #expect(sum.imaginary == 0 || abs(sum.imaginary) <= tolerance(S.self, n), comment)
    let values = try Eigen.eigenvalues(of: a)
    #expect(values.count == n)
  }

  @Test func rotationHasAConjugatePair() throws {
    let eigen = try Eigen([[0, -1], [1, 0]] as Matrix<Double>)
    #expect(eigen.eigenvalues.count == 2)
    #expect((eigen.eigenvalues[0] - Complex(0, 1)).length < 1e-15)
    #expect((eigen.eigenvalues[1] - Complex(0, -1)).length < 1e-15)
    #expect(
      Swift.zip(eigen.eigenvector(0), eigen.eigenvector(1)).allSatisfy { $0 == $1.conjugate })
  }

  @Test func knownSpectra() throws {
    #expect(
      try SymmetricEigen.eigenvalues(of: [[2, 1], [1, 2]] as Matrix<Double>).isApproximatelyEqual(
        to: [1.0, 3], relativeTolerance: 1e-15))
    // The companion matrix of (x − 1)(x − 2)(x − 3).
    let roots = try Eigen.eigenvalues(
      of: [[6, -11, 6], [1, 0, 0], [0, 1, 0]] as Matrix<Double>)
    for (root, expected) in Swift.zip(roots.map(\.real).sorted(), [1.0, 2, 3]) {
      #expect(abs(root - expected) < 1e-12)
    }
  }

  @Test func nonFiniteAndWrongShapes() async {
    #expect(throws: LinAlgError.nonFinite(.matrix, row: 0, column: 0)) {
      try Eigen([[.infinity]] as Matrix<Double>)
    }
    #expect(throws: LinAlgError.nonFinite(.matrix, row: 0, column: 1)) {
      try SymmetricEigen([[1, .nan], [0, 1]] as Matrix<Double>)
    }
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = try Eigen(Matrix<Double>.zeros(rows: 2, columns: 3))
    }
    expectMessage(result, contains: "Eigen", "square", "[2, 3]")
  }
}
