/// The singular value decomposition `A = U·diag(s)·Vᵀ`.
///
/// A matrix without rows or columns has no singular values; its full factors are identities.
public struct SVD<Scalar: LinAlgScalar>: Sendable {
  /// The left singular vectors in columns: `[m, min(m, n)]` thin, `[m, m]` full.
  public let u: Matrix<Scalar>
  /// The singular values, in descending order, none negative; `min(m, n)` of them.
  public let singularValues: Vector<Scalar>
  /// The right singular vectors in rows: `[min(m, n), n]` thin, `[n, n]` full.
  public let vTransposed: Matrix<Scalar>

  /// Whether a decomposition has the vectors that no singular value belongs to.
  public enum Size: Sendable, Hashable {
    /// Only the vectors that belong to the `min(m, n)` singular values.
    case thin
    /// Square orthogonal matrices.
    case full
  }

  /// Decomposes `a`, `[m, n]`, by divide and conquer, and by QR iteration should that fail.
  ///
  /// - Throws: ``LinAlgError/nonFinite(_:row:column:)``,
  ///   ``LinAlgError/notConverged(unconverged:)``.
  public init(
    _ a: borrowing some MatrixOperand<Scalar> & ~Copyable, _ size: Size = .thin
  ) throws(LinAlgError) {
    let short = Swift.min(a.rows, a.columns)
    guard short > 0 else {
      singularValues = []
      u = size == .full ? .identity(a.rows) : .zeros(rows: a.rows, columns: 0)
      vTransposed = size == .full ? .identity(a.columns) : .zeros(rows: 0, columns: a.columns)
      return
    }
    var u = Matrix<Scalar>.zeros(rows: a.rows, columns: size == .full ? a.rows : short)
    var vt = Matrix<Scalar>.zeros(rows: size == .full ? a.columns : short, columns: a.columns)
    singularValues = try u.withUnsafeMutableElements { u throws(LinAlgError) in
      try vt.withUnsafeMutableElements { vt throws(LinAlgError) in
        try Self.decompose(a, size == .full ? .full : .thin, u, vt)
      }
    }
    self.u = u
    vTransposed = vt
  }

  /// The singular values of `a` alone, in descending order.
  ///
  /// - Throws: ``LinAlgError/nonFinite(_:row:column:)``,
  ///   ``LinAlgError/notConverged(unconverged:)``.
  public static func singularValues(
    of a: borrowing some MatrixOperand<Scalar> & ~Copyable
  ) throws(LinAlgError) -> Vector<Scalar> {
    guard a.rows > 0 && a.columns > 0 else { return [] }
    // LAPACKE wants the leading dimensions of the matrices that it will not touch, too.
    let none = UnsafeMutableStridedMatrix<Scalar>(
      pointer: emptyAddress(), rows: 0, columns: 0, rowStride: Swift.max(a.rows, a.columns),
      columnStride: 1)
    return try decompose(a, .none, none, none)
  }

  private static func decompose(
    _ a: borrowing some MatrixOperand<Scalar> & ~Copyable, _ vectors: SingularVectors,
    _ u: UnsafeMutableStridedMatrix<Scalar>, _ vt: UnsafeMutableStridedMatrix<Scalar>
  ) throws(LinAlgError) -> Vector<Scalar> {
    try checkFinite(a, .matrix)
    // Either routine destroys its operand, so the second one starts from a copy of its own.
    let routines = [(Scalar.gesdd, "gesdd" as StaticString), (Scalar.gesvd, "gesvd")]
    var unconverged = 0
    for (routine, name) in routines {
      var scratch = Matrix(a)
      var values = Vector<Scalar>(uninitializedCount: Swift.min(a.rows, a.columns))
      let info = scratch.withUnsafeMutableElements { s in
        values.withUnsafeMutableElements { values in
          routine(
            vectors, s.rows, s.columns, s.pointer, s.rowStride, values.pointer,
            u.pointer, u.rowStride, vt.pointer, vt.rowStride)
        }
      }
      guard let left = failure(info, name) else { return values }
      unconverged = left
    }
    throw .notConverged(unconverged: unconverged)
  }

  /// The number of singular values above `tolerance` times the largest.
  ///
  /// - Parameter tolerance: `nil` for `max(m, n)·ulpOfOne`, which separates rounding from rank.
  public func rank(relativeTolerance tolerance: Scalar? = nil) -> Int {
    let threshold = threshold(tolerance)
    return singularValues.prefix { $0 > threshold }.count
  }

  /// The ratio of the largest to the smallest singular value: the condition number in the Euclidean
  /// norm; infinite for a singular matrix, 1 for an empty one.
  public var conditionNumber: Scalar {
    guard let largest = singularValues.first, let smallest = singularValues.last else { return 1 }
    return smallest == 0 ? .infinity : largest / smallest
  }

  /// The Moore–Penrose inverse `V·diag(s)⁺·Uᵀ`, `[n, m]`.
  ///
  /// - Parameter tolerance: singular values up to this multiple of the largest count as 0; `nil` for
  ///   `max(m, n)·ulpOfOne`.
  public func pseudoInverse(relativeTolerance tolerance: Scalar? = nil) -> Matrix<Scalar> {
    let rank = rank(relativeTolerance: tolerance)
    var scaled = Matrix(vTransposed[rows: 0..<rank])
    for i in 0..<rank { BLAS.scal(alpha: 1 / singularValues[i], &scaled[row: i]) }
    return scaled.transposed * u[columns: 0..<rank].transposed
  }

  private func threshold(_ tolerance: Scalar?) -> Scalar {
    let relative = tolerance ?? Scalar(Swift.max(u.rows, vTransposed.columns)) * Scalar.ulpOfOne
    return relative * (singularValues.first ?? 0)
  }
}
