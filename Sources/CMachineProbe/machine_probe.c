#include "CMachineProbe.h"

#if defined(__aarch64__)
#define REGISTER(a) "w"(a)
#else
#define REGISTER(a) "x"(a)
#endif

#define LANES 4
#define NAME(name) name##_portable
#include "loops.inc"
#undef LANES
#undef NAME

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define LANES 8
#define NAME(name) name##_avx2
#include "loops.inc"
#undef LANES
#undef NAME
#pragma clang attribute pop

#undef REGISTER
#define REGISTER(a) "v"(a)
#pragma clang attribute push(__attribute__((target("avx512f"))), apply_to = function)
#define LANES 16
#define NAME(name) name##_avx512
#include "loops.inc"
#undef LANES
#undef NAME
#pragma clang attribute pop

#endif

double machine_probe_fma(size_t iterations) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f"))
    return fma_avx512(iterations);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return fma_avx2(iterations);
#endif
  return fma_portable(iterations);
}

float machine_probe_read(const float *p, size_t count) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f"))
    return read_avx512(p, count);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return read_avx2(p, count);
#endif
  return read_portable(p, count);
}
