#include <math.h>

#include "checks.h"

// The shape of a call: rows, units, the units that are asked for, and lengths at step 1.
typedef struct {
  size_t N, H, first, last;
  const int64_t *lengths;
} shape;

static const int64_t some_lengths[] = {0, 2, 1, 9};

// Calls the check for every remainder, whole and in part, with rows that are over and without, with
// a state before and without.
static void for_shapes(const subject *s, void (*check)(const subject *, shape, int has_state)) {
  for (size_t i = 0; i < WIDTHS; i++)
    for (int has_state = 0; has_state < 2; has_state++)
      for (int ragged = 0; ragged < 2; ragged++) {
        const size_t H = widths[i];
        forget_operands();
        check(s,
              (shape){ragged ? 4 : 2, H, has_state ? 0 : H / 3, has_state ? H : H - H / 4,
                      ragged ? some_lengths : NULL},
              has_state);
      }
}

static int is_active(shape z, size_t n) { return !z.lengths || 1 < z.lengths[n]; }

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

static double at(operand o, size_t i) { return o.r ? o.r[i] : 0; }

// What activated gates lie in; and what pre-activations may be.
static operand unit(size_t count) { return draw(count, 0.05, 0.95); }
static operand sums(size_t count) {
  const operand o = draw(count, -4, 4);
  sprinkle(o, (double[]){NAN, INFINITY, -INFINITY, -0.0, 100, -100}, 6);
  return o;
}
static operand state(shape z, int exists) { return exists ? draw(z.N * z.H, -1, 1) : none; }
// With a NaN here and there, which must go on.
static operand spoilt(operand o) {
  sprinkle(o, (double[]){NAN, -0.0, 0.5, 0.25}, 4);
  return o;
}

// Each unit j that is asked for, of each row n: u is its place among units, g among gates.
#define FOR_UNITS                                                                                  \
  for (size_t n = 0; n < z.N; n++)                                                                 \
    for (size_t j = z.first, u = n * z.H + j, g = n * 4 * z.H + j; j < z.last; j++, u++, g++)
#define UNITS z.N, z.H, z.first, z.last
#define TIME z.lengths, 1

static const double close = 2e-6, closer = 1e-13;

static void rnn(const subject *s, shape z, int has_state) {
  for (int relu = 0; relu < 2; relu++) {
    const size_t count = z.N * z.H;
    const operand a = sums(count), b = draw(z.H, -1, 1), h = draw(count, -1, 1);
    FOR_UNITS {
      if (is_active(z, n)) {
        const double x = a.r[u] + b.r[j];
        h.r[u] = relu ? (x < 0 ? 0 : x) : tanh(x);
      } else {
        h.r[u] = 0;
      }
    }
    FOR_BOTH(p) {
      const ck_kernels *const k = s->tables[p];
      (relu ? k->rnn_relu_forward : k->rnn_tanh_forward)(UNITS, a.at[p], b.at[p], h.at[p], TIME);
    }
    agree("rnn forward: h", h, close, closer);
    agree("rnn forward: gates", a, 0, 0);

    const operand d = draw(count, -1, 1), y = spoilt(draw(count, -0.9, 0.9));
    const operand dy = state(z, has_state), dh = draw(count, -1, 1);
    FOR_UNITS {
      if (is_active(z, n)) {
        const double g = dh.r[u] + at(dy, u);
        d.r[u] = relu ? (y.r[u] > 0 ? g : y.r[u] * 0) : g * (1 - y.r[u] * y.r[u]);
        dh.r[u] = 0;
      } else {
        d.r[u] = 0;
      }
    }
    FOR_BOTH(p) {
      const ck_kernels *const k = s->tables[p];
      (relu ? k->rnn_relu_backward : k->rnn_tanh_backward)(UNITS, d.at[p], y.at[p], dy.at[p],
                                                           dh.at[p], TIME);
    }
    agree("rnn backward: gates", d, close, closer);
    agree("rnn backward: dh", dh, close, closer);
  }
}

