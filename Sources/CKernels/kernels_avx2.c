#if defined(__x86_64__)

#include "tables.h"

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

#include "simd_avx2.h"

#define CK_NAME(name) name##_avx2
#define CK_SET ck_set_avx2
#define CK_SET_NAME "avx2"
#define CK_F64 ck_kernels_f64_avx2
#include "kernels_f32.inc"

#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avxvnni,avx2,fma,f16c"))), apply_to = function)

VF_INLINE VI vi_dot_vnni(VI sum, VU bytes, VI factors) {
  return (VI)_mm256_dpbusd_avx_epi32((__m256i)sum, (__m256i)bytes, (__m256i)factors);
}

#undef CK_SET
#undef CK_FEATURES
#define CK_SET ck_set_avx2_vnni
#define CK_FEATURES "AVX-VNNI"
#include "kernels_vnni.inc"

#pragma clang attribute pop

#endif
