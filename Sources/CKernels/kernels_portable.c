#include "tables.h"

#include "simd_portable.h"

#define CK_NAME(name) name##_portable
#define CK_SET ck_set_portable
#define CK_SET_NAME "portable"
#define CK_F64 ck_kernels_f64
#include "kernels_f32.inc"
