// Compares the single-precision kernels with double-precision references, fast enough for all 2^32
// inputs.
#ifndef CTEST_SUPPORT_H
#define CTEST_SUPPORT_H

#include "CKernels.h"

#pragma clang assume_nonnull begin

// Every instruction set whose kernels this machine can run, and behind them that of ct_pairs_set;
// NULL from their number on.
const ck_instruction_set *_Nullable ct_instruction_set(size_t index);

// The 16-lane code of AVX-512 with pairs of AVX2's operations, the same bits; NULL without AVX2.
const ck_instruction_set *_Nullable ct_pairs_set(void);

// A kernel of one variable. A backward kernel is checked as the derivative, with dy = 1.
typedef enum ct_function {
  CT_EXP,
  CT_LOG,
  CT_TANH,
  CT_SIGMOID,
  CT_RELU,
  CT_SOFTPLUS,
  CT_SOFTSIGN,
  CT_LEAKY_RELU,
  CT_ELU,
  CT_HARD_SIGMOID,
  CT_LOG_BACKWARD,
  CT_TANH_BACKWARD,
  CT_SIGMOID_BACKWARD,
  CT_RELU_BACKWARD,
  CT_SOFTPLUS_BACKWARD,
  CT_SOFTSIGN_BACKWARD,
  CT_LEAKY_RELU_BACKWARD,
  CT_ELU_BACKWARD,
  CT_HARD_SIGMOID_BACKWARD,
  CT_FUNCTION_COUNT
} ct_function;

const char *ct_function_name(ct_function f);

// What is checked: one function, with the parameters of those that have any.
typedef struct ct_subject {
  ct_function function;
  float alpha, beta;
} ct_subject;

// The worst case of many checks. Start from all zeros.
//
// An error is counted in units in the last place of the exact result, 2^-149 where that is
// subnormal. It is infinite where one of result and reference is NaN and the other is not, and
// where both are zero with different signs.
typedef struct ct_result {
  uint64_t checked;
  double max_ulp;
  float worst_input, worst_output;
  double worst_expected;
} ct_result;

// Checks each of `count` tables of kernels in single precision on the inputs with bit patterns
// first, first + stride,
// ... below end, and adds to results[i] what it finds for tables[i]. Inputs outside the function's
// domain (outputs y < 0 of functions that have none) are left out.
void ct_check_patterns(ct_subject subject, const ck_kernels *_Nonnull const *_Nonnull tables,
                       size_t count, uint64_t first, uint64_t end, uint64_t stride,
                       ct_result *results);

// Checks `radius` floats on either side of `center`, and `center` itself.
void ct_check_around(ct_subject subject, const ck_kernels *table, float center, uint32_t radius,
                     ct_result *result);

// Checks every combination of sign and exponent with `mantissas` mantissas: the first and the last
// 64 and, between them, one from each of equal intervals, at a place that depends on `seed`.
void ct_check_stratified(ct_subject subject, const ck_kernels *table, uint32_t mantissas,
                         uint64_t seed, ct_result *result);

// Errors to plant in tanh, to show that the checks can fail: one coefficient is off by 0.4 %, the
// sign of zero is forgotten, NaN gives 1.
typedef enum ct_planted { CT_WRONG_COEFFICIENT, CT_LOST_SIGN, CT_MISSING_NAN } ct_planted;
void ct_plant(ct_planted error, ck_kernels *table);

// The double-precision kernels' largest error against long double, in ULP, over `samples` inputs
// spread over [low, high]. Negative where long double is no wider than double.
double ct_max_error_f64(ct_subject subject, const ck_kernels *table, double low, double high,
                        size_t samples, uint64_t seed);

// A matrix of floats: element (i, j) is at[i·row + j·column].
typedef struct ct_matrix {
  const float *at;
  size_t row, column;
} ct_matrix;

// The largest error of c [N, M] as the product a [N, K]·b [K, M], where `add` is not 0 added to
// `start`, in units of what its roundings allow: each sum rounds once, each product too. Infinite
// where that is NaN, and where c differs from `start` between its rows, which are ldc apart in
// both.
double ct_product_error(size_t N, size_t M, size_t K, ct_matrix a, ct_matrix b, const float *start,
                        int add, const float *c, size_t ldc);

// How many elements of c are not, bit for bit, what one chain over K gives: from `start`, or from
// 0, each product in order, rounded once with its addition where `fused` is not 0 and by itself
// else.
size_t ct_product_differences(size_t N, size_t M, size_t K, ct_matrix a, ct_matrix b,
                              const float *start, int add, const float *c, size_t ldc, int fused);

// Whether vf_fma of a set rounds once.
int ct_is_fused(const ck_instruction_set *set);

// The largest error of sums [M] as start + Σ x over the rows of x [rows, M], ldx apart, in units of
// 2^-24 of what is added up, magnitudes summed; infinite where that is NaN.
double ct_column_sum_error(size_t rows, size_t M, const float *x, size_t ldx, const float *start,
                           const float *sums);

// At least `size` bytes of whole pages between two pages that nobody may touch, and their number;
// NULL where the system has none.
void *_Nullable ct_guarded_pages(size_t size, size_t *usable);
void ct_guarded_pages_free(void *pages, size_t usable);

#pragma clang assume_nonnull end

#endif
