// Matrix times vector. A matrix operand of which either stride is 1 is used in place; another is
// copied for the call. The public functions are thin and inlined; the work is behind them, generic
// over the scalar alone.

extension BLAS {
  /// `y ← α·A·x + β·y`
  ///
  /// - Precondition: `A` is `[m, n]`, `x` has `n` elements, `y` has `m`.
  @inlinable
  public static func gemv<S: LinAlgScalar>(
    alpha: S = 1, _ a: borrowing some MatrixOperand<S> & ~Copyable,
    _ x: borrowing some VectorOperand<S> & ~Copyable,
    beta: S = 0, into y: inout some MutableVectorOperand<S> & ~Copyable
  ) {
    a.withUnsafeElements { a in
      x.withUnsafeElements { x in
        y.withUnsafeMutableElements { y in
          gemvElements(alpha, a, x, beta, y)
        }
      }
    }
  }

  /// `A ← α·x·yᵀ + A`
  ///
  /// - Precondition: `A` is `[m, n]`, `x` has `m` elements, `y` has `n`.
  @inlinable
  public static func ger<S: LinAlgScalar>(
    alpha: S = 1, _ x: borrowing some VectorOperand<S> & ~Copyable,
    _ y: borrowing some VectorOperand<S> & ~Copyable,
    into a: inout some MutableMatrixOperand<S> & ~Copyable
  ) {
    x.withUnsafeElements { x in
      y.withUnsafeElements { y in
        a.withUnsafeMutableElements { a in
          gerElements(alpha, x, y, a)
        }
      }
    }
  }

  /// `y ← α·A·x + β·y` with a symmetric `A`, of which only `triangle` is read.
  ///
  /// - Precondition: `A` is `[n, n]`, `x` and `y` have `n` elements.
  @inlinable
  public static func symv<S: LinAlgScalar>(
    _ triangle: Triangle, alpha: S = 1, _ a: borrowing some MatrixOperand<S> & ~Copyable,
    _ x: borrowing some VectorOperand<S> & ~Copyable,
    beta: S = 0, into y: inout some MutableVectorOperand<S> & ~Copyable
  ) {
    a.withUnsafeElements { a in
      x.withUnsafeElements { x in
        y.withUnsafeMutableElements { y in
          symvElements(triangle, alpha, a, x, beta, y)
        }
      }
    }
  }

  /// `x ← A·x` with a triangular `A`, of which only `triangle` is read.
  ///
  /// - Precondition: `A` is `[n, n]` and `x` has `n` elements.
  @inlinable
  public static func trmv<S: LinAlgScalar>(
    _ triangle: Triangle, diagonal: Diagonal = .stored,
    _ a: borrowing some MatrixOperand<S> & ~Copyable,
    into x: inout some MutableVectorOperand<S> & ~Copyable
  ) {
    a.withUnsafeElements { a in
      x.withUnsafeMutableElements { x in
        triangularElements("trmv", S.trmv, triangle, diagonal, a, x)
      }
    }
  }

  /// `x ← A⁻¹·x` with a triangular `A`, of which only `triangle` is read.
  ///
  /// A zero on the diagonal is not found out and makes infinities and NaN.
  ///
  /// - Precondition: `A` is `[n, n]` and `x` has `n` elements.
  @inlinable
  public static func trsv<S: LinAlgScalar>(
    _ triangle: Triangle, diagonal: Diagonal = .stored,
    _ a: borrowing some MatrixOperand<S> & ~Copyable,
    into x: inout some MutableVectorOperand<S> & ~Copyable
  ) {
    a.withUnsafeElements { a in
      x.withUnsafeMutableElements { x in
        triangularElements("trsv", S.trsv, triangle, diagonal, a, x)
      }
    }
  }
}

