import RealModule

/// The factorisation `P·A = L·U` of a matrix by Gaussian elimination with partial pivoting.
///
/// `L` is unit lower triangular (trapezoidal), `U` upper, and `P` exchanges rows. A singular square
/// matrix has a factorisation too: its determinant is 0, and ``solve(_:)->Matrix<Scalar>`` and
/// ``inverse()`` throw.
///
/// A matrix without rows or columns has empty factors; the determinant of `[0, 0]` is 1, and it is
/// its own inverse.
public struct LU<Scalar: LinAlgScalar>: Sendable {
  /// `U` on and above the diagonal, `L` without its unit diagonal below it, `[m, n]`.
  public let factors: Matrix<Scalar>

  /// The first position of the diagonal where elimination found nothing but zeros; `nil` if none.
  public let singularPivot: Int?

  /// LAPACK's row exchanges: row `i` with row `pivots[i] - 1`, in order.
  private let pivots: [Int32]
  private let infinityNorm: Scalar

  /// Factors `a`, `[m, n]`.
  ///
  /// - Throws: ``LinAlgError/nonFinite(_:row:column:)``.
  /// - Complexity: `2/3·n³` operations for a square matrix.
  public init(_ a: borrowing some MatrixOperand<Scalar> & ~Copyable) throws(LinAlgError) {
    try checkFinite(a, .matrix)
    var factors = Matrix(a)
    infinityNorm = factors.infinityNorm()
    var pivots = [Int32](repeating: 0, count: Swift.min(a.rows, a.columns))
    var info = 0
    if !pivots.isEmpty {
      factors.withUnsafeMutableElements { f in
        pivots.withUnsafeMutableBufferPointer { p in
          guard let p = p.baseAddress else { return }
          info = Scalar.getrf(m: f.rows, n: f.columns, a: f.pointer, lda: f.rowStride, pivots: p)
        }
      }
    }
    self.factors = factors
    self.pivots = pivots
    self.singularPivot = failure(info, "getrf").map { $0 - 1 }
  }

  /// The unit lower triangular factor, `[m, min(m, n)]`.
  public var lower: Matrix<Scalar> {
    var result = factors.triangular(.lower, rows: factors.rows, columns: pivots.count)
    for i in 0..<pivots.count { result[i, i] = 1 }
    return result
  }

  /// The upper triangular factor, `[min(m, n), n]`.
  public var upper: Matrix<Scalar> {
    factors.triangular(.upper, rows: pivots.count, columns: factors.columns)
  }

  /// The row order of `P`: row `i` of `P·A` is row `permutation[i]` of `A`.
  public var permutation: [Int] {
    var order = Array(0..<factors.rows)
    for (i, pivot) in pivots.enumerated() { order.swapAt(i, Int(pivot) - 1) }
    return order
  }

  /// The determinant; 0 for a singular matrix. It overflows easily: see ``logDeterminant``.
  ///
  /// - Precondition: the matrix is square.
  public var determinant: Scalar {
    requireSquare(factors.rows, factors.columns, "LU.determinant")
    return factors.diagonal.reduce(exchangeSign, *)
  }

  /// The sign of the determinant (1, −1, or 0 for a singular matrix) and the logarithm of its
  /// magnitude, `-∞` for a singular matrix.
  ///
  /// - Precondition: the matrix is square.
  public var logDeterminant: (sign: Scalar, logMagnitude: Scalar) {
    requireSquare(factors.rows, factors.columns, "LU.logDeterminant")
    var sign = exchangeSign
    var sum: Scalar = 0
    for element in factors.diagonal {
      if element == 0 { return (0, -.infinity) }
      if element < 0 { sign = -sign }
      sum += Scalar.log(element.magnitude)
    }
    return (sign, sum)
  }

  /// The determinant of `P`.
  private var exchangeSign: Scalar {
    pivots.enumerated().reduce(1) { sign, exchange in
      Int(exchange.element) - 1 == exchange.offset ? sign : -sign
    }
  }

