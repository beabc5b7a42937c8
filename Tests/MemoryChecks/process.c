#include "CMemoryChecks.h"

#include <pthread.h>
#include <unistd.h>

int ct_fork(void) { return fork(); }

struct beginning {
  void (*body)(void *);
  void *context;
};

static void *begin(void *beginning) {
  const struct beginning *b = beginning;
  b->body(b->context);
  return NULL;
}

int ct_fork_in_thread(void (*body)(void *), void *context) {
  const int process = fork();
  if (process != 0)
    return process;
  struct beginning beginning = {body, context};
  pthread_t thread;
  if (pthread_create(&thread, NULL, begin, &beginning) != 0)
    _exit(4);
  pthread_join(thread, NULL);
  _exit(0);
}

// What AddressSanitizer does where it is linked in: nothing is lost at the end of a process that
// ends in the middle of its work, and a report has a status of its own.
__attribute__((visibility("default"))) const char *__asan_default_options(void) {
  return "detect_leaks=0:exitcode=99:symbolize=0:detect_stack_use_after_return=0";
}
