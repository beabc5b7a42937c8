#include <math.h>
#include <string.h>

#include "checks.h"

static const double close = 1e-6, closer = 1e-14;

static void check_length(const subject *s, size_t n) {
  forget_operands();
  const operand x = draw(n, -1, 1), g = draw(n, -1, 1), m = draw(n, -1, 1);
  double squares = 0;
  for (size_t i = 0; i < n; i++)
    squares += x.r[i] * x.r[i];
  FOR_BOTH(p) {
    double sum = -1;
    s->tables[p]->sum_squares(n, x.at[p], &sum);
    expect(fabs(sum - squares) <= 1e-12 * fmax(1, squares), "sum_squares of %zu: %g, not %g", n,
           sum, squares);
  }

  const operand w = draw(n, -1, 1);
  for (size_t i = 0; i < n; i++)
    w.r[i] -= 0.3 * (g.r[i] + 0.1 * w.r[i]);
  FOR_BOTH(p) s->tables[p]->sgd(n, w.at[p], g.at[p], 0.3, 0.1);
  agree("sgd", w, close, closer);

  for (int nesterov = 0; nesterov < 2; nesterov++) {
    const operand y = draw(n, -1, 1), v = draw(n, -1, 1);
    for (size_t i = 0; i < n; i++) {
      const double d = g.r[i] + 0.1 * y.r[i];
      v.r[i] = 0.9 * v.r[i] + d;
      y.r[i] -= 0.3 * (nesterov ? d + 0.9 * v.r[i] : v.r[i]);
    }
    FOR_BOTH(p) s->tables[p]->momentum(n, y.at[p], g.at[p], v.at[p], 0.3, 0.9, 0.1, nesterov);
    agree("momentum: velocity", v, close, closer);
    agree("momentum", y, close, closer);
  }

  const operand y = draw(n, -1, 1), v = draw(n, 0.01, 1);
  for (size_t i = 0; i < n; i++) {
    const double d = g.r[i] + 0.1 * y.r[i];
    m.r[i] = 0.9 * m.r[i] + (1 - 0.9) * d;
    v.r[i] = 0.99 * v.r[i] + (1 - 0.99) * d * d;
    y.r[i] = 0.95 * y.r[i] - 0.02 * m.r[i] / (1.5 * sqrt(v.r[i]) + 1e-8);
  }
  FOR_BOTH(p)
  s->tables[p]->adam(n, y.at[p], g.at[p], m.at[p], v.at[p], 0.9, 0.99, 0.02, 1.5, 1e-8, 0.95, 0.1);
  agree("adam: first moment", m, close, closer);
  agree("adam: second moment", v, close, closer);
  agree("adam", y, close, closer);
}

void check_updates(const subject *s) {
  for (size_t n = 0; n <= 40; n++)
    check_length(s, n);
  check_length(s, 1027);
}

// The same elements on every processor: which ones stay is written down here for a key.
void check_dropout(const subject *s) {
  const uint32_t threshold = 65536 / 4 * 3;
  uint64_t bits[2] = {0, 0};
  FOR_BOTH(p) {
    double memory[64];
    s->tables[p]->dropout(64, memset(memory, 0, sizeof memory), memory, 99, threshold, 2);
    for (size_t i = 0; i < 64; i++)
      if (p)
        memory[i] = 3;
      else
        ((float *)memory)[i] = 3;
    s->tables[p]->dropout(64, memory, memory, 99, threshold, 2);
    for (size_t i = 0; i < 64; i++) {
      const double y = p ? memory[i] : (double)((float *)memory)[i];
      expect(y == 0 || y == 6, "dropout makes %g of 3", y);
      bits[p] |= (uint64_t)(y != 0) << i;
    }
    expect(bits[p] == UINT64_C(0x2bf9ffbcbeaaf0ff), "dropout keeps %016llx",
           (unsigned long long)bits[p]);
  }
  // Every length is a beginning of the longest, in place or not.
  for (size_t n = 0; n <= 64; n++) {
    forget_operands();
    const operand x = draw(n, 3, 3), y = draw(n, -1, 1);
    for (size_t i = 0; i < n; i++)
      y.r[i] = bits[0] >> i & 1 ? 6 : 0;
    FOR_BOTH(p) s->tables[p]->dropout(n, x.at[p], y.at[p], 99, threshold, 2);
    agree("dropout", y, 0, 0);
  }
}
