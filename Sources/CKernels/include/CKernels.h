// The C microkernels of the engine: for each instruction set a table of them per scalar type,
// chosen at run time.
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "processor.h"
#include "programs.h"

#ifdef __cplusplus
extern "C" {
#endif

// The formats of fewer bytes than a float that weights can be packed in for products that only go
// forward.
typedef enum ck_narrow {
  CK_NARROW_F16,  // IEEE 754's half precision
  CK_NARROW_BF16, // bfloat16, the upper half of a float
  CK_NARROW_I8,   // whole numbers of -127...127, times a float of the column
  // The same, multiplied by whole numbers that the other factor is rounded to at each product.
  CK_NARROW_I8_DYNAMIC,
  CK_NARROW_COUNT
} ck_narrow;

// One of them, and the kernels that write and read it; see narrow_kernels.inc.
typedef struct ck_narrow_format {
  size_t element_size; // bytes of one packed element
  size_t scale_rows;   // rows of elements that a panel has besides, for its scales and for padding
#define CK_NARROW_KERNEL(name, parameters, arguments) void(*_Nonnull name) parameters;
#include "narrow_kernels.inc"
#undef CK_NARROW_KERNEL
} ck_narrow_format;

// How weights are packed for products, and the kernels that read them so; see pack_kernels.inc.
typedef struct ck_pack_format {
  int panel;           // columns of one panel, between which a pack can be cut
  size_t element_size; // bytes of one packed element
  // CK_NARROW_COUNT formats with the same panels, in the order of ck_narrow.
  const ck_narrow_format *_Nonnull narrow;
#define CK_PACK_KERNEL(name, parameters, arguments) void(*_Nonnull name) parameters;
#include "pack_kernels.inc"
#undef CK_PACK_KERNEL
} ck_pack_format;

#pragma clang assume_nonnull begin
// y = f(x) for n elements, and dx = dy ∘ f′ from y = f(x); functions without coefficients ignore
// them.
typedef struct ck_activation_kernels {
  void (*value)(const void *x, void *y, size_t n, double alpha, double beta);
  void (*gradient)(const void *y, const void *dy, void *dx, size_t n, double alpha, double beta);
} ck_activation_kernels;
#pragma clang assume_nonnull end

// The kernels of one instruction set for one scalar type; see kernels.inc for what each of them
// does.
typedef struct ck_kernels {
  // NULL where products are left to BLAS.
  const ck_pack_format *_Nullable pack;
  ck_activation_kernels activations[CK_ACTIVATION_COUNT];
#define CK_KERNEL(name, parameters, arguments) void(*_Nonnull name) parameters;
#include "kernels.inc"
#undef CK_KERNEL
} ck_kernels;

#pragma clang assume_nonnull begin

// What there is for one instruction set.
typedef struct ck_instruction_set {
  const char *name;
  const char *features; // what these kernels use of the processor beyond that, or ""
  int lanes;            // floats in one register
  const ck_kernels *f32;
  const ck_kernels *f64;
} ck_instruction_set;

// The instruction sets that kernels are compiled for, from the most common to the best.
typedef enum ck_isa {
  CK_ISA_PORTABLE, // what the compiler makes of plain vectors of 4 floats
  CK_ISA_NEON,     // of 64-bit Arm
  CK_ISA_AVX2,     // with FMA and F16C
  CK_ISA_AVX512,   // F, VL, BW and DQ
  CK_ISA_COUNT
} ck_isa;

// What this build holds for `isa`, or NULL; the CPU may lack it all the same. The kernels use no
// more of the CPU than the instruction set.
const ck_instruction_set *_Nullable ck_instruction_set_built(ck_isa isa);

// What there is for `isa`, or NULL where this CPU, its operating system or this build lacks it:
// with the features beyond the instruction set that the CPU has.
const ck_instruction_set *_Nullable ck_instruction_set_for(ck_isa isa);

// The same for the best instruction set that this machine has.
const ck_instruction_set *ck_instruction_set_best(void);

// The kernels for one activation.
static inline ck_activation_kernels ck_activation_of(const ck_kernels *kernels,
                                                     ck_activation activation) {
  return kernels->activations[activation];
}

// The names of all kernels, those of activations and of pack formats among them, in the order of
// the lists; NULL from ck_kernel_count() on.
size_t ck_kernel_count(void);
const char *_Nullable ck_kernel_name(size_t index);

#pragma clang assume_nonnull end

#ifdef __cplusplus
}
#endif

#endif