static void lstm(const subject *s, shape z, int has_state) {
  const size_t H = z.H, count = z.N * H;
  const operand a = sums(4 * count), b = draw(4 * z.H, -1, 1), before = state(z, has_state);
  const operand c = draw(count, -1, 1), h = draw(count, -1, 1);
  FOR_UNITS {
    if (is_active(z, n)) {
      const double i = sigmoid(a.r[g] + b.r[j]), f = sigmoid(a.r[g + H] + b.r[H + j]);
      const double m = tanh(a.r[g + 2 * H] + b.r[2 * H + j]);
      const double o = sigmoid(a.r[g + 3 * H] + b.r[3 * H + j]);
      c.r[u] = f * at(before, u) + i * m;
      h.r[u] = o * tanh(c.r[u]);
      a.r[g] = i, a.r[g + H] = f, a.r[g + 2 * H] = m, a.r[g + 3 * H] = o;
    } else {
      a.r[g] = a.r[g + H] = a.r[g + 2 * H] = a.r[g + 3 * H] = h.r[u] = 0;
      c.r[u] = at(before, u);
    }
  }
  FOR_BOTH(p)
  s->tables[p]->lstm_forward(UNITS, a.at[p], b.at[p], before.at[p], c.at[p], h.at[p], TIME);
  agree("lstm_forward: gates", a, close, closer);
  agree("lstm_forward: c", c, close, closer);
  agree("lstm_forward: h", h, close, closer);

  const operand gates = spoilt(unit(4 * count)), cell = spoilt(draw(count, -2, 2));
  const operand dy = state(z, has_state), dh = draw(count, -1, 1), dc = draw(count, -1, 1);
  FOR_UNITS {
    if (is_active(z, n)) {
      const double i = gates.r[g], f = gates.r[g + H], m = gates.r[g + 2 * H];
      const double o = gates.r[g + 3 * H], y = tanh(cell.r[u]), d = dh.r[u] + at(dy, u);
      const double ds = dc.r[u] + d * o * (1 - y * y);
      gates.r[g] = ds * m * i * (1 - i);
      gates.r[g + H] = ds * at(before, u) * f * (1 - f);
      gates.r[g + 2 * H] = ds * i * (1 - m * m);
      gates.r[g + 3 * H] = d * y * o * (1 - o);
      dc.r[u] = ds * f;
      dh.r[u] = 0;
    } else {
      gates.r[g] = gates.r[g + H] = gates.r[g + 2 * H] = gates.r[g + 3 * H] = 0;
    }
  }
  FOR_BOTH(p)
  s->tables[p]->lstm_backward(UNITS, gates.at[p], before.at[p], cell.at[p], dy.at[p], dh.at[p],
                              dc.at[p], TIME);
  agree("lstm_backward: gates", gates, close, closer);
  agree("lstm_backward: dh", dh, close, closer);
  agree("lstm_backward: dc", dc, close, closer);
}

static void gru_after(const subject *s, shape z, int has_state) {
  const size_t H = z.H, count = z.N * H;
  const operand a = sums(4 * count), b = draw(3 * z.H, -1, 1), before = state(z, has_state);
  const operand h = draw(count, -1, 1);
  FOR_UNITS {
    if (is_active(z, n)) {
      const double r = sigmoid(a.r[g + H] + b.r[j]), x = sigmoid(a.r[g + 2 * H] + b.r[H + j]);
      const double m = tanh(a.r[g] + b.r[2 * H + j] + r * a.r[g + 3 * H]);
      h.r[u] = m + x * (at(before, u) - m);
      a.r[g] = m, a.r[g + H] = r, a.r[g + 2 * H] = x;
    } else {
      a.r[g] = a.r[g + H] = a.r[g + 2 * H] = a.r[g + 3 * H] = h.r[u] = 0;
    }
  }
  FOR_BOTH(p)
  s->tables[p]->gru_after_forward(UNITS, a.at[p], b.at[p], before.at[p], h.at[p], TIME);
  agree("gru_after_forward: gates", a, close, closer);
  agree("gru_after_forward: h", h, close, closer);

  const operand gates = spoilt(unit(4 * count)), dy = state(z, has_state), dh = draw(count, -1, 1);
  FOR_UNITS {
    if (is_active(z, n)) {
      const double m = gates.r[g], r = gates.r[g + H], x = gates.r[g + 2 * H];
      const double q = gates.r[g + 3 * H], d = dh.r[u] + at(dy, u);
      const double dm = d * (1 - x) * (1 - m * m);
      gates.r[g] = dm;
      gates.r[g + H] = dm * q * r * (1 - r);
      gates.r[g + 2 * H] = d * (at(before, u) - m) * x * (1 - x);
      gates.r[g + 3 * H] = dm * r;
      dh.r[u] = d * x;
    } else {
      gates.r[g] = gates.r[g + H] = gates.r[g + 2 * H] = gates.r[g + 3 * H] = 0;
    }
  }
  FOR_BOTH(p)
  s->tables[p]->gru_after_backward(UNITS, gates.at[p], before.at[p], dy.at[p], dh.at[p], TIME);
  agree("gru_after_backward: gates", gates, close, closer);
  agree("gru_after_backward: dh", dh, close, closer);
}

