#include "png_rows.h"

#include <string.h>

// ---- In plain C

static inline uint8_t paeth(int a, int b, int c) {
  int pa = b - c, pb = a - c, pc = pa + pb;
  pa = pa < 0 ? -pa : pa;
  pb = pb < 0 ? -pb : pb;
  pc = pc < 0 ? -pc : pc;
  return (uint8_t)(pa <= pb && pa <= pc ? a : pb <= pc ? b : c);
}

// Starts at byte `start`; the bytes before it are done.
static inline __attribute__((always_inline)) void undo_from(size_t start, int filter, uint8_t *row,
                                                            const uint8_t *above, size_t count, size_t bpp) {
  // The pixels to the left of and above-left of the current one.
  uint8_t a[4] = {0}, c[4] = {0};
  for (size_t k = 0; k < bpp && start > 0; k++) {
    a[k] = row[start - bpp + k];
    c[k] = above[start - bpp + k];
  }
  switch (filter) {
    case 1:
      for (size_t i = start; i < count; i += bpp)
        for (size_t k = 0; k < bpp; k++) row[i + k] = a[k] = (uint8_t)(row[i + k] + a[k]);
      break;
    case 2:
      for (size_t i = start; i < count; i++) row[i] = (uint8_t)(row[i] + above[i]);
      break;
    case 3:
      for (size_t i = start; i < count; i += bpp)
        for (size_t k = 0; k < bpp; k++)
          row[i + k] = a[k] = (uint8_t)(row[i + k] + (a[k] + above[i + k]) / 2);
      break;
    case 4:
      for (size_t i = start; i < count; i += bpp)
        for (size_t k = 0; k < bpp; k++) {
          uint8_t b = above[i + k];
          row[i + k] = a[k] = (uint8_t)(row[i + k] + paeth(a[k], b, c[k]));
          c[k] = b;
        }
      break;
  }
}

// Called with every constant `bpp`, so that the loops have it as a constant.
static void undo_portable(int filter, uint8_t *row, const uint8_t *above, size_t count, size_t bpp) {
  switch (bpp) {
    case 1: undo_from(0, filter, row, above, count, 1); break;
    case 2: undo_from(0, filter, row, above, count, 2); break;
    case 3: undo_from(0, filter, row, above, count, 3); break;
    default: undo_from(0, filter, row, above, count, 4);
  }
}

static uint32_t widen_portable(const uint8_t *row, uint32_t *pixels, size_t width, int channels) {
  uint32_t seen = 0xFFFFFFFF;
  switch (channels) {
    case 1:
      for (size_t x = 0; x < width; x++) pixels[x] = row[x] * 0x010101u;
      break;
    case 2:
      for (size_t x = 0; x < width; x++, row += 2) {
        pixels[x] = row[0] * 0x010101u | (uint32_t)row[1] << 24;
        seen &= pixels[x];
      }
      break;
    case 3:
      for (size_t x = 0; x < width; x++, row += 3)
        pixels[x] = (uint32_t)row[0] << 16 | (uint32_t)row[1] << 8 | row[2];
      break;
    default:
      for (size_t x = 0; x < width; x++, row += 4) {
        pixels[x] = (uint32_t)row[3] << 24 | (uint32_t)row[0] << 16 | (uint32_t)row[1] << 8 | row[2];
        seen &= pixels[x];
      }
  }
  return seen;
}

static void narrow_portable(const uint32_t *pixels, uint8_t *row, size_t width, int channels) {
  switch (channels) {
    case 1:
      for (size_t x = 0; x < width; x++) row[x] = (uint8_t)pixels[x];
      break;
    case 3:
      for (size_t x = 0; x < width; x++, row += 3) {
        row[0] = (uint8_t)(pixels[x] >> 16);
        row[1] = (uint8_t)(pixels[x] >> 8);
        row[2] = (uint8_t)pixels[x];
      }
      break;
    default:
      for (size_t x = 0; x < width; x++, row += 4) {
        row[0] = (uint8_t)(pixels[x] >> 16);
        row[1] = (uint8_t)(pixels[x] >> 8);
        row[2] = (uint8_t)pixels[x];
        row[3] = (uint8_t)(pixels[x] >> 24);
      }
  }
}

// ---- With SSE 4.1

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("sse4.1"))), apply_to = function)

