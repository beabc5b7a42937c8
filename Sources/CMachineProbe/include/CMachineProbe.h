// What one core can do at best, as loops that do nothing else: the yardsticks of Bench.
#ifndef CMACHINE_PROBE_H
#define CMACHINE_PROBE_H

#include <stddef.h>

// Runs `iterations` of independent multiply–adds on registers, on the widest vectors that this CPU
// has; returns how many floating-point operations that were, a multiply–add as two.
double machine_probe_fma(size_t iterations);

// Reads `count` floats in order, as fast as loads alone go, and returns a number that depends on
// all of them.
float machine_probe_read(const float *_Nonnull p, size_t count);

// Runs `count` chains of 32 multiplications one after the other, each of which waits for the one
// before: what a chain takes.
void machine_probe_chains(size_t count);

// Runs `count` rounds of such a chain each, which wait for none of the others, and of moves, and
// returns how many instructions a round has; 0 where there is no such loop. As many rounds overlap
// as the processor's window of instructions in flight holds.
size_t machine_probe_rounds(size_t count);

// Writes the numbers of the processors that the calling thread may run on, at most `capacity`, and
// returns how many; 0 where the system does not say.
int machine_probe_processors(int *_Nonnull numbers, int capacity);

// Lets the calling thread, and what it starts from now on, run on these processors alone. Does
// nothing where the system cannot.
void machine_probe_run_on(const int *_Nonnull numbers, int count);

// Calls `call` with `context` on a stack that begins `offset` bytes behind the start of a page, but
// for a constant: what lies there and what a kernel's operands do to each other depends on the last
// bits of both addresses, and the system draws those of the stack for each process.
void machine_probe_call(size_t offset, void (*_Nonnull call)(void *_Nullable context),
                        void *_Nullable context);

#endif
