#pragma once
#include <stddef.h>
#include <stdint.h>

/// Number of calls of malloc, calloc, realloc and aligned_alloc in this process so far. The library defines these functions itself
/// and counts their calls.
uint64_t measure_allocations(void);

/// CPU time of the calling thread, in nanoseconds. It does not contain the work of other programs on the machine.
int64_t measure_thread_time(void);

/// CPU time of all threads of this process, in nanoseconds.
int64_t measure_process_time(void);

/// Releases free memory to the system and returns the memory that the process then holds, in bytes; -1 if the system does not report
/// it.
int64_t measure_memory(void);
/// Resets the maximum of `measure_peak_memory`. Returns 0, or -1 if the system does not support it.
int measure_reset_peak(void);
/// Maximum memory of the process since the reset, in bytes; -1 if the system does not report it.
int64_t measure_peak_memory(void);

/// Runs a program found on the PATH and waits for it.
///
/// `arguments` ends with a null; `input` and `output` are files for its standard input and output, or null for /dev/null.
/// Its standard error is discarded. Returns its exit code, 127 if it could not be started, or 128 + a signal.
/// Linux counts this process's memory at the start of the program as the program's own, so `peak_bytes` is never less than that.
int measure_run(
  const char *const *arguments, const char *input, const char *output, int64_t *cpu_nanoseconds,
  int64_t *peak_bytes);

/// The version of libzstd that is linked, as 10504 for 1.5.4; 0 without one.
unsigned measure_zstd_version(void);

/// Reference operations: the machine's own speed on the same bytes.
int measure_memcmp(const void *a, const void *b, size_t bytes);
void measure_memcpy(void *to, const void *from, size_t bytes);
uint32_t measure_crc32(const void *bytes, size_t count);

/// Plain libpng, as its manual has it: 8-bit BGRX pixels, zlib level 1, no filter when writing.
///
/// Reading fills width × height pixels. Writing returns the size and leaves the file in `*out`, to be freed by the
/// caller. Both return 0 if libpng fails or the sizes don't match.
int measure_png_read(const uint8_t *png, size_t count, uint32_t *pixels, uint32_t width, uint32_t height);
size_t measure_png_write(const uint32_t *pixels, uint32_t width, uint32_t height, uint8_t **out);
