#if defined(__x86_64__)

#include "tables.h"

#include <immintrin.h>

#pragma clang attribute push(                                                                      \
    __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma"))), apply_to = function)

#include "simd_avx512.h"

#define CK_NAME(name) name##_avx512
#define CK_TABLE ck_table_avx512
#define CK_ISA CK_ISA_AVX512
#define CK_ISA_NAME "avx512"
#include "kernels_all.inc"

#pragma clang attribute pop

#endif
