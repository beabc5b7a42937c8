// Double precision in the instructions that every processor has which the build is for.
#include "tables.h"

#define CK_NAME(name) name##_f64
#include "kernels_f64.inc"
