import CBLAS

// Documented by the protocol's requirements.
// swift-format-ignore: AllPublicDeclarationsHaveDocumentation
extension Double: BLASKernels {
  // MARK: Level 1

  public static func dot(
    n: Int, x: UnsafePointer<Double>, incx: Int, y: UnsafePointer<Double>, incy: Int
  ) -> Double {
    OpenBLAS.prepare()
    return cblas_ddot(blasInt(n, "n"), x, blasInt(incx, "incx"), y, blasInt(incy, "incy"))
  }

  public static func axpy(
    n: Int, alpha: Double, x: UnsafePointer<Double>, incx: Int,
    y: UnsafeMutablePointer<Double>, incy: Int
  ) {
    OpenBLAS.prepare()
    cblas_daxpy(blasInt(n, "n"), alpha, x, blasInt(incx, "incx"), y, blasInt(incy, "incy"))
  }

  public static func scal(n: Int, alpha: Double, x: UnsafeMutablePointer<Double>, incx: Int) {
    OpenBLAS.prepare()
    cblas_dscal(blasInt(n, "n"), alpha, x, blasInt(incx, "incx"))
  }

  public static func nrm2(n: Int, x: UnsafePointer<Double>, incx: Int) -> Double {
    OpenBLAS.prepare()
    return cblas_dnrm2(blasInt(n, "n"), x, blasInt(incx, "incx"))
  }

  public static func asum(n: Int, x: UnsafePointer<Double>, incx: Int) -> Double {
    OpenBLAS.prepare()
    return cblas_dasum(blasInt(n, "n"), x, blasInt(incx, "incx"))
  }

  public static func iamax(n: Int, x: UnsafePointer<Double>, incx: Int) -> Int {
    OpenBLAS.prepare()
    return Int(cblas_idamax(blasInt(n, "n"), x, blasInt(incx, "incx")))
  }

  public static func copy(
    n: Int, x: UnsafePointer<Double>, incx: Int, y: UnsafeMutablePointer<Double>, incy: Int
  ) {
    OpenBLAS.prepare()
    cblas_dcopy(blasInt(n, "n"), x, blasInt(incx, "incx"), y, blasInt(incy, "incy"))
  }

  public static func swap(
    n: Int, x: UnsafeMutablePointer<Double>, incx: Int, y: UnsafeMutablePointer<Double>, incy: Int
  ) {
    OpenBLAS.prepare()
    cblas_dswap(blasInt(n, "n"), x, blasInt(incx, "incx"), y, blasInt(incy, "incy"))
  }

  // MARK: Level 2

  public static func gemv(
    _ transA: Transpose, m: Int, n: Int,
    alpha: Double, a: UnsafePointer<Double>, lda: Int, x: UnsafePointer<Double>, incx: Int,
    beta: Double, y: UnsafeMutablePointer<Double>, incy: Int
  ) {
    OpenBLAS.prepare()
    cblas_dgemv(
      CblasRowMajor, transA.cblas, blasInt(m, "m"), blasInt(n, "n"), alpha, a,
      blasInt(lda, "lda"), x, blasInt(incx, "incx"), beta, y, blasInt(incy, "incy"))
  }

  public static func ger(
    m: Int, n: Int, alpha: Double, x: UnsafePointer<Double>, incx: Int,
    y: UnsafePointer<Double>, incy: Int, a: UnsafeMutablePointer<Double>, lda: Int
  ) {
    OpenBLAS.prepare()
    cblas_dger(
      CblasRowMajor, blasInt(m, "m"), blasInt(n, "n"), alpha, x, blasInt(incx, "incx"),
      y, blasInt(incy, "incy"), a, blasInt(lda, "lda"))
  }

  public static func symv(
    _ triangle: Triangle, n: Int,
    alpha: Double, a: UnsafePointer<Double>, lda: Int, x: UnsafePointer<Double>, incx: Int,
    beta: Double, y: UnsafeMutablePointer<Double>, incy: Int
  ) {
    OpenBLAS.prepare()
    cblas_dsymv(
      CblasRowMajor, triangle.cblas, blasInt(n, "n"), alpha, a, blasInt(lda, "lda"),
      x, blasInt(incx, "incx"), beta, y, blasInt(incy, "incy"))
  }

  public static func trmv(
    _ triangle: Triangle, _ transA: Transpose, _ diagonal: Diagonal, n: Int,
    a: UnsafePointer<Double>, lda: Int, x: UnsafeMutablePointer<Double>, incx: Int
  ) {
    OpenBLAS.prepare()
    cblas_dtrmv(
      CblasRowMajor, triangle.cblas, transA.cblas, diagonal.cblas, blasInt(n, "n"),
      a, blasInt(lda, "lda"), x, blasInt(incx, "incx"))
  }

