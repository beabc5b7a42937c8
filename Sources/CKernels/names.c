#include "CKernels.h"

static const char *const names[] = {
#define CK_KERNEL(name, parameters) #name,
#define CK_SHARED_KERNEL(name, parameters) #name,
#include "kernels.inc"
#undef CK_KERNEL
#undef CK_SHARED_KERNEL
};

size_t ck_kernel_count(void) { return sizeof names / sizeof *names; }

const char *ck_kernel_name(size_t index) { return index < ck_kernel_count() ? names[index] : NULL; }
