import CBLAS

// Documented by the protocol's requirements.
// swift-format-ignore: AllPublicDeclarationsHaveDocumentation
extension Float: BLASKernels {
  // MARK: Level 1

  public static func dot(
    n: Int, x: UnsafePointer<Float>, incx: Int, y: UnsafePointer<Float>, incy: Int
  ) -> Float {
    OpenBLAS.prepare()
    return cblas_sdot(blasInt(n, "n"), x, blasInt(incx, "incx"), y, blasInt(incy, "incy"))
  }

  public static func axpy(
    n: Int, alpha: Float, x: UnsafePointer<Float>, incx: Int,
    y: UnsafeMutablePointer<Float>, incy: Int
  ) {
    OpenBLAS.prepare()
    cblas_saxpy(blasInt(n, "n"), alpha, x, blasInt(incx, "incx"), y, blasInt(incy, "incy"))
  }

  public static func scal(n: Int, alpha: Float, x: UnsafeMutablePointer<Float>, incx: Int) {
    OpenBLAS.prepare()
    cblas_sscal(blasInt(n, "n"), alpha, x, blasInt(incx, "incx"))
  }

  public static func nrm2(n: Int, x: UnsafePointer<Float>, incx: Int) -> Float {
    OpenBLAS.prepare()
    return cblas_snrm2(blasInt(n, "n"), x, blasInt(incx, "incx"))
  }

  public static func asum(n: Int, x: UnsafePointer<Float>, incx: Int) -> Float {
    OpenBLAS.prepare()
    return cblas_sasum(blasInt(n, "n"), x, blasInt(incx, "incx"))
  }

  public static func iamax(n: Int, x: UnsafePointer<Float>, incx: Int) -> Int {
    OpenBLAS.prepare()
    return Int(cblas_isamax(blasInt(n, "n"), x, blasInt(incx, "incx")))
  }

  public static func copy(
    n: Int, x: UnsafePointer<Float>, incx: Int, y: UnsafeMutablePointer<Float>, incy: Int
  ) {
    OpenBLAS.prepare()
    cblas_scopy(blasInt(n, "n"), x, blasInt(incx, "incx"), y, blasInt(incy, "incy"))
  }

  public static func swap(
    n: Int, x: UnsafeMutablePointer<Float>, incx: Int, y: UnsafeMutablePointer<Float>, incy: Int
  ) {
    OpenBLAS.prepare()
    cblas_sswap(blasInt(n, "n"), x, blasInt(incx, "incx"), y, blasInt(incy, "incy"))
  }

  // MARK: Level 2

  public static func gemv(
    _ transA: Transpose, m: Int, n: Int,
    alpha: Float, a: UnsafePointer<Float>, lda: Int, x: UnsafePointer<Float>, incx: Int,
    beta: Float, y: UnsafeMutablePointer<Float>, incy: Int
  ) {
    OpenBLAS.prepare()
    cblas_sgemv(
      CblasRowMajor, transA.cblas, blasInt(m, "m"), blasInt(n, "n"), alpha, a,
      blasInt(lda, "lda"), x, blasInt(incx, "incx"), beta, y, blasInt(incy, "incy"))
  }

  public static func ger(
    m: Int, n: Int, alpha: Float, x: UnsafePointer<Float>, incx: Int,
    y: UnsafePointer<Float>, incy: Int, a: UnsafeMutablePointer<Float>, lda: Int
  ) {
    OpenBLAS.prepare()
    cblas_sger(
      CblasRowMajor, blasInt(m, "m"), blasInt(n, "n"), alpha, x, blasInt(incx, "incx"),
      y, blasInt(incy, "incy"), a, blasInt(lda, "lda"))
  }

  public static func symv(
    _ triangle: Triangle, n: Int,
    alpha: Float, a: UnsafePointer<Float>, lda: Int, x: UnsafePointer<Float>, incx: Int,
    beta: Float, y: UnsafeMutablePointer<Float>, incy: Int
  ) {
    OpenBLAS.prepare()
    cblas_ssymv(
      CblasRowMajor, triangle.cblas, blasInt(n, "n"), alpha, a, blasInt(lda, "lda"),
      x, blasInt(incx, "incx"), beta, y, blasInt(incy, "incy"))
  }

  public static func trmv(
    _ triangle: Triangle, _ transA: Transpose, _ diagonal: Diagonal, n: Int,
    a: UnsafePointer<Float>, lda: Int, x: UnsafeMutablePointer<Float>, incx: Int
  ) {
    OpenBLAS.prepare()
    cblas_strmv(
      CblasRowMajor, triangle.cblas, transA.cblas, diagonal.cblas, blasInt(n, "n"),
      a, blasInt(lda, "lda"), x, blasInt(incx, "incx"))
  }

