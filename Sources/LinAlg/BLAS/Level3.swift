// Matrix times matrix. Operands and results of which either stride is 1 are used in place: a
// transposed operand becomes BLAS's flag, a transposed result turns the product around
// (Cᵀ = Bᵀ·Aᵀ). Others are copied for the call, and so is `B` of symm when it and `C` are stored
// in different orders, for which BLAS has no flag.

extension BLAS {
  /// `C ← α·A·B + β·C`
  ///
  /// - Precondition: `A` is `[m, k]`, `B` `[k, n]` and `C` `[m, n]`.
  @inlinable
  public static func gemm<S: LinAlgScalar>(
    alpha: S = 1, _ a: borrowing some MatrixOperand<S> & ~Copyable,
    _ b: borrowing some MatrixOperand<S> & ~Copyable,
    beta: S = 0, into c: inout some MutableMatrixOperand<S> & ~Copyable
  ) {
    a.withUnsafeElements { a in
      b.withUnsafeElements { b in
        c.withUnsafeMutableElements { c in
          gemmElements(alpha, a, b, beta, c)
        }
      }
    }
  }

  /// `C ← α·A·B + β·C` or `α·B·A + β·C` with a symmetric `A`, of which only `triangle` is read.
  ///
  /// - Precondition: `B` and `C` are `[m, n]`; `A` is `[m, m]` on the left or `[n, n]` on the right.
  @inlinable
  public static func symm<S: LinAlgScalar>(
    _ side: Side, _ triangle: Triangle, alpha: S = 1,
    _ a: borrowing some MatrixOperand<S> & ~Copyable,
    _ b: borrowing some MatrixOperand<S> & ~Copyable,
    beta: S = 0, into c: inout some MutableMatrixOperand<S> & ~Copyable
  ) {
    a.withUnsafeElements { a in
      b.withUnsafeElements { b in
        c.withUnsafeMutableElements { c in
          symmElements(side, triangle, alpha, a, b, beta, c)
        }
      }
    }
  }

  /// `C ← α·A·Aᵀ + β·C` in `triangle` of the symmetric `C`; the other triangle is left as it was.
  ///
  /// - Precondition: `A` is `[n, k]` and `C` `[n, n]`.
  @inlinable
  public static func syrk<S: LinAlgScalar>(
    _ triangle: Triangle, alpha: S = 1, _ a: borrowing some MatrixOperand<S> & ~Copyable,
    beta: S = 0, into c: inout some MutableMatrixOperand<S> & ~Copyable
  ) {
    a.withUnsafeElements { a in
      c.withUnsafeMutableElements { c in
        syrkElements(triangle, alpha, a, beta, c)
      }
    }
  }

  /// `B ← α·A·B` or `α·B·A` with a triangular `A`, of which only `triangle` is read.
  ///
  /// - Precondition: `B` is `[m, n]`; `A` is `[m, m]` on the left or `[n, n]` on the right.
  @inlinable
  public static func trmm<S: LinAlgScalar>(
    _ side: Side, _ triangle: Triangle, diagonal: Diagonal = .stored, alpha: S = 1,
    _ a: borrowing some MatrixOperand<S> & ~Copyable,
    into b: inout some MutableMatrixOperand<S> & ~Copyable
  ) {
    a.withUnsafeElements { a in
      b.withUnsafeMutableElements { b in
        triangularElements("trmm", S.trmm, side, triangle, diagonal, alpha, a, b)
      }
    }
  }

  /// `B ← α·A⁻¹·B` or `α·B·A⁻¹` with a triangular `A`, of which only `triangle` is read.
  ///
  /// A zero on the diagonal is not found out and makes infinities and NaN.
  ///
  /// - Precondition: `B` is `[m, n]`; `A` is `[m, m]` on the left or `[n, n]` on the right.
  @inlinable
  public static func trsm<S: LinAlgScalar>(
    _ side: Side, _ triangle: Triangle, diagonal: Diagonal = .stored, alpha: S = 1,
    _ a: borrowing some MatrixOperand<S> & ~Copyable,
    into b: inout some MutableMatrixOperand<S> & ~Copyable
  ) {
    a.withUnsafeElements { a in
      b.withUnsafeMutableElements { b in
        triangularElements("trsm", S.trsm, side, triangle, diagonal, alpha, a, b)
      }
    }
  }
}

