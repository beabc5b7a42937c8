#include "tables.h"

const ck_instruction_set *ck_instruction_set_for(ck_isa isa) {
  switch (isa) {
  case CK_ISA_PORTABLE:
    return &ck_set_portable;
#if defined(__x86_64__)
  // __builtin_cpu_supports also asks xgetbv whether the operating system saves the registers.
  case CK_ISA_AVX2:
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                   __builtin_cpu_supports("f16c")
               ? &ck_set_avx2
               : NULL;
  case CK_ISA_AVX512:
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                   __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")
               ? &ck_set_avx512
               : NULL;
#endif
  default:
    return NULL;
  }
}

const ck_instruction_set *ck_instruction_set_best(void) {
  for (int isa = CK_ISA_COUNT - 1; isa > CK_ISA_PORTABLE; isa--) {
    const ck_instruction_set *set = ck_instruction_set_for((ck_isa)isa);
    if (set)
      return set;
  }
  return &ck_set_portable;
}

static const char *const names[] = {
#define CK_ACTIVATION(name, NAME, value, gradient) #name, #name "_backward",
#include "activation_list.inc"
#define CK_KERNEL(name, parameters, arguments) #name,
#include "kernels.inc"
#define CK_PACK_KERNEL(name, parameters, arguments) #name,
#include "pack_kernels.inc"
#define CK_NARROW_KERNEL(name, parameters, arguments) #name,
#include "narrow_kernels.inc"
};

size_t ck_kernel_count(void) { return sizeof names / sizeof names[0]; }

const char *ck_kernel_name(size_t index) { return index < ck_kernel_count() ? names[index] : NULL; }
