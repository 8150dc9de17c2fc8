#include "allocation_counter.h"
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

#ifndef __has_feature  // GCC
#define __has_feature(feature) 0
#endif

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static atomic_long count;
static _Thread_local long own_count __attribute__((tls_model("initial-exec")));

// A sanitizer has an allocator of its own in place of the C library's: nothing is counted then.
#if !__has_feature(thread_sanitizer) && !__has_feature(address_sanitizer)
static void note(void) {
  atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
  own_count += 1;
}

void *malloc(size_t size) {
  note();
  return __libc_malloc(size);
}

void *calloc(size_t items, size_t size) {
  note();
  return __libc_calloc(items, size);
}

void *realloc(void *block, size_t size) {
  note();
  return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size) {
  note();
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  note();
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size) {
  note();
  void *block = __libc_memalign(alignment, size);
  if (block == NULL && size != 0) return ENOMEM;
  *out = block;
  return 0;
}
#endif

long foresight_allocation_count(void) { return atomic_load_explicit(&count, memory_order_relaxed); }

long foresight_thread_allocation_count(void) { return own_count; }
