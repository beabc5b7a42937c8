#include <math.h>

#include "checks.h"

static const double specials[] = {0.0, -0.0, INFINITY, -INFINITY, NAN, 0x1p-140, 1e38};
enum { SPECIALS = sizeof specials / sizeof specials[0] };

typedef void (*pair_kernel)(const void *a, const void *b, void *y, size_t n);

static double sum(double a, double b) { return a + b; }
static double mean(double a, double b) { return (a + b) / 2; }
static double product(double a, double b) { return a * b; }

static int is_same(double x, double expected) {
  return isnan(expected) ? isnan(x) : x == expected && !signbit(x) == !signbit(expected);
}

// One rounding, as in the loops, so the same bits; in place of either operand too.
static void check_pair(const char *what, pair_kernel single, pair_kernel wide,
                       double (*plain)(double, double)) {
  for (size_t n = 0; n <= 67; n++)
    for (int place = 0; place < 3; place++) {
      forget_operands();
      const operand a = draw(n, -2, 2), b = draw(n, -2, 2);
      sprinkle(a, specials, SPECIALS);
      sprinkle(b, specials, SPECIALS);
      const operand y = place == 0 ? draw(n, -1, 1) : place == 1 ? a : b;
      for (size_t i = 0; i < n; i++)
        y.r[i] = plain(a.r[i], b.r[i]);
      single(a.at[0], b.at[0], y.at[0], n);
      wide(a.at[1], b.at[1], y.at[1], n);
      for (size_t i = 0; i < n; i++) {
        const double f = (double)((float *)y.at[0])[i], d = ((double *)y.at[1])[i];
        expect(is_same(f, (double)(float)y.r[i]), "%s f32 [%zu of %zu]: %g", what, i, n, f);
        expect(is_same(d, y.r[i]), "%s f64 [%zu of %zu]: %g", what, i, n, d);
      }
    }
}

void check_pairs(const subject *s) {
  const ck_kernels *const f = s->tables[0], *const d = s->tables[1];
  check_pair("pair_sum", f->pair_sum, d->pair_sum, sum);
  check_pair("pair_mean", f->pair_mean, d->pair_mean, mean);
  check_pair("pair_product", f->pair_product, d->pair_product, product);
}
