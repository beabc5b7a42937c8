// The vector vocabulary for AVX-512: 16 lanes. Included inside the kernels' target attribute.
#define VF_LANES 16
#define VF_TILE_ROWS 12
#define VF_UNROLLED 1
#define VF_MULTIPLIES_BY_LANE 0
#include "simd_vector.h"

// a·b + c and c - a·b, rounded once.
VF_INLINE VF vf_fma(VF a, VF b, VF c) {
  return (VF)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}
VF_INLINE VF vf_fnma(VF a, VF b, VF c) {
  return (VF)_mm512_fnmadd_ps((__m512)a, (__m512)b, (__m512)c);
}
VF_INLINE VF vf_fma_single_rounding(VF a, VF b, VF c) { return vf_fma(a, b, c); }

// a > b ? a : b and a < b ? a : b: when either is NaN the result is b.
VF_INLINE VF vf_max(VF a, VF b) { return (VF)_mm512_max_ps((__m512)a, (__m512)b); }
VF_INLINE VF vf_min(VF a, VF b) { return (VF)_mm512_min_ps((__m512)a, (__m512)b); }

VF_INLINE __mmask16 vf_first_lanes_mask(size_t n) { return (__mmask16)((1u << n) - 1); }

// x, which the compiler then takes for whole and not for what it was put together of.
VF_INLINE VF vf_complete(VF x) {
  __asm__("" : "+v"(x));
  return x;
}

// The first n < VF_LANES lanes from memory, zeros in the others.
VF_INLINE VF vf_load_n(const float *p, size_t n) {
  VF_READS(p, n);
  return (VF)_mm512_maskz_loadu_ps(vf_first_lanes_mask(n), p);
}

// The first n < VF_LANES lanes to memory.
VF_INLINE void vf_store_n(float *p, VF v, size_t n) {
  VF_WRITES(p, n);
  _mm512_mask_storeu_ps(p, vf_first_lanes_mask(n), (__m512)v);
}

// VF_LANES numbers of half precision as the same floats.
VF_INLINE VF vf_load_f16(const void *p) {
  VF_READS_BYTES(p, VF_LANES * 2);
  return (VF)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}

// In each lane, sum plus the products of four unsigned bytes with four signed ones. They are
// widened to words first: a sum of two products of bytes does not fit a word, which is where
// vpmaddubsw saturates.
VF_INLINE VI vi_dot(VI sum, VU bytes, VI factors) {
  const __m512i odd = _mm512_srli_epi16((__m512i)bytes, 8);
  const __m512i even = _mm512_and_si512((__m512i)bytes, _mm512_set1_epi16(0xff));
  const __m512i odd_factors = _mm512_srai_epi16((__m512i)factors, 8);
  const __m512i even_factors = _mm512_srai_epi16(_mm512_slli_epi16((__m512i)factors, 8), 8);
  return sum + (VI)_mm512_madd_epi16(odd, odd_factors) + (VI)_mm512_madd_epi16(even, even_factors);
}
