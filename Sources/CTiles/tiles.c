#include "tiles.h"

#include <stddef.h>
#include <string.h>

#include "../CSIMD/simd.h"

#define ROWS FORESIGHT_TILE_ROWS
#define DEPTH FORESIGHT_TILE_DEPTH
#define WORDS (ROWS * ROWS)

typedef uint32_t words16 __attribute__((ext_vector_type(16)));

static inline words16 load_words(const void *p) {
  words16 v;
  memcpy(&v, p, sizeof v);
  return v;
}

static inline foresight_float16 load_floats(const float *p) {
  foresight_float16 v;
  memcpy(&v, p, sizeof v);
  return v;
}

// MARK: Packing

#ifdef __AVX512BF16__
#include <immintrin.h>

/// Neighbours in a row of 32 numbers, rounded, in each word.
static inline words16 paired_neighbours(words16 low, words16 high) {
  return (words16)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low);
}

/// Numbers at the same place of two vectors, rounded, in each word.
static inline words16 paired(words16 even, words16 odd) {
  typedef uint16_t halves32 __attribute__((ext_vector_type(32)));
  halves32 x = (halves32)paired_neighbours(even, odd);
  return (words16)__builtin_shufflevector(
      x, x, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
      31);
}
#else
/// Bits of single precision rounded to bfloat16, in the upper half of each word. NaN stays NaN, denormal numbers become zero.
static inline words16 rounded(words16 u) {
  words16 nearest = u + 0x7fff + ((u >> 16) & 1);
  words16 quiet = u | 0x400000;
  words16 is_nan = (words16)((u & 0x7fffffff) > 0x7f800000);
  words16 is_normal = (words16)((u & 0x7f800000) != 0);
  return ((is_nan & quiet) | (~is_nan & nearest)) & (is_normal | 0x80000000) & 0xffff0000;
}

/// Numbers at the same place of two vectors, rounded, in each word.
static inline words16 paired(words16 even, words16 odd) { return (rounded(even) >> 16) | rounded(odd); }

