// The vector vocabulary of simd_avx512.h for machines without it: 16 lanes, each operation that
// needs an instruction of its own as two of AVX2's. Every result is the same bits.
#define VF_LANES 16
#define VF_TILE_ROWS 12
#define VF_UNROLLED 1
#define VF_MULTIPLIES_BY_LANE 0
#include "../../Sources/CKernels/simd_vector.h"

typedef struct {
  __m256 low, high;
} VF_PAIR;

VF_INLINE VF_PAIR vf_split(VF v) {
  VF_PAIR pair;
  __builtin_memcpy(&pair, &v, sizeof pair);
  return pair;
}

VF_INLINE VF vf_joined(__m256 low, __m256 high) {
  const VF_PAIR pair = {low, high};
  VF v;
  __builtin_memcpy(&v, &pair, sizeof v);
  return v;
}

// a·b + c and c - a·b, rounded once.
VF_INLINE VF vf_fma(VF a, VF b, VF c) {
  const VF_PAIR x = vf_split(a), y = vf_split(b), z = vf_split(c);
  return vf_joined(_mm256_fmadd_ps(x.low, y.low, z.low), _mm256_fmadd_ps(x.high, y.high, z.high));
}
VF_INLINE VF vf_fnma(VF a, VF b, VF c) {
  const VF_PAIR x = vf_split(a), y = vf_split(b), z = vf_split(c);
  return vf_joined(_mm256_fnmadd_ps(x.low, y.low, z.low), _mm256_fnmadd_ps(x.high, y.high, z.high));
}
VF_INLINE VF vf_fma_single_rounding(VF a, VF b, VF c) { return vf_fma(a, b, c); }

// a > b ? a : b and a < b ? a : b: when either is NaN the result is b.
VF_INLINE VF vf_max(VF a, VF b) {
  const VF_PAIR x = vf_split(a), y = vf_split(b);
  return vf_joined(_mm256_max_ps(x.low, y.low), _mm256_max_ps(x.high, y.high));
}
VF_INLINE VF vf_min(VF a, VF b) {
  const VF_PAIR x = vf_split(a), y = vf_split(b);
  return vf_joined(_mm256_min_ps(x.low, y.low), _mm256_min_ps(x.high, y.high));
}

VF_INLINE VF vf_complete(VF x) { return x; }

// -1 in the first n of eight lanes and 0 in the others.
VF_INLINE __m256i vf_first_of_eight(size_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

// The first n < VF_LANES lanes from memory, zeros in the others.
VF_INLINE VF vf_load_n(const float *p, size_t n) {
  VF_READS(p, n);
  if (n <= 8)
    return vf_joined(_mm256_maskload_ps(p, vf_first_of_eight(n)), _mm256_setzero_ps());
  return vf_joined(_mm256_loadu_ps(p), _mm256_maskload_ps(p + 8, vf_first_of_eight(n - 8)));
}

// The first n < VF_LANES lanes to memory.
VF_INLINE void vf_store_n(float *p, VF v, size_t n) {
  VF_WRITES(p, n);
  const VF_PAIR pair = vf_split(v);
  if (n <= 8) {
    _mm256_maskstore_ps(p, vf_first_of_eight(n), pair.low);
  } else {
    _mm256_storeu_ps(p, pair.low);
    _mm256_maskstore_ps(p + 8, vf_first_of_eight(n - 8), pair.high);
  }
}

// In each lane, sum plus the products of four unsigned bytes with four signed ones.
VF_INLINE VI vi_dot(VI sum, VU bytes, VI factors) {
  return vi_dot_by_multiplications(sum, bytes, factors);
}

// VF_LANES numbers of half precision as the same floats.
VF_INLINE VF vf_load_f16(const void *p) {
  VF_READS_BYTES(p, VF_LANES * 2);
  return vf_joined(_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)),
                   _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p + 1)));
}
