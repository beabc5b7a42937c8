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

static int has_scales(int kind) { return kind == CK_NARROW_I8 || kind == CK_NARROW_I8_DYNAMIC; }

// The scales are the last that a panel has.
static float *scale_of(const subject *s, int kind, char *pack, size_t K, size_t m) {
  const size_t panel = (size_t)s->pack->panel, rows = K + s->pack->narrow[kind].scale_rows;
  return (float *)(panel_of(s, kind, pack, K, m) + (rows - sizeof(float)) * panel) + m % panel;
}

// The number that element (k, m) stands for, without the scale.
static double element(const subject *s, int kind, char *pack, size_t K, size_t k, size_t m) {
  const size_t panel = (size_t)s->pack->panel;
  if (kind == CK_NARROW_I8_DYNAMIC)
    return ((const uint8_t *)panel_of(s, kind, pack, K,
                                      m))[(k / 4 * panel + m % panel) * 4 + k % 4] -
           128;
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
  if (!has_scales(kind))
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
    if (has_scales(kind))
      expect(*scale_of(s, kind, pack, K, m) == (scale >= FLT_MIN ? scale : 0),
             "scale of column %zu", m);
    for (size_t k = 0; k < K; k++) {
      const float x = column[k * panel];
      const double expected = kind == CK_NARROW_F16    ? nearest(x, 10, -14, 65504)
                              : kind == CK_NARROW_BF16 ? nearest(x, 7, -126, 0x1.fep127)
                              : scale >= FLT_MIN       ? rintf(x / scale) + 0.0
                                                       : 0;
      expect(same(element(s, kind, pack, K, k, m), expected), "narrow %d: %g is %g, expected %g",
             kind, x, element(s, kind, pack, K, k, m), expected);
    }
    // What fills up the last four rows must be 0: the other factor there may be anything.
    if (kind == CK_NARROW_I8_DYNAMIC)
      for (size_t k = K; k < (K + 3) / 4 * 4; k++)
        expect(element(s, kind, pack, K, k, m) == 0, "row %zu behind %zu", k, K);
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
            const float scale = *scale_of(s, kind, pack, K, m);
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

enum { DYNAMIC_DEPTH = 8192 };

// A row of A as bytes, as the list of kernels says.
static float quantized(const float *a, size_t K, int8_t *p) {
  float largest = 0;
  for (size_t k = 0; k < K; k++) {
    if (!isfinite(a[k]))
      return NAN;
    largest = fmaxf(largest, fabsf(a[k]));
  }
  const int counts = largest / 127 >= FLT_MIN;
  for (size_t k = 0; k < K; k++)
    p[k] = (int8_t)(counts ? rintf(a[k] * (127 / largest)) : 0);
  return counts ? largest / 127 : 0;
}

// The product of bytes by loops over whole numbers. Every seventh row of A holds `odd` somewhere.
static void check_dynamic_product(const subject *s, size_t N, size_t M, size_t K, size_t gap,
                                  double odd) {
  forget_operands();
  const int kind = CK_NARROW_I8_DYNAMIC;
  const size_t lda = K + gap, ldc = M + 2 * gap;
  const operand a = draw(N && K ? (N - 1) * lda + K : 0, -3, 3);
  for (size_t n = 0; n < N && K; n++) {
    // Magnitudes of all kinds, a row of zeros and one of numbers without a scale.
    const double size = n % 7 == 2 ? 0 : n % 7 == 4 ? 1e-37 : ldexp(1, (int)(n % 13) * 4 - 20);
    for (size_t k = 0; k < K; k++)
      put(a, n * lda + k, size * ((float *)a.at[0])[n * lda + k]);
    if (n % 7 == 6)
      put(a, n * lda + random_below(K), odd);
  }
  const operand weights = draw(K * whole_panels(s, M), -1, 1);
  const size_t count = N && M ? (N - 1) * ldc + M : 0;
  char *const pack = narrow_memory(s, kind, K, M);
  s->set->f32->pack->narrow[kind].narrow(K, M, weights.at[0], pack);
  int8_t *const p = guarded_bytes(K + 1);
  for (int accumulate = 0; accumulate < 2; accumulate++)
    for (int way = 0; way < 4; way++) {
      const operand c = draw(count, -1, 1);
      float *const result = c.at[0], *const expected = guarded_bytes(count * sizeof(float));
      memcpy(expected, result, count * sizeof(float));
      for (size_t n = 0; n < N; n++) {
        const float scale = quantized((float *)a.at[0] + n * lda, K, p);
        for (size_t m = 0; m < M; m++) {
          float *const at = expected + n * ldc + m;
          if (!accumulate)
            *at = 0;
          for (size_t k0 = 0; k0 < K; k0 += DYNAMIC_DEPTH) {
            int32_t sum = 0;
            for (size_t k = k0; k < K && k < k0 + DYNAMIC_DEPTH; k++)
              sum += isnan(scale) ? 0 : p[k] * (int32_t)element(s, kind, pack, K, k, m);
            const float part = (float)sum * *scale_of(s, kind, pack, K, m) * scale;
            *at = accumulate || k0 ? *at + part : part;
          }
        }
      }
      s->pack->narrow[kind].narrow_product(N, M, K, a.at[0], lda, pack, result, ldc, accumulate,
                                           way & 1, way >> 1);
      size_t wrong = 0;
      for (size_t i = 0; i < count; i++)
        wrong += memcmp(&result[i], &expected[i], sizeof(float)) != 0 &&
                 !(isnan(result[i]) && isnan(expected[i]));
      expect(!wrong, "narrow_product of bytes, %zu × %zu × %zu, accumulate %d, way %d", N, M, K,
             accumulate, way);
      guards_hold("narrow_product", c);
    }
}

static void check_dynamic_products(const subject *s) {
  static const double odd[] = {NAN, -INFINITY, INFINITY, 3e38, 1};
  for (size_t N = 0; N <= 26; N++)
    for (size_t i = 0; i < WIDTHS; i += 4)
      check_dynamic_product(s, N, widths[i], (N * 7 + i) % 23, N % 3, odd[i / 4 % 5]);
  for (size_t K = 0; K <= 40; K++)
    check_dynamic_product(s, 1 + K % 13, 37, K, 1, odd[K % 5]);
  // All of the panels at once, and what is left of them.
  for (size_t N = 1; N <= 5; N++)
    check_dynamic_product(s, N, (size_t)s->pack->panel * 7 + 3, 33, 2, 1);
  // Several blocks of everything.
  check_dynamic_product(s, 211, 35, 131, 2, NAN);
  check_dynamic_product(s, 14, 19, 2051, 1, 1);
  check_dynamic_product(s, 9, 5, 2 * DYNAMIC_DEPTH + 3, 1, 1);
}

void check_narrow_product(const subject *s) {
  check_dynamic_products(s);
  for (int kind = 0; kind < CK_NARROW_I8_DYNAMIC; kind++) {
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
