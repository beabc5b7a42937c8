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

// The activation that is checked, or its derivative.
typedef struct {
  int is_derivative;
  ck_activation function;
} subject_kernel;

static subject_kernel kernel_of(ct_function f) {
  switch (f) {
  case CT_EXP:
    return (subject_kernel){0, CK_ACTIVATION_EXP};
  case CT_TANH:
    return (subject_kernel){0, CK_ACTIVATION_TANH};
  case CT_SIGMOID:
    return (subject_kernel){0, CK_ACTIVATION_SIGMOID};
  case CT_RELU:
    return (subject_kernel){0, CK_ACTIVATION_RELU};
  case CT_SOFTPLUS:
    return (subject_kernel){0, CK_ACTIVATION_SOFTPLUS};
  case CT_SOFTSIGN:
    return (subject_kernel){0, CK_ACTIVATION_SOFTSIGN};
  case CT_LEAKY_RELU:
    return (subject_kernel){0, CK_ACTIVATION_LEAKY_RELU};
  case CT_ELU:
    return (subject_kernel){0, CK_ACTIVATION_ELU};
  case CT_HARD_SIGMOID:
    return (subject_kernel){0, CK_ACTIVATION_HARD_SIGMOID};
  case CT_TANH_BACKWARD:
    return (subject_kernel){1, CK_ACTIVATION_TANH};
  case CT_SIGMOID_BACKWARD:
    return (subject_kernel){1, CK_ACTIVATION_SIGMOID};
  case CT_RELU_BACKWARD:
    return (subject_kernel){1, CK_ACTIVATION_RELU};
  case CT_SOFTPLUS_BACKWARD:
    return (subject_kernel){1, CK_ACTIVATION_SOFTPLUS};
  case CT_SOFTSIGN_BACKWARD:
    return (subject_kernel){1, CK_ACTIVATION_SOFTSIGN};
  case CT_LEAKY_RELU_BACKWARD:
    return (subject_kernel){1, CK_ACTIVATION_LEAKY_RELU};
  case CT_ELU_BACKWARD:
    return (subject_kernel){1, CK_ACTIVATION_ELU};
  case CT_HARD_SIGMOID_BACKWARD:
    return (subject_kernel){1, CK_ACTIVATION_HARD_SIGMOID};
  default:
    return (subject_kernel){0, CK_ACTIVATION_COUNT};
  }
}

// With dy = ones, which are of the table's scalar type as x and y are.
static void call(ct_subject subject, const ck_kernels *table, const void *x, const void *ones,
                 void *y, size_t n) {
  if (subject.function == CT_LOG) {
    table->log(x, y, n);
  } else if (subject.function == CT_LOG_BACKWARD) {
    table->log_backward(x, ones, y, n);
  } else {
    const subject_kernel kernel = kernel_of(subject.function);
    const ck_activation_kernels kernels = ck_activation_of(table, kernel.function);
    if (kernel.is_derivative)
      kernels.gradient(x, ones, y, n, (double)subject.alpha, (double)subject.beta);
    else
      kernels.value(x, y, n, (double)subject.alpha, (double)subject.beta);
  }
}

void ct_call(ct_subject subject, const ck_kernels *table, const float *x, float *y, size_t n) {
  static const float ones[CT_BLOCK] = {[0 ... CT_BLOCK - 1] = 1};
  call(subject, table, x, ones, y, n);
}

void ct_call_f64(ct_subject subject, const ck_kernels *table, const double *x, double *y,
                 size_t n) {
  static const double ones[CT_BLOCK] = {[0 ... CT_BLOCK - 1] = 1};
  call(subject, table, x, ones, y, n);
}
