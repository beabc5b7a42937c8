// One-shot forms. Keep the factorisation where a matrix is used more than once.

extension MatrixOperand where Self: ~Copyable {
  /// The solution `X` of `A·X = B` by ``LU``.
  ///
  /// - Throws: ``LinAlgError/singular(pivot:)``, ``LinAlgError/nonFinite(_:row:column:)``.
  /// - Precondition: `A` is `[n, n]` and `B` is `[n, k]`.
  public borrowing func solve(
    _ b: borrowing some MatrixOperand<Scalar> & ~Copyable
  ) throws(LinAlgError) -> Matrix<Scalar> {
    try LU(self).solve(b)
  }

  /// The solution `x` of `A·x = b` by ``LU``.
  ///
  /// - Throws: ``LinAlgError/singular(pivot:)``, ``LinAlgError/nonFinite(_:row:column:)``.
  /// - Precondition: `A` is `[n, n]` and `b` has `n` elements.
  public borrowing func solve(
    _ b: borrowing some VectorOperand<Scalar> & ~Copyable
  ) throws(LinAlgError) -> Vector<Scalar> {
    try LU(self).solve(b)
  }

  /// The inverse matrix by ``LU``.
  ///
  /// - Throws: ``LinAlgError/singular(pivot:)``, ``LinAlgError/nonFinite(_:row:column:)``.
  /// - Precondition: the matrix is square.
  public borrowing func inverse() throws(LinAlgError) -> Matrix<Scalar> { try LU(self).inverse() }

  /// The determinant by ``LU``.
  ///
  /// - Throws: ``LinAlgError/nonFinite(_:row:column:)``.
  /// - Precondition: the matrix is square.
  public borrowing func determinant() throws(LinAlgError) -> Scalar { try LU(self).determinant }

  /// The Moore–Penrose inverse by ``SVD``, `[n, m]`.
  ///
  /// - Parameter tolerance: singular values up to this multiple of the largest count as 0; `nil` for
  ///   `max(m, n)·ulpOfOne`.
  /// - Throws: ``LinAlgError/notConverged(unconverged:)``,
  ///   ``LinAlgError/nonFinite(_:row:column:)``.
  public borrowing func pseudoInverse(
    relativeTolerance tolerance: Scalar? = nil
  ) throws(LinAlgError) -> Matrix<Scalar> {
    try SVD(self).pseudoInverse(relativeTolerance: tolerance)
  }
}

extension Matrix {
  /// The elements of a matrix of one column, sharing the storage.
  var columnVector: Vector<Scalar> { Vector(storage: storage) }
}