static inline __m128i load(const void *bytes) { return _mm_loadu_si128((const __m128i *)bytes); }
static inline void store(void *bytes, __m128i value) { _mm_storeu_si128((__m128i *)bytes, value); }

// A pixel, one sample per 16-bit lane. With three channels the fourth lane is the next pixel's first
// sample.
static inline __m128i load_pixel(const uint8_t *bytes) {
  int32_t word;
  memcpy(&word, bytes, 4);
  return _mm_cvtepu8_epi16(_mm_cvtsi32_si128(word));
}

// Stores four pixels: 12 or 16 bytes, and not one more.
static inline __attribute__((always_inline)) void store_four(uint8_t *row, __m128i pixels, size_t bpp) {
  if (bpp == 4) {
    store(row, pixels);
    return;
  }
  int64_t low = _mm_cvtsi128_si64(pixels);
  int32_t high = _mm_extract_epi32(pixels, 2);
  memcpy(row, &low, 8);
  memcpy(row + 8, &high, 4);
}

// The bytes of the last (or first) of four pixels, repeated four times.
static inline __attribute__((always_inline)) __m128i last_of_four(__m128i pixels, size_t bpp) {
  return _mm_shuffle_epi8(pixels, bpp == 4
      ? _mm_setr_epi8(12, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15)
      : _mm_setr_epi8(9, 10, 11, 9, 10, 11, 9, 10, 11, 9, 10, 11, -1, -1, -1, -1));
}
static inline __attribute__((always_inline)) __m128i first_of_four(__m128i pixels, size_t bpp) {
  return _mm_shuffle_epi8(pixels, bpp == 4
      ? _mm_setr_epi8(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3)
      : _mm_setr_epi8(0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, -1, -1, -1, -1));
}

static inline __attribute__((always_inline)) int equal_in(int mask, __m128i a, __m128i b) {
  return (_mm_movemask_epi8(_mm_cmpeq_epi8(a, b)) & mask) == mask;
}

// Each pixel is the sum of all previous differences: four at a time in two steps.
static inline __attribute__((always_inline)) size_t undo_sub(uint8_t *row, size_t count, size_t bpp) {
  __m128i left = _mm_setzero_si128();
  size_t i = 0;
  for (; i + 16 <= count; i += 4 * bpp) {
    __m128i x = load(row + i);
    x = _mm_add_epi8(x, bpp == 4 ? _mm_slli_si128(x, 4) : _mm_slli_si128(x, 3));
    x = _mm_add_epi8(x, bpp == 4 ? _mm_slli_si128(x, 8) : _mm_slli_si128(x, 6));
    x = _mm_add_epi8(x, left);
    store_four(row + i, x, bpp);
    left = last_of_four(x, bpp);
  }
  return i;
}

// Of a user interface 70 % of this filter's bytes are zero. Where four pixels differ in nothing from what is predicted, then
// - if the pixel left equals the one above left, the prediction is the pixel above, and so on to the end of the zeros: the row
//   above is copied;
// - if the row above is of one colour there, it is the pixel left.
// Both follow from the predictor's order: a = c makes pb = 0, so b wins unless pa = 0 as well, and then a = b = c; b = c
// makes pa = 0, and a wins. All else goes pixel by pixel.
static inline __attribute__((always_inline)) size_t undo_paeth(uint8_t *row, const uint8_t *above, size_t count,
                                                               size_t bpp) {
  const __m128i zero = _mm_setzero_si128();
  const int four = bpp == 4 ? 0xFFFF : 0x0FFF, one = bpp == 4 ? 0xFF : 0x3F;
  __m128i a = zero, c = zero;
  size_t i = 0;
  for (; i + 16 <= count; i += 4 * bpp) {
    if (equal_in(four, load(row + i), zero)) {
      __m128i b = load(above + i);
      if (equal_in(one, a, c)) {
        store_four(row + i, b, bpp);
        a = c = load_pixel(above + i + 3 * bpp);
        continue;
      }
      if (i > 0 && equal_in(four, b, load(above + i - bpp))) {
        store_four(row + i, first_of_four(_mm_packus_epi16(a, a), bpp), bpp);
        continue;  // c is b still
      }
    }
    for (size_t k = i; k < i + 4 * bpp; k += bpp) {
      __m128i b = load_pixel(above + k);
      __m128i pa = _mm_sub_epi16(b, c), pb = _mm_sub_epi16(a, c), pc = _mm_abs_epi16(_mm_add_epi16(pa, pb));
      pa = _mm_abs_epi16(pa);
      pb = _mm_abs_epi16(pb);
      __m128i least = _mm_min_epi16(pc, _mm_min_epi16(pa, pb));
      __m128i nearest = _mm_blendv_epi8(_mm_blendv_epi8(c, b, _mm_cmpeq_epi16(least, pb)), a,
                                        _mm_cmpeq_epi16(least, pa));
      a = _mm_and_si128(_mm_add_epi16(load_pixel(row + k), nearest), _mm_set1_epi16(0xFF));
      c = b;
      int32_t word = _mm_cvtsi128_si32(_mm_packus_epi16(a, a));
      memcpy(row + k, &word, bpp);
    }
  }
  return i;
}

