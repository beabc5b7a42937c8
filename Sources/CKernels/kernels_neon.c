#if defined(__aarch64__)

#include "tables.h"

#include <arm_neon.h>

#include "simd_neon.h"

#define CK_NAME(name) name##_neon
#define CK_SET ck_set_neon
#define CK_SET_NAME "neon"
#define CK_F64 ck_kernels_f64
#include "kernels_f32.inc"

#endif
