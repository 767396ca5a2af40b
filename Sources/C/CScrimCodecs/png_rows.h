#pragma once

#include <stddef.h>
#include <stdint.h>

// Kernels for one row of a PNG. They access only the given number of bytes and pixels, except that SLACK
// bytes after a row may be read and may hold anything.
enum { SCRIM_ROW_SLACK = 16 };

typedef struct scrim_row_kernels {
  // Undoes filter 0 to 4 of a row of `count` bytes; `above` is the decoded row above, and `bpp` the bytes
  // per pixel, 1 to 4.
  void (*undo)(int filter, uint8_t *row, const uint8_t *above, size_t count, size_t bpp);
  // Words 0x00RRGGBB or 0xAARRGGBB from bytes of 1 (grey), 2 (grey and alpha), 3 or 4 channels; returns the
  // AND of all words, with 1 and 3 channels counted as opaque.
  uint32_t (*widen)(const uint8_t *row, uint32_t *pixels, size_t width, int channels);
  // The inverse, for 1, 3 and 4 channels.
  void (*narrow)(const uint32_t *pixels, uint8_t *row, size_t width, int channels);
} scrim_row_kernels;

// The fastest kernels that this machine supports, or those in plain C, which are the reference for the
// others.
scrim_row_kernels scrim_row_kernels_for(int portable);