static inline __attribute__((always_inline)) void undo_wide(int filter, uint8_t *row, const uint8_t *above,
                                                            size_t count, size_t bpp) {
  size_t done = 0;
  if (filter == 1) done = undo_sub(row, count, bpp);
  if (filter == 4) done = undo_paeth(row, above, count, bpp);
  undo_from(done, filter, row, above, count, bpp);
}

static void undo_sse41(int filter, uint8_t *row, const uint8_t *above, size_t count, size_t bpp) {
  switch (bpp) {
    case 3: undo_wide(filter, row, above, count, 3); break;
    case 4: undo_wide(filter, row, above, count, 4); break;
    default: undo_portable(filter, row, above, count, bpp);
  }
}

static uint32_t widen_sse41(const uint8_t *row, uint32_t *pixels, size_t width, int channels) {
  size_t x = 0;
  __m128i seen = _mm_set1_epi32(-1);
  if (channels == 3) {
    const __m128i order = _mm_setr_epi8(2, 1, 0, -1, 5, 4, 3, -1, 8, 7, 6, -1, 11, 10, 9, -1);
    for (; x * 3 + 16 <= width * 3; x += 4) store(pixels + x, _mm_shuffle_epi8(load(row + x * 3), order));
  } else if (channels == 4) {
    const __m128i order = _mm_setr_epi8(2, 1, 0, 3, 6, 5, 4, 7, 10, 9, 8, 11, 14, 13, 12, 15);
    for (; x + 4 <= width; x += 4) {
      __m128i words = _mm_shuffle_epi8(load(row + x * 4), order);
      seen = _mm_and_si128(seen, words);
      store(pixels + x, words);
    }
  }
  seen = _mm_and_si128(seen, _mm_srli_si128(seen, 8));
  seen = _mm_and_si128(seen, _mm_srli_si128(seen, 4));
  uint32_t rest = widen_portable(row + x * (size_t)channels, pixels + x, width - x, channels);
  return (uint32_t)_mm_cvtsi128_si32(seen) & rest;
}

static void narrow_sse41(const uint32_t *pixels, uint8_t *row, size_t width, int channels) {
  size_t x = 0;
  if (channels == 3) {
    const __m128i order = _mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
    // The excess bytes of a store are overwritten by the next one; the loop in plain C does the last
    // pixels.
    for (; x * 3 + 16 <= width * 3; x += 4) store(row + x * 3, _mm_shuffle_epi8(load(pixels + x), order));
  } else if (channels == 4) {
    const __m128i order = _mm_setr_epi8(2, 1, 0, 3, 6, 5, 4, 7, 10, 9, 8, 11, 14, 13, 12, 15);
    for (; x + 4 <= width; x += 4) store(row + x * 4, _mm_shuffle_epi8(load(pixels + x), order));
  }
  narrow_portable(pixels + x, row + x * (size_t)channels, width - x, channels);
}

#pragma clang attribute pop
#endif

scrim_row_kernels scrim_row_kernels_for(int portable) {
#if defined(__x86_64__)
  if (!portable && __builtin_cpu_supports("sse4.1"))
    return (scrim_row_kernels){undo_sse41, widen_sse41, narrow_sse41};
#endif
  (void)portable;
  return (scrim_row_kernels){undo_portable, widen_portable, narrow_portable};
}
