// The vector vocabulary for NEON, the vectors of 64-bit Arm: 4 lanes.
#define VF_LANES 4
#define VF_TILE_ROWS 8
#define VF_UNROLLED 1
#define VF_MULTIPLIES_BY_LANE 1
#include "simd_vector.h"

// a·b + c and c - a·b, rounded once.
VF_INLINE VF vf_fma(VF a, VF b, VF c) {
  return (VF)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
}
VF_INLINE VF vf_fnma(VF a, VF b, VF c) {
  return (VF)vfmsq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
}
VF_INLINE VF vf_fma_single_rounding(VF a, VF b, VF c) { return vf_fma(a, b, c); }

// a > b ? a : b and a < b ? a : b: when either is NaN the result is b, which is what neither fmax
// nor fmaxnm of the processor does.
VF_INLINE VF vf_max(VF a, VF b) { return vf_select(a > b, a, b); }
VF_INLINE VF vf_min(VF a, VF b) { return vf_select(a < b, a, b); }

// The first n < VF_LANES lanes from memory, zeros in the others.
VF_INLINE VF vf_load_n(const float *p, size_t n) {
  const float32x4_t zero = vdupq_n_f32(0);
  switch (n) {
  case 0:
    return (VF)zero;
  case 1:
    return (VF)vld1q_lane_f32(p, zero, 0);
  case 2:
    return (VF)vcombine_f32(vld1_f32(p), vget_low_f32(zero));
  default:
    return (VF)vld1q_lane_f32(p + 2, vcombine_f32(vld1_f32(p), vget_low_f32(zero)), 2);
  }
}

// The first n < VF_LANES lanes to memory.
VF_INLINE void vf_store_n(float *p, VF v, size_t n) {
  if (n >= 2)
    vst1_f32(p, vget_low_f32((float32x4_t)v));
  if (n == 1)
    vst1q_lane_f32(p, (float32x4_t)v, 0);
  if (n == 3)
    vst1q_lane_f32(p + 2, (float32x4_t)v, 2);
}

// VF_LANES numbers of half precision as the same floats.
VF_INLINE VF vf_load_f16(const void *p) {
  VF_READS_BYTES(p, VF_LANES * 2);
  return (VF)vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}

// In each lane, sum plus the products of four unsigned bytes with four signed ones.
VF_INLINE VI vi_dot(VI sum, VU bytes, VI factors) {
  return vi_dot_by_multiplications(sum, bytes, factors);
}
