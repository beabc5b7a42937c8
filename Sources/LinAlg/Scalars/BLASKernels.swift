/// Whether an operand of a product is used as it is stored or transposed.
public enum Transpose: Sendable, Hashable {
  /// The operand as stored.
  case none
  /// The operand's transpose.
  case transpose
}

/// Which triangle of a symmetric or triangular matrix is read or written; the other is ignored.
public enum Triangle: Sendable, Hashable {
  /// On and above the diagonal.
  case upper
  /// On and below the diagonal.
  case lower
}

/// On which side of a product the symmetric or triangular matrix stands.
public enum Side: Sendable, Hashable {
  /// `A·B`
  case left
  /// `B·A`
  case right
}

/// What the diagonal of a triangular matrix is.
public enum Diagonal: Sendable, Hashable {
  /// The elements stored there.
  case stored
  /// Ones, whatever is stored there.
  case unit
}

/// The BLAS routines of one scalar type, on row-major storage and raw pointers.
///
/// These are the unchecked primitives below the operations in ``BLAS``: the caller vouches for
/// sizes, strides and aliasing (a result must not overlap an operand). Sizes that do not fit the
/// 32-bit integers of BLAS trap. `lda` is the number of elements between the starts of two stored
/// rows of `A`, at least 1 and at least the length of a stored row; likewise `ldb` and `ldc`.
/// `incx` is the number of elements between two of `x`, and positive; likewise `incy`.
public protocol BLASKernels {
  // MARK: Level 1

  /// `Σ xᵢ·yᵢ`
  static func dot(n: Int, x: UnsafePointer<Self>, incx: Int, y: UnsafePointer<Self>, incy: Int)
    -> Self

  /// `y ← α·x + y`
  static func axpy(
    n: Int, alpha: Self, x: UnsafePointer<Self>, incx: Int,
    y: UnsafeMutablePointer<Self>, incy: Int)

  /// `x ← α·x`; whether `0·NaN` is 0 depends on the version of OpenBLAS.
  static func scal(n: Int, alpha: Self, x: UnsafeMutablePointer<Self>, incx: Int)

  /// `√Σ xᵢ²`, without overflow on the way.
  static func nrm2(n: Int, x: UnsafePointer<Self>, incx: Int) -> Self

  /// `Σ |xᵢ|`
  static func asum(n: Int, x: UnsafePointer<Self>, incx: Int) -> Self

  /// The position of an element with the largest magnitude, counted from 0; 0 when `n` is 0.
  static func iamax(n: Int, x: UnsafePointer<Self>, incx: Int) -> Int

  /// `y ← x`
  static func copy(
    n: Int, x: UnsafePointer<Self>, incx: Int, y: UnsafeMutablePointer<Self>, incy: Int)

  /// `x ↔ y`
  static func swap(
    n: Int, x: UnsafeMutablePointer<Self>, incx: Int, y: UnsafeMutablePointer<Self>, incy: Int)

  // MARK: Level 2

  /// `y ← α·op(A)·x + β·y`, with `A` stored as `[m, n]`.
  ///
  /// Nothing happens when `m` or `n` is 0: BLAS does not even scale `y` then.
  static func gemv(
    _ transA: Transpose, m: Int, n: Int,
    alpha: Self, a: UnsafePointer<Self>, lda: Int, x: UnsafePointer<Self>, incx: Int,
    beta: Self, y: UnsafeMutablePointer<Self>, incy: Int)

  /// `A ← α·x·yᵀ + A`, with `A` of shape `[m, n]`.
  static func ger(
    m: Int, n: Int, alpha: Self, x: UnsafePointer<Self>, incx: Int,
    y: UnsafePointer<Self>, incy: Int, a: UnsafeMutablePointer<Self>, lda: Int)

  /// `y ← α·A·x + β·y`, with `A` symmetric `[n, n]`.
  static func symv(
    _ triangle: Triangle, n: Int,
    alpha: Self, a: UnsafePointer<Self>, lda: Int, x: UnsafePointer<Self>, incx: Int,
    beta: Self, y: UnsafeMutablePointer<Self>, incy: Int)

  /// `x ← op(A)·x`, with `A` triangular `[n, n]`.
  static func trmv(
    _ triangle: Triangle, _ transA: Transpose, _ diagonal: Diagonal, n: Int,
    a: UnsafePointer<Self>, lda: Int, x: UnsafeMutablePointer<Self>, incx: Int)

