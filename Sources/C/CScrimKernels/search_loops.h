// The loops of search.c, which includes this file once per kind of processor; NAMED gives each copy its own
// names.

/// Hashes of the pieces that begin at the first `count` pixels of a row: the sum over a piece of
/// mixed(pixel) * 62^(31 - i), computed by doubling from pieces of 1, 2, 4, 8 and 16 pixels.
static void NAMED(hash_pieces)(const uint32_t *row, size_t count, uint32_t *sums) {
  for (size_t i = 0; i < count + SCRIM_PIECE - 1; i++) sums[i] = row[i] ^ row[i] >> 11;
  uint32_t factor = 62;
  for (size_t step = 1; step < SCRIM_PIECE; step *= 2) {
    size_t end = count + SCRIM_PIECE - 2 * step;
    for (size_t i = 0; i < end; i++) sums[i] = sums[i] * factor + sums[i + step];
    factor *= factor;
  }
  for (size_t i = 0; i < count; i++) sums[i] *= 0x9E3779B1u;
}

static ptrdiff_t NAMED(find_piece)(
    const uint32_t *new_pixels, const uint32_t *old_pixels, size_t stride, size_t rows, size_t first) {
  for (size_t step = 0; step < rows; step++) {
    size_t y = (first + step) % rows;
    const uint32_t *a = new_pixels + y * stride, *b = old_pixels + y * stride;
    uint32_t difference = 0, changes = 0;
    for (size_t i = 0; i < SCRIM_PIECE; i++) difference |= a[i] ^ b[i];
    if (difference == 0) continue;
    for (size_t i = 1; i < SCRIM_PIECE; i++) changes += a[i] != a[i - 1];
    if (changes >= 4) return (ptrdiff_t)y;
  }
  return -1;
}

/// One lane of a polynomial per column of a tile, folded to one number.
static uint64_t NAMED(hash_tile)(const uint32_t *pixels, size_t stride, size_t width, size_t height) {
  uint32_t lanes[LANES];
  for (size_t i = 0; i < LANES; i++) lanes[i] = 0x811C9DC5u;
  for (size_t y = 0; y < height; y++) {
    const uint32_t *row = pixels + y * stride;
    size_t x = 0;
    for (; x + LANES <= width; x += LANES)
      for (size_t i = 0; i < LANES; i++) lanes[i] = (lanes[i] ^ row[x + i]) * 0x01000193u;
    for (size_t i = 0; x + i < width; i++) lanes[i] = (lanes[i] ^ row[x + i]) * 0x01000193u;
  }
  uint64_t sum = (uint64_t)width << 32 | height;
  for (size_t i = 0; i < LANES; i++) sum = (sum ^ lanes[i]) * 0x9E3779B97F4A7C15u;
  return sum ^ sum >> 29;
}
