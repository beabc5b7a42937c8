#include "tables.h"

const ck_kernels *ck_kernels_for(ck_isa isa) {
  switch (isa) {
  case CK_ISA_PORTABLE:
    return &ck_table_portable;
#if defined(__x86_64__)
  // __builtin_cpu_supports also asks xgetbv whether the operating system saves the registers.
  case CK_ISA_AVX2:
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &ck_table_avx2 : NULL;
  case CK_ISA_AVX512:
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                   __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")
               ? &ck_table_avx512
               : NULL;
#endif
  default:
    return NULL;
  }
}

const ck_kernels *ck_kernels_best(void) {
  for (int isa = CK_ISA_COUNT - 1; isa > CK_ISA_PORTABLE; isa--) {
    const ck_kernels *kernels = ck_kernels_for((ck_isa)isa);
    if (kernels)
      return kernels;
  }
  return &ck_table_portable;
}
