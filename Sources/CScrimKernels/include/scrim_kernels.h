#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Whether two rows of 32-bit pixels differ in any bit of `mask`.
///
/// Both hold `count` words. Nothing is kept. The bits outside `mask` are read with the rest and decide nothing.
bool scrim_rows_differ(const uint32_t *a, const uint32_t *b, size_t count, uint32_t mask);

/// Takes whole blocks of 64 bytes into a state of SHA-256 with the processor's instructions for it.
///
/// Returns false where it has none, and has then done nothing.
bool scrim_sha256_compress(uint32_t state[8], const uint8_t *bytes, size_t blocks);

/// Takes over the bits `mask` of a row of pixels, tile by tile, where they differ. Other bits of what is written are zero.
///
/// Both hold `count` words, and don't overlap. The row's first pixel lies in column `origin` of a picture; a tile is `side` pixels wide.
/// Sets `marks` to 1, a byte a tile column of the picture, where something was written, and returns whether anything was.
bool scrim_row_update(uint32_t *target, const uint32_t *source, size_t count, uint32_t mask, size_t origin,
                      size_t side, uint8_t *marks);
