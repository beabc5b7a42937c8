// The kernels in double precision: the same source as in single precision, one lane at a time.
#include "tables.h"

#include <math.h>

#include "simd_scalar_f64.h"

#define REAL double
#define SPAN(name) ck_##name##_f64
#define CELL(name) ck_##name##_f64
// clang-format off
#include "spans.inc"
#include "activations.inc"
#include "softmax.inc"
#include "pairs.inc"
#include "cells.inc"
#include "programs.inc"
#include "training.inc"
#include "column_sums.inc"
#include "standardize.inc"
// clang-format on
