/// The eigenvalues and eigenvectors of a symmetric matrix: `A = V·diag(λ)·Vᵀ`.
public struct SymmetricEigen<Scalar: LinAlgScalar>: Sendable {
  /// The eigenvalues in ascending order.
  public let eigenvalues: Vector<Scalar>
  /// The orthonormal eigenvectors, one per column, in the order of the eigenvalues.
  public let eigenvectors: Matrix<Scalar>

  /// Decomposes the symmetric matrix of which `triangle` of `a` is given; the other triangle is only
  /// checked for being finite. `[0, 0]` has no eigenvalues.
  ///
  /// - Throws: ``LinAlgError/nonFinite(_:row:column:)``,
  ///   ``LinAlgError/notConverged(unconverged:)``.
  /// - Precondition: `a` is square.
  public init(
    _ a: borrowing some MatrixOperand<Scalar> & ~Copyable, triangle: Triangle = .lower
  ) throws(LinAlgError) {
    (eigenvalues, eigenvectors) = try Self.decompose(a, triangle, vectors: true)
  }

  /// The eigenvalues alone, in ascending order.
  ///
  /// - Throws: ``LinAlgError/nonFinite(_:row:column:)``,
  ///   ``LinAlgError/notConverged(unconverged:)``.
  /// - Precondition: `a` is square.
  public static func eigenvalues(
    of a: borrowing some MatrixOperand<Scalar> & ~Copyable, triangle: Triangle = .lower
  ) throws(LinAlgError) -> Vector<Scalar> {
    try decompose(a, triangle, vectors: false).0
  }

  private static func decompose(
    _ a: borrowing some MatrixOperand<Scalar> & ~Copyable, _ triangle: Triangle, vectors: Bool
  ) throws(LinAlgError) -> (Vector<Scalar>, Matrix<Scalar>) {
    requireSquare(a.rows, a.columns, "SymmetricEigen")
    try checkFinite(a, .matrix)
    var eigenvalues = Vector<Scalar>(uninitializedCount: a.rows)
    var eigenvectors = Matrix(a)
    guard eigenvectors.rows > 0 else { return (eigenvalues, eigenvectors) }
    let info = eigenvectors.withUnsafeMutableElements { v in
      eigenvalues.withUnsafeMutableElements { values in
        Scalar.syevd(
          vectors: vectors, triangle, n: v.rows, a: v.pointer, lda: v.rowStride,
          eigenvalues: values.pointer)
      }
    }
    if let left = failure(info, "syevd") { throw .notConverged(unconverged: left) }
    return (eigenvalues, eigenvectors)
  }
}
