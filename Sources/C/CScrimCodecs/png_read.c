#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

// Layout in which libpng leaves a row at the end of its buffer, which decides how it is converted.
typedef enum layout {
  LAYOUT_INDEXES,  // a byte a pixel
  LAYOUT_RGB,      // three bytes a pixel
  LAYOUT_BGRA,     // words
} layout;

typedef struct reader {
  png_structp png;
  png_infop info;
  const uint8_t *bytes;
  size_t count, offset;
  uint32_t width, height;
  uint8_t *rows;
  size_t row_bytes;
  layout layout;
  uint32_t kept;         // the bits of a word that the form uses
  uint32_t seen;         // AND of all words so far: the high byte is 0xFF while all are opaque
  uint32_t table[256];   // a palette's words
  uint8_t largest_index;
  scrim_png_facts *facts;
  scrim_fault fault;
} reader;

static void on_error(png_structp png, png_const_charp text) {
  reader *r = png_get_error_ptr(png);
  scrim_fault_set(&r->fault, SCRIM_DAMAGED, "%s", text);
  png_longjmp(png, 1);
}

// A warning must return to libpng; the stored fault makes the run fail at its end.
static void on_warning(png_structp png, png_const_charp text) {
  reader *r = png_get_error_ptr(png);
  scrim_fault_set(&r->fault, SCRIM_DAMAGED, "%s", text);
}

static void on_read(png_structp png, png_bytep out, size_t count) {
  reader *r = png_get_io_ptr(png);
  if (count > r->count - r->offset) {
    scrim_fault_set(&r->fault, SCRIM_TRUNCATED, "the bytes end within a chunk");
    png_error(png, "truncated");
  }
  memcpy(out, r->bytes + r->offset, count);
  r->offset += count;
}

static png_voidp on_malloc(png_structp png, png_alloc_size_t size) {
  void *memory = malloc(size);
  if (!memory) {
    reader *r = png_get_mem_ptr(png);
    scrim_fault_set(&r->fault, SCRIM_NO_MEMORY, "libpng could not get %zu bytes", (size_t)size);
  }
  return memory;
}

static void on_free(png_structp png, png_voidp memory) {
  (void)png;
  free(memory);
}

// Converts the bytes at the end of a row's buffer to words, from the first pixel to the last: pixel i then
// overwrites only bytes of pixels up to i.
static void finish_row(reader *r, uint8_t *row) {
  size_t width = r->width;
  uint32_t kept = r->kept, seen = r->seen;
  switch (r->layout) {
    case LAYOUT_INDEXES: {
      // libpng does not detect an index outside the palette when it expands it, so the palette is applied
      // here.
      const uint8_t *indexes = row + width * 3;
      uint8_t largest = r->largest_index;
      for (size_t x = 0; x < width; x++) {
        uint8_t index = indexes[x];
        if (index > largest) largest = index;
        uint32_t pixel = r->table[index];
        seen &= pixel;
        pixel &= kept;
        memcpy(row + x * 4, &pixel, 4);
      }
      r->largest_index = largest;
      break;
    }
    case LAYOUT_RGB: {
      // One pass here is faster than libpng's two (filler, then BGR). The load starts one byte early, so
      // that the last load stays inside the row.
      const uint8_t *colors = row + width - 1;
      for (size_t x = 0; x < width; x++) {
        uint32_t pixel;
        memcpy(&pixel, colors + x * 3, 4);
        pixel = (__builtin_bswap32(pixel) | 0xFF000000) & kept;
        memcpy(row + x * 4, &pixel, 4);
      }
      break;
    }
    case LAYOUT_BGRA: {
      uint32_t *pixels = (uint32_t *)row;
      for (size_t x = 0; x < width; x++) {
        seen &= pixels[x];
        pixels[x] &= kept;
      }
      break;
    }
  }
  r->seen = seen;
}

