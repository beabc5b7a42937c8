/// The BLAS operations on matrices, vectors and views, with shapes checked.
///
/// Every operand may be a matrix or a view, a vector, a view or an array. What an operation writes
/// into is `inout`: values cannot alias, because a matrix whose view is an operand copies itself
/// before it is written to. ``MutableMatrixView/withSplit(atRow:_:)`` gives two parts of one matrix
/// without such a copy. Results and operands that overlap through unsafe views trap where that can
/// be told cheaply and are undefined otherwise.
///
/// Empty operands are fine: an empty sum is 0. Where `β` is 0 the old contents of the result are
/// not read, so they may be NaN; where `α` is 0 the operands it multiplies are not read either.
public enum BLAS {}

// Vectors. These allocate nothing and cost one call of OpenBLAS.
extension BLAS {
  /// The inner product `Σ xᵢ·yᵢ`.
  ///
  /// - Precondition: the counts are equal.
  @inlinable
  public static func dot<S: LinAlgScalar>(
    _ x: borrowing some VectorOperand<S> & ~Copyable,
    _ y: borrowing some VectorOperand<S> & ~Copyable
  ) -> S {
    x.withUnsafeElements { x in
      y.withUnsafeElements { y in
        checkCounts("dot", x.count, y.count)
        return S.dot(n: x.count, x: x.pointer, incx: x.stride, y: y.pointer, incy: y.stride)
      }
    }
  }

  /// `y ← α·x + y`
  ///
  /// - Precondition: the counts are equal.
  @inlinable
  public static func axpy<S: LinAlgScalar>(
    alpha: S = 1, _ x: borrowing some VectorOperand<S> & ~Copyable,
    into y: inout some MutableVectorOperand<S> & ~Copyable
  ) {
    x.withUnsafeElements { x in
      y.withUnsafeMutableElements { y in
        checkCounts("axpy", x.count, y.count)
        S.axpy(
          n: x.count, alpha: alpha, x: x.pointer, incx: x.stride, y: y.pointer, incy: y.stride)
      }
    }
  }

  /// `x ← α·x`; NaN and infinity times zero are NaN.
  @inlinable
  public static func scal<S: LinAlgScalar>(
    alpha: S, _ x: inout some MutableVectorOperand<S> & ~Copyable
  ) {
    x.withUnsafeMutableElements { x in
      if alpha == 0 {
        // OpenBLAS writes zeros here in some versions and 0·x in others.
        for i in 0..<x.count { x[i] *= alpha }
      } else {
        S.scal(n: x.count, alpha: alpha, x: x.pointer, incx: x.stride)
      }
    }
  }

  /// The Euclidean norm `√Σ xᵢ²`, which does not overflow where the result does not.
  @inlinable
  public static func nrm2<S: LinAlgScalar>(
    _ x: borrowing some VectorOperand<S> & ~Copyable
  ) -> S {
    x.withUnsafeElements { S.nrm2(n: $0.count, x: $0.pointer, incx: $0.stride) }
  }

  /// The sum of magnitudes `Σ |xᵢ|`.
  @inlinable
  public static func asum<S: LinAlgScalar>(
    _ x: borrowing some VectorOperand<S> & ~Copyable
  ) -> S {
    x.withUnsafeElements { S.asum(n: $0.count, x: $0.pointer, incx: $0.stride) }
  }

  /// The first position of the largest magnitude, or `nil` if there are no elements.
  ///
  /// Which position is given where elements are NaN is not specified.
  @inlinable
  public static func iamax<S: LinAlgScalar>(
    _ x: borrowing some VectorOperand<S> & ~Copyable
  ) -> Int? {
    x.withUnsafeElements {
      $0.count == 0 ? nil : S.iamax(n: $0.count, x: $0.pointer, incx: $0.stride)
    }
  }

  /// `y ← x`
  ///
  /// - Precondition: the counts are equal.
  @inlinable
  public static func copy<S: LinAlgScalar>(
    _ x: borrowing some VectorOperand<S> & ~Copyable,
    into y: inout some MutableVectorOperand<S> & ~Copyable
  ) {
    x.withUnsafeElements { x in
      y.withUnsafeMutableElements { y in
        checkCounts("copy", x.count, y.count)
        S.copy(n: x.count, x: x.pointer, incx: x.stride, y: y.pointer, incy: y.stride)
      }
    }
  }

  /// `x ↔ y`
  ///
  /// - Precondition: the counts are equal.
  @inlinable
  public static func swap<S: LinAlgScalar>(
    _ x: inout some MutableVectorOperand<S> & ~Copyable,
    _ y: inout some MutableVectorOperand<S> & ~Copyable
  ) {
    x.withUnsafeMutableElements { x in
      y.withUnsafeMutableElements { y in
        checkCounts("swap", x.count, y.count)
        S.swap(n: x.count, x: x.pointer, incx: x.stride, y: y.pointer, incy: y.stride)
      }
    }
  }

  @inlinable
  static func checkCounts(_ operation: StaticString, _ x: Int, _ y: Int) {
    require(x == y, "BLAS.\(operation): \(x) elements with \(y) elements")
  }
}

extension MutableVectorView {
  /// Overwrites the elements with those of `source`.
  ///
  /// - Precondition: the counts are equal.
  @inlinable
  public mutating func update(from source: borrowing some VectorOperand<Scalar> & ~Copyable) {
    BLAS.copy(source, into: &self)
  }
}
