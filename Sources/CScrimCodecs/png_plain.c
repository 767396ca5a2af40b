#include <isa-l/igzip_lib.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "support.h"

uint32_t scrim_crc32(const uint8_t *bytes, size_t count) { return libdeflate_crc32(0, bytes, count); }

static uint8_t paeth(int a, int b, int c) {
  int pa = b - c, pb = a - c, pc = pa + pb;
  pa = pa < 0 ? -pa : pa;
  pb = pb < 0 ? -pb : pb;
  pc = pc < 0 ? -pc : pc;
  return (uint8_t)(pa <= pb && pa <= pc ? a : pb <= pc ? b : c);
}

#ifdef __SSE2__
static inline __m128i load_pixel(const uint8_t *bytes) {
  int32_t word;
  memcpy(&word, bytes, 4);
  return _mm_unpacklo_epi8(_mm_cvtsi32_si128(word), _mm_setzero_si128());
}

static inline __m128i choose(__m128i mask, __m128i yes, __m128i no) {
  return _mm_or_si128(_mm_and_si128(mask, yes), _mm_andnot_si128(mask, no));
}

// A pixel at a time, a sample a lane. Reads up to a byte behind either row: both have room there.
static inline __attribute__((always_inline)) void undo_paeth(uint8_t *row, const uint8_t *above, size_t count,
                                                             size_t bpp) {
  const __m128i zero = _mm_setzero_si128();
  __m128i a = zero, c = zero;
  for (size_t i = 0; i < count; i += bpp) {
    __m128i b = load_pixel(above + i);
    __m128i pa = _mm_sub_epi16(b, c), pb = _mm_sub_epi16(a, c), pc = _mm_add_epi16(pa, pb);
    pa = _mm_max_epi16(pa, _mm_sub_epi16(zero, pa));
    pb = _mm_max_epi16(pb, _mm_sub_epi16(zero, pb));
    pc = _mm_max_epi16(pc, _mm_sub_epi16(zero, pc));
    __m128i least = _mm_min_epi16(pc, _mm_min_epi16(pa, pb));
    __m128i nearest = choose(_mm_cmpeq_epi16(least, pa), a, choose(_mm_cmpeq_epi16(least, pb), b, c));
    a = _mm_add_epi8(load_pixel(row + i), nearest);
    c = b;
    int32_t word = _mm_cvtsi128_si32(_mm_packus_epi16(a, a));
    memcpy(row + i, &word, bpp);
  }
}
#endif

// A row of `count` bytes back to what it was before its filter; `above` is the row above, done already. Four bytes are
// held in registers for the pixels left of and above the present one; inlined, so that `bpp` is a constant.
static inline __attribute__((always_inline)) void undo(int filter, uint8_t *row, const uint8_t *above,
                                                       size_t count, size_t bpp) {
  uint8_t a[4] = {0}, c[4] = {0};
  switch (filter) {
    case 1:
      for (size_t i = 0; i < count; i += bpp)
        for (size_t k = 0; k < bpp; k++) row[i + k] = a[k] = (uint8_t)(row[i + k] + a[k]);
      break;
    case 2:
      for (size_t i = 0; i < count; i++) row[i] = (uint8_t)(row[i] + above[i]);
      break;
    case 3:
      for (size_t i = 0; i < count; i += bpp)
        for (size_t k = 0; k < bpp; k++)
          row[i + k] = a[k] = (uint8_t)(row[i + k] + (a[k] + above[i + k]) / 2);
      break;
    case 4:
#ifdef __SSE2__
      if (bpp > 1) {
        undo_paeth(row, above, count, bpp);
        break;
      }
#endif
      for (size_t i = 0; i < count; i += bpp)
        for (size_t k = 0; k < bpp; k++) {
          uint8_t b = above[i + k];
          row[i + k] = a[k] = (uint8_t)(row[i + k] + paeth(a[k], b, c[k]));
          c[k] = b;
        }
      break;
  }
}

// Words from a row's bytes; returns all of them and-ed.
static uint32_t widen(const uint8_t *row, uint32_t *pixels, size_t width, int channels) {
  uint32_t seen = 0xFFFFFFFF;
  switch (channels) {
    case 1:
      for (size_t x = 0; x < width; x++) pixels[x] = row[x] * 0x010101u;
      break;
    case 3:
      for (size_t x = 0; x < width; x++, row += 3)
        pixels[x] = (uint32_t)row[0] << 16 | (uint32_t)row[1] << 8 | row[2];
      break;
    default:
      for (size_t x = 0; x < width; x++, row += 4) {
        uint32_t word;
        memcpy(&word, row, 4);
        word = __builtin_bswap32(word);
        word = word >> 8 | word << 24;
        seen &= word;
        pixels[x] = word;
      }
  }
  return seen;
}