/// Neighbours in a row of 32 numbers, rounded, in each word.
static inline words16 paired_neighbours(words16 low, words16 high) {
  words16 even = __builtin_shufflevector(low, high, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  words16 odd = __builtin_shufflevector(low, high, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
  return paired(even, odd);
}
#endif

/// Transposes a tile of 16 x 16 words: four perfect unshuffles.
static inline void transpose(words16 *t) {
  words16 other[ROWS];
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < 8; i++) {
      words16 x = t[2 * i], y = t[2 * i + 1];
      other[i] = __builtin_shufflevector(x, y, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
      other[i + 8] = __builtin_shufflevector(x, y, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    }
    for (int i = 0; i < 8; i++) {
      words16 x = other[2 * i], y = other[2 * i + 1];
      t[i] = __builtin_shufflevector(x, y, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
      t[i + 8] = __builtin_shufflevector(x, y, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    }
  }
}

/// A tile from up to 16 rows of up to 32 numbers, pairs of neighbours in a row in each word.
static inline void pair_in_rows(const float *x, long stride, long rows, long columns, words16 *t) {
  float padded[DEPTH];
  for (long r = 0; r < ROWS; r++) {
    const float *row = x + r * stride;
    if (r >= rows) {
      t[r] = (words16)0;
      continue;
    }
    if (columns < DEPTH) {
      memset(padded, 0, sizeof padded);
      memcpy(padded, row, columns * sizeof(float));
      row = padded;
    }
    t[r] = paired_neighbours(load_words(row), load_words(row + 16));
  }
}

/// A tile from up to 32 rows of up to 16 numbers, pairs of one below the other in each word.
static inline void pair_rows(const float *x, long stride, long rows, long columns, words16 *t) {
  float padded[2][ROWS];
  for (long r = 0; r < ROWS; r++) {
    const float *even = x + 2 * r * stride, *odd = even + stride;
    if (columns < ROWS || 2 * r + 1 >= rows) {
      memset(padded, 0, sizeof padded);
      if (2 * r < rows) memcpy(padded[0], even, columns * sizeof(float));
      if (2 * r + 1 < rows) memcpy(padded[1], odd, columns * sizeof(float));
      even = padded[0];
      odd = padded[1];
    }
    t[r] = paired(load_words(even), load_words(odd));
  }
}

static inline long least(long a, long b) { return a < b ? a : b; }

/// Tiles of X [outer, inner], or of its transpose [inner, outer], whose words lie along the inner index if `along`.
static inline void pack(
    const float *x, long stride, int transposed, long outer, long inner, int along, uint32_t *tiles) {
  for (long i = 0; i < outer; i += ROWS) {
    for (long p = 0; p < inner; p += DEPTH) {
      words16 t[ROWS];
      long high = least(ROWS, outer - i), deep = least(DEPTH, inner - p);
      if (transposed) {
        pair_rows(x + p * stride + i, stride, deep, high, t);
      } else {
        pair_in_rows(x + i * stride + p, stride, high, deep, t);
      }
      if (transposed == along) transpose(t);
      memcpy(tiles, t, sizeof t);
      tiles += WORDS;
    }
  }
}

void foresight_pack_left(const float *a, long stride, int transposed, long m, long k, uint32_t *tiles) {
  pack(a, stride, transposed != 0, m, k, 1, tiles);
}

void foresight_pack_right(const float *b, long stride, int transposed, long k, long n, uint32_t *tiles) {
  pack(b, stride, transposed == 0, n, k, 0, tiles);
}

// MARK: Products by vectors

#ifdef __AVX512F__
#define GROUP 4
#else
#define GROUP 2
#endif

/// Adds the product of one tile of A and one of B to `sums` [16, 16].
static inline void multiply_tile(const uint32_t *a, const uint32_t *b, float *sums) {
  for (int first = 0; first < ROWS; first += GROUP) {
    foresight_float16 even[GROUP], odd[GROUP];
    for (int r = 0; r < GROUP; r++) even[r] = odd[r] = (foresight_float16)0;
    for (int p = 0; p < ROWS; p++) {
      words16 pair = load_words(b + p * ROWS);
      foresight_float16 b_even = (foresight_float16)(pair << 16);
      foresight_float16 b_odd = (foresight_float16)(pair & 0xffff0000);
      for (int r = 0; r < GROUP; r++) {
        words16 word = (words16)(a[(first + r) * ROWS + p]);
        foresight_float16 a_even = (foresight_float16)(word << 16);
        foresight_float16 a_odd = (foresight_float16)(word & 0xffff0000);
        even[r] = foresight_fma16(a_even, b_even, even[r]);
        odd[r] = foresight_fma16(a_odd, b_odd, odd[r]);
      }
    }
    for (int r = 0; r < GROUP; r++) {
      float *row = sums + (first + r) * ROWS;
      foresight_float16 sum = load_floats(row) + (even[r] + odd[r]);
      memcpy(row, &sum, sizeof sum);
    }
  }
}

static void multiply_by_vectors(
    long m, long n, long deep, const uint32_t *a, const uint32_t *b, const float *bias, int accumulates, float *c,
    long stride) {
  float sums[WORDS];
  unsigned long mode = foresight_flush_denormals();
  for (long i = 0; i < m; i += ROWS) {
    for (long j = 0; j < n; j += ROWS) {
      long high = least(ROWS, m - i), wide = least(ROWS, n - j);
      memset(sums, 0, sizeof sums);
      for (long r = 0; r < high; r++) {
        const float *from = bias ? bias + j : accumulates ? c + (i + r) * stride + j : 0;
        if (from) memcpy(sums + r * ROWS, from, wide * sizeof(float));
      }
      const uint32_t *left = a + i / ROWS * deep * WORDS, *right = b + j / ROWS * deep * WORDS;
      for (long p = 0; p < deep; p++) multiply_tile(left + p * WORDS, right + p * WORDS, sums);
      for (long r = 0; r < high; r++) memcpy(c + (i + r) * stride + j, sums + r * ROWS, wide * sizeof(float));
    }
  }
  foresight_restore_mode(mode);
}

// MARK: Products by the tile unit

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

int foresight_has_tiles(void) {
  static int known = -1;
  int answer = __atomic_load_n(&known, __ATOMIC_RELAXED);
  if (answer >= 0) return answer;
  unsigned int a, b, c, d = 0;
  const unsigned int needed = 1u << 22 | 1u << 24;  // AMX-BF16, AMX-TILE
  // the system saves the tiles of a process only if asked to: arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA)
  answer = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & needed) == needed && syscall(SYS_arch_prctl, 0x1023, 18) == 0;
  __atomic_store_n(&known, answer, __ATOMIC_RELAXED);
  return answer;
}

#define TILED __attribute__((target("amx-tile,amx-bf16")))

struct tile_shape {
  uint8_t palette, start, reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
};

#define BEGIN(tile, i, j, part)                                                                  \
  if (bias) {                                                                                    \
    _tile_loadd(tile, bias + (j), 0);                                                            \
  } else if (!accumulates) {                                                                     \
    _tile_zero(tile);                                                                            \
  } else if ((i) + ROWS <= m && (j) + ROWS <= n) {                                               \
    _tile_loadd(tile, c + (i) * stride + (j), stride * sizeof(float));                           \
  } else {                                                                                       \
    for (long r = 0; r < least(ROWS, m - (i)); r++)                                              \
      memcpy(part + r * ROWS, c + ((i) + r) * stride + (j), least(ROWS, n - (j)) * sizeof(float)); \
    _tile_loadd(tile, part, ROWS * sizeof(float));                                               \
  }

#define FINISH(tile, i, j, part)                                                                 \
  if ((i) + ROWS <= m && (j) + ROWS <= n) {                                                      \
    _tile_stored(tile, c + (i) * stride + (j), stride * sizeof(float));                          \
  } else {                                                                                       \
    _tile_stored(tile, part, ROWS * sizeof(float));                                              \
    for (long r = 0; r < least(ROWS, m - (i)); r++)                                              \
      memcpy(c + ((i) + r) * stride + (j), part + r * ROWS, least(ROWS, n - (j)) * sizeof(float)); \
  }

/// Blocks of 32 x 32 in four tiles; at the lower and right edge of 16.
TILED static void multiply_by_tiles(
    long m, long n, long deep, const uint32_t *a, const uint32_t *b, const float *bias, int accumulates, float *c,
    long stride) {
  struct tile_shape shape = {.palette = 1};
  for (int t = 0; t < 8; t++) shape.rows[t] = ROWS, shape.row_bytes[t] = 64;
  _tile_loadconfig(&shape);
  float part[WORDS] = {0};
  const long row = ROWS * sizeof(uint32_t);
  for (long i = 0; i < m; i += 2 * ROWS) {
    const int tall = i + ROWS < m;
    const uint32_t *a0 = a + i / ROWS * deep * WORDS, *a1 = tall ? a0 + deep * WORDS : a0;
    for (long j = 0; j < n; j += 2 * ROWS) {
      const int wide = j + ROWS < n;
      const uint32_t *b0 = b + j / ROWS * deep * WORDS, *b1 = wide ? b0 + deep * WORDS : b0;
      BEGIN(0, i, j, part)
      if (wide) { BEGIN(1, i, j + ROWS, part) }
      if (tall) { BEGIN(2, i + ROWS, j, part) }
      if (tall && wide) { BEGIN(3, i + ROWS, j + ROWS, part) }
      if (tall && wide) {
        for (long p = 0; p < deep; p++) {
          _tile_loadd(4, a0 + p * WORDS, row);
          _tile_loadd(6, b0 + p * WORDS, row);
          _tile_dpbf16ps(0, 4, 6);
          _tile_loadd(7, b1 + p * WORDS, row);
          _tile_dpbf16ps(1, 4, 7);
          _tile_loadd(5, a1 + p * WORDS, row);
          _tile_dpbf16ps(2, 5, 6);
          _tile_dpbf16ps(3, 5, 7);
        }
      } else {
        for (long p = 0; p < deep; p++) {
          _tile_loadd(4, a0 + p * WORDS, row);
          _tile_loadd(6, b0 + p * WORDS, row);
          _tile_dpbf16ps(0, 4, 6);
          if (wide) {
            _tile_loadd(7, b1 + p * WORDS, row);
            _tile_dpbf16ps(1, 4, 7);
          }
          if (tall) {
            _tile_loadd(5, a1 + p * WORDS, row);
            _tile_dpbf16ps(2, 5, 6);
          }
        }
      }
      FINISH(0, i, j, part)
      if (wide) { FINISH(1, i, j + ROWS, part) }
      if (tall) { FINISH(2, i + ROWS, j, part) }
      if (tall && wide) { FINISH(3, i + ROWS, j + ROWS, part) }
    }
  }
  _tile_release();
}
#else
int foresight_has_tiles(void) { return 0; }
#endif

void foresight_multiply_tiles(
    long m, long n, long k, const uint32_t *a, const uint32_t *b, const float *bias, int accumulates, float *c,
    long stride, int tiled) {
  const long deep = (k + DEPTH - 1) / DEPTH;
#if defined(__x86_64__) && defined(__linux__)
  if (tiled) {
    multiply_by_tiles(m, n, deep, a, b, bias, accumulates, c, stride);
    return;
  }
#endif
  multiply_by_vectors(m, n, deep, a, b, bias, accumulates, c, stride);
}
