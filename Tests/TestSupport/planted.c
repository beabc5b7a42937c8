#include "CTestSupport.h"

#include <math.h>

// The formula of vf_tanh, with 0.1338 in place of 0.133311421.
void ct_planted_tanh_coefficient(const float *x, float *y, size_t n) {
  for (size_t i = 0; i < n; i++) {
    const float a = fminf(fabsf(x[i]), 10), k = rintf(a * 2.885390f);
    const float h = fmaf(-k, 0.34657359f, a), s = ldexpf(1, (int)k), z = h * h;
    const float q = fmaf(z, fmaf(z, -5.27152941e-2f, 0.1338f), -0.333333224f);
    const float w = fmaf(h * z, q, h);
    const float t = fmaf(s + 1, w, s - 1) / fmaf(s - 1, w, s + 1);
    y[i] = isnan(x[i]) ? x[i] : copysignf(t, x[i]);
  }
}

void ct_planted_tanh_zero(const float *x, float *y, size_t n) {
  for (size_t i = 0; i < n; i++)
    y[i] = (float)tanh(x[i]) + 0.0f;
}

void ct_planted_tanh_nan(const float *x, float *y, size_t n) {
  for (size_t i = 0; i < n; i++)
    y[i] = isnan(x[i]) ? 1 : (float)tanh(x[i]);
}
