/// The LAPACK routines of one scalar type, on row-major storage and raw pointers.
///
/// These are the unchecked primitives below the factorisation types: the caller vouches for sizes,
/// strides and finite contents. LAPACK itself is column-major; its C interface LAPACKE copies a
/// row-major operand to column-major scratch and back, which costs `O(m·n)` next to the routine's
/// `O(m·n·min(m, n))`. Each routine answers LAPACK's `info`: 0 when all went well.
public protocol LAPACKKernels {
  /// Factors `A` (`[m, n]`) into `Q·R`: `R` is left on and above the diagonal, the reflectors that
  /// make up `Q` below it, their factors in `tau` (`min(m, n)` elements).
  static func geqrf(
    m: Int, n: Int, a: UnsafeMutablePointer<Self>, lda: Int, tau: UnsafeMutablePointer<Self>
  ) -> Int

  /// Forms the first `n` columns of `Q` (`[m, n]`) from the first `k` reflectors that `geqrf` left.
  static func orgqr(
    m: Int, n: Int, k: Int, a: UnsafeMutablePointer<Self>, lda: Int, tau: UnsafePointer<Self>
  ) -> Int
}
