#include "CTestSupport.h"

#include <math.h>

// The formula of vf_tanh, with 0.1338 in place of 0.133311421.
static void wrong_coefficient(const void *from, void *to, size_t n, double alpha, double beta) {
  const float *const x = from;
  float *const y = to;
  (void)alpha, (void)beta;
  for (size_t i = 0; i < n; i++) {
    const float a = fminf(fabsf(x[i]), 10), k = rintf(a * 2.885390f);
    const float h = fmaf(-k, 0.34657359f, a), s = ldexpf(1, (int)k), z = h * h;
    const float q = fmaf(z, fmaf(z, -5.27152941e-2f, 0.1338f), -0.333333224f);
    const float w = fmaf(h * z, q, h);
    const float t = fmaf(s + 1, w, s - 1) / fmaf(s - 1, w, s + 1);
    y[i] = isnan(x[i]) ? x[i] : copysignf(t, x[i]);
  }
}

static void lost_sign(const void *from, void *to, size_t n, double alpha, double beta) {
  const float *const x = from;
  float *const y = to;
  (void)alpha, (void)beta;
  for (size_t i = 0; i < n; i++)
    y[i] = (float)tanh(x[i]) + 0.0f;
}

static void missing_nan(const void *from, void *to, size_t n, double alpha, double beta) {
  const float *const x = from;
  float *const y = to;
  (void)alpha, (void)beta;
  for (size_t i = 0; i < n; i++)
    y[i] = isnan(x[i]) ? 1 : (float)tanh(x[i]);
}

void ct_plant(ct_planted error, ck_kernels *table) {
  table->activations[CK_ACTIVATION_TANH].value = error == CT_WRONG_COEFFICIENT ? wrong_coefficient
                                                 : error == CT_LOST_SIGN       ? lost_sign
                                                                               : missing_nan;
}
