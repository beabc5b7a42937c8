import CBLAS

// Documented by the protocol's requirements.
// swift-format-ignore: AllPublicDeclarationsHaveDocumentation
extension Double: LAPACKKernels {
  // MARK: Linear systems

  public static func getrf(
    m: Int, n: Int, a: UnsafeMutablePointer<Double>, lda: Int, pivots: UnsafeMutablePointer<Int32>
  ) -> Int {
    OpenBLAS.prepare()
    return Int(
      LAPACKE_dgetrf(LAPACK_ROW_MAJOR, blasInt(m), blasInt(n), a, blasInt(lda), pivots))
  }

  public static func getrs(
    _ transA: Transpose, n: Int, nrhs: Int, a: UnsafePointer<Double>, lda: Int,
    pivots: UnsafePointer<Int32>, b: UnsafeMutablePointer<Double>, ldb: Int
  ) -> Int {
    OpenBLAS.prepare()
    return Int(
      LAPACKE_dgetrs(
        LAPACK_ROW_MAJOR, transA.lapack, blasInt(n), blasInt(nrhs), a, blasInt(lda), pivots, b,
        blasInt(ldb)))
  }

  public static func getri(
    n: Int, a: UnsafeMutablePointer<Double>, lda: Int, pivots: UnsafePointer<Int32>
  ) -> Int {
    OpenBLAS.prepare()
    return Int(LAPACKE_dgetri(LAPACK_ROW_MAJOR, blasInt(n), a, blasInt(lda), pivots))
  }

  public static func gecon(
    n: Int, a: UnsafePointer<Double>, lda: Int, infinityNorm: Double,
    reciprocalCondition: UnsafeMutablePointer<Double>
  ) -> Int {
    OpenBLAS.prepare()
    return Int(
      LAPACKE_dgecon(
        LAPACK_ROW_MAJOR, lapackJob("I"), blasInt(n), a, blasInt(lda), infinityNorm,
        reciprocalCondition))
  }

  public static func potrf(
    _ triangle: Triangle, n: Int, a: UnsafeMutablePointer<Double>, lda: Int
  ) -> Int {
    OpenBLAS.prepare()
    return Int(LAPACKE_dpotrf(LAPACK_ROW_MAJOR, triangle.lapack, blasInt(n), a, blasInt(lda)))
  }

  public static func potrs(
    _ triangle: Triangle, n: Int, nrhs: Int, a: UnsafePointer<Double>, lda: Int,
    b: UnsafeMutablePointer<Double>, ldb: Int
  ) -> Int {
    OpenBLAS.prepare()
    return Int(
      LAPACKE_dpotrs(
        LAPACK_ROW_MAJOR, triangle.lapack, blasInt(n), blasInt(nrhs), a, blasInt(lda), b,
        blasInt(ldb)))
  }

  public static func potri(
    _ triangle: Triangle, n: Int, a: UnsafeMutablePointer<Double>, lda: Int
  ) -> Int {
    OpenBLAS.prepare()
    return Int(LAPACKE_dpotri(LAPACK_ROW_MAJOR, triangle.lapack, blasInt(n), a, blasInt(lda)))
  }

  public static func pocon(
    _ triangle: Triangle, n: Int, a: UnsafePointer<Double>, lda: Int, oneNorm: Double,
    reciprocalCondition: UnsafeMutablePointer<Double>
  ) -> Int {
    OpenBLAS.prepare()
    return Int(
      LAPACKE_dpocon(
        LAPACK_ROW_MAJOR, triangle.lapack, blasInt(n), a, blasInt(lda), oneNorm,
        reciprocalCondition))
  }

  // MARK: Orthogonal factors and least squares

  public static func geqrf(
    m: Int, n: Int, a: UnsafeMutablePointer<Double>, lda: Int, tau: UnsafeMutablePointer<Double>
  ) -> Int {
    OpenBLAS.prepare()
    return Int(LAPACKE_dgeqrf(LAPACK_ROW_MAJOR, blasInt(m), blasInt(n), a, blasInt(lda), tau))
  }

