import CBLAS

// Documented by the protocol's requirements.
// swift-format-ignore: AllPublicDeclarationsHaveDocumentation
extension Float: LAPACKKernels {
  // MARK: Linear systems

  public static func getrf(
    m: Int, n: Int, a: UnsafeMutablePointer<Float>, lda: Int, pivots: UnsafeMutablePointer<Int32>
  ) -> Int {
    OpenBLAS.prepare()
    return Int(
      LAPACKE_sgetrf(LAPACK_ROW_MAJOR, blasInt(m), blasInt(n), a, blasInt(lda), pivots))
  }

  public static func getrs(
    _ transA: Transpose, n: Int, nrhs: Int, a: UnsafePointer<Float>, lda: Int,
    pivots: UnsafePointer<Int32>, b: UnsafeMutablePointer<Float>, ldb: Int
  ) -> Int {
    OpenBLAS.prepare()
    return Int(
      LAPACKE_sgetrs(
        LAPACK_ROW_MAJOR, transA.lapack, blasInt(n), blasInt(nrhs), a, blasInt(lda), pivots, b,
        blasInt(ldb)))
  }

  public static func getri(
    n: Int, a: UnsafeMutablePointer<Float>, lda: Int, pivots: UnsafePointer<Int32>
  ) -> Int {
    OpenBLAS.prepare()
    return Int(LAPACKE_sgetri(LAPACK_ROW_MAJOR, blasInt(n), a, blasInt(lda), pivots))
  }

  public static func gecon(
    n: Int, a: UnsafePointer<Float>, lda: Int, infinityNorm: Float,
    reciprocalCondition: UnsafeMutablePointer<Float>
  ) -> Int {
    OpenBLAS.prepare()
    return Int(
      LAPACKE_sgecon(
        LAPACK_ROW_MAJOR, lapackJob("I"), blasInt(n), a, blasInt(lda), infinityNorm,
        reciprocalCondition))
  }

  public static func potrf(
    _ triangle: Triangle, n: Int, a: UnsafeMutablePointer<Float>, lda: Int
  ) -> Int {
    OpenBLAS.prepare()
    return Int(LAPACKE_spotrf(LAPACK_ROW_MAJOR, triangle.lapack, blasInt(n), a, blasInt(lda)))
  }

  public static func potrs(
    _ triangle: Triangle, n: Int, nrhs: Int, a: UnsafePointer<Float>, lda: Int,
    b: UnsafeMutablePointer<Float>, ldb: Int
  ) -> Int {
    OpenBLAS.prepare()
    return Int(
      LAPACKE_spotrs(
        LAPACK_ROW_MAJOR, triangle.lapack, blasInt(n), blasInt(nrhs), a, blasInt(lda), b,
        blasInt(ldb)))
  }

  public static func potri(
    _ triangle: Triangle, n: Int, a: UnsafeMutablePointer<Float>, lda: Int
  ) -> Int {
    OpenBLAS.prepare()
    return Int(LAPACKE_spotri(LAPACK_ROW_MAJOR, triangle.lapack, blasInt(n), a, blasInt(lda)))
  }

  public static func pocon(
    _ triangle: Triangle, n: Int, a: UnsafePointer<Float>, lda: Int, oneNorm: Float,
    reciprocalCondition: UnsafeMutablePointer<Float>
  ) -> Int {
    OpenBLAS.prepare()
    return Int(
      LAPACKE_spocon(
        LAPACK_ROW_MAJOR, triangle.lapack, blasInt(n), a, blasInt(lda), oneNorm,
        reciprocalCondition))
  }

  // MARK: Orthogonal factors and least squares

  public static func geqrf(
    m: Int, n: Int, a: UnsafeMutablePointer<Float>, lda: Int, tau: UnsafeMutablePointer<Float>
  ) -> Int {
    OpenBLAS.prepare()
    return Int(LAPACKE_sgeqrf(LAPACK_ROW_MAJOR, blasInt(m), blasInt(n), a, blasInt(lda), tau))
  }