  /// The solution `X` of `A·X = B`, `[n, k]`.
  ///
  /// - Throws: ``LinAlgError/singular(pivot:)``, ``LinAlgError/nonFinite(_:row:column:)``.
  /// - Precondition: `A` is `[n, n]` and `B` is `[n, k]`.
  public func solve(
    _ b: borrowing some MatrixOperand<Scalar> & ~Copyable
  ) throws(LinAlgError) -> Matrix<Scalar> {
    try solve(.none, b)
  }

  /// The solution `x` of `A·x = b`.
  ///
  /// - Throws: ``LinAlgError/singular(pivot:)``, ``LinAlgError/nonFinite(_:row:column:)``.
  /// - Precondition: `A` is `[n, n]` and `b` has `n` elements.
  public func solve(
    _ b: borrowing some VectorOperand<Scalar> & ~Copyable
  ) throws(LinAlgError) -> Vector<Scalar> {
    try solve(.none, Vector(copying: b).view.asColumn).columnVector
  }

  /// The solution `X` of `Aᵀ·X = B`, `[n, k]`.
  ///
  /// - Throws: ``LinAlgError/singular(pivot:)``, ``LinAlgError/nonFinite(_:row:column:)``.
  /// - Precondition: `A` is `[n, n]` and `B` is `[n, k]`.
  public func solveTransposed(
    _ b: borrowing some MatrixOperand<Scalar> & ~Copyable
  ) throws(LinAlgError) -> Matrix<Scalar> {
    try solve(.transpose, b)
  }

  private func solve(
    _ transpose: Transpose, _ b: borrowing some MatrixOperand<Scalar> & ~Copyable
  ) throws(LinAlgError) -> Matrix<Scalar> {
    requireSquare(factors.rows, factors.columns, "LU.solve")
    requireRightHandSide(
      b.rows, b.columns, for: factors.rows, factors.columns, "LU.solve")
    try checkFinite(b, .rightHandSide)
    if let singularPivot { throw .singular(pivot: singularPivot) }
    var x = Matrix(b)
    guard x.count > 0 else { return x }
    let info = x.withUnsafeMutableElements { x in
      factors.withUnsafeElements { f in
        pivots.withUnsafeBufferPointer { p in
          p.baseAddress.map { p in
            Scalar.getrs(
              transpose, n: f.rows, nrhs: x.columns, a: f.pointer, lda: f.rowStride, pivots: p,
              b: x.pointer, ldb: x.rowStride)
          } ?? 0
        }
      }
    }
    _ = failure(info, "getrs")
    return x
  }

  /// The inverse matrix. To solve a system, ``solve(_:)->Matrix<Scalar>`` is faster and more
  /// accurate.
  ///
  /// - Throws: ``LinAlgError/singular(pivot:)``.
  /// - Precondition: the matrix is square.
  public func inverse() throws(LinAlgError) -> Matrix<Scalar> {
    requireSquare(factors.rows, factors.columns, "LU.inverse")
    if let singularPivot { throw .singular(pivot: singularPivot) }
    var result = factors
    guard result.count > 0 else { return result }
    let info = result.withUnsafeMutableElements { a in
      pivots.withUnsafeBufferPointer { p in
        p.baseAddress.map { p in
          Scalar.getri(n: a.rows, a: a.pointer, lda: a.rowStride, pivots: p)
        } ?? 0
      }
    }
    if let pivot = failure(info, "getri") { throw .singular(pivot: pivot - 1) }
    return result
  }

  /// An estimate of `1 / (‖A‖∞·‖A⁻¹‖∞)` at the price of a few solutions: 1 for the identity and for
  /// `[0, 0]`, 0 for a singular matrix. Below the type's `ulpOfOne`, solutions have no correct digit.
  ///
  /// - Precondition: the matrix is square.
  public var reciprocalCondition: Scalar {
    requireSquare(factors.rows, factors.columns, "LU.reciprocalCondition")
    if singularPivot != nil { return 0 }
    guard factors.rows > 0 else { return 1 }
    var result: Scalar = 0
    let info = factors.withUnsafeElements { f in
      Scalar.gecon(
        n: f.rows, a: f.pointer, lda: f.rowStride, infinityNorm: infinityNorm,
        reciprocalCondition: &result)
    }
    _ = failure(info, "gecon")
    return result
  }
}
