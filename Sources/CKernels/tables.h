// What the kernel files and the dispatcher share.
#ifndef CKERNELS_TABLES_H
#define CKERNELS_TABLES_H

#include "CKernels.h"

extern const ck_kernels ck_table_portable;
#if defined(__x86_64__)
extern const ck_kernels ck_table_avx2;
extern const ck_kernels ck_table_avx512;
#endif

#define CK_KERNEL(name, parameters)
#define CK_SHARED_KERNEL(name, parameters) void ck_##name parameters;
#include "kernels.inc"
#undef CK_KERNEL
#undef CK_SHARED_KERNEL

#endif
