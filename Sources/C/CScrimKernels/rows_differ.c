#include "scrim_kernels.h"

// One loop, compiled twice: the compiler's x86-64 baseline has 16-byte vectors, which are too slow for the
// memory's speed. The version is chosen at run time, since the build machine may differ. (target_clones
// would do the same, but crashes under the thread sanitizer.)
//
// The processor prefetches by itself. Prefetch instructions gained 3 to 8 % on one machine, and cost 18 to 30 % on another.
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

// A tile's pixels are compared and copied directly after each other, so that the copy finds them in the L1
// cache.
#define ROW_UPDATE                                                                      \
  {                                                                                     \
    bool has_changed = false;                                                           \
    size_t column = origin / side;                                                      \
    for (size_t x = 0, end; x < count; x = end, column++) {                             \
      end = (column + 1) * side - origin;                                               \
      if (end > count) end = count;                                                     \
      uint32_t difference = 0;                                                          \
      for (size_t i = x; i < end; i++) difference |= source[i] ^ target[i];             \
      if (!(difference & mask)) continue;                                               \
      for (size_t i = x; i < end; i++) target[i] = source[i] & mask;                    \
      marks[column] = 1;                                                                \
      has_changed = true;                                                               \
    }                                                                                   \
    return has_changed;                                                                 \
  }

#if defined(__x86_64__)
__attribute__((target("avx2"))) static bool row_update_avx2(
    uint32_t *restrict target, const uint32_t *restrict source, size_t count, uint32_t mask, size_t origin,
    size_t side, uint8_t *restrict marks) ROW_UPDATE
#endif

static bool row_update_baseline(
    uint32_t *restrict target, const uint32_t *restrict source, size_t count, uint32_t mask, size_t origin,
    size_t side, uint8_t *restrict marks) ROW_UPDATE

bool scrim_row_update(uint32_t *target, const uint32_t *source, size_t count, uint32_t mask, size_t origin,
                      size_t side, uint8_t *marks) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) {
    return row_update_avx2(target, source, count, mask, origin, side, marks);
  }
#endif
  return row_update_baseline(target, source, count, mask, origin, side, marks);
}
