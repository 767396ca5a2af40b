#include "scrim_kernels.h"

#define LANES 64

#define NAMED(name) name##_baseline
#include "search_loops.h"
#undef NAMED

// As in rows_differ.c, loops are compiled twice and chosen at run time.
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#define NAMED(name) name##_avx2
#include "search_loops.h"
#undef NAMED
#pragma clang attribute pop
#define CALL(name, ...) \
  (__builtin_cpu_supports("avx2") ? name##_avx2(__VA_ARGS__) : name##_baseline(__VA_ARGS__))
#else
#define CALL(name, ...) name##_baseline(__VA_ARGS__)
#endif

/// Number of hashes computed at a time.
#define CHUNK 480

uint32_t scrim_hash_piece(const uint32_t *row) {
  uint32_t sums[SCRIM_PIECE];
  CALL(hash_pieces, row, 1, sums);
  return sums[0];
}

size_t scrim_find_hashes(
    const uint32_t *row, size_t count, const uint32_t *filter, uint32_t *places, uint32_t *hashes) {
  if (count < SCRIM_PIECE) return 0;
  uint32_t sums[CHUNK + SCRIM_PIECE];
  size_t found = 0, end = count - SCRIM_PIECE + 1;
  for (size_t start = 0; start < end; start += CHUNK) {
    size_t part = end - start < CHUNK ? end - start : CHUNK;
    CALL(hash_pieces, row + start, part, sums);
    for (size_t i = 0; i < part; i++) {
      // Always written, but kept only if the filter has the hash: a branch would be mispredicted too often.
      places[found] = (uint32_t)(start + i);
      hashes[found] = sums[i];
      found += filter[sums[i] >> 21] >> (sums[i] >> 16 & 31) & 1;
    }
  }
  return found;
}

ptrdiff_t scrim_find_piece(
    const uint32_t *new_pixels, const uint32_t *old_pixels, size_t stride, size_t rows, size_t first) {
  return CALL(find_piece, new_pixels, old_pixels, stride, rows, first);
}

uint64_t scrim_hash_tile(const uint32_t *pixels, size_t stride, size_t width, size_t height) {
  return CALL(hash_tile, pixels, stride, width, height);
}
