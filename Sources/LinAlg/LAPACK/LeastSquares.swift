/// A solution `X` of `min ‖A·X − B‖`, column by column.
public struct LeastSquares<Scalar: LinAlgScalar>: Sendable {
  /// `X`, `[n, k]`.
  public let solution: Matrix<Scalar>
  /// The rank that the solution took `A` to have.
  public let rank: Int
  /// The singular values of `A` in descending order where the method computed them, else `nil`.
  public let singularValues: Vector<Scalar>?
  /// `‖A·x − b‖` for each of the `k` columns.
  public let residualNorms: Vector<Scalar>

  /// Solves for an `A` of full rank, by QR factorisation.
  ///
  /// With more rows than columns, `X` minimises the residual; with fewer, it is the solution of
  /// smallest norm. Only an exact zero in the triangular factor is found to lack rank: where `A` may
  /// be nearly dependent, use ``init(minimumNorm:_:rcond:)``. Without rows or without columns `X` is
  /// zeros.
  ///
  /// - Throws: ``LinAlgError/rankDeficient(diagonal:)``, ``LinAlgError/nonFinite(_:row:column:)``.
  /// - Precondition: `A` is `[m, n]` and `B` is `[m, k]`.
  public init(
    _ a: borrowing some MatrixOperand<Scalar> & ~Copyable,
    _ b: borrowing some MatrixOperand<Scalar> & ~Copyable
  ) throws(LinAlgError) {
    let problem = try Problem(a, b)
    var (matrix, rightHandSides) = (problem.a, problem.padded)
    if !problem.isEmpty {
      let info = matrix.withUnsafeMutableElements { a in
        rightHandSides.withUnsafeMutableElements { b in
          Scalar.gels(
            m: a.rows, n: a.columns, nrhs: b.columns, a: a.pointer, lda: a.rowStride,
            b: b.pointer, ldb: b.rowStride)
        }
      }
      if let diagonal = failure(info, "gels") { throw .rankDeficient(diagonal: diagonal - 1) }
    }
    solution = Matrix(rightHandSides[rows: 0..<matrix.columns])
    rank = Swift.min(matrix.rows, matrix.columns)
    singularValues = nil
    residualNorms = problem.residualNorms(solution)
  }

  /// Finds the `X` of smallest norm among those that minimise the residual, for an `A` of any rank,
  /// by singular value decomposition.
  ///
  /// - Parameters:
  ///   - a: `A`.
  ///   - b: `B`.
  ///   - rcond: singular values up to this multiple of the largest count as 0; `nil` for
  ///     `max(m, n)·ulpOfOne`.
  /// - Throws: ``LinAlgError/notConverged(unconverged:)``,
  ///   ``LinAlgError/nonFinite(_:row:column:)``.
  /// - Precondition: `A` is `[m, n]` and `B` is `[m, k]`; `rcond` is not negative.
  public init(
    minimumNorm a: borrowing some MatrixOperand<Scalar> & ~Copyable,
    _ b: borrowing some MatrixOperand<Scalar> & ~Copyable, rcond: Scalar? = nil
  ) throws(LinAlgError) {
    let problem = try Problem(a, b)
    var (matrix, rightHandSides) = (problem.a, problem.padded)
    let threshold = rcond ?? Scalar(Swift.max(matrix.rows, matrix.columns)) * Scalar.ulpOfOne
    require(threshold >= 0, "LeastSquares: rcond \(threshold) is negative")
    var values = Vector<Scalar>.zeros(Swift.min(matrix.rows, matrix.columns))
    var found: Int32 = 0
    if !problem.isEmpty {
      let info = matrix.withUnsafeMutableElements { a in
        rightHandSides.withUnsafeMutableElements { b in
          values.withUnsafeMutableElements { values in
            Scalar.gelsd(
              m: a.rows, n: a.columns, nrhs: b.columns, a: a.pointer, lda: a.rowStride,
              b: b.pointer, ldb: b.rowStride, singularValues: values.pointer, rcond: threshold,
              rank: &found)
          }
        }
      }
      if let left = failure(info, "gelsd") { throw .notConverged(unconverged: left) }
    }
    solution = Matrix(rightHandSides[rows: 0..<matrix.columns])
    rank = Int(found)
    singularValues = values
    residualNorms = problem.residualNorms(solution)
  }

  /// The operands, checked, and `B` with room for the solution.
  private struct Problem {
    let a: Matrix<Scalar>
    let b: Matrix<Scalar>
    let padded: Matrix<Scalar>
    var isEmpty: Bool { a.count == 0 || b.columns == 0 }

    init(
      _ a: borrowing some MatrixOperand<Scalar> & ~Copyable,
      _ b: borrowing some MatrixOperand<Scalar> & ~Copyable
    ) throws(LinAlgError) {
      requireRightHandSide(b.rows, b.columns, for: a.rows, a.columns, "LeastSquares")
      try checkFinite(a, .matrix)
      try checkFinite(b, .rightHandSide)
      self.a = Matrix(a)
      self.b = Matrix(b)
      var padded = Matrix<Scalar>.zeros(rows: Swift.max(a.rows, a.columns), columns: b.columns)
      if self.a.count > 0 { padded[rows: 0..<self.b.rows] = self.b.view }
      self.padded = padded
    }

    func residualNorms(_ x: Matrix<Scalar>) -> Vector<Scalar> {
      var residual = b
      BLAS.gemm(alpha: -1, a, x, beta: 1, into: &residual)
      return Vector((0..<b.columns).map { BLAS.nrm2(residual.column($0)) })
    }
  }
}
