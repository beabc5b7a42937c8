#if defined(__linux__)
#define _GNU_SOURCE
#include <sched.h>
#endif

#include "CMachineProbe.h"

#if defined(__linux__)

int machine_probe_processors(int *numbers, int capacity) {
  cpu_set_t set;
  int count = 0;
  if (sched_getaffinity(0, sizeof set, &set) != 0)
    return 0;
  for (int number = 0; number < CPU_SETSIZE && count < capacity; number++)
    if (CPU_ISSET(number, &set))
      numbers[count++] = number;
  return count;
}

void machine_probe_run_on(const int *numbers, int count) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int i = 0; i < count; i++)
    if (numbers[i] >= 0 && numbers[i] < CPU_SETSIZE)
      CPU_SET(numbers[i], &set);
  sched_setaffinity(0, sizeof set, &set);
}

#else

int machine_probe_processors(int *numbers, int capacity) { return 0; }

void machine_probe_run_on(const int *numbers, int count) {}

#endif
