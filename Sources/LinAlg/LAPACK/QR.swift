/// The factorisation `A = Q·R` into orthonormal columns and an upper triangular matrix, by
/// Householder reflections. The signs of `R`'s diagonal are as they come, not all positive.
///
/// A matrix `[m, 0]` has the thin factors `[m, 0]` and `[0, 0]`, and the identity as its full `Q`.
public struct QR<Scalar: LinAlgScalar>: Sendable {
  /// `R` on and above the diagonal, the reflectors below it, as LAPACK leaves them.
  private let factors: Matrix<Scalar>
  private let tau: Vector<Scalar>

  /// Factors `a`, `[m, n]`.
  ///
  /// - Throws: ``LinAlgError/nonFinite(_:row:column:)``.
  /// - Complexity: `2·n²·(m − n/3)` operations for `m ≥ n`.
  public init(_ a: borrowing some MatrixOperand<Scalar> & ~Copyable) throws(LinAlgError) {
    try checkFinite(a, .matrix)
    var factors = Matrix(a)
    var tau = Vector<Scalar>.zeros(Swift.min(a.rows, a.columns))
    if tau.count > 0 {
      let info = factors.withUnsafeMutableElements { f in
        tau.withUnsafeMutableElements { tau in
          Scalar.geqrf(m: f.rows, n: f.columns, a: f.pointer, lda: f.rowStride, tau: tau.pointer)
        }
      }
      _ = failure(info, "geqrf")
    }
    self.factors = factors
    self.tau = tau
  }

  /// `R` of the thin factorisation, `[min(m, n), n]`.
  public var r: Matrix<Scalar> {
    factors.triangular(.upper, rows: tau.count, columns: factors.columns)
  }

  /// `R` of the full factorisation, `[m, n]`: ``r`` and rows of zeros.
  public var fullR: Matrix<Scalar> {
    factors.triangular(.upper, rows: factors.rows, columns: factors.columns)
  }

  /// `Q` of the thin factorisation, `[m, min(m, n)]`: computed from the reflectors on each call.
  public func q() -> Matrix<Scalar> { formQ(columns: tau.count) }

  /// `Q` of the full factorisation, `[m, m]`: computed from the reflectors on each call.
  public func fullQ() -> Matrix<Scalar> { formQ(columns: factors.rows) }

  private func formQ(columns: Int) -> Matrix<Scalar> {
    guard tau.count > 0 else {
      return columns == factors.rows
        ? .identity(columns) : .zeros(rows: factors.rows, columns: columns)
    }
    var q = Matrix<Scalar>.zeros(rows: factors.rows, columns: columns)
    q[columns: 0..<tau.count] = factors[columns: 0..<tau.count]
    let info = q.withUnsafeMutableElements { q in
      tau.withUnsafeElements { tau in
        Scalar.orgqr(
          m: q.rows, n: q.columns, k: tau.count, a: q.pointer, lda: q.rowStride, tau: tau.pointer)
      }
    }
    _ = failure(info, "orgqr")
    return q
  }
}
