// The functions under test, each as one line of mathematics, in double and in long double.
#ifndef CTEST_REFERENCE_H
#define CTEST_REFERENCE_H

#include "CTestSupport.h"

double ct_reference(ct_subject subject, double x);
long double ct_reference_long(ct_subject subject, long double x);

// Whether x can be an argument at all.
int ct_in_domain(ct_function f, double x);

// Calls the kernel; derivatives with dy = 1.
void ct_call(ct_subject subject, const ck_kernels *table, const float *x, float *y, size_t n);
void ct_call_f64(ct_subject subject, const ck_kernels *table, const double *x, double *y, size_t n);

#define CT_BLOCK 4096

#endif
