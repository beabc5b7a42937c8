#if defined(__x86_64__)

#include "tables.h"

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

#include "simd_avx2.h"

#define CK_NAME(name) name##_avx2
#define CK_SET ck_set_avx2
#define CK_SET_NAME "avx2"
#include "kernels_f32.inc"

#pragma clang attribute pop

#endif
