// A slowdown in one kernel: prove-gate.sh puts this file into a copy of Sources/CKernels and PLANTED at
// the beginning of the kernel, which then waits for PLANTED_PERCENT of the time that it took.
#pragma once

#include <stdint.h>

static inline uint64_t planted_ticks(void) {
#if defined(__x86_64__)
  // Neither before what precedes it is done, nor after what follows has begun.
  __builtin_ia32_lfence();
  const uint64_t ticks = __builtin_ia32_rdtsc();
  __builtin_ia32_lfence();
  return ticks;
#else
  uint64_t ticks;
  __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
  return ticks;
#endif
}

static inline void planted_linger(const uint64_t *start) {
  const uint64_t end = planted_ticks(), taken = end - *start;
  // Whoever lost the processor inside the kernel has not worked all this time.
  if (taken > 4000000)
    return;
  while ((planted_ticks() - end) * 100 < taken * PLANTED_PERCENT)
    ;
}

#define PLANTED                                                                                    \
  const uint64_t planted_start __attribute__((cleanup(planted_linger))) = planted_ticks();
