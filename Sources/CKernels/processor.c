#if defined(__linux__)
#define _GNU_SOURCE // sched_getaffinity, sched_getcpu, pthread_setaffinity_np
#include <sched.h>
#endif
#include <unistd.h>

#include "processor.h"

int ck_available_processors(void) {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
    return CPU_COUNT(&set);
#endif
  const long count = sysconf(_SC_NPROCESSORS_ONLN);
  return count > 0 ? (int)count : 1;
}

int ck_current_processor(void) {
#if defined(__linux__)
  return sched_getcpu();
#else
  return -1;
#endif
}

void ck_keep_off_processor(pthread_t thread, int processor) {
#if defined(__linux__)
  cpu_set_t set;
  if (processor < 0 || processor >= CPU_SETSIZE || sched_getaffinity(0, sizeof set, &set) != 0)
    return;
  if (CPU_COUNT(&set) > 1)
    CPU_CLR(processor, &set);
  (void)pthread_setaffinity_np(thread, sizeof set, &set);
#else
  (void)thread, (void)processor;
#endif
}
