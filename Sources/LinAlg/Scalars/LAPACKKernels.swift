/// The LAPACK routines of one scalar type, on row-major storage and raw pointers.
///
/// These are the unchecked primitives below the factorisation types: the caller vouches for sizes
/// (none of them 0), strides and finite contents. LAPACK itself is column-major; its C interface
/// LAPACKE copies a row-major operand to column-major scratch and back, which costs `O(m·n)` next to
/// the routine's `O(m·n·min(m, n))`, and allocates the routine's workspace. Each routine answers
/// LAPACK's `info`: 0 when all went well, positive for a failure that the matrix caused, negative
/// for an argument that was refused. Pivots are LAPACK's: counted from 1.
public protocol LAPACKKernels {
  // MARK: Linear systems

  /// Factors `A` (`[m, n]`) into `P·L·U` in place. `info > 0`: that pivot is exactly 0.
  static func getrf(
    m: Int, n: Int, a: UnsafeMutablePointer<Self>, lda: Int, pivots: UnsafeMutablePointer<Int32>
  ) -> Int

  /// `B ← op(A)⁻¹·B` from the factors that `getrf` left; `B` is `[n, nrhs]`.
  static func getrs(
    _ transA: Transpose, n: Int, nrhs: Int, a: UnsafePointer<Self>, lda: Int,
    pivots: UnsafePointer<Int32>, b: UnsafeMutablePointer<Self>, ldb: Int
  ) -> Int

  /// Overwrites the factors that `getrf` left with `A⁻¹`.
  static func getri(
    n: Int, a: UnsafeMutablePointer<Self>, lda: Int, pivots: UnsafePointer<Int32>
  ) -> Int

  /// Estimates `1 / (‖A‖∞·‖A⁻¹‖∞)` from the factors that `getrf` left and `‖A‖∞`.
  static func gecon(
    n: Int, a: UnsafePointer<Self>, lda: Int, infinityNorm: Self,
    reciprocalCondition: UnsafeMutablePointer<Self>
  ) -> Int

  /// Factors a symmetric `A` into `L·Lᵀ` or `Uᵀ·U` in place in one triangle.
  /// `info > 0`: the leading minor of that order is not positive.
  static func potrf(
    _ triangle: Triangle, n: Int, a: UnsafeMutablePointer<Self>, lda: Int
  ) -> Int

  /// `B ← A⁻¹·B` from the factor that `potrf` left; `B` is `[n, nrhs]`.
  static func potrs(
    _ triangle: Triangle, n: Int, nrhs: Int, a: UnsafePointer<Self>, lda: Int,
    b: UnsafeMutablePointer<Self>, ldb: Int
  ) -> Int

  /// Overwrites the factor that `potrf` left with that triangle of `A⁻¹`.
  static func potri(
    _ triangle: Triangle, n: Int, a: UnsafeMutablePointer<Self>, lda: Int
  ) -> Int

  /// Estimates `1 / (‖A‖₁·‖A⁻¹‖₁)` from the factor that `potrf` left and `‖A‖₁`.
  static func pocon(
    _ triangle: Triangle, n: Int, a: UnsafePointer<Self>, lda: Int, oneNorm: Self,
    reciprocalCondition: UnsafeMutablePointer<Self>
  ) -> Int

  // MARK: Orthogonal factors and least squares

  /// Factors `A` (`[m, n]`) into `Q·R`: `R` is left on and above the diagonal, the reflectors that
  /// make up `Q` below it, their factors in `tau` (`min(m, n)` elements).
  static func geqrf(
    m: Int, n: Int, a: UnsafeMutablePointer<Self>, lda: Int, tau: UnsafeMutablePointer<Self>
  ) -> Int

  /// Forms the first `n` columns of `Q` (`[m, n]`) from the first `k` reflectors that `geqrf` left.
  static func orgqr(
    m: Int, n: Int, k: Int, a: UnsafeMutablePointer<Self>, lda: Int, tau: UnsafePointer<Self>
  ) -> Int

  /// Least squares for a full-rank `A` (`[m, n]`); `B` is `[max(m, n), nrhs]` and receives the
  /// solution in its first `n` rows. `info > 0`: that diagonal element of the factor is exactly 0.
  static func gels(
    m: Int, n: Int, nrhs: Int, a: UnsafeMutablePointer<Self>, lda: Int,
    b: UnsafeMutablePointer<Self>, ldb: Int
  ) -> Int

  /// The least-squares solution of minimum norm, singular values below `rcond` times the largest
  /// taken as 0. `info > 0`: so many off-diagonals of the bidiagonal form did not converge.
  static func gelsd(
    m: Int, n: Int, nrhs: Int, a: UnsafeMutablePointer<Self>, lda: Int,
    b: UnsafeMutablePointer<Self>, ldb: Int, singularValues: UnsafeMutablePointer<Self>,
    rcond: Self, rank: UnsafeMutablePointer<Int32>
  ) -> Int

  // MARK: Spectra

  /// `A = U·diag(s)·Vᵀ` by divide and conquer. `u` and `vt` are as `size` says and may be dangling
  /// where it says `.none`. `info > 0`: it did not converge.
  static func gesdd(
    _ size: SingularVectors, m: Int, n: Int, a: UnsafeMutablePointer<Self>, lda: Int,
    singularValues: UnsafeMutablePointer<Self>, u: UnsafeMutablePointer<Self>, ldu: Int,
    vt: UnsafeMutablePointer<Self>, ldvt: Int
  ) -> Int

  /// What `gesdd` does by QR iteration: slower, and it converges where that does not.
  /// `info > 0`: so many superdiagonals of the bidiagonal form did not converge.
  static func gesvd(
    _ size: SingularVectors, m: Int, n: Int, a: UnsafeMutablePointer<Self>, lda: Int,
    singularValues: UnsafeMutablePointer<Self>, u: UnsafeMutablePointer<Self>, ldu: Int,
    vt: UnsafeMutablePointer<Self>, ldvt: Int
  ) -> Int

  /// The eigenvalues of a symmetric `A` in ascending order and, if asked for, its eigenvectors in
  /// the columns of `a`. `info > 0`: it did not converge.
  static func syevd(
    vectors: Bool, _ triangle: Triangle, n: Int, a: UnsafeMutablePointer<Self>, lda: Int,
    eigenvalues: UnsafeMutablePointer<Self>
  ) -> Int

  /// The eigenvalues of a general `A` and, if asked for, its right eigenvectors in LAPACK's packed
  /// form. `info > 0`: the first so many eigenvalues did not converge.
  static func geev(
    vectors: Bool, n: Int, a: UnsafeMutablePointer<Self>, lda: Int,
    real: UnsafeMutablePointer<Self>, imaginary: UnsafeMutablePointer<Self>,
    right: UnsafeMutablePointer<Self>, ldvr: Int
  ) -> Int
}

/// Which singular vectors a singular value decomposition computes.
public enum SingularVectors: Sendable, Hashable {
  /// None, the values only.
  case none
  /// As many as there are singular values: `U` is `[m, min(m, n)]`, `Vᵀ` is `[min(m, n), n]`.
  case thin
  /// All: `U` is `[m, m]`, `Vᵀ` is `[n, n]`.
  case full
}
