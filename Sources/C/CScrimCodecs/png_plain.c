#include <isa-l/igzip_lib.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#include "png_rows.h"
#include "support.h"

uint32_t scrim_crc32(const uint8_t *bytes, size_t count) { return libdeflate_crc32(0, bytes, count); }

// Bytes of a row after its filter byte, and the pixel size that filters use.
static size_t row_bytes(const scrim_png_shape *shape) {
  return ((size_t)shape->width * (size_t)shape->channels * (size_t)shape->depth + 7) / 8;
}

// Converts a row of indices to the palette's words; returns the AND of all of them, and raises `*largest`
// to the largest index.
static uint32_t look_up(const uint8_t *row, uint32_t *pixels, const scrim_png_shape *shape, uint8_t *largest) {
  uint32_t seen = 0xFFFFFFFF;
  uint8_t highest = *largest;
  unsigned depth = (unsigned)shape->depth, mask = (1u << depth) - 1;
  for (size_t x = 0; x < shape->width; x++) {
    size_t bit = x * depth;
    uint8_t index = (uint8_t)(row[bit >> 3] >> (8 - depth - (bit & 7)) & mask);
    if (index > highest) highest = index;
    pixels[x] = shape->palette[index];
    seen &= pixels[x];
  }
  *largest = highest;
  return seen;
}

typedef struct rows {
  const scrim_png_shape *shape;
  scrim_row_kernels kernels;
  uint8_t *raw;    // all rows, each behind its filter, and slack
  uint8_t *zeros;  // the row above the first
} rows;

static void rows_free(rows *r) {
  free(r->raw);
  free(r->zeros);
}

// Inflates all rows: exactly as many, from exactly the given bytes.
static scrim_status rows_inflate(rows *r, const uint8_t *data, size_t count, scrim_fault *fault) {
  size_t size = (row_bytes(r->shape) + 1) * r->shape->height;
  r->raw = malloc(size + SCRIM_ROW_SLACK);
  r->zeros = calloc(1, row_bytes(r->shape) + SCRIM_ROW_SLACK);
  struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
  if (!r->raw || !r->zeros || !decompressor) {
    scrim_fault_set(fault, SCRIM_NO_MEMORY, "no memory for the rows");
  } else {
    size_t taken = 0;
    // Without a pointer for the actual size it requires exactly `size` bytes.
    switch (libdeflate_zlib_decompress_ex(decompressor, data, count, r->raw, size, &taken, NULL)) {
      case LIBDEFLATE_SUCCESS:
        if (taken != count)
          scrim_fault_set(fault, SCRIM_DAMAGED, "%zu bytes follow the image data", count - taken);
        break;
      case LIBDEFLATE_SHORT_OUTPUT:
        scrim_fault_set(fault, SCRIM_TRUNCATED, "the image data ends before the last row");
        break;
      case LIBDEFLATE_INSUFFICIENT_SPACE:
        scrim_fault_set(fault, SCRIM_DAMAGED, "image data continues after the end of the image");
        break;
      default: scrim_fault_set(fault, SCRIM_DAMAGED, "the image data is damaged");
    }
  }
  if (decompressor) libdeflate_free_decompressor(decompressor);
  return fault->status;
}

// Undoes the filter of row `y`, after all rows before it; NULL for an unknown filter.
static const uint8_t *rows_undo(rows *r, uint32_t y, scrim_fault *fault) {
  size_t count = row_bytes(r->shape);
  uint8_t *row = r->raw + y * (count + 1);
  int filter = *row++;
  if (filter > 4) {
    scrim_fault_set(fault, SCRIM_DAMAGED, "row %u has filter %d, which PNG doesn't define", y, filter);
    return NULL;
  }
  size_t bpp = r->shape->depth < 8 ? 1 : (size_t)r->shape->channels;
  r->kernels.undo(filter, row, y > 0 ? row - 1 - count : r->zeros, count, bpp);
  return row;
}

