// The kernels as AVX-512 runs them, on machines that have no more than AVX2: the same 16-lane
// source with pairs of AVX2's operations.
#if defined(__x86_64__)

#include "../../Sources/CKernels/tables.h"

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

// All that takes or returns vectors is inlined, so that how they would be passed does not matter.
#pragma clang diagnostic ignored "-Wpsabi"

#include "simd_pairs.h"

#define CK_NAME(name) name##_pairs
#define CK_SET ct_set_pairs
#define CK_SET_NAME "pairs of avx2"
#define CK_F64 ck_kernels_f64_avx2
#include "../../Sources/CKernels/kernels_f32.inc"

#pragma clang attribute pop

#endif
