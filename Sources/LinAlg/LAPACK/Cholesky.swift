import RealModule

/// The factorisation `A = L·Lᵀ` of a symmetric positive definite matrix.
///
/// The matrix `[0, 0]` has an empty factor and the determinant 1.
public struct Cholesky<Scalar: LinAlgScalar>: Sendable {
  /// `L`, lower triangular with a positive diagonal, zeros above it.
  public let lower: Matrix<Scalar>
  private let oneNorm: Scalar

  /// Factors the symmetric matrix of which `triangle` of `a` is given; the other triangle is only
  /// checked for being finite.
  ///
  /// - Throws: ``LinAlgError/notPositiveDefinite(leadingMinor:)``,
  ///   ``LinAlgError/nonFinite(_:row:column:)``.
  /// - Precondition: `a` is square.
  /// - Complexity: `1/3·n³` operations.
  public init(
    _ a: borrowing some MatrixOperand<Scalar> & ~Copyable, triangle: Triangle = .lower
  ) throws(LinAlgError) {
    requireSquare(a.rows, a.columns, "Cholesky")
    try checkFinite(a, .matrix)
    var symmetric = Matrix(symmetric: a, triangle)
    // Rows and columns have the same sums, and rows are contiguous.
    oneNorm = symmetric.infinityNorm()
    if symmetric.rows > 0 {
      let info = symmetric.withUnsafeMutableElements { s in
        Scalar.potrf(.lower, n: s.rows, a: s.pointer, lda: s.rowStride)
      }
      if let minor = failure(info, "potrf") { throw .notPositiveDefinite(leadingMinor: minor) }
    }
    lower = symmetric.triangular(.lower, rows: symmetric.rows, columns: symmetric.columns)
  }

  /// The determinant, which overflows easily: see ``logDeterminant``.
  public var determinant: Scalar {
    let root = lower.diagonal.reduce(1, *)
    return root * root
  }

  /// The logarithm of the determinant, which is positive.
  public var logDeterminant: Scalar {
    2 * lower.diagonal.reduce(0) { $0 + Scalar.log($1) }
  }

  /// The solution `X` of `A·X = B`, `[n, k]`.
  ///
  /// - Throws: ``LinAlgError/nonFinite(_:row:column:)``.
  /// - Precondition: `A` is `[n, n]` and `B` is `[n, k]`.
  public func solve(
    _ b: borrowing some MatrixOperand<Scalar> & ~Copyable
  ) throws(LinAlgError) -> Matrix<Scalar> {
    requireRightHandSide(
      b.rows, b.columns, for: lower.rows, lower.columns, "Cholesky.solve")
    try checkFinite(b, .rightHandSide)
    var x = Matrix(b)
    guard x.count > 0 else { return x }
    let info = x.withUnsafeMutableElements { x in
      lower.withUnsafeElements { l in
        Scalar.potrs(
          .lower, n: l.rows, nrhs: x.columns, a: l.pointer, lda: l.rowStride, b: x.pointer,
          ldb: x.rowStride)
      }
    }
    _ = failure(info, "potrs")
    return x
  }

  /// The solution `x` of `A·x = b`.
  ///
  /// - Throws: ``LinAlgError/nonFinite(_:row:column:)``.
  /// - Precondition: `A` is `[n, n]` and `b` has `n` elements.
  public func solve(
    _ b: borrowing some VectorOperand<Scalar> & ~Copyable
  ) throws(LinAlgError) -> Vector<Scalar> {
    try solve(Vector(copying: b).view.asColumn).columnVector
  }

  /// The inverse matrix, symmetric to the last bit.
  public func inverse() -> Matrix<Scalar> {
    var result = lower
    guard result.count > 0 else { return result }
    let info = result.withUnsafeMutableElements { a in
      Scalar.potri(.lower, n: a.rows, a: a.pointer, lda: a.rowStride)
    }
    // A positive info would be a zero on the diagonal, which the factorisation has ruled out.
    _ = failure(info, "potri")
    return Matrix(symmetric: result, .lower)
  }

  /// An estimate of `1 / (‖A‖₁·‖A⁻¹‖₁)`; 1 for `[0, 0]`.
  public var reciprocalCondition: Scalar {
    guard lower.rows > 0 else { return 1 }
    var result: Scalar = 0
    let info = lower.withUnsafeElements { l in
      Scalar.pocon(
        .lower, n: l.rows, a: l.pointer, lda: l.rowStride, oneNorm: oneNorm,
        reciprocalCondition: &result)
    }
    _ = failure(info, "pocon")
    return result
  }
}