scrim_status scrim_png_decode_plain(const uint8_t *data, size_t count, const scrim_png_shape *shape,
                                    scrim_png_form form, int portable, uint32_t *pixels, int *is_opaque,
                                    char *message) {
  scrim_fault fault = {SCRIM_OK, message};
  rows r = {.shape = shape, .kernels = scrim_row_kernels_for(portable)};
  int has_alpha = shape->palette || shape->channels % 2 == 0;
  uint32_t kept = has_alpha && form == SCRIM_PNG_RGB ? 0x00FFFFFF : 0xFFFFFFFF;
  uint32_t added = !has_alpha && form == SCRIM_PNG_ARGB ? 0xFF000000 : 0;
  uint32_t seen = 0xFFFFFFFF;
  uint8_t largest = 0;
  rows_inflate(&r, data, count, &fault);
  for (uint32_t y = 0; y < shape->height && fault.status == SCRIM_OK; y++, pixels += shape->width) {
    const uint8_t *row = rows_undo(&r, y, &fault);
    if (!row) break;
    seen &= shape->palette ? look_up(row, pixels, shape, &largest)
                           : r.kernels.widen(row, pixels, shape->width, shape->channels);
    if (has_alpha != (form == SCRIM_PNG_ARGB))
      for (size_t x = 0; x < shape->width; x++) pixels[x] = (pixels[x] & kept) | added;
  }
  if (shape->palette && largest >= shape->palette_count)
    scrim_fault_set(&fault, SCRIM_DAMAGED, "a pixel has palette index %d, and the palette has %d colours", largest,
                    shape->palette_count);
  rows_free(&r);
  *is_opaque = seen >> 24 == 0xFF;
  return fault.status;
}

// Whether a word of the row differs from `pixels`. Works in parts, so that the words stay in the L1 cache.
static int row_differs(const rows *r, const uint8_t *row, const uint32_t *pixels, uint32_t mask) {
  enum { PART = 512 };
  uint32_t part[PART], difference = 0;
  size_t width = r->shape->width, channels = (size_t)r->shape->channels;
  for (size_t x = 0; x < width; x += PART) {
    size_t count = width - x < PART ? width - x : PART;
    r->kernels.widen(row + x * channels, part, count, r->shape->channels);
    for (size_t i = 0; i < count; i++) difference |= part[i] ^ pixels[x + i];
  }
  return (difference & mask) != 0;
}

scrim_status scrim_png_compare_plain(const uint8_t *data, size_t count, const scrim_png_shape *shape,
                                     const uint32_t *pixels, int *is_equal, char *message) {
  scrim_fault fault = {SCRIM_OK, message};
  rows r = {.shape = shape, .kernels = scrim_row_kernels_for(0)};
  int equal = 1;
  rows_inflate(&r, data, count, &fault);
  for (uint32_t y = 0; y < shape->height && fault.status == SCRIM_OK; y++, pixels += shape->width) {
    const uint8_t *row = rows_undo(&r, y, &fault);
    if (!row) break;
    equal &= !row_differs(&r, row, pixels, shape->channels == 4 ? 0xFFFFFFFF : 0x00FFFFFF);
  }
  rows_free(&r);
  *is_equal = equal && fault.status == SCRIM_OK;
  return fault.status;
}

static int is_gray(const uint32_t *pixels, size_t count) {
  uint32_t unequal = 0;
  for (size_t i = 0; i < count; i++) unequal |= (pixels[i] ^ pixels[i] >> 8) & 0xFFFF;
  return unequal == 0;
}

// Whether more than half of a row's pixels equal neither the left one nor the one above: a photograph.
// There, the filter Sub saves a third of the bytes (2.32 MB instead of 3.37 for a gallery; Paeth 2.31, but
// is far slower to undo); on interfaces it adds some.
static int is_rough(const uint32_t *row, const uint32_t *above, size_t width, uint32_t mask) {
  uint32_t rough = 0;
  for (size_t x = 1; x < width; x++)
    rough += ((row[x] ^ row[x - 1]) & mask) != 0 & ((row[x] ^ above[x]) & mask) != 0;
  return rough > width / 2;
}