  /// `x ← op(A)⁻¹·x`, with `A` triangular `[n, n]`.
  static func trsv(
    _ triangle: Triangle, _ transA: Transpose, _ diagonal: Diagonal, n: Int,
    a: UnsafePointer<Self>, lda: Int, x: UnsafeMutablePointer<Self>, incx: Int)

  // MARK: Level 3

  /// `C ← α·op(A)·op(B) + β·C`, with `op(A)` of shape `[m, k]`, `op(B)` `[k, n]` and `C` `[m, n]`.
  ///
  /// `lda`, `ldb` and `ldc` are the elements between the starts of two stored rows.
  static func gemm(
    _ transA: Transpose, _ transB: Transpose, m: Int, n: Int, k: Int,
    alpha: Self, a: UnsafePointer<Self>, lda: Int, b: UnsafePointer<Self>, ldb: Int,
    beta: Self, c: UnsafeMutablePointer<Self>, ldc: Int)

  /// `C ← α·A·B + β·C` or `α·B·A + β·C`, with `A` symmetric and `B`, `C` of shape `[m, n]`.
  static func symm(
    _ side: Side, _ triangle: Triangle, m: Int, n: Int,
    alpha: Self, a: UnsafePointer<Self>, lda: Int, b: UnsafePointer<Self>, ldb: Int,
    beta: Self, c: UnsafeMutablePointer<Self>, ldc: Int)

  /// `C ← α·op(A)·op(A)ᵀ + β·C` in one triangle of `C`, with `op(A)` of shape `[n, k]`.
  static func syrk(
    _ triangle: Triangle, _ transA: Transpose, n: Int, k: Int,
    alpha: Self, a: UnsafePointer<Self>, lda: Int,
    beta: Self, c: UnsafeMutablePointer<Self>, ldc: Int)

  /// `B ← α·op(A)·B` or `α·B·op(A)`, with `A` triangular and `B` of shape `[m, n]`.
  static func trmm(
    _ side: Side, _ triangle: Triangle, _ transA: Transpose, _ diagonal: Diagonal,
    m: Int, n: Int, alpha: Self, a: UnsafePointer<Self>, lda: Int,
    b: UnsafeMutablePointer<Self>, ldb: Int)

  /// `B ← α·op(A)⁻¹·B` or `α·B·op(A)⁻¹`, with `A` triangular and `B` of shape `[m, n]`.
  static func trsm(
    _ side: Side, _ triangle: Triangle, _ transA: Transpose, _ diagonal: Diagonal,
    m: Int, n: Int, alpha: Self, a: UnsafePointer<Self>, lda: Int,
    b: UnsafeMutablePointer<Self>, ldb: Int)

  /// `B ← α·op(A)`, with `A` stored as `[rows, columns]`: OpenBLAS's blocked transposing copy.
  static func omatcopy(
    _ transA: Transpose, rows: Int, columns: Int, alpha: Self,
    a: UnsafePointer<Self>, lda: Int, b: UnsafeMutablePointer<Self>, ldb: Int)
}

extension BLASKernels {
  /// ``gemm(_:_:m:n:k:alpha:a:lda:b:ldb:beta:c:ldc:)`` for each of `batch` products whose operands
  /// stand at equal distances in memory.
  ///
  /// `strideA` is the elements between one product's `A` and the next one's, and 0 uses the same `A`
  /// for all; likewise `strideB`. `strideC` is the elements between two results, which must not overlap.
  @inlinable
  public static func gemmStridedBatched(
    _ transA: Transpose, _ transB: Transpose, batch: Int, m: Int, n: Int, k: Int,
    alpha: Self, a: UnsafePointer<Self>, lda: Int, strideA: Int,
    b: UnsafePointer<Self>, ldb: Int, strideB: Int,
    beta: Self, c: UnsafeMutablePointer<Self>, ldc: Int, strideC: Int
  ) {
    for i in 0..<batch {
      gemm(
        transA, transB, m: m, n: n, k: k, alpha: alpha, a: a + i * strideA, lda: lda,
        b: b + i * strideB, ldb: ldb, beta: beta, c: c + i * strideC, ldc: ldc)
    }
  }
}
