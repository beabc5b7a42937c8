#include "CTestSupport.h"

#include <math.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

double ct_product_error(size_t N, size_t M, size_t K, ct_matrix a, ct_matrix b, const float *start,
                        int add, const float *c, size_t ldc) {
  double worst = 0;
  for (size_t n = 0; n < N; n++) {
    for (size_t m = 0; m < M; m++) {
      double sum = add ? start[n * ldc + m] : 0, magnitude = fabs(sum);
      for (size_t k = 0; k < K; k++) {
        const double term = (double)a.at[n * a.row + k * a.column] * b.at[k * b.row + m * b.column];
        sum += term;
        magnitude += fabs(term);
      }
      const double difference = fabs(c[n * ldc + m] - sum);
      const double bound = (double)(2 * K + 2) * 0x1p-24 * magnitude;
      const double error = difference == 0 ? 0 : difference / bound;
      // Also for NaN.
      if (!(error <= worst))
        worst = isnan(error) ? INFINITY : error;
    }
    const size_t gap = n + 1 < N ? ldc - M : 0;
    if (memcmp(c + n * ldc + M, start + n * ldc + M, gap * sizeof(float)))
      return INFINITY;
  }
  return worst;
}

size_t ct_product_differences(size_t N, size_t M, size_t K, ct_matrix a, ct_matrix b,
                              const float *start, int add, const float *c, size_t ldc, int fused) {
  size_t count = 0;
  for (size_t n = 0; n < N; n++)
    for (size_t m = 0; m < M; m++) {
      float sum = add ? start[n * ldc + m] : 0;
      for (size_t k = 0; k < K; k++) {
        const float x = a.at[n * a.row + k * a.column], y = b.at[k * b.row + m * b.column];
        sum = fused ? fmaf(x, y, sum) : x * y + sum;
      }
      count += memcmp(&sum, &c[n * ldc + m], sizeof sum) != 0;
    }
  return count;
}

int ct_is_fused(const ck_instruction_set *set) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
  (void)set;
  return 1;
#else
  return set != ck_instruction_set_for(CK_ISA_PORTABLE);
#endif
}

double ct_column_sum_error(size_t rows, size_t M, const float *x, size_t ldx, const float *start,
                           const float *sums) {
  double worst = 0;
  for (size_t m = 0; m < M; m++) {
    double sum = start[m], magnitude = fabs(sum);
    for (size_t r = 0; r < rows; r++) {
      sum += x[r * ldx + m];
      magnitude += fabs((double)x[r * ldx + m]);
    }
    const double difference = fabs(sums[m] - sum);
    const double error = difference == 0 ? 0 : difference / (0x1p-24 * magnitude);
    if (!(error <= worst))
      worst = isnan(error) ? INFINITY : error;
  }
  return worst;
}
