#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../TestSupport/reference.h"
#include "checks.h"

// A function, the coefficients it is checked with and the largest error that vecmath.inc and the
// list of activations allow, in units of the last place.
static const struct {
  ct_subject subject;
  double bound;
} bounds[] = {
    {{CT_EXP, 0, 0}, 1.2},
    {{CT_TANH, 0, 0}, 2.5},
    {{CT_SIGMOID, 0, 0}, 2},
    {{CT_RELU, 0, 0}, 0},
    {{CT_SOFTPLUS, 0, 0}, 1.8},
    {{CT_SOFTSIGN, 0, 0}, 1.5},
    {{CT_LEAKY_RELU, 0.01f, 0}, 0.5},
    {{CT_ELU, 1, 0}, 1.4},
    {{CT_ELU, 1.6732632f, 0}, 2.5},
    {{CT_HARD_SIGMOID, 0.2f, 0.5f}, 0.5},
    {{CT_TANH_BACKWARD, 0, 0}, 1.5},
    {{CT_SIGMOID_BACKWARD, 0, 0}, 1.5},
    {{CT_RELU_BACKWARD, 0, 0}, 0},
    {{CT_SOFTPLUS_BACKWARD, 0, 0}, 1.4},
    {{CT_SOFTSIGN_BACKWARD, 0, 0}, 2},
    {{CT_LEAKY_RELU_BACKWARD, 0.01f, 0}, 0},
    {{CT_ELU_BACKWARD, 1, 0}, 0.5},
    {{CT_HARD_SIGMOID_BACKWARD, 0.2f, 0}, 0},
};

// Every sign and exponent, the infinities, NaN, both zeros and subnormal numbers among them.
static void check_bound(const subject *s, ct_subject function, double bound) {
  ct_result result = {0};
  ct_check_stratified(function, s->tables[0], 64, 7, &result);
  expect(result.checked > 10000 && result.max_ulp <= bound,
         "%s: %g ULP at %.9g, where %g is allowed: %.9g, not %.9g",
         ct_function_name(function.function), result.max_ulp, (double)result.worst_input, bound,
         (double)result.worst_output, result.worst_expected);
  // 3 ULP of the C library, where long double can tell.
  const int is_backward = strstr(ct_function_name(function.function), "backward") != NULL;
  const double high = is_backward ? 1 : 8, low = is_backward || function.function == CT_LOG ||
                                                         function.function == CT_RELU ||
                                                         function.function == CT_LEAKY_RELU
                                                     ? 1e-9
                                                     : -8;
  const double error = ct_max_error_f64(function, s->tables[1], low, high, 4096, 7);
  expect(error <= 3, "%s f64: %g ULP", ct_function_name(function.function), error);
}

// Spans of every length: each element is what it is alone, in place or not, and nothing else is
// written.
typedef void (*span)(const subject *s, int p, const void *x, const void *dy, void *y, size_t n,
                     int number);

static void check_spans(const subject *s, const char *what, span call, int number) {
  for (int p = 0; p < 2; p++)
    for (size_t n = 0; n <= 35; n++) {
      forget_operands();
      const operand x = draw(n, 0.01, 0.99), dy = draw(n, -2, 2), y = draw(n, -1, 1);
      const size_t size = p ? sizeof(double) : sizeof(float);
      call(s, p, x.at[p], dy.at[p], y.at[p], n, number);
      for (size_t i = 0; i < n; i++) {
        double alone = -77;
        call(s, p, (char *)x.at[p] + i * size, (char *)dy.at[p] + i * size, &alone, 1, number);
        expect(!memcmp(&alone, (char *)y.at[p] + i * size, size), "%s [%zu of %zu] is not as alone",
               what, i, n);
      }
      call(s, p, x.at[p], dy.at[p], x.at[p], n, number);
      expect(!memcmp(x.at[p], y.at[p], n * size), "%s in place, %zu elements", what, n);
      guards_hold(what, y);
    }
}

static void value_span(const subject *s, int p, const void *x, const void *dy, void *y, size_t n,
                       int number) {
  (void)dy;
  s->tables[p]->activations[number].value(x, y, n, 0.2, 0.5);
}

static void gradient_span(const subject *s, int p, const void *y, const void *dy, void *dx,
                          size_t n, int number) {
  s->tables[p]->activations[number].gradient(y, dy, dx, n, 0.2, 0.5);
}

// Those that no bound is stated for, because they are one multiplication at most.
static void check_plain(const subject *s) {
  const double specials[] = {NAN, INFINITY, -INFINITY, -0.0, 0x1p-140};
  for (size_t n = 0; n <= 35; n++) {
    forget_operands();
    const operand x = draw(n, -2, 2), dy = draw(n, -2, 2);
    sprinkle(x, specials, 5);
    const operand y = draw(n, -1, 1), dx = draw(n, -1, 1), slope = draw(n, -1, 1);
    FOR_BOTH(p) {
      const ck_activation_kernels *const f = s->tables[p]->activations;
      f[CK_ACTIVATION_IDENTITY].value(x.at[p], y.at[p], n, 0, 0);
      f[CK_ACTIVATION_IDENTITY].gradient(x.at[p], dy.at[p], dx.at[p], n, 0, 0);
      f[CK_ACTIVATION_EXP].gradient(x.at[p], dy.at[p], slope.at[p], n, 0, 0);
    }
    for (size_t i = 0; i < n; i++) {
      y.r[i] = x.r[i];
      dx.r[i] = dy.r[i];
      slope.r[i] = dy.r[i] * x.r[i];
    }
    agree("identity", y, 0, 0);
    agree("identity_backward", dx, 0, 0);
    agree("exp_backward", slope, 0x1p-24, 0);
  }
}

void check_activations(const subject *s) {
  for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++)
    check_bound(s, bounds[i].subject, bounds[i].bound);
  check_plain(s);
  static const char *const names[] = {
#define CK_ACTIVATION(name, NAME, value, gradient) #name,
#include "activation_list.inc"
#undef CK_ACTIVATION
  };
  for (int number = 0; number < CK_ACTIVATION_COUNT; number++) {
    check_spans(s, names[number], value_span, number);
    check_spans(s, names[number], gradient_span, number);
  }
}

static void log_span(const subject *s, int p, const void *x, const void *dy, void *y, size_t n,
                     int number) {
  (void)dy, (void)number;
  s->tables[p]->log(x, y, n);
}

static void log_backward_span(const subject *s, int p, const void *x, const void *dy, void *dx,
                              size_t n, int number) {
  (void)number;
  s->tables[p]->log_backward(x, dy, dx, n);
}

void check_logarithm(const subject *s) {
  check_bound(s, (ct_subject){CT_LOG, 0, 0}, 0.9);
  check_bound(s, (ct_subject){CT_LOG_BACKWARD, 0, 0}, 0.5);
  check_spans(s, "log", log_span, 0);
  check_spans(s, "log_backward", log_backward_span, 0);
}
