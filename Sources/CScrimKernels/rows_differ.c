#include "scrim_kernels.h"

// One loop, compiled twice: the compiler's baseline for x86-64 has 16-byte vectors, which is not enough to keep up with
// memory. It is chosen at run time, since the build may not be the machine that runs. (target_clones would do the same, and crashes
// under the thread sanitizer.)
#define ROWS_DIFFER                                                                     \
  {                                                                                     \
    uint32_t difference = 0;                                                            \
    for (size_t i = 0; i < count; i++) difference |= a[i] ^ b[i];                       \
    return (difference & mask) != 0;                                                    \
  }

#if defined(__x86_64__)
__attribute__((target("avx2"))) static bool rows_differ_avx2(
    const uint32_t *a, const uint32_t *b, size_t count, uint32_t mask) ROWS_DIFFER
#endif

static bool rows_differ_baseline(
    const uint32_t *a, const uint32_t *b, size_t count, uint32_t mask) ROWS_DIFFER

bool scrim_rows_differ(const uint32_t *a, const uint32_t *b, size_t count, uint32_t mask) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return rows_differ_avx2(a, b, count, mask);
#endif
  return rows_differ_baseline(a, b, count, mask);
}
