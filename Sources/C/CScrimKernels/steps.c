#include "scrim_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// A bit a pair of pixels. Compared by bytes with saturation: of `a - b` and `b - a` one is the difference and the other zero.
// Vectors are chosen at run time, as in rows_differ.c.
#define COLOUR 0x00FFFFFFu

static inline void put(uint64_t *plane, size_t bit, uint64_t bits, size_t count) {
  plane[bit / 64] |= bits << bit % 64;
  if (bit % 64 != 0 && bit % 64 + count > 64) plane[bit / 64 + 1] |= bits >> (64 - bit % 64);
}

static inline uint32_t distance(uint32_t a, uint32_t b) {
  uint32_t most = 0;
  for (int shift = 0; shift < 24; shift += 8) {
    uint32_t p = a >> shift & 255, q = b >> shift & 255, d = p > q ? p - q : q - p;
    if (d > most) most = d;
  }
  return most;
}

struct step_bits {
  uint64_t varies, steps, rough, strong;
};

static inline void scan(const uint32_t *a, const uint32_t *b, size_t count, struct step_bits *bits) {
  for (size_t k = 0; k < count; k++) {
    if (!((a[k] ^ b[k]) & COLOUR)) continue;
    uint32_t d = distance(a[k], b[k]);
    uint64_t bit = 1ull << k;
    bits->varies |= bit;
    if (d >= 2) bits->steps |= bit;
    if (d > 4) bits->rough |= bit;
    if (d > 6) bits->strong |= bit;
  }
}

static void find_steps(const uint32_t *a, const uint32_t *b, size_t count, size_t bit, uint64_t *varies,
                       uint64_t *steps, uint64_t *rough, uint64_t *strong) {
  for (size_t done = 0; done < count;) {
    size_t part = count - done < 64 ? count - done : 64;
    struct step_bits bits = {0, 0, 0, 0};
    scan(a + done, b + done, part, &bits);
    if (bits.varies) {
      put(varies, bit + done, bits.varies, part);
      put(steps, bit + done, bits.steps, part);
      put(rough, bit + done, bits.rough, part);
      put(strong, bit + done, bits.strong, part);
    }
    done += part;
  }
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void find_steps_avx2(
    const uint32_t *a, const uint32_t *b, size_t count, size_t bit, uint64_t *varies, uint64_t *steps,
    uint64_t *rough, uint64_t *strong) {
  const __m256i colour = _mm256_set1_epi32(COLOUR), zero = _mm256_setzero_si256();
  const __m256i one = _mm256_set1_epi8(1), four = _mm256_set1_epi8(4), six = _mm256_set1_epi8(6);
  for (size_t done = 0; done < count;) {
    size_t part = count - done < 64 ? count - done : 64, k = 0;
    struct step_bits bits = {0, 0, 0, 0};
    // Most of a picture is flat. A branch per vector would be mispredicted in text.
    __m256i any = zero;
    for (size_t i = 0; i + 8 <= part; i += 8) {
      any = _mm256_or_si256(any, _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)(a + done + i)),
                                                  _mm256_loadu_si256((const __m256i *)(b + done + i))));
    }
    if (_mm256_testz_si256(any, colour)) k = part / 8 * 8;
    for (; k + 8 <= part; k += 8) {
      __m256i p = _mm256_loadu_si256((const __m256i *)(a + done + k));
      __m256i q = _mm256_loadu_si256((const __m256i *)(b + done + k));
      __m256i d = _mm256_and_si256(_mm256_or_si256(_mm256_subs_epu8(p, q), _mm256_subs_epu8(q, p)), colour);
#define OVER(limit) \
  ((uint64_t)(uint8_t)~_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(_mm256_subs_epu8(d, limit), zero))))
      bits.varies |= OVER(zero) << k;
      bits.steps |= OVER(one) << k;
      bits.rough |= OVER(four) << k;
      bits.strong |= OVER(six) << k;
#undef OVER
    }
    if (k < part) {
      struct step_bits tail = {0, 0, 0, 0};
      scan(a + done + k, b + done + k, part - k, &tail);
      bits.varies |= tail.varies << k;
      bits.steps |= tail.steps << k;
      bits.rough |= tail.rough << k;
      bits.strong |= tail.strong << k;
    }
    if (bits.varies) {
      put(varies, bit + done, bits.varies, part);
      put(steps, bit + done, bits.steps, part);
      put(rough, bit + done, bits.rough, part);
      put(strong, bit + done, bits.strong, part);
    }
    done += part;
  }
}
#endif

void scrim_find_steps(const uint32_t *a, const uint32_t *b, size_t count, size_t bit, uint64_t *varies,
                      uint64_t *steps, uint64_t *rough, uint64_t *strong) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) {
    find_steps_avx2(a, b, count, bit, varies, steps, rough, strong);
    return;
  }
#endif
  find_steps(a, b, count, bit, varies, steps, rough, strong);
}
