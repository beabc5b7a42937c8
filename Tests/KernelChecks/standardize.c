#include <math.h>

#include "checks.h"

static const double epsilon = 1e-5;

static double mean_of(const double *a, size_t H) {
  double sum = 0;
  for (size_t j = 0; j < H; j++)
    sum += a[j];
  return sum / (double)H;
}

static double scale_of(const double *a, size_t H, double mean) {
  double sum = 0;
  for (size_t j = 0; j < H; j++)
    sum += (a[j] - mean) * (a[j] - mean);
  return 1 / sqrt(sum / (double)H + epsilon);
}

static void check(const subject *s, size_t N, size_t H, size_t first, size_t last, size_t gap,
                  int accumulate) {
  forget_operands();
  const size_t lda = H + gap, ldy = H + 2 * gap;
  const size_t count = (N - 1) * lda + H, outputs = (N - 1) * ldy + H;
  const operand a = draw(count, -2, 2), dy = draw(count, -1, 1);
  const operand y = draw(outputs, -1, 1), da = draw(outputs, -1, 1);
  for (size_t n = 0; n < N; n++) {
    const double *const row = a.r + n * lda, *const d = dy.r + n * lda;
    const double mean = mean_of(row, H), scale = scale_of(row, H, mean);
    double level = 0, slope = 0;
    for (size_t j = 0; j < H; j++) {
      level += d[j] / (double)H;
      slope += d[j] * (row[j] - mean) * scale / (double)H;
    }
    for (size_t j = first; j < last; j++) {
      const double standard = (row[j] - mean) * scale;
      y.r[n * ldy + j] = standard;
      const double g = scale * (d[j] - level - standard * slope);
      da.r[n * ldy + j] = accumulate ? da.r[n * ldy + j] + g : g;
    }
  }
  FOR_BOTH(p) {
    s->tables[p]->standardize(N, H, first, last, a.at[p], lda, y.at[p], ldy, epsilon);
    s->tables[p]->standardize_backward(N, H, first, last, a.at[p], dy.at[p], lda, da.at[p], ldy,
                                       epsilon, accumulate);
  }
  // One element alone has no variance: its scale is 1/√ε.
  const double tolerance = H < 3 ? 1e-3 : 1e-5;
  agree("standardize", y, tolerance, 1e-10);
  agree("standardize_backward", da, tolerance, 1e-10);
}

void check_standardize(const subject *s) {
  for (size_t i = 0; i < WIDTHS; i++) {
    const size_t H = widths[i];
    check(s, 3, H, 0, H, 0, 0);
    check(s, 2, H, 0, H, 3, 1);
    check(s, 2, H, H / 3, H - H / 4, 1, 0);
  }
  check(s, 2, 1031, 0, 1031, 0, 1);
}