  public static func orgqr(
    m: Int, n: Int, k: Int, a: UnsafeMutablePointer<Float>, lda: Int, tau: UnsafePointer<Float>
  ) -> Int {
    OpenBLAS.prepare()
    return Int(
      LAPACKE_sorgqr(
        LAPACK_ROW_MAJOR, blasInt(m), blasInt(n), blasInt(k), a, blasInt(lda), tau))
  }

  public static func gels(
    m: Int, n: Int, nrhs: Int, a: UnsafeMutablePointer<Float>, lda: Int,
    b: UnsafeMutablePointer<Float>, ldb: Int
  ) -> Int {
    OpenBLAS.prepare()
    return Int(
      LAPACKE_sgels(
        LAPACK_ROW_MAJOR, lapackJob("N"), blasInt(m), blasInt(n), blasInt(nrhs), a,
        blasInt(lda), b, blasInt(ldb)))
  }

  public static func gelsd(
    m: Int, n: Int, nrhs: Int, a: UnsafeMutablePointer<Float>, lda: Int,
    b: UnsafeMutablePointer<Float>, ldb: Int, singularValues: UnsafeMutablePointer<Float>,
    rcond: Float, rank: UnsafeMutablePointer<Int32>
  ) -> Int {
    OpenBLAS.prepare()
    return Int(
      LAPACKE_sgelsd(
        LAPACK_ROW_MAJOR, blasInt(m), blasInt(n), blasInt(nrhs), a, blasInt(lda), b,
        blasInt(ldb), singularValues, rcond, rank))
  }

  // MARK: Spectra

  public static func gesdd(
    _ size: SingularVectors, m: Int, n: Int, a: UnsafeMutablePointer<Float>, lda: Int,
    singularValues: UnsafeMutablePointer<Float>, u: UnsafeMutablePointer<Float>, ldu: Int,
    vt: UnsafeMutablePointer<Float>, ldvt: Int
  ) -> Int {
    OpenBLAS.prepare()
    return Int(
      LAPACKE_sgesdd(
        LAPACK_ROW_MAJOR, size.lapack, blasInt(m), blasInt(n), a, blasInt(lda), singularValues,
        u, blasInt(ldu), vt, blasInt(ldvt)))
  }

  public static func gesvd(
    _ size: SingularVectors, m: Int, n: Int, a: UnsafeMutablePointer<Float>, lda: Int,
    singularValues: UnsafeMutablePointer<Float>, u: UnsafeMutablePointer<Float>, ldu: Int,
    vt: UnsafeMutablePointer<Float>, ldvt: Int
  ) -> Int {
    OpenBLAS.prepare()
    let superdiagonal = AlignedStorage<Float>(uninitializedCount: max(1, min(m, n)))
    return Int(
      LAPACKE_sgesvd(
        LAPACK_ROW_MAJOR, size.lapack, size.lapack, blasInt(m), blasInt(n), a, blasInt(lda),
        singularValues, u, blasInt(ldu), vt, blasInt(ldvt), superdiagonal.pointer))
  }

  public static func syevd(
    vectors: Bool, _ triangle: Triangle, n: Int, a: UnsafeMutablePointer<Float>, lda: Int,
    eigenvalues: UnsafeMutablePointer<Float>
  ) -> Int {
    OpenBLAS.prepare()
    return Int(
      LAPACKE_ssyevd(
        LAPACK_ROW_MAJOR, lapackJob(vectors ? "V" : "N"), triangle.lapack, blasInt(n), a,
        blasInt(lda), eigenvalues))
  }

  public static func geev(
    vectors: Bool, n: Int, a: UnsafeMutablePointer<Float>, lda: Int,
    real: UnsafeMutablePointer<Float>, imaginary: UnsafeMutablePointer<Float>,
    right: UnsafeMutablePointer<Float>, ldvr: Int
  ) -> Int {
    OpenBLAS.prepare()
    return Int(
      LAPACKE_sgeev(
        LAPACK_ROW_MAJOR, lapackJob("N"), lapackJob(vectors ? "V" : "N"), blasInt(n), a,
        blasInt(lda), real, imaginary, nil, 1, right, blasInt(ldvr)))
  }
}
