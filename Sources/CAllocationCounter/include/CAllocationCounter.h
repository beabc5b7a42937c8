// Counts the heap allocations of the whole process, so that "allocates nothing" can be measured.
//
// Linking this target into an executable is enough: its definitions of malloc and friends take
// the place of the C library's for every library in the process, and forward to it.
#ifndef CALLOCATION_COUNTER_H
#define CALLOCATION_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

// Whether allocations are counted on this platform: true with glibc and without a sanitizer, which
// brings its own allocator.
bool allocation_counter_is_available(void);

// How many allocations all threads have made so far: calls of malloc, calloc, realloc,
// reallocarray and the aligned family that asked for memory, but for those that OpenBLAS makes for
// itself. Zero where the counter is not available.
uint64_t allocation_counter_value(void);

// The same for the calling thread alone, so that tests which run beside each other can count.
uint64_t allocation_counter_thread_value(void);

#endif
