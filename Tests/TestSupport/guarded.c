#define _DEFAULT_SOURCE
#include "CTestSupport.h"

#include <sys/mman.h>
#include <unistd.h>

void *ct_guarded_pages(size_t size, size_t *usable) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  *usable = (size + page - 1) / page * page;
  char *at = mmap(NULL, *usable + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANON, -1, 0);
  if (at == MAP_FAILED)
    return NULL;
  if (mprotect(at + page, *usable, PROT_READ | PROT_WRITE)) {
    munmap(at, *usable + 2 * page);
    return NULL;
  }
  return at + page;
}

void ct_guarded_pages_free(void *pages, size_t usable) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  munmap((char *)pages - page, usable + 2 * page);
}