// A row's filter and its bytes. `room` has space for one row.
static void filter_row(const uint32_t *pixels, uint32_t y, size_t width, int channels, const scrim_row_kernels *kernels,
                       uint8_t *restrict room, uint8_t *restrict out) {
  const uint32_t *row = pixels + y * width;
  if (y == 0 || !is_rough(row, row - width, width, channels == 4 ? 0xFFFFFFFF : 0x00FFFFFF)) {
    *out = 0;
    kernels->narrow(row, out + 1, width, channels);
    return;
  }
  *out++ = 1;
  kernels->narrow(row, room, width, channels);
  size_t bpp = (size_t)channels;
  memcpy(out, room, bpp);
  for (size_t i = bpp; i < width * bpp; i++) out[i] = (uint8_t)(room[i] - room[i - bpp]);
}

scrim_status scrim_png_encode_plain(const uint32_t *pixels, uint32_t width, uint32_t height, scrim_png_color color,
                                    uint8_t **out, size_t *out_count, char *message) {
  static const int channels[] = {
      [SCRIM_PNG_COLOR_RGB8] = 3, [SCRIM_PNG_COLOR_RGBA8] = 4, [SCRIM_PNG_COLOR_GRAY8] = 1};
  scrim_fault fault = {SCRIM_OK, message};
  size_t stride = (size_t)width * (size_t)channels[color] + 1, size = stride * height;
  // igzip writes blocks at least 1/8 larger than their content to nowhere; it stores those instead.
  size_t room = size + size / 8 + 4096;
  if (size > UINT32_MAX || room > UINT32_MAX) {
    scrim_fault_set(&fault, SCRIM_UNSUPPORTED, "rows of %zu bytes are too many at once", size);
    return fault.status;
  }
  // igzip reads its tables before it fills them: with zeroed tables the output depends on the pixels alone,
  // and not on the previous content of the memory.
  uint8_t *raw = malloc(size), *packed = malloc(room), *tables = calloc(1, ISAL_DEF_LVL1_DEFAULT);
  uint8_t *row = malloc(stride);
  struct isal_zstream *stream = calloc(1, sizeof *stream);
  if (!raw || !packed || !tables || !row || !stream) {
    scrim_fault_set(&fault, SCRIM_NO_MEMORY, "no memory for the encoded image");
  } else if (color == SCRIM_PNG_COLOR_GRAY8 && !is_gray(pixels, (size_t)width * height)) {
    scrim_fault_set(&fault, SCRIM_UNSUPPORTED, "a pixel is not grey");
  } else {
    scrim_row_kernels kernels = scrim_row_kernels_for(0);
    for (uint32_t y = 0; y < height; y++)
      filter_row(pixels, y, width, channels[color], &kernels, row, raw + y * stride);
    isal_deflate_stateless_init(stream);
    stream->level = 1;  // 0 takes as long in all, verification included, for 1.4 times the bytes
    stream->level_buf = tables;
    stream->level_buf_size = ISAL_DEF_LVL1_DEFAULT;
    stream->gzip_flag = IGZIP_ZLIB;
    stream->end_of_stream = 1;
    stream->next_in = raw;
    stream->avail_in = (uint32_t)size;
    stream->next_out = packed;
    stream->avail_out = (uint32_t)room;
    if (isal_deflate_stateless(stream) != COMP_OK || stream->avail_in != 0)
      scrim_fault_set(&fault, SCRIM_UNSUPPORTED, "igzip could not compress the rows");
  }
  free(raw);
  free(row);
  free(tables);
  if (fault.status == SCRIM_OK) {
    *out = packed;
    *out_count = stream->total_out;
  } else {
    free(packed);
  }
  free(stream);
  return fault.status;
}
