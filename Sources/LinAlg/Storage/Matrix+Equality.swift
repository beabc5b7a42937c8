extension Matrix: Equatable {
  /// Whether the shapes are equal and the elements compare equal: `0 == -0`, and NaN equals nothing.
  public static func == (a: Matrix, b: Matrix) -> Bool { a.elementsEqual(b) }
}

extension MatrixView: Equatable {
  /// Whether the shapes are equal and the elements compare equal: `0 == -0`, and NaN equals nothing.
  public static func == (a: MatrixView, b: MatrixView) -> Bool { a.elementsEqual(b) }
}

extension Vector: Equatable {
  /// Whether the counts are equal and the elements compare equal.
  public static func == (a: Vector, b: Vector) -> Bool {
    a.view.asColumn.elementsEqual(b.view.asColumn)
  }
}

extension VectorView: Equatable {
  /// Whether the counts are equal and the elements compare equal.
  public static func == (a: VectorView, b: VectorView) -> Bool {
    a.asColumn.elementsEqual(b.asColumn)
  }
}

extension MatrixOperand where Self: ~Copyable {
  /// Whether the shapes are equal and the elements compare equal, also across types of operand.
  @inlinable
  public borrowing func elementsEqual(
    _ other: borrowing some MatrixOperand<Scalar> & ~Copyable
  ) -> Bool {
    withUnsafeElements { a in
      other.withUnsafeElements { b in
        guard a.rows == b.rows && a.columns == b.columns else { return false }
        for i in 0..<a.rows {
          for j in 0..<a.columns where a[i, j] != b[i, j] { return false }
        }
        return true
      }
    }
  }

  /// Whether two matrices are equal up to a tolerance in the Frobenius norm:
  /// ```
  /// ‖A − B‖ ≤ max(absoluteTolerance, relativeTolerance · max(‖A‖, ‖B‖))
  /// ```
  ///
  /// As for scalars in swift-numerics, the defaults ask for about half of the digits, infinities are
  /// equal to themselves alone, NaN is equal to nothing, and so are matrices of different shapes.
  /// The norm weighs all elements together: an element that is small beside the matrix may differ
  /// in every digit.
  ///
  /// - Precondition: the tolerances are not negative.
  @inlinable
  public borrowing func isApproximatelyEqual(
    to other: borrowing some MatrixOperand<Scalar> & ~Copyable,
    absoluteTolerance: Scalar = 0,
    relativeTolerance: Scalar = Scalar.ulpOfOne.squareRoot()
  ) -> Bool {
    require(
      absoluteTolerance >= 0 && relativeTolerance >= 0,
      "isApproximatelyEqual: tolerances \(absoluteTolerance) and \(relativeTolerance)")
    guard rows == other.rows && columns == other.columns else { return false }
    // Elements that are equal, infinities among them, take no part in the difference; one that is
    // infinite or NaN on one side alone makes the difference infinite or NaN.
    let difference = map(with: other) { $0 == $1 ? 0 : $0 - $1 }.frobeniusNorm()
    if difference == 0 { return true }
    let scale = Swift.max(finiteNorm(self), finiteNorm(other))
    let tolerance = Swift.max(absoluteTolerance, relativeTolerance * scale)
    return difference.isFinite && difference <= tolerance
  }
}

/// The Frobenius norm of the finite elements.
@inlinable
func finiteNorm<Scalar: LinAlgScalar>(
  _ a: borrowing some MatrixOperand<Scalar> & ~Copyable
) -> Scalar {
  let norm = a.frobeniusNorm()
  return norm.isFinite ? norm : a.map { $0.isFinite ? $0 : 0 }.frobeniusNorm()
}

extension VectorOperand where Self: ~Copyable {
  /// Whether two vectors are equal up to a tolerance in the Euclidean norm, as
  /// ``MatrixOperand/isApproximatelyEqual(to:absoluteTolerance:relativeTolerance:)`` has it.
  ///
  /// - Precondition: the tolerances are not negative.
  public borrowing func isApproximatelyEqual(
    to other: borrowing some VectorOperand<Scalar> & ~Copyable,
    absoluteTolerance: Scalar = 0,
    relativeTolerance: Scalar = Scalar.ulpOfOne.squareRoot()
  ) -> Bool {
    guard count == other.count else { return false }
    var a = Vector<Scalar>(uninitializedCount: count)
    var b = Vector<Scalar>(uninitializedCount: count)
    BLAS.copy(self, into: &a)
    BLAS.copy(other, into: &b)
    return a.view.asColumn.isApproximatelyEqual(
      to: b.view.asColumn, absoluteTolerance: absoluteTolerance,
      relativeTolerance: relativeTolerance)
  }
}
