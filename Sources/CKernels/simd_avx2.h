// The vector vocabulary for AVX2 with FMA: 8 lanes. Included inside the kernels' target attribute.
#define VF_LANES 8
#define VF_TILE_ROWS 6
#define VF_UNROLLED 4
#define VF_MULTIPLIES_BY_LANE 0
#include "simd_vector.h"

// a·b + c and c - a·b, rounded once.
VF_INLINE VF vf_fma(VF a, VF b, VF c) {
  return (VF)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}
VF_INLINE VF vf_fnma(VF a, VF b, VF c) {
  return (VF)_mm256_fnmadd_ps((__m256)a, (__m256)b, (__m256)c);
}
VF_INLINE VF vf_fma_single_rounding(VF a, VF b, VF c) { return vf_fma(a, b, c); }

// a > b ? a : b and a < b ? a : b: when either is NaN the result is b.
VF_INLINE VF vf_max(VF a, VF b) { return (VF)_mm256_max_ps((__m256)a, (__m256)b); }
VF_INLINE VF vf_min(VF a, VF b) { return (VF)_mm256_min_ps((__m256)a, (__m256)b); }

// The first n < VF_LANES lanes from memory, zeros in the others.
VF_INLINE VF vf_load_n(const float *p, size_t n) {
  VF_READS(p, n);
  return (VF)_mm256_maskload_ps(p, (__m256i)vf_first_lanes(n));
}

// The first n < VF_LANES lanes to memory.
VF_INLINE void vf_store_n(float *p, VF v, size_t n) {
  VF_WRITES(p, n);
  _mm256_maskstore_ps(p, (__m256i)vf_first_lanes(n), (__m256)v);
}

// VF_LANES numbers of half precision as the same floats.
VF_INLINE VF vf_load_f16(const void *p) {
  VF_READS_BYTES(p, VF_LANES * 2);
  return (VF)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
}

// In each lane, sum plus the products of four unsigned bytes with four signed ones. They are
// widened to words first: a sum of two products of bytes does not fit a word, which is where
// vpmaddubsw saturates.
VF_INLINE VI vi_dot(VI sum, VU bytes, VI factors) {
  const __m256i odd = _mm256_srli_epi16((__m256i)bytes, 8);
  const __m256i even = _mm256_and_si256((__m256i)bytes, _mm256_set1_epi16(0xff));
  const __m256i odd_factors = _mm256_srai_epi16((__m256i)factors, 8);
  const __m256i even_factors = _mm256_srai_epi16(_mm256_slli_epi16((__m256i)factors, 8), 8);
  return sum + (VI)_mm256_madd_epi16(odd, odd_factors) + (VI)_mm256_madd_epi16(even, even_factors);
}
