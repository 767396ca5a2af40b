#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Whether two rows of 32-bit pixels differ in any bit of `mask`.
///
/// Both hold `count` words. No pointer is kept. Bits outside `mask` are read but have no effect.
bool scrim_rows_differ(const uint32_t *a, const uint32_t *b, size_t count, uint32_t mask);

/// Length in pixels of the row pieces with which moved content is found.
#define SCRIM_PIECE 32

/// The hash of the piece that begins at `row`: equal for equal pixels on every machine.
uint32_t scrim_hash_piece(const uint32_t *row);

/// Finds the pieces of a row of `count` pixels whose hash is in a filter: their positions and hashes.
///
/// `filter` holds 2048 words: the bit of a hash is bit `hash >> 16 & 31` of word `hash >> 21`. `places` and
/// `hashes` have room for `count` words. Returns the number of pieces found.
size_t scrim_find_hashes(
    const uint32_t *row, size_t count, const uint32_t *filter, uint32_t *places, uint32_t *hashes);

/// Finds a row in which two pictures have different pieces, and in which the colour changes at least four
/// times from pixel to pixel.
///
/// Checks `rows` rows from `first` on, and those before it last. Returns -1 if there is none.
ptrdiff_t scrim_find_piece(
    const uint32_t *new_pixels, const uint32_t *old_pixels, size_t stride, size_t rows, size_t first);

/// A hash of a rectangle's pixels; a match must be confirmed by comparing pixels.
uint64_t scrim_hash_tile(const uint32_t *pixels, size_t stride, size_t width, size_t height);

/// Processes whole blocks of 64 bytes into a SHA-256 state with the processor's SHA instructions.
///
/// Returns false, and does nothing, if the processor has none.
bool scrim_sha256_compress(uint32_t state[8], const uint8_t *bytes, size_t blocks);

/// Copies the bits `mask` of a row of pixels, tile by tile, where they differ. The other bits of written
/// pixels are zero.
///
/// Both hold `count` words, and don't overlap. The row's first pixel lies in column `origin` of a picture;
/// a tile is `side` pixels wide. Sets `marks` (one byte per tile column of the picture) to 1 where
/// something was written, and returns whether anything was.
bool scrim_row_update(uint32_t *target, const uint32_t *source, size_t count, uint32_t mask, size_t origin,
                      size_t side, uint8_t *marks);

/// Compares `count` pixels with as many others, by the largest difference of a channel. Sets one bit per
/// pair, from bit `bit` of each plane on: in `varies` where they differ, in `steps` where by 2 or more, in
/// `rough` by over 4, in `strong` by over 6.
///
/// No bit is cleared. Only the given pixels are read, and their high bytes have no effect.
void scrim_find_steps(const uint32_t *a, const uint32_t *b, size_t count, size_t bit, uint64_t *varies,
                      uint64_t *steps, uint64_t *rough, uint64_t *strong);