  public static func orgqr(
    m: Int, n: Int, k: Int, a: UnsafeMutablePointer<Double>, lda: Int, tau: UnsafePointer<Double>
  ) -> Int {
    OpenBLAS.prepare()
    return Int(
      LAPACKE_dorgqr(
        LAPACK_ROW_MAJOR, blasInt(m), blasInt(n), blasInt(k), a, blasInt(lda), tau))
  }

  public static func gels(
    m: Int, n: Int, nrhs: Int, a: UnsafeMutablePointer<Double>, lda: Int,
    b: UnsafeMutablePointer<Double>, ldb: Int
  ) -> Int {
    OpenBLAS.prepare()
    return Int(
      LAPACKE_dgels(
        LAPACK_ROW_MAJOR, lapackJob("N"), blasInt(m), blasInt(n), blasInt(nrhs), a,
        blasInt(lda), b, blasInt(ldb)))
  }

  public static func gelsd(
    m: Int, n: Int, nrhs: Int, a: UnsafeMutablePointer<Double>, lda: Int,
    b: UnsafeMutablePointer<Double>, ldb: Int, singularValues: UnsafeMutablePointer<Double>,
    rcond: Double, rank: UnsafeMutablePointer<Int32>
  ) -> Int {
    OpenBLAS.prepare()
    return Int(
      LAPACKE_dgelsd(
        LAPACK_ROW_MAJOR, blasInt(m), blasInt(n), blasInt(nrhs), a, blasInt(lda), b,
        blasInt(ldb), singularValues, rcond, rank))
  }

  // MARK: Spectra

  public static func gesdd(
    _ size: SingularVectors, m: Int, n: Int, a: UnsafeMutablePointer<Double>, lda: Int,
    singularValues: UnsafeMutablePointer<Double>, u: UnsafeMutablePointer<Double>, ldu: Int,
    vt: UnsafeMutablePointer<Double>, ldvt: Int
  ) -> Int {
    OpenBLAS.prepare()
    return Int(
      LAPACKE_dgesdd(
        LAPACK_ROW_MAJOR, size.lapack, blasInt(m), blasInt(n), a, blasInt(lda), singularValues,
        u, blasInt(ldu), vt, blasInt(ldvt)))
  }

  public static func gesvd(
    _ size: SingularVectors, m: Int, n: Int, a: UnsafeMutablePointer<Double>, lda: Int,
    singularValues: UnsafeMutablePointer<Double>, u: UnsafeMutablePointer<Double>, ldu: Int,
    vt: UnsafeMutablePointer<Double>, ldvt: Int
  ) -> Int {
    OpenBLAS.prepare()
    let superdiagonal = AlignedStorage<Double>(uninitializedCount: max(1, min(m, n)))
    return Int(
      LAPACKE_dgesvd(
        LAPACK_ROW_MAJOR, size.lapack, size.lapack, blasInt(m), blasInt(n), a, blasInt(lda),
        singularValues, u, blasInt(ldu), vt, blasInt(ldvt), superdiagonal.pointer))
  }

  public static func syevd(
    vectors: Bool, _ triangle: Triangle, n: Int, a: UnsafeMutablePointer<Double>, lda: Int,
    eigenvalues: UnsafeMutablePointer<Double>
  ) -> Int {
    OpenBLAS.prepare()
    return Int(
      LAPACKE_dsyevd(
        LAPACK_ROW_MAJOR, lapackJob(vectors ? "V" : "N"), triangle.lapack, blasInt(n), a,
        blasInt(lda), eigenvalues))
  }

  public static func geev(
    vectors: Bool, n: Int, a: UnsafeMutablePointer<Double>, lda: Int,
    real: UnsafeMutablePointer<Double>, imaginary: UnsafeMutablePointer<Double>,
    right: UnsafeMutablePointer<Double>, ldvr: Int
  ) -> Int {
    OpenBLAS.prepare()
    return Int(
      LAPACKE_dgeev(
        LAPACK_ROW_MAJOR, lapackJob("N"), lapackJob(vectors ? "V" : "N"), blasInt(n), a,
        blasInt(lda), real, imaginary, nil, 1, right, blasInt(ldvr)))
  }
}
