#include "CMachineProbe.h"

#include <alloca.h>
#include <stdint.h>

enum { PAGE = 4096 };

void machine_probe_call(size_t offset, void (*call)(void *context), void *context) {
  volatile char here = 0;
  const size_t down = ((uintptr_t)&here - offset) % PAGE;
  volatile char *below = alloca(down + 1);
  below[0] = here;
  call(context);
  // The call stays above the block's end.
  below[down] = here;
}
