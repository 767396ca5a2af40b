#pragma once
#include <stddef.h>
#include <stdint.h>

/// Calls of malloc, calloc, realloc and aligned_alloc in this process so far. The library counts by defining them itself.
uint64_t measure_allocations(void);

/// CPU time of the calling thread, in nanoseconds: what other programs do on the machine is not in it.
int64_t measure_thread_time(void);

/// Most memory the process has had, in bytes.
int64_t measure_peak_memory(void);

/// The references: what the machine itself can do with the same bytes.
int measure_memcmp(const void *a, const void *b, size_t bytes);
void measure_memcpy(void *to, const void *from, size_t bytes);
