#include <float.h>
#include <math.h>
#include <string.h>

#include "CTestSupport.h"
#include "checks.h"

static size_t whole_panels(const subject *s, size_t M) {
  const size_t panel = (size_t)s->pack->panel;
  return (M + panel - 1) / panel * panel;
}

// A pack's memory, which ends at a guard page.
static char *narrow_memory(const subject *s, int kind, size_t K, size_t M) {
  const ck_narrow_format *const format = &s->pack->narrow[kind];
  const size_t count = (K + format->scale_rows) * whole_panels(s, M) * format->element_size;
  char *const memory = guarded_bytes(count);
  memset(memory, 0x5a, count);
  return memory;
}

// Where the panel begins that column m is in.
static char *panel_of(const subject *s, int kind, char *pack, size_t K, size_t m) {
  const ck_narrow_format *const format = &s->pack->narrow[kind];
  const size_t panel = (size_t)s->pack->panel;
  return pack + m / panel * panel * (K + format->scale_rows) * format->element_size;
}

static float *scale_of(const subject *s, char *pack, size_t K, size_t m) {
  const size_t panel = (size_t)s->pack->panel;
  return (float *)(panel_of(s, CK_NARROW_I8, pack, K, m) + K * panel) + m % panel;
}

// The number that element (k, m) stands for, without the scale.
static double element(const subject *s, int kind, char *pack, size_t K, size_t k, size_t m) {
  const size_t panel = (size_t)s->pack->panel;
  const char *const at =
      panel_of(s, kind, pack, K, m) + (k * panel + m % panel) * s->pack->narrow[kind].element_size;
  if (kind == CK_NARROW_I8)
    return *(const int8_t *)at;
  uint16_t bits;
  memcpy(&bits, at, sizeof bits);
  const int digits = kind == CK_NARROW_F16 ? 10 : 7, bias = kind == CK_NARROW_F16 ? 15 : 127;
  const int exponent = (bits & 0x7fff) >> digits, fraction = bits & ((1 << digits) - 1);
  const double magnitude = exponent == 2 * bias + 1 ? (fraction ? NAN : INFINITY)
                           : exponent ? ldexp((1 << digits) + fraction, exponent - bias - digits)
                                      : ldexp(fraction, 1 - bias - digits);
  return bits >> 15 ? -magnitude : magnitude;
}

// x with so many digits behind the first, from the least exponent on fewer.
static double nearest(double x, int digits, int least, double largest) {
  if (x == 0 || !isfinite(x))
    return x;
  int exponent;
  frexp(x, &exponent);
  const int unit = (exponent - 1 < least ? least : exponent - 1) - digits;
  const double rounded = ldexp(rint(ldexp(x, -unit)), unit);
  return fabs(rounded) > largest ? copysign(INFINITY, x) : rounded;
}

static int same(double a, double b) {
  return a == b ? signbit(a) == signbit(b) : isnan(a) && isnan(b);
}

static void check_narrowing(const subject *s, int kind, size_t K, size_t M) {
  forget_operands();
  static const double odd[] = {NAN,  INFINITY, 65519,   65520, -0.0, 0x1p-14,
                               1e-7, 0x1p-25,  0x3p-25, 1e-40, 3e38, 1 + 0x1p-11};
  const size_t panel = (size_t)s->pack->panel, count = K * whole_panels(s, M);
  const operand numbers = draw(count, -1, 1);
  if (kind != CK_NARROW_I8)
    sprinkle(numbers, odd, sizeof odd / sizeof odd[0]);
  const float *const floats = numbers.at[0];
  char *const pack = narrow_memory(s, kind, K, M);
  s->pack->narrow[kind].narrow(K, M, floats, pack);
  for (size_t m = 0; m < M; m++) {
    const float *const column = floats + m / panel * panel * K + m % panel;
    float largest = 0;
    for (size_t k = 0; k < K; k++)
      largest = fmaxf(largest, fabsf(column[k * panel]));
    const float scale = largest / 127;
    if (kind == CK_NARROW_I8)
      expect(*scale_of(s, pack, K, m) == (scale >= FLT_MIN ? scale : 0), "scale of column %zu", m);
    for (size_t k = 0; k < K; k++) {
      const float x = column[k * panel];
      const double expected = kind == CK_NARROW_F16    ? nearest(x, 10, -14, 65504)
                              : kind == CK_NARROW_BF16 ? nearest(x, 7, -126, 0x1.fep127)
                              : scale >= FLT_MIN       ? rintf(x / scale) + 0.0
                                                       : 0;
      expect(same(element(s, kind, pack, K, k, m), expected), "narrow %d: %g is %g, expected %g",
             kind, x, element(s, kind, pack, K, k, m), expected);
    }
  }
}

