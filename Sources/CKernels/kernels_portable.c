#include "tables.h"

#include "simd_portable.h"

#define CK_NAME(name) name##_portable
#define CK_TABLE ck_table_portable
#define CK_ISA CK_ISA_PORTABLE
#define CK_ISA_NAME "portable"
#include "kernels_all.inc"
