// dl_iterate_phdr
#define _GNU_SOURCE

#include "CAllocationCounter.h"

#include <errno.h>
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define COUNTER_SANITIZED 1
#endif
#endif

#if defined(__GLIBC__) && !defined(COUNTER_SANITIZED)

#include <link.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

// glibc's own entry points. Forwarding to them needs no dlsym, which itself allocates.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static atomic_uint_fast64_t allocations;
static _Thread_local uint64_t thread_allocations;

// Where OpenBLAS lies in memory. Its kernels for small matrices with AVX-512 allocate in every
// call; that is not this package's doing, and would hide what is.
static uintptr_t openblas_begin, openblas_end;

static int note_openblas(struct dl_phdr_info *info, size_t size, void *context) {
  (void)size;
  (void)context;
  if (info->dlpi_name == NULL || strstr(info->dlpi_name, "openblas") == NULL)
    return 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &info->dlpi_phdr[i];
    if (part->p_type != PT_LOAD || (part->p_flags & PF_X) == 0)
      continue;
    openblas_begin = info->dlpi_addr + part->p_vaddr;
    openblas_end = openblas_begin + part->p_memsz;
  }
  return 1;
}

__attribute__((constructor)) static void find_openblas(void) {
  dl_iterate_phdr(note_openblas, NULL);
}

static inline void count_one(const void *caller) {
  const uintptr_t place = (uintptr_t)caller;
  if (place >= openblas_begin && place < openblas_end)
    return;
  thread_allocations++;
  atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
}

void *malloc(size_t size) {
  count_one(__builtin_return_address(0));
  return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  count_one(__builtin_return_address(0));
  return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
  if (size != 0)
    count_one(__builtin_return_address(0));
  return __libc_realloc(old, size);
}

void *reallocarray(void *old, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return NULL;
  }
  return realloc(old, bytes);
}

void *memalign(size_t alignment, size_t size) {
  count_one(__builtin_return_address(0));
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

void *valloc(size_t size) { return memalign((size_t)sysconf(_SC_PAGESIZE), size); }

int posix_memalign(void **result, size_t alignment, size_t size) {
  if (alignment % sizeof(void *) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0)
    return EINVAL;
  void *memory = memalign(alignment, size);
  if (memory == NULL)
    return ENOMEM;
  *result = memory;
  return 0;
}

void *pvalloc(size_t size) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  return memalign(page, (size + page - 1) / page * page);
}

// Whoever defines malloc defines what gives its memory back: a preloaded allocator would get ours.
void free(void *memory) { __libc_free(memory); }

void free_sized(void *memory, size_t size) {
  (void)size;
  free(memory);
}

void free_aligned_sized(void *memory, size_t alignment, size_t size) {
  (void)alignment;
  (void)size;
  free(memory);
}

bool allocation_counter_is_available(void) { return true; }

uint64_t allocation_counter_value(void) {
  return atomic_load_explicit(&allocations, memory_order_relaxed);
}

uint64_t allocation_counter_thread_value(void) { return thread_allocations; }

#else

bool allocation_counter_is_available(void) { return false; }

uint64_t allocation_counter_value(void) { return 0; }

uint64_t allocation_counter_thread_value(void) { return 0; }

#endif
