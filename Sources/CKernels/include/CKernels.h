// The C microkernels of the engine, one table of them per instruction set, chosen at run time.
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "processor.h"
#include "programs.h"

#ifdef __cplusplus
extern "C" {
#endif

// The instruction sets that kernels are compiled for, from the most common to the widest.
typedef enum ck_isa {
  CK_ISA_PORTABLE, // 4 lanes: SSE2, NEON, or whatever the compiler has
  CK_ISA_AVX2,     // 8 lanes: AVX2 with FMA
  CK_ISA_AVX512,   // 16 lanes: AVX-512 F, VL, BW and DQ
  CK_ISA_COUNT
} ck_isa;

// The kernels of one instruction set; see kernels.inc for what each of them does.
typedef struct ck_kernels {
  ck_isa isa;
  const char *_Nonnull name;
  int lanes; // floats in one register
#define CK_KERNEL(name, parameters) void(*_Nonnull name) parameters;
#define CK_SHARED_KERNEL(name, parameters) void(*_Nonnull name) parameters;
#include "kernels.inc"
#undef CK_KERNEL
#undef CK_SHARED_KERNEL
} ck_kernels;

// The kernels for `isa`, or NULL where this CPU, its operating system or this build lacks it.
const ck_kernels *_Nullable ck_kernels_for(ck_isa isa);

// The kernels for the widest instruction set that this machine has.
const ck_kernels *_Nonnull ck_kernels_best(void);

// The names of all kernels, in the order of the lists; NULL from ck_kernel_count() on.
size_t ck_kernel_count(void);
const char *_Nullable ck_kernel_name(size_t index);

#ifdef __cplusplus
}
#endif

#endif
