// What the kernel files and the dispatcher share.
#ifndef CKERNELS_TABLES_H
#define CKERNELS_TABLES_H

#include "CKernels.h"

extern const ck_kernels ck_kernels_f64;
#if defined(__x86_64__)
extern const ck_kernels ck_kernels_f64_avx2;
#endif
extern const ck_instruction_set ck_set_portable;
#if defined(__aarch64__)
extern const ck_instruction_set ck_set_neon;
#endif
#if defined(__x86_64__)
extern const ck_instruction_set ck_set_avx2;
extern const ck_instruction_set ck_set_avx512;
extern const ck_instruction_set ck_set_avx2_vnni;
extern const ck_instruction_set ck_set_avx512_vnni;
#endif

#endif
