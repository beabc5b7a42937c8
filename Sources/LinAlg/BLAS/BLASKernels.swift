/// Whether an operand of a product is used as it is stored or transposed.
public enum Transpose: Sendable, Hashable {
  /// The operand as stored.
  case none
  /// The operand's transpose.
  case transpose
}

/// The BLAS routines of one scalar type, on row-major storage and raw pointers.
///
/// These are the unchecked primitives below the ``Matrix`` operations: the caller vouches for
/// sizes, strides and aliasing. Sizes that do not fit the 32-bit integers of BLAS trap.
public protocol BLASKernels {
  /// `C ← α·op(A)·op(B) + β·C`, with `op(A)` of shape `[m, k]`, `op(B)` `[k, n]` and `C` `[m, n]`.
  ///
  /// - Parameters:
  ///   - lda: elements between the starts of two stored rows of `A`; likewise `ldb`, `ldc`.
  static func gemm(
    _ transA: Transpose, _ transB: Transpose, m: Int, n: Int, k: Int,
    alpha: Self, a: UnsafePointer<Self>, lda: Int, b: UnsafePointer<Self>, ldb: Int,
    beta: Self, c: UnsafeMutablePointer<Self>, ldc: Int)

  /// `y ← α·op(A)·x + β·y`, with `A` stored as `[m, n]`.
  static func gemv(
    _ transA: Transpose, m: Int, n: Int,
    alpha: Self, a: UnsafePointer<Self>, lda: Int, x: UnsafePointer<Self>, incx: Int,
    beta: Self, y: UnsafeMutablePointer<Self>, incy: Int)
}
