// The kernels in double precision, one table for every instruction set: the same source as in
// single precision, one lane at a time.
#include "tables.h"

#include <math.h>

#include "simd_scalar_f64.h"

#define REAL double
#define CK_NAME(name) name##_f64
#define KERNEL(name) CK_NAME(name##_doubles)
#define CK_TABLE CK_NAME(ck_kernels)
#define CK_PACK NULL
// clang-format off
#include "kernels_all.inc"
#include "table_functions.inc"
#include "table.inc"
// clang-format on
