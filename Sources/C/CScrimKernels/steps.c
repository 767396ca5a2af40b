#include "scrim_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// A bit a pair of pixels. Compared by bytes with saturation: of `a - b` and `b - a` one is the difference and the other zero.
// Vectors are chosen at run time, as in rows_differ.c; SSE2 is part of x86-64.
#define COLOUR 0x00FFFFFFu

struct step_bits {
  uint64_t varies, steps, rough, strong;
};

static inline uint32_t distance(uint32_t a, uint32_t b) {
  uint32_t most = 0;
  for (int shift = 0; shift < 24; shift += 8) {
    uint32_t p = a >> shift & 255, q = b >> shift & 255, d = p > q ? p - q : q - p;
    if (d > most) most = d;
  }
  return most;
}

// At most 64 pairs.
static inline struct step_bits scan(const uint32_t *a, const uint32_t *b, size_t count) {
  struct step_bits bits = {0, 0, 0, 0};
  for (size_t k = 0; k < count; k++) {
    if (!((a[k] ^ b[k]) & COLOUR)) continue;
    uint32_t d = distance(a[k], b[k]);
    uint64_t bit = 1ull << k;
    bits.varies |= bit;
    if (d >= 2) bits.steps |= bit;
    if (d > 4) bits.rough |= bit;
    if (d > 6) bits.strong |= bit;
  }
  return bits;
}

static inline void join(struct step_bits *bits, struct step_bits more, size_t at) {
  bits->varies |= more.varies << at;
  bits->steps |= more.steps << at;
  bits->rough |= more.rough << at;
  bits->strong |= more.strong << at;
}

typedef struct step_bits (*scan_function)(const uint32_t *, const uint32_t *, size_t);

// In parts that end where a word does.
static inline __attribute__((always_inline)) void find(scan_function scan, const uint32_t *a, const uint32_t *b,
                                                       size_t count, size_t bit, uint64_t *varies, uint64_t *steps,
                                                       uint64_t *rough, uint64_t *strong) {
  for (size_t done = 0; done < count;) {
    size_t offset = (bit + done) % 64, word = (bit + done) / 64;
    size_t part = count - done < 64 - offset ? count - done : 64 - offset;
    struct step_bits bits = scan(a + done, b + done, part);
    if (bits.varies) {
      varies[word] |= bits.varies << offset;
      steps[word] |= bits.steps << offset;
      rough[word] |= bits.rough << offset;
      strong[word] |= bits.strong << offset;
    }
    done += part;
  }
}

#if defined(__x86_64__)
// The largest difference of a channel, in each pair's lowest byte.
static inline __m128i most_sse2(const uint32_t *a, const uint32_t *b) {
  __m128i p = _mm_loadu_si128((const __m128i *)a), q = _mm_loadu_si128((const __m128i *)b);
  __m128i d = _mm_or_si128(_mm_subs_epu8(p, q), _mm_subs_epu8(q, p));
  d = _mm_max_epu8(_mm_max_epu8(d, _mm_srli_epi32(d, 8)), _mm_srli_epi32(_mm_slli_epi32(d, 8), 24));
  return _mm_and_si128(d, _mm_set1_epi32(255));
}

static inline struct step_bits scan_sse2(const uint32_t *a, const uint32_t *b, size_t count) {
  struct step_bits bits = {0, 0, 0, 0};
  const __m128i zero = _mm_setzero_si128();
  size_t k = 0;
  for (; k + 16 <= count; k += 16) {
    __m128i any = zero;
    for (size_t i = k; i < k + 16; i += 4) {
      any = _mm_or_si128(any, _mm_xor_si128(_mm_loadu_si128((const __m128i *)(a + i)),
                                            _mm_loadu_si128((const __m128i *)(b + i))));
    }
    any = _mm_and_si128(any, _mm_set1_epi32(COLOUR));
    if (_mm_movemask_epi8(_mm_cmpeq_epi8(any, zero)) == 0xFFFF) continue;
    __m128i low = _mm_packs_epi32(most_sse2(a + k, b + k), most_sse2(a + k + 4, b + k + 4));
    __m128i high = _mm_packs_epi32(most_sse2(a + k + 8, b + k + 8), most_sse2(a + k + 12, b + k + 12));
    __m128i most = _mm_packus_epi16(low, high);
#define OVER(limit) \
  ((uint64_t)(uint16_t)~_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_subs_epu8(most, _mm_set1_epi8(limit)), zero)))
    struct step_bits part = {OVER(0), OVER(1), OVER(4), OVER(6)};
