#include "reference.h"

#include <math.h>

#pragma STDC FP_CONTRACT OFF

#define REAL double
#define REFERENCE ct_reference
#define M(name) name
#include "reference.inc"
#undef REAL
#undef REFERENCE
#undef M

#define REAL long double
#define REFERENCE ct_reference_long
#define M(name) name##l
#include "reference.inc"

int ct_in_domain(ct_function f, double x) {
  switch (f) {
  case CT_RELU_BACKWARD:
  case CT_SOFTPLUS_BACKWARD:
  case CT_HARD_SIGMOID_BACKWARD:
    return !(x < 0);
  default:
    return 1;
  }
}

const char *ct_function_name(ct_function f) {
  static const char *const names[CT_FUNCTION_COUNT] = {
      [CT_EXP] = "exp",
      [CT_LOG] = "log",
      [CT_TANH] = "tanh",
      [CT_SIGMOID] = "sigmoid",
      [CT_RELU] = "relu",
      [CT_SOFTPLUS] = "softplus",
      [CT_SOFTSIGN] = "softsign",
      [CT_LEAKY_RELU] = "leaky_relu",
      [CT_ELU] = "elu",
      [CT_HARD_SIGMOID] = "hard_sigmoid",
      [CT_LOG_BACKWARD] = "log_backward",
      [CT_TANH_BACKWARD] = "tanh_backward",
      [CT_SIGMOID_BACKWARD] = "sigmoid_backward",
      [CT_RELU_BACKWARD] = "relu_backward",
      [CT_SOFTPLUS_BACKWARD] = "softplus_backward",
      [CT_SOFTSIGN_BACKWARD] = "softsign_backward",
      [CT_LEAKY_RELU_BACKWARD] = "leaky_relu_backward",
      [CT_ELU_BACKWARD] = "elu_backward",
      [CT_HARD_SIGMOID_BACKWARD] = "hard_sigmoid_backward",
  };
  return f < CT_FUNCTION_COUNT ? names[f] : "?";
}

#define CT_DISPATCH(suffix, T)                                                                     \
  static const T ones[CT_BLOCK] = {[0 ... CT_BLOCK - 1] = 1};                                      \
  const T alpha = subject.alpha, beta = subject.beta;                                              \
  switch (subject.function) {                                                                      \
  case CT_EXP:                                                                                     \
    return table->exp##suffix(x, y, n);                                                            \
  case CT_LOG:                                                                                     \
    return table->log##suffix(x, y, n);                                                            \
  case CT_TANH:                                                                                    \
    return table->tanh##suffix(x, y, n);                                                           \
  case CT_SIGMOID:                                                                                 \
    return table->sigmoid##suffix(x, y, n);                                                        \
  case CT_RELU:                                                                                    \
    return table->relu##suffix(x, y, n);                                                           \
  case CT_SOFTPLUS:                                                                                \
    return table->softplus##suffix(x, y, n);                                                       \
  case CT_SOFTSIGN:                                                                                \
    return table->softsign##suffix(x, y, n);                                                       \
  case CT_LEAKY_RELU:                                                                              \
    return table->leaky_relu##suffix(x, y, n, alpha);                                              \
  case CT_ELU:                                                                                     \
    return table->elu##suffix(x, y, n, alpha);                                                     \
  case CT_HARD_SIGMOID:                                                                            \
    return table->hard_sigmoid##suffix(x, y, n, alpha, beta);                                      \
  case CT_LOG_BACKWARD:                                                                            \
    return table->log_backward##suffix(x, ones, y, n);                                             \
  case CT_TANH_BACKWARD:                                                                           \
    return table->tanh_backward##suffix(x, ones, y, n);                                            \
  case CT_SIGMOID_BACKWARD:                                                                        \
    return table->sigmoid_backward##suffix(x, ones, y, n);                                         \
  case CT_RELU_BACKWARD:                                                                           \
    return table->relu_backward##suffix(x, ones, y, n);                                            \
  case CT_SOFTPLUS_BACKWARD:                                                                       \
    return table->softplus_backward##suffix(x, ones, y, n);                                        \
  case CT_SOFTSIGN_BACKWARD:                                                                       \
    return table->softsign_backward##suffix(x, ones, y, n);                                        \
  case CT_LEAKY_RELU_BACKWARD:                                                                     \
    return table->leaky_relu_backward##suffix(x, ones, y, n, alpha);                               \
  case CT_ELU_BACKWARD:                                                                            \
    return table->elu_backward##suffix(x, ones, y, n, alpha);                                      \
  case CT_HARD_SIGMOID_BACKWARD:                                                                   \
    return table->hard_sigmoid_backward##suffix(x, ones, y, n, alpha);                             \
  case CT_FUNCTION_COUNT:                                                                          \
    return;                                                                                        \
  }

void ct_call(ct_subject subject, const ck_kernels *table, const float *x, float *y, size_t n) {
  CT_DISPATCH(_f32, float)
}

void ct_call_f64(ct_subject subject, const ck_kernels *table, const double *x, double *y,
                 size_t n) {
  CT_DISPATCH(_f64, double)
}
