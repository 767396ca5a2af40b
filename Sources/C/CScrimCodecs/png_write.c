#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

// Bytes of an IDAT chunk; libpng's own 8 KB would cost a header and a checksum call eight times as often.
enum { CHUNK_SIZE = 1 << 16 };

typedef struct writer {
  png_structp png;
  png_infop info;
  const uint32_t *pixels;
  uint32_t width, height;
  scrim_png_color color;
  int level, adaptive;
  uint8_t *gray_row;
  scrim_buffer out;
  scrim_fault fault;
} writer;

static void on_error(png_structp png, png_const_charp text) {
  writer *w = png_get_error_ptr(png);
  scrim_fault_set(&w->fault, SCRIM_UNSUPPORTED, "%s", text);
  png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
  writer *w = png_get_error_ptr(png);
  scrim_fault_set(&w->fault, SCRIM_UNSUPPORTED, "%s", text);
}

static void on_write(png_structp png, png_bytep bytes, size_t count) {
  writer *w = png_get_io_ptr(png);
  if (!scrim_buffer_reserve(&w->out, count)) {
    scrim_fault_set(&w->fault, SCRIM_NO_MEMORY, "no memory for the encoded image");
    png_error(png, "no memory");
  }
  memcpy(w->out.bytes + w->out.count, bytes, count);
  w->out.count += count;
}

static void on_flush(png_structp png) { (void)png; }

static png_voidp on_malloc(png_structp png, png_alloc_size_t size) {
  void *memory = malloc(size);
  if (!memory) {
    writer *w = png_get_mem_ptr(png);
    scrim_fault_set(&w->fault, SCRIM_NO_MEMORY, "libpng could not get %zu bytes", (size_t)size);
  }
  return memory;
}

static void on_free(png_structp png, png_voidp memory) {
  (void)png;
  free(memory);
}

static void write_gray(writer *w) {
  w->gray_row = malloc(w->width);
  if (!w->gray_row) {
    scrim_fault_set(&w->fault, SCRIM_NO_MEMORY, "no memory for a row");
    return;
  }
  const uint32_t *row = w->pixels;
  for (uint32_t y = 0; y < w->height; y++, row += w->width) {
    uint32_t unequal = 0;
    for (size_t x = 0; x < w->width; x++) {
      unequal |= (row[x] ^ row[x] >> 8) & 0xFFFF;
      w->gray_row[x] = (uint8_t)row[x];
    }
    if (unequal) {
      scrim_fault_set(&w->fault, SCRIM_UNSUPPORTED, "row %u has a pixel that is not grey", y);
      return;
    }
    png_write_row(w->png, w->gray_row);
  }
}

static void run(writer *w) {
  if (setjmp(png_jmpbuf(w->png))) return;
  png_structp png = w->png;
  static const int color_types[] = {PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGBA, PNG_COLOR_TYPE_GRAY};
  png_set_write_fn(png, w, on_write, on_flush);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_compression_level(png, w->level);
  png_set_compression_buffer_size(png, CHUNK_SIZE);
  png_set_filter(png, PNG_FILTER_TYPE_BASE, w->adaptive ? PNG_ALL_FILTERS : PNG_FILTER_NONE);
  png_set_IHDR(png, w->info, w->width, w->height, 8, color_types[w->color], PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, w->info);
  if (w->color == SCRIM_PNG_COLOR_GRAY8) {
    write_gray(w);
    if (w->fault.status != SCRIM_OK) return;
  } else {
    png_set_bgr(png);
    if (w->color == SCRIM_PNG_COLOR_RGB8) png_set_filler(png, 0, PNG_FILLER_AFTER);
    const uint32_t *row = w->pixels;
    for (uint32_t y = 0; y < w->height; y++, row += w->width) png_write_row(png, (png_const_bytep)row);
  }
  png_write_end(png, NULL);
}

scrim_status scrim_png_encode(const uint32_t *pixels, uint32_t width, uint32_t height, scrim_png_color color,
                              int level, int adaptive, uint8_t **out, size_t *out_count, char *message) {
  writer w = {.pixels = pixels,
              .width = width,
              .height = height,
              .color = color,
              .level = level,
              .adaptive = adaptive,
              .fault = {SCRIM_OK, message}};
  w.png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, &w, on_error, on_warning, &w, on_malloc, on_free);
  if (w.png) w.info = png_create_info_struct(w.png);
  if (w.info)
    run(&w);
  else
    scrim_fault_set(&w.fault, SCRIM_NO_MEMORY, "libpng could not start");
  png_destroy_write_struct(w.png ? &w.png : NULL, w.info ? &w.info : NULL);
  free(w.gray_row);
  if (w.fault.status != SCRIM_OK) {
    free(w.out.bytes);
    return w.fault.status;
  }
  *out = w.out.bytes;
  *out_count = w.out.count;
  return SCRIM_OK;
}
