#if defined(__x86_64__)

#include "tables.h"

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#include "simd_avx2.h"

#define CK_NAME(name) name##_avx2
#define CK_TABLE ck_table_avx2
#define CK_ISA CK_ISA_AVX2
#define CK_ISA_NAME "avx2"
#include "kernels_all.inc"

#pragma clang attribute pop

#endif
