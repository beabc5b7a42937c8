// The vector vocabulary in double precision: one lane, with the C library's elementary functions.
// Their accuracy is that of the library: with glibc, 3 ULP for every function here.
#include <float.h>
#include <math.h>
#include <stddef.h>

#pragma STDC FP_CONTRACT OFF

#define VF_INLINE static inline __attribute__((always_inline, unused))

#define VF_LANES 1
typedef double VF;
typedef int VI;

VF_INLINE VF vf_load(const double *p) { return *p; }
VF_INLINE void vf_store(double *p, VF v) { *p = v; }
VF_INLINE VF vf_load_n(const double *p, size_t n) { return n ? *p : 0; }
VF_INLINE void vf_store_n(double *p, VF v, size_t n) {
  if (n)
    *p = v;
}

VF_INLINE VF vf_set1(double x) { return x; }
VF_INLINE VI vf_first_lanes(size_t n) { return n > 0; }
VF_INLINE VF vf_fma(VF a, VF b, VF c) { return a * b + c; }
VF_INLINE VF vf_fnma(VF a, VF b, VF c) { return c - a * b; }
VF_INLINE VF vf_max(VF a, VF b) { return a > b ? a : b; }
VF_INLINE VF vf_min(VF a, VF b) { return a < b ? a : b; }
VF_INLINE VF vf_select(VI mask, VF a, VF b) { return mask ? a : b; }
VF_INLINE VF vf_abs(VF x) { return fabs(x); }
VF_INLINE double vf_reduce_max(VF x) { return x; }
VF_INLINE double vf_sum(VF x) { return x; }
VF_INLINE double vf_add_lanes(VF x) { return x; }

// An accumulator that keeps what each addition rounds away (Neumaier 1974).
typedef struct {
  double sum, lost;
} ACC;

VF_INLINE ACC acc_zero(void) { return (ACC){0, 0}; }
VF_INLINE ACC acc_add(ACC acc, VF x) {
  double sum = acc.sum + x;
  double lost = fabs(acc.sum) >= fabs(x) ? (acc.sum - sum) + x : (x - sum) + acc.sum;
  return (ACC){sum, acc.lost + lost};
}
VF_INLINE ACC acc_add_product(ACC acc, VF a, VF b) { return acc_add(acc, a * b); }
VF_INLINE double acc_total(ACC acc) { return isfinite(acc.lost) ? acc.sum + acc.lost : acc.sum; }
VF_INLINE VF acc_rounded(ACC acc) { return acc_total(acc); }

VF_INLINE VF vf_exp(VF x) { return exp(x); }
VF_INLINE VF vf_exp_sum(VF x, VF tail) {
  double y = exp(x);
  return y + y * tail;
}
VF_INLINE VF vf_expm1_nonpositive(VF x) { return expm1(x); }
VF_INLINE VF vf_log(VF x) { return log(x); }
VF_INLINE VF vf_tanh(VF x) { return tanh(x); }

// e^-|x| does not overflow, and neither case loses anything to cancellation.
VF_INLINE VF vf_sigmoid(VF x) {
  double e = exp(-fabs(x));
  return (x < 0 ? e : 1) / (1 + e);
}

VF_INLINE VF vf_relu(VF x) { return x < 0 ? 0 : x; }
VF_INLINE VF vf_softplus(VF x) { return vf_relu(x) + log1p(exp(-fabs(x))); }

VF_INLINE VF vf_softsign(VF x) {
  x = vf_max(-DBL_MAX, vf_min(DBL_MAX, x));
  return x / (1 + fabs(x));
}

VF_INLINE VF vf_leaky_relu(VF x, VF alpha) { return x < 0 ? alpha * x : x; }
VF_INLINE VF vf_elu(VF x, VF alpha) { return x < 0 ? alpha * expm1(x) : x; }
VF_INLINE VF vf_hard_sigmoid(VF x, VF alpha, VF beta) {
  return vf_max(0, vf_min(1, fma(alpha, x, beta)));
}