void check_narrow(const subject *s) {
  for (int kind = 0; kind < CK_NARROW_COUNT; kind++)
    for (size_t K = 0; K <= 20; K++)
      for (size_t M = 1; M <= 70; M += 23)
        check_narrowing(s, kind, K, M);
}

// The product with the numbers that random elements stand for: one chain in order from what is
// there, or with scales from zero, and then one operation more.
static void check_product(const subject *s, int kind, size_t N, size_t M, size_t K, size_t gap) {
  forget_operands();
  const size_t lda = K + gap, ldc = M + 2 * gap;
  const operand a = draw(N && K ? (N - 1) * lda + K : 0, -1, 1), b = draw(K * M, -1, 1);
  const operand weights = draw(K * whole_panels(s, M), -1, 1);
  const size_t count = N && M ? (N - 1) * ldc + M : 0;
  char *const pack = narrow_memory(s, kind, K, M);
  // The set's own conversion, also where another one is planted: this looks at the product alone.
  s->set->f32->pack->narrow[kind].narrow(K, M, weights.at[0], pack);
  for (size_t k = 0; k < K; k++)
    for (size_t m = 0; m < M; m++)
      put(b, k * M + m, element(s, kind, pack, K, k, m));
  const int fused = ct_is_fused(s->set);
  for (int accumulate = 0; accumulate < 2; accumulate++)
    for (int way = 0; way < 4; way++) {
      const operand c = draw(count, -1, 1);
      float *const result = c.at[0], *const expected = guarded_bytes(count * sizeof(float));
      memcpy(expected, result, count * sizeof(float));
      for (size_t n = 0; n < N; n++)
        for (size_t m = 0; m < M; m++) {
          const float start = accumulate ? result[n * ldc + m] : 0;
          float sum = kind == CK_NARROW_I8 ? 0 : start;
          for (size_t k = 0; k < K; k++) {
            const float x = ((float *)a.at[0])[n * lda + k], y = ((float *)b.at[0])[k * M + m];
            sum = fused ? fmaf(x, y, sum) : x * y + sum;
          }
          if (kind == CK_NARROW_I8 && K) {
            const float scale = *scale_of(s, pack, K, m);
            sum = fused ? fmaf(scale, sum, start) : scale * sum + start;
          }
          expected[n * ldc + m] = kind == CK_NARROW_I8 && !K ? start : sum;
        }
      s->pack->narrow[kind].narrow_product(N, M, K, a.at[0], lda, pack, result, ldc, accumulate,
                                           way & 1, way >> 1);
      expect(!memcmp(result, expected, count * sizeof(float)),
             "narrow_product %d, %zu × %zu × %zu, accumulate %d, way %d", kind, N, M, K, accumulate,
             way);
      guards_hold("narrow_product", c);
    }
}

void check_narrow_product(const subject *s) {
  for (int kind = 0; kind < CK_NARROW_COUNT; kind++) {
    for (size_t N = 0; N <= 26; N++)
      for (size_t i = 0; i < WIDTHS; i += 4)
        check_product(s, kind, N, widths[i], (N * 7 + i) % 23, N % 3);
    for (size_t K = 0; K <= 40; K++)
      check_product(s, kind, 1 + K % 13, 37, K, 1);
    // Several blocks of everything.
    check_product(s, kind, 67, 35, 131, 2);
    check_product(s, kind, 14, 19, 2051, 1);
  }
}
