// The vector vocabulary without instructions of any particular set: 4 lanes, which are one register
// of SSE2 or NEON.
#define VF_LANES 4
#define VF_TILE_ROWS 6
#define VF_UNROLLED 1
#define VF_MULTIPLIES_BY_LANE 0
#include "simd_vector.h"

#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
VF_INLINE VF vf_fma(VF a, VF b, VF c) { return __builtin_elementwise_fma(a, b, c); }
VF_INLINE VF vf_fnma(VF a, VF b, VF c) { return __builtin_elementwise_fma(-a, b, c); }
VF_INLINE VF vf_fma_single_rounding(VF a, VF b, VF c) { return vf_fma(a, b, c); }
#else
// a·b + c and c - a·b, rounded twice: kernels must keep their accuracy with and without fusion.
VF_INLINE VF vf_fma(VF a, VF b, VF c) { return a * b + c; }
VF_INLINE VF vf_fnma(VF a, VF b, VF c) { return c - a * b; }
// a·b + c for where the two may cancel: the product of two floats is exact in double.
VF_INLINE VF vf_fma_single_rounding(VF a, VF b, VF c) {
  VD low = vf_low_to_double(a) * vf_low_to_double(b) + vf_low_to_double(c);
  VD high = vf_high_to_double(a) * vf_high_to_double(b) + vf_high_to_double(c);
  return vf_from_doubles(low, high);
}
#endif

// a > b ? a : b and a < b ? a : b: when either is NaN the result is b.
VF_INLINE VF vf_max(VF a, VF b) { return vf_select(a > b, a, b); }
VF_INLINE VF vf_min(VF a, VF b) { return vf_select(a < b, a, b); }

// The first n < VF_LANES lanes from memory, zeros in the others.
VF_INLINE VF vf_load_n(const float *p, size_t n) {
  VF v = {0};
  for (size_t i = 0; i < VF_LANES - 1; i++)
    if (i < n)
      v[i] = p[i];
  return v;
}

// The first n < VF_LANES lanes to memory.
VF_INLINE void vf_store_n(float *p, VF v, size_t n) {
  for (size_t i = 0; i < VF_LANES - 1; i++)
    if (i < n)
      p[i] = v[i];
}

// VF_LANES numbers of half precision as the same floats.
VF_INLINE VF vf_load_f16(const void *p) { return vf_load_f16_by_integers(p); }

// In each lane, sum plus the products of four unsigned bytes with four signed ones.
VF_INLINE VI vi_dot(VI sum, VU bytes, VI factors) {
  return vi_dot_by_multiplications(sum, bytes, factors);
}