#undef OVER
    join(&bits, part, k);
  }
  if (k < count) join(&bits, scan(a + k, b + k, count - k), k);
  return bits;
}

__attribute__((target("avx2"))) static inline __m256i most_avx2(const uint32_t *a, const uint32_t *b) {
  __m256i p = _mm256_loadu_si256((const __m256i *)a), q = _mm256_loadu_si256((const __m256i *)b);
  __m256i d = _mm256_or_si256(_mm256_subs_epu8(p, q), _mm256_subs_epu8(q, p));
  d = _mm256_max_epu8(_mm256_max_epu8(d, _mm256_srli_epi32(d, 8)),
                      _mm256_srli_epi32(_mm256_slli_epi32(d, 8), 24));
  return _mm256_and_si256(d, _mm256_set1_epi32(255));
}

__attribute__((target("avx2"))) static inline struct step_bits scan_avx2(const uint32_t *a, const uint32_t *b,
                                                                         size_t count) {
  struct step_bits bits = {0, 0, 0, 0};
  const __m256i zero = _mm256_setzero_si256(), colour = _mm256_set1_epi32(COLOUR);
  // Packing mixes the halves of the vectors.
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  size_t k = 0;
  for (; k + 32 <= count; k += 32) {
    // Most of a picture is flat. A branch for each vector would be guessed wrong in text.
    __m256i any = zero;
    for (size_t i = k; i < k + 32; i += 8) {
      any = _mm256_or_si256(any, _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)(a + i)),
                                                  _mm256_loadu_si256((const __m256i *)(b + i))));
    }
    if (_mm256_testz_si256(any, colour)) continue;
    __m256i low = _mm256_packs_epi32(most_avx2(a + k, b + k), most_avx2(a + k + 8, b + k + 8));
    __m256i high = _mm256_packs_epi32(most_avx2(a + k + 16, b + k + 16), most_avx2(a + k + 24, b + k + 24));
    __m256i most = _mm256_permutevar8x32_epi32(_mm256_packus_epi16(low, high), order);
#define OVER(limit)                                                                                               \
  ((uint64_t)(uint32_t)~_mm256_movemask_epi8(                                                                     \
      _mm256_cmpeq_epi8(_mm256_subs_epu8(most, _mm256_set1_epi8(limit)), zero)))
    struct step_bits part = {OVER(0), OVER(1), OVER(4), OVER(6)};
#undef OVER
    join(&bits, part, k);
  }
  if (k < count) join(&bits, scan_sse2(a + k, b + k, count - k), k);
  return bits;
}

__attribute__((target("avx2"))) static void find_avx2(const uint32_t *a, const uint32_t *b, size_t count, size_t bit,
                                                      uint64_t *varies, uint64_t *steps, uint64_t *rough,
                                                      uint64_t *strong) {
  find(scan_avx2, a, b, count, bit, varies, steps, rough, strong);
}
#endif

void scrim_find_steps(const uint32_t *a, const uint32_t *b, size_t count, size_t bit, uint64_t *varies,
                      uint64_t *steps, uint64_t *rough, uint64_t *strong) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) {
    find_avx2(a, b, count, bit, varies, steps, rough, strong);
  } else {
    find(scan_sse2, a, b, count, bit, varies, steps, rough, strong);
  }
#else
  find(scan, a, b, count, bit, varies, steps, rough, strong);
#endif
}
