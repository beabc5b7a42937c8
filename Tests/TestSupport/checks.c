#include "reference.h"

#include <math.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

static float float_from_bits(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

// 2^exponent for exponents of normal doubles.
static double power_of_two(int exponent) {
  uint64_t bits = (uint64_t)(exponent + 1023) << 52;
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

// The exponent of the binade that |x| lies in, no less than that of the smallest normal float.
static int float_exponent(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  int exponent = (int)((bits >> 52) & 0x7ff) - 1023;
  return exponent < -126 ? -126 : exponent > 127 ? 127 : exponent;
}

static double error_in_ulp(float y, double expected) {
  if (isnan(y) || isnan(expected))
    return isnan(y) && isnan(expected) ? 0 : INFINITY;
  if (y == 0 && expected == 0)
    return signbit(y) == signbit(expected) ? 0 : INFINITY;
  // An overflow counts like the next float would that comes after the largest.
  const double limit = 0x1p128;
  double result = y;
  if (fabs(result) > limit)
    result = copysign(limit, result);
  if (fabs(expected) > limit)
    expected = copysign(limit, expected);
  return fabs(result - expected) * power_of_two(23 - float_exponent(expected));
}

static void note(ct_result *result, float x, float y, double expected) {
  double error = error_in_ulp(y, expected);
  if (error > result->max_ulp) {
    result->max_ulp = error;
    result->worst_input = x;
    result->worst_output = y;
    result->worst_expected = expected;
  }
}

// Whether the error is at most what has been seen, decided without a branch per kind of number;
// false also for every kind that error_in_ulp treats on its own.
static int is_unremarkable(double max_ulp, float y, double expected) {
  const uint64_t exponent_bits = 0x7ff0000000000000;
  uint64_t bits;
  double binade;
  memcpy(&bits, &expected, sizeof bits);
  bits &= exponent_bits;
  memcpy(&binade, &bits, sizeof binade);
  binade = binade > 0x1p-126 ? binade : 0x1p-126;
  return expected != 0 && fabs(y - expected) <= max_ulp * 0x1p-23 * binade &&
         fabs(expected) < 0x1p127;
}

static void check_block(ct_subject subject, const ck_kernels *const *tables, size_t count,
                        const float *x, size_t n, ct_result *results) {
  double expected[CT_BLOCK];
  float y[CT_BLOCK];
  for (size_t i = 0; i < n; i++)
    expected[i] = ct_reference(subject, x[i]);
  for (size_t k = 0; k < count; k++) {
    ct_call(subject, tables[k], x, y, n);
    results[k].checked += n;
    for (size_t i = 0; i < n; i++)
      if (!is_unremarkable(results[k].max_ulp, y[i], expected[i]))
        note(&results[k], x[i], y[i], expected[i]);
  }
}

void ct_check_patterns(ct_subject subject, const ck_kernels *const *tables, size_t count,
                       uint64_t first, uint64_t end, uint64_t stride, ct_result *results) {
  float x[CT_BLOCK];
  for (uint64_t bits = first; bits < end;) {
    size_t n = 0;
    for (; n < CT_BLOCK && bits < end; bits += stride) {
      x[n] = float_from_bits((uint32_t)bits);
      n += ct_in_domain(subject.function, x[n]) != 0;
    }
    check_block(subject, tables, count, x, n, results);
  }
}

void ct_check_around(ct_subject subject, const ck_kernels *table, float center, uint32_t radius,
                     ct_result *result) {
  uint32_t bits;
  memcpy(&bits, &center, sizeof bits);
  const uint32_t sign = bits & 0x80000000, magnitude = bits & 0x7fffffff;
  const uint64_t first = magnitude > radius ? magnitude - radius : 0;
  const uint64_t last = magnitude + (uint64_t)radius;
  ct_check_patterns(subject, &table, 1, sign | first,
                    (uint64_t)sign + (last < 0x80000000 ? last : 0x7fffffff) + 1, 1, result);
}

// SplitMix64.
static uint64_t next_random(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

void ct_check_stratified(ct_subject subject, const ck_kernels *table, uint32_t mantissas,
                         uint64_t seed, ct_result *result) {
  const uint32_t edge = 64, size = 1u << 23;
  const uint32_t step = size / mantissas;
  for (uint64_t binade = 0; binade < 512; binade++) {
    const uint64_t first = binade << 23;
    ct_check_patterns(subject, &table, 1, first, first + edge, 1, result);
    ct_check_patterns(subject, &table, 1, first + size - edge, first + size, 1, result);
    float x[CT_BLOCK];
    size_t n = 0;
    for (uint32_t i = 0; i < mantissas; i++) {
      x[n] = float_from_bits((uint32_t)(first + i * step + next_random(&seed) % step));
      n += ct_in_domain(subject.function, x[n]) != 0;
      if (n == CT_BLOCK || i + 1 == mantissas) {
        check_block(subject, &table, 1, x, n, result);
        n = 0;
      }
    }
  }
}

double ct_max_error_f64(ct_subject subject, const ck_kernels *table, double low, double high,
                        size_t samples, uint64_t seed) {
  if (sizeof(long double) == sizeof(double) || nextafterl(1, 2) == (long double)nextafter(1, 2))
    return -1;
  double max = 0;
  for (size_t done = 0; done < samples; done += CT_BLOCK) {
    double x[CT_BLOCK], y[CT_BLOCK];
    for (size_t i = 0; i < CT_BLOCK; i++)
      x[i] = low + (high - low) * (double)(next_random(&seed) >> 11) * 0x1p-53;
    ct_call_f64(subject, table, x, y, CT_BLOCK);
    for (size_t i = 0; i < CT_BLOCK; i++) {
      const long double expected = ct_reference_long(subject, x[i]);
      int exponent;
      frexpl(expected, &exponent);
      if (exponent < -1021)
        exponent = -1021;
      const double error = (double)ldexpl(fabsl(y[i] - expected), 53 - exponent);
      max = error <= max ? max : error;
    }
  }
  return max;
}
