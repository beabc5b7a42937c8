#include "CMachineProbe.h"

// A chain of multiplications, each of which waits for the one before; and what begins a chain that
// waits for none. A move between registers takes a place among the instructions in flight, and
// nothing else.
#if defined(__x86_64__)
#define CHAIN ".rept 32\nmulss %%xmm1, %%xmm0\n.endr\n"
#define BEGIN "xorps %%xmm0, %%xmm0\n"
#define FILL ".rept 223\nmov %%r8, %%r9\n.endr\n"
#define CLOBBERS "xmm0", "r8", "r9"
#elif defined(__aarch64__)
#define CHAIN ".rept 32\nfmul s0, s0, s1\n.endr\n"
#define BEGIN "movi d0, #0\n"
#define FILL ".rept 223\nmov x9, x8\n.endr\n"
#define CLOBBERS "v0", "x8", "x9"
#endif

#if defined(CHAIN)

void machine_probe_chains(size_t count) {
  for (size_t i = 0; i < count; i++)
    __asm__ volatile(CHAIN::: CLOBBERS);
}

size_t machine_probe_rounds(size_t count) {
  for (size_t i = 0; i < count; i++)
    __asm__ volatile(BEGIN CHAIN FILL::: CLOBBERS);
  return 1 + 32 + 223;
}

#else

void machine_probe_chains(size_t count) {}

size_t machine_probe_rounds(size_t count) { return 0; }

#endif