  public static func trsv(
    _ triangle: Triangle, _ transA: Transpose, _ diagonal: Diagonal, n: Int,
    a: UnsafePointer<Double>, lda: Int, x: UnsafeMutablePointer<Double>, incx: Int
  ) {
    OpenBLAS.prepare()
    cblas_dtrsv(
      CblasRowMajor, triangle.cblas, transA.cblas, diagonal.cblas, blasInt(n, "n"),
      a, blasInt(lda, "lda"), x, blasInt(incx, "incx"))
  }

  // MARK: Level 3

  public static func gemm(
    _ transA: Transpose, _ transB: Transpose, m: Int, n: Int, k: Int,
    alpha: Double, a: UnsafePointer<Double>, lda: Int, b: UnsafePointer<Double>, ldb: Int,
    beta: Double, c: UnsafeMutablePointer<Double>, ldc: Int
  ) {
    OpenBLAS.prepare()
    // Where alpha is 0 no operand counts, but some kernels for small matrices read them, and a NaN with them.
    cblas_dgemm(
      CblasRowMajor, transA.cblas, transB.cblas, blasInt(m, "m"), blasInt(n, "n"),
      blasInt(alpha == 0 ? 0 : k, "k"), alpha, a, blasInt(lda, "lda"), b, blasInt(ldb, "ldb"), beta,
      c, blasInt(ldc, "ldc"))
  }

  public static func symm(
    _ side: Side, _ triangle: Triangle, m: Int, n: Int,
    alpha: Double, a: UnsafePointer<Double>, lda: Int, b: UnsafePointer<Double>, ldb: Int,
    beta: Double, c: UnsafeMutablePointer<Double>, ldc: Int
  ) {
    OpenBLAS.prepare()
    cblas_dsymm(
      CblasRowMajor, side.cblas, triangle.cblas, blasInt(m, "m"), blasInt(n, "n"), alpha,
      a, blasInt(lda, "lda"), b, blasInt(ldb, "ldb"), beta, c, blasInt(ldc, "ldc"))
  }

  public static func syrk(
    _ triangle: Triangle, _ transA: Transpose, n: Int, k: Int,
    alpha: Double, a: UnsafePointer<Double>, lda: Int,
    beta: Double, c: UnsafeMutablePointer<Double>, ldc: Int
  ) {
    OpenBLAS.prepare()
    cblas_dsyrk(
      CblasRowMajor, triangle.cblas, transA.cblas, blasInt(n, "n"), blasInt(k, "k"), alpha,
      a, blasInt(lda, "lda"), beta, c, blasInt(ldc, "ldc"))
  }

  public static func trmm(
    _ side: Side, _ triangle: Triangle, _ transA: Transpose, _ diagonal: Diagonal,
    m: Int, n: Int, alpha: Double, a: UnsafePointer<Double>, lda: Int,
    b: UnsafeMutablePointer<Double>, ldb: Int
  ) {
    OpenBLAS.prepare()
    cblas_dtrmm(
      CblasRowMajor, side.cblas, triangle.cblas, transA.cblas, diagonal.cblas,
      blasInt(m, "m"), blasInt(n, "n"), alpha, a, blasInt(lda, "lda"), b, blasInt(ldb, "ldb"))
  }

  public static func trsm(
    _ side: Side, _ triangle: Triangle, _ transA: Transpose, _ diagonal: Diagonal,
    m: Int, n: Int, alpha: Double, a: UnsafePointer<Double>, lda: Int,
    b: UnsafeMutablePointer<Double>, ldb: Int
  ) {
    OpenBLAS.prepare()
    cblas_dtrsm(
      CblasRowMajor, side.cblas, triangle.cblas, transA.cblas, diagonal.cblas,
      blasInt(m, "m"), blasInt(n, "n"), alpha, a, blasInt(lda, "lda"), b, blasInt(ldb, "ldb"))
  }

  public static func omatcopy(
    _ transA: Transpose, rows: Int, columns: Int, alpha: Double,
    a: UnsafePointer<Double>, lda: Int, b: UnsafeMutablePointer<Double>, ldb: Int
  ) {
    OpenBLAS.prepare()
    cblas_domatcopy(
      CblasRowMajor, transA.cblas, blasInt(rows, "rows"), blasInt(columns, "columns"), alpha,
      a, blasInt(lda, "lda"), b, blasInt(ldb, "ldb"))
  }
}