  public static func trsv(
    _ triangle: Triangle, _ transA: Transpose, _ diagonal: Diagonal, n: Int,
    a: UnsafePointer<Float>, lda: Int, x: UnsafeMutablePointer<Float>, incx: Int
  ) {
    OpenBLAS.prepare()
    cblas_strsv(
      CblasRowMajor, triangle.cblas, transA.cblas, diagonal.cblas, blasInt(n, "n"),
      a, blasInt(lda, "lda"), x, blasInt(incx, "incx"))
  }

  // MARK: Level 3

  public static func gemm(
    _ transA: Transpose, _ transB: Transpose, m: Int, n: Int, k: Int,
    alpha: Float, a: UnsafePointer<Float>, lda: Int, b: UnsafePointer<Float>, ldb: Int,
    beta: Float, c: UnsafeMutablePointer<Float>, ldc: Int
  ) {
    OpenBLAS.prepare()
    // Where alpha is 0 no operand counts, but some kernels for small matrices read them, and a NaN with them.
    cblas_sgemm(
      CblasRowMajor, transA.cblas, transB.cblas, blasInt(m, "m"), blasInt(n, "n"),
      blasInt(alpha == 0 ? 0 : k, "k"), alpha, a, blasInt(lda, "lda"), b, blasInt(ldb, "ldb"), beta,
      c, blasInt(ldc, "ldc"))
  }

  public static func symm(
    _ side: Side, _ triangle: Triangle, m: Int, n: Int,
    alpha: Float, a: UnsafePointer<Float>, lda: Int, b: UnsafePointer<Float>, ldb: Int,
    beta: Float, c: UnsafeMutablePointer<Float>, ldc: Int
  ) {
    OpenBLAS.prepare()
    cblas_ssymm(
      CblasRowMajor, side.cblas, triangle.cblas, blasInt(m, "m"), blasInt(n, "n"), alpha,
      a, blasInt(lda, "lda"), b, blasInt(ldb, "ldb"), beta, c, blasInt(ldc, "ldc"))
  }

  public static func syrk(
    _ triangle: Triangle, _ transA: Transpose, n: Int, k: Int,
    alpha: Float, a: UnsafePointer<Float>, lda: Int,
    beta: Float, c: UnsafeMutablePointer<Float>, ldc: Int
  ) {
    OpenBLAS.prepare()
    cblas_ssyrk(
      CblasRowMajor, triangle.cblas, transA.cblas, blasInt(n, "n"), blasInt(k, "k"), alpha,
      a, blasInt(lda, "lda"), beta, c, blasInt(ldc, "ldc"))
  }

  public static func trmm(
    _ side: Side, _ triangle: Triangle, _ transA: Transpose, _ diagonal: Diagonal,
    m: Int, n: Int, alpha: Float, a: UnsafePointer<Float>, lda: Int,
    b: UnsafeMutablePointer<Float>, ldb: Int
  ) {
    OpenBLAS.prepare()
    cblas_strmm(
      CblasRowMajor, side.cblas, triangle.cblas, transA.cblas, diagonal.cblas,
      blasInt(m, "m"), blasInt(n, "n"), alpha, a, blasInt(lda, "lda"), b, blasInt(ldb, "ldb"))
  }

  public static func trsm(
    _ side: Side, _ triangle: Triangle, _ transA: Transpose, _ diagonal: Diagonal,
    m: Int, n: Int, alpha: Float, a: UnsafePointer<Float>, lda: Int,
    b: UnsafeMutablePointer<Float>, ldb: Int
  ) {
    OpenBLAS.prepare()
    cblas_strsm(
      CblasRowMajor, side.cblas, triangle.cblas, transA.cblas, diagonal.cblas,
      blasInt(m, "m"), blasInt(n, "n"), alpha, a, blasInt(lda, "lda"), b, blasInt(ldb, "ldb"))
  }

  public static func omatcopy(
    _ transA: Transpose, rows: Int, columns: Int, alpha: Float,
    a: UnsafePointer<Float>, lda: Int, b: UnsafeMutablePointer<Float>, ldb: Int
  ) {
    OpenBLAS.prepare()
    cblas_somatcopy(
      CblasRowMajor, transA.cblas, blasInt(rows, "rows"), blasInt(columns, "columns"), alpha,
      a, blasInt(lda, "lda"), b, blasInt(ldb, "ldb"))
  }
}
