import CBLAS

// Documented by the protocol's requirements.
// swift-format-ignore: AllPublicDeclarationsHaveDocumentation
extension Double: LAPACKKernels {
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
}
