// Double precision for processors with AVX2 and FMA, those with AVX-512 among them.
#if defined(__x86_64__)

#include "tables.h"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define CK_NAME(name) name##_f64_avx2
#include "kernels_f64.inc"

#pragma clang attribute pop

#endif