static void read_rows(reader *r, int passes, size_t skip) {
  for (int pass = 0; pass < passes; pass++) {
    uint8_t *row = r->rows;
    for (uint32_t y = 0; y < r->height; y++, row += r->row_bytes) {
      png_read_row(r->png, row + skip, NULL);
      if (passes == 1) finish_row(r, row);
    }
  }
  if (passes == 1) return;
  for (uint32_t y = 0; y < r->height; y++) finish_row(r, r->rows + y * r->row_bytes);
}

// Returns the number of colours.
static int fill_table(reader *r) {
  png_colorp colors = NULL;
  png_bytep alphas = NULL;
  int color_count = 0, alpha_count = 0;
  png_get_PLTE(r->png, r->info, &colors, &color_count);
  png_get_tRNS(r->png, r->info, &alphas, &alpha_count, NULL);
  for (int i = 0; i < color_count; i++) {
    uint32_t alpha = i < alpha_count ? alphas[i] : 0xFF;
    r->table[i] = alpha << 24 | (uint32_t)colors[i].red << 16 | (uint32_t)colors[i].green << 8 | colors[i].blue;
  }
  return color_count;
}

// Between this function's start and end an error jumps back into it, so it modifies only what `r` points
// to.
static void run(reader *r) {
  if (setjmp(png_jmpbuf(r->png))) return;
  png_structp png = r->png;
  png_set_benign_errors(png, 0);
  png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  png_set_check_for_invalid_index(png, 0);  // finish_row and the end of this function do it
  png_set_read_fn(png, r, on_read);
  png_read_info(png, r->info);
  if (png_get_image_width(png, r->info) != r->width || png_get_image_height(png, r->info) != r->height)
    png_error(png, "the size changed while the bytes were read");

  int color = png_get_color_type(png, r->info);
  int depth = png_get_bit_depth(png, r->info);
  int transparent = png_get_valid(png, r->info, PNG_INFO_tRNS) != 0;
  r->facts->has_alpha = (color & PNG_COLOR_MASK_ALPHA) != 0 || transparent;

  int color_count = 256;
  size_t skip = 0;
  if (color == PNG_COLOR_TYPE_PALETTE) {
    r->layout = LAYOUT_INDEXES;
    skip = (size_t)r->width * 3;
    color_count = fill_table(r);
    png_set_packing(png);
  } else {
    png_set_expand(png);
    if (!(color & PNG_COLOR_MASK_COLOR)) png_set_gray_to_rgb(png);
    if (depth == 16) png_set_scale_16(png);
    if (r->facts->has_alpha) {
      r->layout = LAYOUT_BGRA;
      png_set_bgr(png);
    } else {
      r->layout = LAYOUT_RGB;
      skip = r->width;
    }
  }
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, r->info);
  if (png_get_rowbytes(png, r->info) != r->row_bytes - skip) png_error(png, "a row has an unforeseen size");
  read_rows(r, passes, skip);
  png_read_end(png, NULL);
  r->facts->is_opaque = r->seen >> 24 == 0xFF;
  if (r->largest_index >= color_count)
    scrim_fault_set(&r->fault, SCRIM_DAMAGED, "a pixel has palette index %d, and the palette has %d colours",
                    r->largest_index, color_count);
}

scrim_status scrim_png_decode(const uint8_t *bytes, size_t count, scrim_png_form form, uint32_t width,
                              uint32_t height, void *rows, scrim_png_facts *facts, char *message) {
  reader r = {.bytes = bytes,
              .count = count,
              .width = width,
              .height = height,
              .rows = rows,
              .row_bytes = (size_t)width * 4,
              .kept = form == SCRIM_PNG_RGB ? 0x00FFFFFF : 0xFFFFFFFF,
              .seen = 0xFFFFFFFF,
              .facts = facts,
              .fault = {SCRIM_OK, message}};
  r.png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &r, on_error, on_warning, &r, on_malloc, on_free);
  if (r.png) r.info = png_create_info_struct(r.png);
  if (r.info)
    run(&r);
  else
    scrim_fault_set(&r.fault, SCRIM_NO_MEMORY, "libpng could not start");
  png_destroy_read_struct(r.png ? &r.png : NULL, r.info ? &r.info : NULL, NULL);
  return r.fault.status;
}