static scrim_status unfilter(uint8_t *raw, int channels, uint32_t width, uint32_t height, uint32_t *pixels,
                             int *is_opaque, scrim_fault *fault) {
  size_t count = (size_t)width * (size_t)channels;
  uint8_t *zeros = calloc(1, count + 4);
  if (!zeros) {
    scrim_fault_set(fault, SCRIM_NO_MEMORY, "no memory for a row");
    return fault->status;
  }
  const uint8_t *above = zeros;
  uint32_t seen = 0xFFFFFFFF;
  for (uint32_t y = 0; y < height; y++) {
    uint8_t *row = raw + y * (count + 1);
    int filter = *row++;
    if (filter > 4) {
      scrim_fault_set(fault, SCRIM_DAMAGED, "row %u has filter %d, which no PNG has", y, filter);
      break;
    }
    switch (channels) {
      case 1: undo(filter, row, above, count, 1); break;
      case 3: undo(filter, row, above, count, 3); break;
      default: undo(filter, row, above, count, 4);
    }
    seen &= widen(row, pixels + (size_t)y * width, width, channels);
    above = row;
  }
  free(zeros);
  *is_opaque = seen >> 24 == 0xFF;
  return fault->status;
}

scrim_status scrim_png_decode_plain(const uint8_t *data, size_t count, int channels, uint32_t width, uint32_t height,
                                    uint32_t *pixels, int *is_opaque, char *message) {
  scrim_fault fault = {SCRIM_OK, message};
  size_t size = ((size_t)width * (size_t)channels + 1) * height;
  // A pixel of three bytes is read as four.
  uint8_t *raw = malloc(size + 4);
  struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
  if (!raw || !decompressor) {
    scrim_fault_set(&fault, SCRIM_NO_MEMORY, "no memory for the rows");
  } else {
    size_t taken = 0;
    // Without a place for the size given it asks for exactly `size` bytes.
    switch (libdeflate_zlib_decompress_ex(decompressor, data, count, raw, size, &taken, NULL)) {
      case LIBDEFLATE_SUCCESS:
        if (taken != count)
          scrim_fault_set(&fault, SCRIM_DAMAGED, "%zu bytes follow the image data", count - taken);
        else
          unfilter(raw, channels, width, height, pixels, is_opaque, &fault);
        break;
      case LIBDEFLATE_SHORT_OUTPUT:
        scrim_fault_set(&fault, SCRIM_TRUNCATED, "the image data ends before the last row");
        break;
      case LIBDEFLATE_INSUFFICIENT_SPACE:
        scrim_fault_set(&fault, SCRIM_DAMAGED, "image data goes on behind the end of the image");
        break;
      default: scrim_fault_set(&fault, SCRIM_DAMAGED, "the image data is damaged");
    }
  }
  if (decompressor) libdeflate_free_decompressor(decompressor);
  free(raw);
  return fault.status;
}

// The rows as a PNG holds them; returns 0 where a grey one isn't.
static int narrow(const uint32_t *pixels, uint32_t width, uint32_t height, scrim_png_color color, uint8_t *out) {
  uint32_t unequal = 0;
  for (uint32_t y = 0; y < height; y++, pixels += width) {
    *out++ = 0;
    switch (color) {
      case SCRIM_PNG_COLOR_GRAY8:
        for (size_t x = 0; x < width; x++) {
          unequal |= (pixels[x] ^ pixels[x] >> 8) & 0xFFFF;
          *out++ = (uint8_t)pixels[x];
        }
        break;
      case SCRIM_PNG_COLOR_RGB8:
        for (size_t x = 0; x < width; x++, out += 3) {
          out[0] = (uint8_t)(pixels[x] >> 16);
          out[1] = (uint8_t)(pixels[x] >> 8);
          out[2] = (uint8_t)pixels[x];
        }
        break;
      case SCRIM_PNG_COLOR_RGBA8:
        for (size_t x = 0; x < width; x++, out += 4) {
          uint32_t word = __builtin_bswap32(pixels[x] << 8 | pixels[x] >> 24);
          memcpy(out, &word, 4);
        }
        break;
    }
  }
  return unequal == 0;
}

scrim_status scrim_png_encode_plain(const uint32_t *pixels, uint32_t width, uint32_t height, scrim_png_color color,
                                    uint8_t **out, size_t *out_count, char *message) {
  static const size_t channels[] = {
      [SCRIM_PNG_COLOR_RGB8] = 3, [SCRIM_PNG_COLOR_RGBA8] = 4, [SCRIM_PNG_COLOR_GRAY8] = 1};
  scrim_fault fault = {SCRIM_OK, message};
  size_t size = (width * channels[color] + 1) * height;
  // igzip writes blocks at least 1/8 larger than their content to nowhere; it stores those instead.
  size_t room = size + size / 8 + 4096;
  if (size > UINT32_MAX || room > UINT32_MAX) {
    scrim_fault_set(&fault, SCRIM_UNSUPPORTED, "rows of %zu bytes are too many at once", size);
    return fault.status;
  }
  // igzip looks into its tables before it fills them: zeroed, the output is a function of the pixels alone, and not of
  // what the memory held before.
  uint8_t *raw = malloc(size), *packed = malloc(room), *tables = calloc(1, ISAL_DEF_LVL1_DEFAULT);
  struct isal_zstream *stream = calloc(1, sizeof *stream);
  if (!raw || !packed || !tables || !stream) {
    scrim_fault_set(&fault, SCRIM_NO_MEMORY, "no memory for the encoded image");
  } else if (!narrow(pixels, width, height, color, raw)) {
    scrim_fault_set(&fault, SCRIM_UNSUPPORTED, "a pixel is not grey");
  } else {
    isal_deflate_stateless_init(stream);
    stream->level = 1;
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
