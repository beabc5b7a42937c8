// One header that gives Swift the C interfaces of OpenBLAS (BLAS 1–3, thread and core-type control)
// and of LAPACKE (LAPACK with row-major matrices).
#ifndef SWIFT_RECURRENT_CBLAS_SHIM_H
#define SWIFT_RECURRENT_CBLAS_SHIM_H

#include <cblas.h>
#include <lapacke.h>

// Which of the instruction sets that OpenBLAS has x86 kernels for this CPU and operating system
// run: 3 AVX-512 as its SkylakeX kernels need it, 2 AVX2 with FMA, 1 AVX, 0 older, -1 not x86.
static inline int openblas_shim_cpu_level(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    return 3;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return 2;
  return __builtin_cpu_supports("avx") ? 1 : 0;
#else
  return -1;
#endif
}

#endif