extension BLAS {
  @inlinable
  static func gemvElements<S: LinAlgScalar>(
    _ alpha: S, _ a: UnsafeStridedMatrix<S>, _ x: UnsafeStridedVector<S>,
    _ beta: S, _ y: UnsafeMutableStridedVector<S>
  ) {
    require(
      a.columns == x.count && a.rows == y.count,
      "BLAS.gemv: a matrix \(shape(a)) times \(x.count) elements into \(y.count) elements")
    scaleResult(beta, y)
    guard alpha != 0 && a.columns > 0 && a.rows > 0 else { return }
    a.withBLASForm { stored, isTransposed in
      S.gemv(
        Transpose(if: isTransposed), m: stored.rows, n: stored.columns, alpha: alpha,
        a: stored.pointer, lda: stored.leading, x: x.pointer, incx: x.stride,
        beta: 1, y: y.pointer, incy: y.stride)
    }
  }

  @inlinable
  static func gerElements<S: LinAlgScalar>(
    _ alpha: S, _ x: UnsafeStridedVector<S>, _ y: UnsafeStridedVector<S>,
    _ a: UnsafeMutableStridedMatrix<S>
  ) {
    require(
      a.rows == x.count && a.columns == y.count,
      "BLAS.ger: \(x.count) elements times \(y.count) elements into a matrix \(shape(a))")
    a.withBLASForm { stored, isTransposed in
      let (x, y) = isTransposed ? (y, x) : (x, y)
      S.ger(
        m: stored.rows, n: stored.columns, alpha: alpha, x: x.pointer, incx: x.stride,
        y: y.pointer, incy: y.stride, a: stored.pointer, lda: stored.leading)
    }
  }

  @inlinable
  static func symvElements<S: LinAlgScalar>(
    _ triangle: Triangle, _ alpha: S, _ a: UnsafeStridedMatrix<S>, _ x: UnsafeStridedVector<S>,
    _ beta: S, _ y: UnsafeMutableStridedVector<S>
  ) {
    require(
      a.rows == a.columns && a.columns == x.count && a.rows == y.count,
      "BLAS.symv: a matrix \(shape(a)) times \(x.count) elements into \(y.count) elements")
    scaleResult(beta, y)
    guard alpha != 0 else { return }
    a.withBLASForm { stored, isTransposed in
      S.symv(
        isTransposed ? triangle.flipped : triangle, n: stored.rows, alpha: alpha,
        a: stored.pointer, lda: stored.leading, x: x.pointer, incx: x.stride,
        beta: 1, y: y.pointer, incy: y.stride)
    }
  }

  /// `trmv` or `trsv`.
  @inlinable
  static func triangularElements<S: LinAlgScalar>(
    _ operation: StaticString,
    _ kernel: (
      Triangle, Transpose, Diagonal, Int, UnsafePointer<S>, Int, UnsafeMutablePointer<S>, Int
    ) -> Void,
    _ triangle: Triangle, _ diagonal: Diagonal, _ a: UnsafeStridedMatrix<S>,
    _ x: UnsafeMutableStridedVector<S>
  ) {
    require(
      a.rows == a.columns && a.columns == x.count,
      "BLAS.\(operation): a matrix \(shape(a)) with \(x.count) elements")
    a.withBLASForm { stored, isTransposed in
      kernel(
        isTransposed ? triangle.flipped : triangle, Transpose(if: isTransposed), diagonal,
        stored.rows, stored.pointer, stored.leading, x.pointer, x.stride)
    }
  }

  /// `y ← β·y`, without reading `y` where `β` is 0.
  ///
  /// BLAS leaves `y` alone where the matrix is empty, and OpenBLAS's own handling of NaN at
  /// `β = 0` has changed between versions; doing it here makes both as documented.
  @inlinable
  static func scaleResult<S: LinAlgScalar>(_ beta: S, _ y: UnsafeMutableStridedVector<S>) {
    if beta == 0 {
      for i in 0..<y.count { y[i] = 0 }
    } else if beta != 1 {
      S.scal(n: y.count, alpha: beta, x: y.pointer, incx: y.stride)
    }
  }
}