static void gru_before(const subject *s, shape z, int has_state) {
  const size_t H = z.H, count = z.N * H;
  const operand a = sums(4 * count), b = draw(3 * z.H, -1, 1), before = state(z, has_state);
  const operand h = draw(count, -1, 1);
  FOR_UNITS {
    if (is_active(z, n)) {
      a.r[g] = sigmoid(a.r[g] + b.r[j]);
      a.r[g + H] = sigmoid(a.r[g + H] + b.r[H + j]);
      a.r[g + 3 * H] = a.r[g] * at(before, u);
    } else {
      a.r[g] = a.r[g + H] = a.r[g + 2 * H] = a.r[g + 3 * H] = 0;
    }
  }
  FOR_BOTH(p)
  s->tables[p]->gru_before_forward_reset(UNITS, a.at[p], b.at[p], before.at[p], TIME);
  agree("gru_before_forward_reset", a, close, closer);

  FOR_UNITS {
    if (is_active(z, n)) {
      const double m = tanh(a.r[g + 2 * H] + b.r[2 * H + j]);
      h.r[u] = m + a.r[g + H] * (at(before, u) - m);
      a.r[g + 2 * H] = m;
    } else {
      a.r[g + 2 * H] = h.r[u] = 0;
    }
  }
  FOR_BOTH(p)
  s->tables[p]->gru_before_forward_candidate(UNITS, a.at[p], b.at[p], before.at[p], h.at[p], TIME);
  agree("gru_before_forward_candidate: gates", a, close, closer);
  agree("gru_before_forward_candidate: h", h, close, closer);

  const operand gates = spoilt(unit(4 * count)), dy = state(z, has_state), dh = draw(count, -1, 1);
  FOR_UNITS {
    if (is_active(z, n)) {
      const double x = gates.r[g + H], m = gates.r[g + 2 * H], d = dh.r[u] + at(dy, u);
      gates.r[g + H] = d * (at(before, u) - m) * x * (1 - x);
      gates.r[g + 2 * H] = d * (1 - x) * (1 - m * m);
      dh.r[u] = d * x;
    } else {
      gates.r[g] = gates.r[g + H] = gates.r[g + 2 * H] = gates.r[g + 3 * H] = 0;
    }
  }
  FOR_BOTH(p)
  s->tables[p]->gru_before_backward_candidate(UNITS, gates.at[p], before.at[p], dy.at[p], dh.at[p],
                                              TIME);
  agree("gru_before_backward_candidate: gates", gates, close, closer);
  agree("gru_before_backward_candidate: dh", dh, close, closer);

  const operand dm = draw(count, -1, 1);
  FOR_UNITS {
    if (is_active(z, n)) {
      const double r = gates.r[g];
      gates.r[g] = dm.r[u] * at(before, u) * r * (1 - r);
      dh.r[u] += dm.r[u] * r;
    }
  }
  FOR_BOTH(p)
  s->tables[p]->gru_before_backward_reset(UNITS, gates.at[p], before.at[p], dm.at[p], dh.at[p],
                                          TIME);
  agree("gru_before_backward_reset: gates", gates, close, closer);
  agree("gru_before_backward_reset: dh", dh, close, closer);
}

void check_rnn(const subject *s) { for_shapes(s, rnn); }
void check_lstm(const subject *s) { for_shapes(s, lstm); }
void check_gru(const subject *s) {
  for_shapes(s, gru_after);
  for_shapes(s, gru_before);
}