extension BLAS {
  @inlinable
  static func gemmElements<S: LinAlgScalar>(
    _ alpha: S, _ a: UnsafeStridedMatrix<S>, _ b: UnsafeStridedMatrix<S>,
    _ beta: S, _ c: UnsafeMutableStridedMatrix<S>
  ) {
    require(
      a.columns == b.rows && a.rows == c.rows && b.columns == c.columns,
      "BLAS.gemm: shapes \(shape(a)) times \(shape(b)) into \(shape(c))")
    require(
      !a.overlaps(c.reading) && !b.overlaps(c.reading), "BLAS.gemm: the result overlaps an operand")
    guard c.rows > 0 && c.columns > 0 else { return }
    c.withBLASForm { c, isTransposed in
      let first = isTransposed ? b.transposed : a
      let second = isTransposed ? a.transposed : b
      first.withBLASForm { first, firstFlag in
        second.withBLASForm { second, secondFlag in
          S.gemm(
            Transpose(if: firstFlag), Transpose(if: secondFlag),
            m: c.rows, n: c.columns, k: a.columns, alpha: alpha,
            a: first.pointer, lda: first.leading, b: second.pointer, ldb: second.leading,
            beta: beta, c: c.pointer, ldc: c.leading)
        }
      }
    }
  }

  @inlinable
  static func symmElements<S: LinAlgScalar>(
    _ side: Side, _ triangle: Triangle, _ alpha: S, _ a: UnsafeStridedMatrix<S>,
    _ b: UnsafeStridedMatrix<S>, _ beta: S, _ c: UnsafeMutableStridedMatrix<S>
  ) {
    let order = side == .left ? c.rows : c.columns
    require(
      b.rows == c.rows && b.columns == c.columns && a.rows == order && a.columns == order,
      "BLAS.symm: symmetric \(shape(a)) on the \(side) of \(shape(b)) into \(shape(c))")
    require(
      !a.overlaps(c.reading) && !b.overlaps(c.reading), "BLAS.symm: the result overlaps an operand")
    guard c.rows > 0 && c.columns > 0 else { return }
    c.withBLASForm { c, isTransposed in
      a.withBLASForm { a, flag in
        (isTransposed ? b.transposed : b).withRowMajor { b in
          S.symm(
            isTransposed ? side.flipped : side, flag ? triangle.flipped : triangle,
            m: c.rows, n: c.columns, alpha: alpha, a: a.pointer, lda: a.leading,
            b: b.pointer, ldb: b.leading, beta: beta, c: c.pointer, ldc: c.leading)
        }
      }
    }
  }

  @inlinable
  static func syrkElements<S: LinAlgScalar>(
    _ triangle: Triangle, _ alpha: S, _ a: UnsafeStridedMatrix<S>,
    _ beta: S, _ c: UnsafeMutableStridedMatrix<S>
  ) {
    require(
      c.rows == a.rows && c.columns == a.rows,
      "BLAS.syrk: shape \(shape(a)) times its transpose into \(shape(c))")
    require(!a.overlaps(c.reading), "BLAS.syrk: the result overlaps the operand")
    guard c.rows > 0 else { return }
    c.withBLASForm { c, isTransposed in
      a.withBLASForm { stored, flag in
        S.syrk(
          isTransposed ? triangle.flipped : triangle, Transpose(if: flag),
          n: c.rows, k: a.columns, alpha: alpha, a: stored.pointer, lda: stored.leading,
          beta: beta, c: c.pointer, ldc: c.leading)
      }
    }
  }

  /// `trmm` or `trsm`.
  @inlinable
  static func triangularElements<S: LinAlgScalar>(
    _ operation: StaticString,
    _ kernel: (
      Side, Triangle, Transpose, Diagonal, Int, Int, S, UnsafePointer<S>, Int,
      UnsafeMutablePointer<S>, Int
    ) -> Void,
    _ side: Side, _ triangle: Triangle, _ diagonal: Diagonal, _ alpha: S,
    _ a: UnsafeStridedMatrix<S>, _ b: UnsafeMutableStridedMatrix<S>
  ) {
    let order = side == .left ? b.rows : b.columns
    require(
      a.rows == order && a.columns == order,
      "BLAS.\(operation): triangular \(shape(a)) on the \(side) of \(shape(b))")
    require(
      !a.overlaps(b.reading), "BLAS.\(operation): the result overlaps the triangular matrix")
    guard b.rows > 0 && b.columns > 0 else { return }
    b.withBLASForm { b, isTransposed in
      a.withBLASForm { a, flag in
        kernel(
          isTransposed ? side.flipped : side, flag ? triangle.flipped : triangle,
          Transpose(if: flag != isTransposed), diagonal, b.rows, b.columns, alpha,
          a.pointer, a.leading, b.pointer, b.leading)
      }
    }
  }
}
