#define _GNU_SOURCE
#include "measure.h"

#include <dlfcn.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

// glibc's own names of its allocator functions, which the counting functions call.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static _Atomic uint64_t allocations;

static void count(void) { atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed); }

void *malloc(size_t size) {
  count();
  return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
  count();
  return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size) {
  count();
  return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  count();
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size) {
  count();
  *out = __libc_memalign(alignment, size);
  return *out ? 0 : 12;
}

uint64_t measure_allocations(void) { return atomic_load_explicit(&allocations, memory_order_relaxed); }

static int64_t clock_nanoseconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

int64_t measure_thread_time(void) { return clock_nanoseconds(CLOCK_THREAD_CPUTIME_ID); }
int64_t measure_process_time(void) { return clock_nanoseconds(CLOCK_PROCESS_CPUTIME_ID); }

/// Value of the line of /proc/self/status that starts with `key`, in bytes.
static int64_t status(const char *key) {
  FILE *file = fopen("/proc/self/status", "r");
  if (!file) return -1;
  char line[256];
  long long kilobytes = -1;
  while (kilobytes < 0 && fgets(line, sizeof line, file)) {
    if (strncmp(line, key, strlen(key)) == 0) sscanf(line + strlen(key), "%lld", &kilobytes);
  }
  fclose(file);
  return kilobytes < 0 ? -1 : kilobytes * 1024;
}

int64_t measure_memory(void) {
  malloc_trim(0);
  return status("VmRSS:");
}

int measure_reset_peak(void) {
  FILE *file = fopen("/proc/self/clear_refs", "w");
  if (!file) return -1;
  int wrote = fputs("5", file);
  return fclose(file) == 0 && wrote >= 0 ? 0 : -1;
}

int64_t measure_peak_memory(void) { return status("VmHWM:"); }

int measure_memcmp(const void *a, const void *b, size_t bytes) { return memcmp(a, b, bytes); }
void measure_memcpy(void *to, const void *from, size_t bytes) { memcpy(to, from, bytes); }
uint32_t measure_crc32(const void *bytes, size_t size) { return (uint32_t)crc32_z(0, bytes, size); }

unsigned measure_zstd_version(void) {
  unsigned (*version)(void) = (unsigned (*)(void))dlsym(RTLD_DEFAULT, "ZSTD_versionNumber");
  return version ? version() : 0;
}
