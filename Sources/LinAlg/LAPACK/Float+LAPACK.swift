import CBLAS

// Documented by the protocol's requirements.
// swift-format-ignore: AllPublicDeclarationsHaveDocumentation
extension Float: LAPACKKernels {
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
}
