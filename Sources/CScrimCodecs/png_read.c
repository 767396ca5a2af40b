#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

typedef struct reader {
  png_structp png;
  png_infop info;
  const uint8_t *bytes;
  size_t count, offset, image_data_end;
  scrim_png_form form;
  uint32_t width, height;
  uint8_t *rows;
  size_t row_bytes;
  scrim_png_facts *facts;
  scrim_fault fault;
} reader;

static void on_error(png_structp png, png_const_charp text) {
  reader *r = png_get_error_ptr(png);
  scrim_fault_set(&r->fault, SCRIM_DAMAGED, "%s", text);
  png_longjmp(png, 1);
}

// A warning must return to libpng; the fault it leaves makes the run fail at its end.
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

// Reads every row to the last `row_bytes - skip` bytes of its place in `rows`.
static void read_rows(reader *r, int passes, size_t skip) {
  for (int pass = 0; pass < passes; pass++) {
    uint8_t *row = r->rows + skip;
    for (uint32_t y = 0; y < r->height; y++, row += r->row_bytes) png_read_row(r->png, row, NULL);
  }
}

// libpng does not see an index outside the palette once it expands one, so the table is applied here. A row's indexes
// lie in the last quarter of its place, so that pixel i is written over bytes that only pixels up to i came from.
static void expand_palette(reader *r) {
  png_colorp colors = NULL;
  png_bytep alphas = NULL;
  int color_count = 0, alpha_count = 0;
  png_get_PLTE(r->png, r->info, &colors, &color_count);
  png_get_tRNS(r->png, r->info, &alphas, &alpha_count, NULL);
  uint32_t table[256] = {0};
  for (int i = 0; i < color_count; i++) {
    uint32_t alpha = i < alpha_count ? alphas[i] : 0xFF;
    table[i] = alpha << 24 | (uint32_t)colors[i].red << 16 | (uint32_t)colors[i].green << 8 | colors[i].blue;
  }
  uint32_t seen = 0xFFFFFFFF, kept = r->form == SCRIM_PNG_RGB ? 0x00FFFFFF : 0xFFFFFFFF;
  uint8_t largest = 0;
  uint8_t *row = r->rows;
  for (uint32_t y = 0; y < r->height; y++, row += r->row_bytes) {
    const uint8_t *indexes = row + (size_t)r->width * 3;
    for (size_t x = 0; x < r->width; x++) {
      uint8_t index = indexes[x];
      if (index > largest) largest = index;
      seen &= table[index];
      uint32_t pixel = table[index] & kept;
      memcpy(row + x * 4, &pixel, 4);
    }
  }
  r->facts->is_opaque = seen >> 24 == 0xFF;
  if (largest >= color_count)
    scrim_fault_set(&r->fault, SCRIM_DAMAGED, "a pixel has palette index %d, and the palette has %d colours", largest,
                    color_count);
}

// Whether all alphas are full; clears them where the form has none.
static void settle_alpha(reader *r) {
  size_t count = (size_t)r->width * r->height;
  if (r->form == SCRIM_PNG_RGBA16) {
    const uint16_t *samples = (const uint16_t *)r->rows;
    uint16_t seen = 0xFFFF;
    for (size_t i = 0; i < count; i++) seen &= samples[i * 4 + 3];
    r->facts->is_opaque = seen == 0xFFFF;
    return;
  }
  uint32_t *pixels = (uint32_t *)r->rows;
  uint32_t seen = 0xFFFFFFFF, kept = r->form == SCRIM_PNG_RGB ? 0x00FFFFFF : 0xFFFFFFFF;
  for (size_t i = 0; i < count; i++) {
    seen &= pixels[i];
    pixels[i] &= kept;
  }
  r->facts->is_opaque = seen >> 24 == 0xFF;
}

// Between this function's start and end an error jumps back into it, so it changes nothing but what `r` points to.
static void run(reader *r) {
  if (setjmp(png_jmpbuf(r->png))) return;
  png_structp png = r->png;
  png_set_benign_errors(png, 0);
  png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  png_set_check_for_invalid_index(png, 0);  // expand_palette does it
  png_set_read_fn(png, r, on_read);
  png_read_info(png, r->info);
  if (png_get_image_width(png, r->info) != r->width || png_get_image_height(png, r->info) != r->height)
    png_error(png, "the size changed while the bytes were read");

  int color = png_get_color_type(png, r->info);
  int depth = png_get_bit_depth(png, r->info);
  int transparent = png_get_valid(png, r->info, PNG_INFO_tRNS) != 0;
  r->facts->has_alpha = (color & PNG_COLOR_MASK_ALPHA) != 0 || transparent;
  r->facts->is_opaque = 1;

  if (color == PNG_COLOR_TYPE_PALETTE) {
    if (r->form == SCRIM_PNG_RGBA16) png_error(png, "a palette has no 16-bit samples");
    png_set_packing(png);
  } else {
    png_set_expand(png);
    if (!(color & PNG_COLOR_MASK_COLOR)) png_set_gray_to_rgb(png);
    if (r->form == SCRIM_PNG_RGBA16) {
      if (depth != 16) png_error(png, "the image does not have 16-bit samples");
      png_set_swap(png);
      png_set_add_alpha(png, 0xFFFF, PNG_FILLER_AFTER);
    } else {
      if (depth == 16) png_set_scale_16(png);
      png_set_bgr(png);
      if (r->form == SCRIM_PNG_RGB && !r->facts->has_alpha)
        png_set_filler(png, 0, PNG_FILLER_AFTER);
      else
        png_set_add_alpha(png, 0xFF, PNG_FILLER_AFTER);
    }
  }
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, r->info);
  size_t skip = color == PNG_COLOR_TYPE_PALETTE ? (size_t)r->width * 3 : 0;
  if (png_get_rowbytes(png, r->info) != r->row_bytes - skip) png_error(png, "a row has an unforeseen size");
  read_rows(r, passes, skip);
  // Behind the image's last row libpng passes over IDAT chunks that hold more than the image.
  if (r->offset < r->image_data_end) png_error(png, "image data goes on behind the end of the image");
  png_read_end(png, NULL);

  if (r->fault.status != SCRIM_OK) return;
  if (color == PNG_COLOR_TYPE_PALETTE)
    expand_palette(r);
  else if (r->facts->has_alpha)
    settle_alpha(r);
}

scrim_status scrim_png_decode(const uint8_t *bytes, size_t count, size_t image_data_end, scrim_png_form form,
                              uint32_t width, uint32_t height, void *rows, scrim_png_facts *facts,
                              char *message) {
  reader r = {.bytes = bytes,
              .count = count,
              .image_data_end = image_data_end,
              .form = form,
              .width = width,
              .height = height,
              .rows = rows,
              .row_bytes = (size_t)width * (form == SCRIM_PNG_RGBA16 ? 8 : 4),
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
