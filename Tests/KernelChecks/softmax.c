#include <math.h>
#include <stdlib.h>

#include "checks.h"

// Softmax or its logarithm of one row, its sum's excess over the largest term by itself.
static void plain_row(const double *x, size_t columns, int is_log, double *y) {
  size_t top = 0;
  for (size_t j = 0; j < columns; j++)
    top = x[j] > x[top] || isnan(x[j]) ? j : top;
  double rest = 0;
  for (size_t j = 0; j < columns; j++)
    rest += j == top ? 0 : exp(x[j] - x[top]);
  // A row of nothing but −∞, or with a NaN or a +∞.
  if (isnan(x[top]) || isinf(x[top]))
    rest = NAN;
  for (size_t j = 0; j < columns; j++)
    y[j] = is_log ? x[j] - x[top] - log1p(rest) : exp(x[j] - x[top]) / (1 + rest);
}

static void check_forward(const subject *s, size_t rows, size_t columns, double width,
                          double offset, const double *specials, size_t count) {
  forget_operands();
  const operand x = draw(rows * columns, offset - width, offset + width);
  if (count)
    sprinkle(x, specials, count);
  for (int is_log = 0; is_log < 2; is_log++) {
    const operand y = draw(rows * columns, -1, 1);
    for (size_t i = 0; i < rows; i++)
      plain_row(x.r + i * columns, columns, is_log, y.r + i * columns);
    FOR_BOTH(p)
    (is_log ? s->tables[p]->log_softmax_rows : s->tables[p]->softmax_rows)(x.at[p], y.at[p], rows,
                                                                           columns);
    for (size_t i = 0; i < rows * columns; i++) {
      const double ulps = float_ulps(((float *)y.at[0])[i], y.r[i]);
      expect(ulps <= 4, "%s of %zu columns, ±%g at %g: %g ULP",
             is_log ? "log_softmax_rows" : "softmax_rows", columns, width, offset, ulps);
    }
    agree(is_log ? "log_softmax_rows" : "softmax_rows", y, 1e-5, 1e-13);
  }
}

static void check_backward(const subject *s, size_t rows, size_t columns) {
  forget_operands();
  const operand y = draw(rows * columns, 0.01, 2.0 / (double)columns + 0.01);
  const operand logs = draw(rows * columns, -5, -0.1), dy = draw(rows * columns, -1, 1);
  const operand dx = draw(rows * columns, -1, 1), dlogs = draw(rows * columns, -1, 1);
  for (size_t i = 0; i < rows; i++) {
    double mean = 0, total = 0;
    for (size_t j = i * columns; j < (i + 1) * columns; j++) {
      mean += y.r[j] * dy.r[j];
      total += dy.r[j];
    }
    for (size_t j = i * columns; j < (i + 1) * columns; j++) {
      dx.r[j] = y.r[j] * (dy.r[j] - mean);
      dlogs.r[j] = dy.r[j] - exp(logs.r[j]) * total;
    }
  }
  FOR_BOTH(p) {
    s->tables[p]->softmax_rows_backward(y.at[p], dy.at[p], dx.at[p], rows, columns);
    s->tables[p]->log_softmax_rows_backward(logs.at[p], dy.at[p], dlogs.at[p], rows, columns);
  }
  agree("softmax_rows_backward", dx, 1e-6, 1e-13);
  agree("log_softmax_rows_backward", dlogs, 3e-6, 1e-13);
}

void check_softmax(const subject *s) {
  const double specials[] = {NAN, INFINITY, -INFINITY, -INFINITY, -INFINITY, -0.0};
  for (size_t i = 0; i < WIDTHS; i++) {
    const size_t columns = widths[i];
    check_forward(s, 3, columns, 1, 0, NULL, 0);
    check_forward(s, 2, columns, 110, -3, NULL, 0);
    check_forward(s, 2, columns, 20, 1000, NULL, 0);
    check_forward(s, 40, columns, 1, 0, specials, 6);
    check_backward(s, 3, columns);
  }
  check_forward(s, 1, 2003, 30, 0, NULL, 0);
  check_backward(s, 1, 2003);
}
