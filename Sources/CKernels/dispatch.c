#include "tables.h"

const ck_instruction_set *ck_instruction_set_built(ck_isa isa) {
  switch (isa) {
  case CK_ISA_PORTABLE:
    return &ck_set_portable;
#if defined(__aarch64__)
  case CK_ISA_NEON:
    return &ck_set_neon;
#endif
#if defined(__x86_64__)
  case CK_ISA_AVX2:
    return &ck_set_avx2;
  case CK_ISA_AVX512:
    return &ck_set_avx512;
#endif
  default:
    return NULL;
  }
}

// Whether this CPU and its operating system run what is compiled for `isa`.
static int runs(ck_isa isa) {
  switch (isa) {
#if defined(__x86_64__)
  // __builtin_cpu_supports also asks xgetbv whether the operating system saves the registers.
  case CK_ISA_AVX2:
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("f16c");
  case CK_ISA_AVX512:
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
#endif
  default:
    // What every processor has that this build is for: NEON is part of 64-bit Arm.
    return 1;
  }
}

// The kernels for `isa`, which this CPU runs, that multiply bytes in one instruction, or NULL where
// it lacks that: not every processor with AVX2 or AVX-512 has it.
static const ck_instruction_set *with_byte_products(ck_isa isa) {
  switch (isa) {
#if defined(__x86_64__)
  case CK_ISA_AVX2:
    return __builtin_cpu_supports("avxvnni") ? &ck_set_avx2_vnni : NULL;
  case CK_ISA_AVX512:
    return __builtin_cpu_supports("avx512vnni") ? &ck_set_avx512_vnni : NULL;
#endif
  default:
    return NULL;
  }
}

const ck_instruction_set *ck_instruction_set_for(ck_isa isa) {
  const ck_instruction_set *set = ck_instruction_set_built(isa);
  if (!set || !runs(isa))
    return NULL;
  const ck_instruction_set *more = with_byte_products(isa);
  return more ? more : set;
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
