import ComplexModule

/// The eigenvalues and right eigenvectors of a square matrix: `A·vⱼ = λⱼ·vⱼ`.
///
/// The eigenvalues of a real matrix are real or come in conjugate pairs, which stand next to each
/// other, the one with the positive imaginary part first; otherwise their order is not specified.
/// For a symmetric matrix ``SymmetricEigen`` is faster and more accurate.
public struct Eigen<Scalar: LinAlgScalar>: Sendable {
  /// The eigenvalues.
  public let eigenvalues: [Complex<Scalar>]

  /// LAPACK's packed form: the vector of a real eigenvalue in its column, that of a conjugate pair
  /// as its real part in the first column and its imaginary part in the second.
  private let packed: Matrix<Scalar>

  /// Decomposes `a`. `[0, 0]` has no eigenvalues.
  ///
  /// - Throws: ``LinAlgError/nonFinite(_:row:column:)``,
  ///   ``LinAlgError/notConverged(unconverged:)``.
  /// - Precondition: `a` is square.
  public init(_ a: borrowing some MatrixOperand<Scalar> & ~Copyable) throws(LinAlgError) {
    (eigenvalues, packed) = try Self.decompose(a, vectors: true)
  }

  /// The eigenvalues alone.
  ///
  /// - Throws: ``LinAlgError/nonFinite(_:row:column:)``,
  ///   ``LinAlgError/notConverged(unconverged:)``.
  /// - Precondition: `a` is square.
  public static func eigenvalues(
    of a: borrowing some MatrixOperand<Scalar> & ~Copyable
  ) throws(LinAlgError) -> [Complex<Scalar>] {
    try decompose(a, vectors: false).0
  }

  /// The eigenvector of `eigenvalues[j]`, of Euclidean length 1.
  public func eigenvector(_ j: Int) -> [Complex<Scalar>] {
    require(
      eigenvalues.indices.contains(j),
      "Eigen: eigenvector \(j) of a matrix [\(packed.rows), \(packed.columns)]")
    let sign = eigenvalues[j].imaginary
    if sign == 0 { return packed.column(j).map { Complex($0, 0) } }
    let first = sign > 0 ? j : j - 1
    return Swift.zip(packed.column(first), packed.column(first + 1)).map { real, imaginary in
      Complex(real, sign > 0 ? imaginary : -imaginary)
    }
  }

  private static func decompose(
    _ a: borrowing some MatrixOperand<Scalar> & ~Copyable, vectors: Bool
  ) throws(LinAlgError) -> ([Complex<Scalar>], Matrix<Scalar>) {
    requireSquare(a.rows, a.columns, "Eigen")
    try checkFinite(a, .matrix)
    let order = a.rows
    guard order > 0 else { return ([], .zeros(rows: 0, columns: 0)) }
    var scratch = Matrix(a)
    var real = Vector<Scalar>(uninitializedCount: order)
    var imaginary = Vector<Scalar>(uninitializedCount: order)
    var packed = Matrix<Scalar>(uninitializedRows: vectors ? order : 1, columns: order)
    let info = scratch.withUnsafeMutableElements { s in
      real.withUnsafeMutableElements { real in
        imaginary.withUnsafeMutableElements { imaginary in
          packed.withUnsafeMutableElements { packed in
            Scalar.geev(
              vectors: vectors, n: order, a: s.pointer, lda: s.rowStride, real: real.pointer,
              imaginary: imaginary.pointer, right: packed.pointer, ldvr: order)
          }
        }
      }
    }
    if let left = failure(info, "geev") { throw .notConverged(unconverged: left) }
    return (Swift.zip(real, imaginary).map { Complex($0, $1) }, packed)
  }
}
