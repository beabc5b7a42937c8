#include "checks.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CTestSupport.h"

size_t failures;
int prints_failures = 1;

void expect(int holds, const char *format, ...) {
  if (holds)
    return;
  failures++;
  // One mistake fails a thousand times.
  if (!prints_failures || failures > 40)
    return;
  va_list arguments;
  va_start(arguments, format);
  fputs("  failed: ", stdout);
  vprintf(format, arguments);
  fputs("\n", stdout);
  va_end(arguments);
}

static uint64_t state;

void seed_random(uint64_t seed) { state = seed; }

// SplitMix64.
uint64_t random_bits(void) {
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

double random_in(double low, double high) {
  return low + (high - low) * (double)(random_bits() >> 11) * 0x1p-53;
}

size_t random_below(size_t limit) { return (size_t)(random_bits() % limit); }

enum { PLACES = 160, GUARDS = 16 };

static struct {
  char *pages;
  size_t usable;
} places[PLACES];
static size_t taken;

void *guarded_bytes(size_t bytes) {
  if (taken == PLACES) {
    fputs("more operands than there are places\n", stderr);
    exit(2);
  }
  if (!places[taken].pages || places[taken].usable < bytes) {
    if (places[taken].pages)
      ct_guarded_pages_free(places[taken].pages, places[taken].usable);
    places[taken].pages = ct_guarded_pages(bytes, &places[taken].usable);
    if (!places[taken].pages) {
      fputs("no memory between guard pages\n", stderr);
      exit(2);
    }
  }
  char *const end = places[taken].pages + places[taken].usable;
  taken++;
  return end - bytes;
}

void forget_operands(void) { taken = 0; }

const operand none = {0, {NULL, NULL}, NULL};

static const double guard = 12345;

operand draw(size_t count, double low, double high) {
  float *const f = guarded_bytes((count + GUARDS) * sizeof(float));
  double *const d = guarded_bytes((count + GUARDS) * sizeof(double));
  for (size_t i = 0; i < GUARDS; i++) {
    f[i] = (float)guard;
    d[i] = guard;
  }
  const operand o = {
      count, {f + GUARDS, d + GUARDS}, guarded_bytes((count ? count : 1) * sizeof(double))};
  for (size_t i = 0; i < count; i++)
    put(o, i, random_in(low, high));
  return o;
}

void put(operand o, size_t i, double value) {
  ((float *)o.at[0])[i] = (float)value;
  ((double *)o.at[1])[i] = o.r[i] = (float)value;
}

void sprinkle(operand o, const double *values, size_t count) {
  for (size_t i = 0; i < o.count; i++)
    if (random_below(16) == 0)
      put(o, i, values[random_below(count)]);
}

void guards_hold(const char *what, operand o) {
  for (int i = 1; i <= GUARDS; i++)
    expect((double)((float *)o.at[0])[-i] == guard && ((double *)o.at[1])[-i] == guard,
           "%s: element −%d was written", what, i);
}

static int is_close(double x, double expected, double tolerance) {
  if (isnan(x) || isnan(expected))
    return isnan(x) && isnan(expected);
  if (isinf(x) || isinf(expected))
    return x == expected;
  return fabs(x - expected) <= tolerance * fmax(1, fabs(expected));
}

void agree(const char *what, operand o, double tolerance_f32, double tolerance_f64) {
  const float *const f = o.at[0];
  const double *const d = o.at[1];
  if (!f)
    return;
  for (size_t i = 0; i < o.count; i++) {
    expect(is_close((double)f[i], o.r[i], tolerance_f32), "%s f32 [%zu of %zu]: %.9g, not %.9g",
           what, i, o.count, (double)f[i], o.r[i]);
    expect(is_close(d[i], o.r[i], tolerance_f64), "%s f64 [%zu of %zu]: %.17g, not %.17g", what, i,
           o.count, d[i], o.r[i]);
  }
  guards_hold(what, o);
}

const size_t widths[WIDTHS] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 15, 16, 17, 19,
                               23, 24, 25, 31, 32, 33, 47, 48, 49, 63, 64, 65, 67, 96, 97, 99};

double float_ulps(float y, double exact) {
  if (isnan(y) || isnan(exact))
    return isnan(y) && isnan(exact) ? 0 : INFINITY;
  if (isinf(y) || isinf(exact))
    return (double)y == exact ? 0 : INFINITY;
  int exponent;
  frexp(fmax(fabs(exact), 0x1p-126), &exponent);
  return ldexp(fabs((double)y - exact), 24 - exponent);
}
