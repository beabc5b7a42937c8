#include <string.h>

#include "CTestSupport.h"
#include "checks.h"

enum { MOST_COLUMNS = 1100 };

// Three roundings for any number of rows; doubles lose less than one.
static void check_sums(const subject *s, size_t rows, size_t M, size_t gap) {
  forget_operands();
  const operand x = draw(rows && M ? (rows - 1) * (M + gap) + M : 0, -1, 1), sums = draw(M, -1, 1);
  static float start[MOST_COLUMNS];
  memcpy(start, sums.at[0], M * sizeof(float));
  for (size_t r = 0; r < rows; r++)
    for (size_t j = 0; j < M; j++)
      sums.r[j] += x.r[r * (M + gap) + j];
  FOR_BOTH(p) s->tables[p]->column_sums(rows, M, x.at[p], M + gap, sums.at[p]);
  const double error = ct_column_sum_error(rows, M, x.at[0], M + gap, start, sums.at[0]);
  expect(error <= 3.001, "column_sums %zu × %zu: %g roundings", rows, M, error);
  agree("column_sums", sums, 1e-3, 1e-12);
}

// The bits of column_sums over all rows, of which those without a place are zero.
static void check_places(const subject *s, size_t count, size_t M, int one_in) {
  forget_operands();
  const operand all = draw(count * M, 0, 0), sums = draw(M, -1, 1), expected = draw(M, 0, 0);
  const operand x = draw(count * M, -1, 1);
  int64_t places[64];
  size_t rows = 0;
  for (size_t r = 0; r < count; r++)
    if (random_below((size_t)one_in) == 0) {
      for (size_t j = 0; j < M; j++)
        put(all, r * M + j, x.r[rows * M + j]);
      places[rows++] = 5 + (int64_t)r;
    }
  for (size_t j = 0; j < M; j++)
    put(expected, j, sums.r[j]);
  FOR_BOTH(p) {
    const size_t size = p ? sizeof(double) : sizeof(float);
    s->tables[p]->column_sums(count, M, all.at[p], M, expected.at[p]);
    s->tables[p]->placed_column_sums(rows, M, x.at[p], M, places, 5, count, sums.at[p]);
    expect(!memcmp(sums.at[p], expected.at[p], M * size),
           "placed_column_sums: %zu of %zu rows, %zu columns", rows, count, M);
  }
}

void check_column_sums(const subject *s) {
  for (size_t i = 0; i < WIDTHS; i++)
    for (size_t rows = 0; rows <= 9; rows++)
      check_sums(s, rows, widths[i], rows % 3);
  check_sums(s, 5, 0, 0);
  check_sums(s, 6, 1025, 1);
  check_sums(s, 1003, 19, 0);
  for (int one_in = 1; one_in <= 3; one_in++) {
    check_places(s, 1, 3, one_in);
    check_places(s, 23, 67, one_in);
    check_places(s, 64, 1029, one_in);
    check_places(s, 5, 16, one_in);
  }
}
