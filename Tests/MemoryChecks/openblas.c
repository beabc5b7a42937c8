// Looks at the operands of OpenBLAS before OpenBLAS does, where AddressSanitizer is linked in: the
// library is built without it, so that what it reads and writes outside an allocation is not seen.
// The program's own calls come here, since its symbols go before a library's.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define _GNU_SOURCE // RTLD_NEXT
#include <dlfcn.h>
#include <sanitizer/asan_interface.h>
#include <stddef.h>

enum { NO_TRANSPOSE = 111 };

// Touches what is not addressable, so that the report comes from here with its callers.
static void look_at(const void *p, size_t bytes, int writes) {
  volatile char *bad = __asan_region_is_poisoned((void *)p, bytes);
  if (!bad)
    return;
  if (writes)
    *bad = 0;
  else
    (void)*bad;
}

// A row-major matrix whose rows begin `stride` elements apart.
static void look_at_rows(const void *p, int rows, int columns, int stride, size_t size,
                         int writes) {
  for (int i = 0; i < rows && columns > 0; i++)
    look_at((const char *)p + (size_t)i * (size_t)stride * size, (size_t)columns * size, writes);
}

static void look_at_vector(const void *p, int count, int step, size_t size, int writes) {
  look_at_rows(p, count, 1, step < 0 ? -step : step, size, writes);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define OPERATIONS(T, p)                                                                           \
  void cblas_##p##gemm(int order, int ta, int tb, int m, int n, int k, T alpha, const T *a,        \
                       int lda, const T *b, int ldb, T beta, T *c, int ldc) {                      \
    if (m > 0 && n > 0) {                                                                          \
      look_at_rows(a, ta == NO_TRANSPOSE ? m : k, ta == NO_TRANSPOSE ? k : m, lda, sizeof(T), 0);  \
      look_at_rows(b, tb == NO_TRANSPOSE ? k : n, tb == NO_TRANSPOSE ? n : k, ldb, sizeof(T), 0);  \
      look_at_rows(c, m, n, ldc, sizeof(T), 1);                                                    \
    }                                                                                              \
    NEXT(cblas_##p##gemm)(order, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);            \
  }                                                                                                \
  void cblas_##p##gemv(int order, int ta, int m, int n, T alpha, const T *a, int lda, const T *x,  \
                       int incx, T beta, T *y, int incy) {                                         \
    if (m > 0 && n > 0) {                                                                          \
      look_at_rows(a, m, n, lda, sizeof(T), 0);                                                    \
      look_at_vector(x, ta == NO_TRANSPOSE ? n : m, incx, sizeof(T), 0);                           \
      look_at_vector(y, ta == NO_TRANSPOSE ? m : n, incy, sizeof(T), 1);                           \
    }                                                                                              \
    NEXT(cblas_##p##gemv)(order, ta, m, n, alpha, a, lda, x, incx, beta, y, incy);                 \
  }                                                                                                \
  void cblas_##p##ger(int order, int m, int n, T alpha, const T *x, int incx, const T *y,          \
                      int incy, T *a, int lda) {                                                   \
    if (m > 0 && n > 0) {                                                                          \
      look_at_vector(x, m, incx, sizeof(T), 0);                                                    \
      look_at_vector(y, n, incy, sizeof(T), 0);                                                    \
      look_at_rows(a, m, n, lda, sizeof(T), 1);                                                    \
    }                                                                                              \
    NEXT(cblas_##p##ger)(order, m, n, alpha, x, incx, y, incy, a, lda);                            \
  }                                                                                                \
  void cblas_##p##axpy(int n, T alpha, const T *x, int incx, T *y, int incy) {                     \
    look_at_vector(x, n, incx, sizeof(T), 0);                                                      \
    look_at_vector(y, n, incy, sizeof(T), 1);                                                      \
    NEXT(cblas_##p##axpy)(n, alpha, x, incx, y, incy);                                             \
  }                                                                                                \
  void cblas_##p##copy(int n, const T *x, int incx, T *y, int incy) {                              \
    look_at_vector(x, n, incx, sizeof(T), 0);                                                      \
    look_at_vector(y, n, incy, sizeof(T), 1);                                                      \
    NEXT(cblas_##p##copy)(n, x, incx, y, incy);                                                    \
  }                                                                                                \
  T cblas_##p##dot(int n, const T *x, int incx, const T *y, int incy) {                            \
    look_at_vector(x, n, incx, sizeof(T), 0);                                                      \
    look_at_vector(y, n, incy, sizeof(T), 0);                                                      \
    return NEXT(cblas_##p##dot)(n, x, incx, y, incy);                                              \
  }

// Their declarations are OpenBLAS's; these are the same to the linker.
#pragma clang diagnostic ignored "-Wmissing-prototypes"
OPERATIONS(float, s)
OPERATIONS(double, d)
#endif
#endif
