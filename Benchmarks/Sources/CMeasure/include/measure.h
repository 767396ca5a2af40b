#pragma once
#include <stddef.h>
#include <stdint.h>

/// Calls of malloc, calloc, realloc and aligned_alloc in this process so far. The library counts by defining them itself.
uint64_t measure_allocations(void);

/// CPU time of the calling thread, in nanoseconds: what other programs do on the machine is not in it.
int64_t measure_thread_time(void);

/// CPU time of all threads of this process, in nanoseconds.
int64_t measure_process_time(void);

/// Returns free memory to the system and tells what the process holds, in bytes; -1 where the system does not say.
int64_t measure_memory(void);
/// Starts the count of `measure_peak_memory` anew. Returns 0, or -1 where the system can't.
int measure_reset_peak(void);
/// Most memory the process has held since the count started, in bytes; -1 where the system does not say.
int64_t measure_peak_memory(void);

/// Runs a program found on the PATH and waits for it.
///
/// `arguments` ends with a null; `input` and `output` are files for its standard input and output, or null for /dev/null.
/// What it says on standard error is dropped. Returns its exit code, 127 if it could not be started, or 128 + a signal.
/// Linux counts what this process holds when it starts the other as that one's, so `peak_bytes` is never less than that.
int measure_run(
  const char *const *arguments, const char *input, const char *output, int64_t *cpu_nanoseconds,
  int64_t *peak_bytes);

/// The version of libzstd that is linked, as 10504 for 1.5.4; 0 without one.
unsigned measure_zstd_version(void);

/// The references: what the machine itself can do with the same bytes.
int measure_memcmp(const void *a, const void *b, size_t bytes);
void measure_memcpy(void *to, const void *from, size_t bytes);
uint32_t measure_crc32(const void *bytes, size_t count);

/// Plain libpng, as its manual has it: 8-bit BGRX pixels, zlib level 1, no filter when writing.
///
/// Reading fills width × height pixels. Writing returns the size and leaves the file in `*out`, to be freed by the
/// caller. Both return 0 where libpng or the sizes say no.
int measure_png_read(const uint8_t *png, size_t count, uint32_t *pixels, uint32_t width, uint32_t height);
size_t measure_png_write(const uint32_t *pixels, uint32_t width, uint32_t height, uint8_t **out);
