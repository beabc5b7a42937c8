// One header that gives Swift the C interfaces of OpenBLAS (BLAS 1–3, thread and core-type control)
// and of LAPACKE (LAPACK with row-major matrices).
#ifndef SWIFT_RECURRENT_CBLAS_SHIM_H
#define SWIFT_RECURRENT_CBLAS_SHIM_H

#include <cblas.h>
#include <lapacke.h>

#endif
