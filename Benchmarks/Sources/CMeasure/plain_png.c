#include "measure.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

struct input {
  const uint8_t *bytes;
  size_t left;
};

struct output {
  uint8_t *bytes;
  size_t size, room;
};

static void take(png_structp png, png_bytep to, size_t count) {
  struct input *input = png_get_io_ptr(png);
  if (count > input->left) png_error(png, "ends early");
  memcpy(to, input->bytes, count);
  input->bytes += count;
  input->left -= count;
}

static void give(png_structp png, png_bytep from, size_t count) {
  struct output *output = png_get_io_ptr(png);
  if (output->size + count > output->room) {
    size_t room = (output->size + count) * 2;
    uint8_t *bytes = realloc(output->bytes, room);
    if (!bytes) png_error(png, "no memory");
    output->bytes = bytes;
    output->room = room;
  }
  memcpy(output->bytes + output->size, from, count);
  output->size += count;
}

static void flush(png_structp png) { (void)png; }

int measure_png_read(const uint8_t *bytes, size_t count, uint32_t *pixels, uint32_t width, uint32_t height) {
  struct input input = {bytes, count};
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  if (!info || setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &info, NULL);
    return 0;
  }
  png_set_read_fn(png, &input, take);
  png_read_info(png, info);
  if (png_get_image_width(png, info) != width || png_get_image_height(png, info) != height) {
    png_error(png, "another size");
  }
  png_set_expand(png);
  png_set_bgr(png);
  png_set_filler(png, 0, PNG_FILLER_AFTER);
  png_read_update_info(png, info);
  if (png_get_rowbytes(png, info) != width * 4ul) png_error(png, "not eight bits of colour");
  for (uint32_t y = 0; y < height; y++) png_read_row(png, (png_bytep)(pixels + (size_t)y * width), NULL);
  png_read_end(png, NULL);
  png_destroy_read_struct(&png, &info, NULL);
  return 1;
}

size_t measure_png_write(const uint32_t *pixels, uint32_t width, uint32_t height, uint8_t **out) {
  struct output output = {NULL, 0, 0};
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  if (!info || setjmp(png_jmpbuf(png))) {
    png_destroy_write_struct(&png, &info);
    free(output.bytes);
    return 0;
  }
  png_set_write_fn(png, &output, give, flush);
  png_set_IHDR(
    png, info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
    PNG_FILTER_TYPE_DEFAULT);
  png_set_compression_level(png, 1);
  png_set_filter(png, 0, PNG_FILTER_NONE);
  png_write_info(png, info);
  png_set_bgr(png);
  png_set_filler(png, 0, PNG_FILLER_AFTER);
  for (uint32_t y = 0; y < height; y++) png_write_row(png, (png_const_bytep)(pixels + (size_t)y * width));
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  *out = output.bytes;
  return output.size;
}
