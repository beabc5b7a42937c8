// The recurrent cells in double precision: the same source as in single precision, one lane at a
// time, with the C library's elementary functions.
#include "tables.h"

#include <math.h>

#pragma STDC FP_CONTRACT OFF

#define VF_INLINE static inline __attribute__((always_inline, unused))
#define VF_LANES 1
typedef double VF;

VF_INLINE VF vf_load(const double *p) { return *p; }
VF_INLINE void vf_store(double *p, VF v) { *p = v; }
VF_INLINE VF vf_load_n(const double *p, size_t n) { return n ? *p : 0; }
VF_INLINE void vf_store_n(double *p, VF v, size_t n) {
  if (n)
    *p = v;
}
VF_INLINE VF vf_set1(double x) { return x; }
VF_INLINE VF vf_fma(VF a, VF b, VF c) { return a * b + c; }
VF_INLINE VF vf_fnma(VF a, VF b, VF c) { return c - a * b; }
VF_INLINE VF vf_select(int mask, VF a, VF b) { return mask ? a : b; }
VF_INLINE VF vf_relu(VF x) { return x < 0 ? 0 : x; }
VF_INLINE VF vf_tanh(VF x) { return tanh(x); }

// exp(−|x|) does not overflow, and both branches lose nothing to cancellation.
VF_INLINE VF vf_sigmoid(VF x) {
  const double e = exp(-fabs(x));
  return (x < 0 ? e : 1) / (1 + e);
}

#define REAL double
#define CELL(name) ck_##name##_f64
#include "cells.inc"
