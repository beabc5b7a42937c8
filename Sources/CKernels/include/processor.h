// What the engine's threads ask of the processor they run on.
#ifndef CKERNELS_PROCESSOR_H
#define CKERNELS_PROCESSOR_H

#include <pthread.h>
#include <stdint.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Says that the thread is waiting in a loop: it then takes less from a thread beside it.
static inline void ck_spin_pause(void) {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Makes this thread treat denormal numbers as zeros, read and written; returns the mode before.
//
// An operation on a denormal number takes a hundred times as long on most processors.
static inline uint64_t ck_flush_denormals(void) {
#if defined(__x86_64__)
  const uint64_t mode = _mm_getcsr();
  _mm_setcsr((unsigned)mode | 0x8040); // FTZ and DAZ
  return mode;
#elif defined(__aarch64__)
  uint64_t mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  __asm__ volatile("msr fpcr, %0" : : "r"(mode | (1u << 24))); // FZ
  return mode;
#else
  return 0;
#endif
}

// Gives this thread back the mode that ck_flush_denormals returned. Flags raised since then stay.
static inline void ck_restore_float_mode(uint64_t mode) {
#if defined(__x86_64__)
  _mm_setcsr((unsigned)mode | (_mm_getcsr() & 0x3f));
#elif defined(__aarch64__)
  __asm__ volatile("msr fpcr, %0" : : "r"(mode));
#else
  (void)mode;
#endif
}

// The number of the processor that this thread runs on, -1 where the system does not say.
int ck_current_processor(void);

// Lets `thread` run wherever the calling thread may, except on `processor`; there too where that
// would leave nothing, or where the system cannot do it.
void ck_keep_off_processor(pthread_t thread, int processor);

// The processors that this process may run on, at least 1.
int ck_available_processors(void);

#endif
