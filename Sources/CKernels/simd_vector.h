// The part of the vector vocabulary that clang's vector extensions express for every width.
//
// Included by simd_<isa>.h, which defines VF_LANES before and, after, what needs instructions of
// its own: vf_fma, vf_fnma, vf_fma_single_rounding, vf_load_n, vf_store_n, vf_max, vf_min.
//
// Comparisons (a < b, a == b, ...) give a VI whose lanes are -1 or 0.
#include <stddef.h>
#include <stdint.h>

// Only vf_fma fuses: what a kernel computes is decided by its source, not by the compiler.
#pragma STDC FP_CONTRACT OFF

#define VF_INLINE static inline __attribute__((always_inline, unused))

typedef float VF __attribute__((vector_size(VF_LANES * 4)));
typedef int32_t VI __attribute__((vector_size(VF_LANES * 4)));
typedef double VD __attribute__((vector_size(VF_LANES * 8)));

VF_INLINE VF vf_load(const float *p) {
  VF v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

VF_INLINE void vf_store(float *p, VF v) { __builtin_memcpy(p, &v, sizeof v); }

// x - 0 is x for every x, also for -0, where 0 + x is not.
VF_INLINE VF vf_set1(float x) { return x - (VF){0}; }
VF_INLINE VI vi_set1(int32_t x) { return x - (VI){0}; }

// The same bits as the other type.
VF_INLINE VI vf_bits(VF x) { return (VI)x; }
VF_INLINE VF vf_from_bits(VI x) { return (VF)x; }

// The same numbers as the other type; to integer it truncates.
VF_INLINE VI vf_to_int(VF x) { return __builtin_convertvector(x, VI); }
VF_INLINE VF vf_from_int(VI x) { return __builtin_convertvector(x, VF); }
VF_INLINE VD vf_to_double(VF x) { return __builtin_convertvector(x, VD); }
VF_INLINE VF vf_from_double(VD x) { return __builtin_convertvector(x, VF); }

// mask ? a : b, lane by lane.
VF_INLINE VF vf_select(VI mask, VF a, VF b) { return (VF)((mask & (VI)a) | (~mask & (VI)b)); }

VF_INLINE VF vf_abs(VF x) { return (VF)((VI)x & vi_set1(0x7fffffff)); }

// The magnitude of a with the sign of b.
VF_INLINE VF vf_copysign(VF a, VF b) {
  VI sign = vi_set1((int32_t)0x80000000);
  return (VF)(((VI)a & ~sign) | ((VI)b & sign));
}

VF_INLINE double vd_sum(VD x) {
  double sum = 0;
  for (int i = 0; i < VF_LANES; i++)
    sum += x[i];
  return sum;
}
