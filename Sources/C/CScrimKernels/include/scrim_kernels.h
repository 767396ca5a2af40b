#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Whether two rows of 32-bit pixels differ in any bit of `mask`.
///
/// Both hold `count` words. Nothing is kept. The bits outside `mask` are read with the rest and decide nothing.
bool scrim_rows_differ(const uint32_t *a, const uint32_t *b, size_t count, uint32_t mask);

/// Pixels of the pieces of rows by which content that moved is found.
#define SCRIM_PIECE 32

/// The hash of the piece that begins at `row`: the same for the same pixels on every machine.
uint32_t scrim_hash_piece(const uint32_t *row);

/// The pieces of a row of `count` pixels whose hash a filter knows: where they begin, and their hashes.
///
/// `filter` holds 2048 words: the bit of a hash is bit `hash >> 16 & 31` of word `hash >> 21`. `places` and `hashes` have room for
/// `count` words. Returns how many were found.
size_t scrim_find_hashes(
    const uint32_t *row, size_t count, const uint32_t *filter, uint32_t *places, uint32_t *hashes);

/// A row of two pictures at which a piece lies that differs, and in which the colour changes four times or more from pixel
/// to pixel.
///
/// Looks at `rows` rows from `first` on, and at those before it last. Returns -1 where there is none.
ptrdiff_t scrim_find_piece(
    const uint32_t *new_pixels, const uint32_t *old_pixels, size_t stride, size_t rows, size_t first);

/// A hash of a rectangle's pixels: only a hint where to compare.
uint64_t scrim_hash_tile(const uint32_t *pixels, size_t stride, size_t width, size_t height);

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

/// Compares `count` pixels with as many others, by the largest difference of a channel. Sets a bit a pair, from bit `bit` of each
/// plane on: in `varies` where they differ, in `steps` where by 2 or more, in `rough` by over 4, in `strong` by over 6.
///
/// No bit is cleared. Only the pixels given are read, and their high bytes decide nothing.
void scrim_find_steps(const uint32_t *a, const uint32_t *b, size_t count, size_t bit, uint64_t *varies,
                      uint64_t *steps, uint64_t *rough, uint64_t *strong);
