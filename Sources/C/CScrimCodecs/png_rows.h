#pragma once

#include <stddef.h>
#include <stdint.h>

// What is done to one row of a PNG. Rows and pixels are never read or written outside the counts given, but for SLACK
// bytes behind a row, which may be read and hold anything.
enum { SCRIM_ROW_SLACK = 16 };

typedef struct scrim_row_kernels {
  // A row of `count` bytes back to what it was before filter 0 to 4; `above` is the row above, done already, and `bpp`
  // the bytes of a pixel, 1 to 4.
  void (*undo)(int filter, uint8_t *row, const uint8_t *above, size_t count, size_t bpp);
  // Words 0x00RRGGBB or 0xAARRGGBB from bytes of 1 (grey), 2 (grey and alpha), 3 or 4 channels; returns all words and-ed,
  // as if those of 1 and 3 channels were opaque.
  uint32_t (*widen)(const uint8_t *row, uint32_t *pixels, size_t width, int channels);
  // The other way round, for 1, 3 and 4 channels.
  void (*narrow)(const uint32_t *pixels, uint8_t *row, size_t width, int channels);
} scrim_row_kernels;

// The fastest that this machine has, or those in plain C, which are what the others must equal.
scrim_row_kernels scrim_row_kernels_for(int portable);
