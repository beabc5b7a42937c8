#if defined(__x86_64__)

#include "tables.h"

#include <immintrin.h>

#pragma clang attribute push(                                                                      \
    __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma,f16c"))),                   \
    apply_to = function)

#include "simd_avx512.h"

#define CK_NAME(name) name##_avx512
#define CK_SET ck_set_avx512
#define CK_SET_NAME "avx512"
#define CK_F64 ck_kernels_f64_avx2
#include "kernels_f32.inc"

#pragma clang attribute pop

#pragma clang attribute push(                                                                      \
    __attribute__((target("avx512vnni,avx512f,avx512vl,avx512bw,avx512dq,avx2,fma,f16c"))),        \
    apply_to = function)

VF_INLINE VI vi_dot_vnni(VI sum, VU bytes, VI factors) {
  return (VI)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)bytes, (__m512i)factors);
}

#undef CK_SET
#undef CK_FEATURES
#define CK_SET ck_set_avx512_vnni
#define CK_FEATURES "AVX512-VNNI"
#include "kernels_vnni.inc"

#pragma clang attribute pop

#endif
