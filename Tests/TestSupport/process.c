#include "process.h"

#include <unistd.h>

int ct_fork(void) { return fork(); }

// What AddressSanitizer does where it is linked in: nothing is lost at the end of a process that
// ends in the middle of its work, and a report has a status of its own.
__attribute__((visibility("default"))) const char *__asan_default_options(void) {
  return "detect_leaks=0:exitcode=99:symbolize=0:detect_stack_use_after_return=0";
}
