// The inner loop of matrix products. Written here because Swift has no way to keep its compiler from turning the addresses
// of twelve rows into twelve indices, more than there are registers, which then come from memory in every round.
#ifndef FORESIGHT_MICROKERNEL_H
#define FORESIGHT_MICROKERNEL_H

#include "simd.h"

#define FORESIGHT_INLINE static inline __attribute__((always_inline))

/// Makes a value opaque to the compiler where it stands; no instruction.
#define FORESIGHT_HIDE(x) __asm__("" : "+r"(x))

/// One row: sums of the vectors y and, if `wide`, z of B times an element of A.
#define FORESIGHT_ROW(fma, vector, element, y_sum, z_sum) \
  {                                                       \
    vector x = (vector)(element);                         \
    y_sum = fma(x, y, y_sum);                             \
    if (wide) z_sum = fma(x, z, z_sum);                   \
  }

#define FORESIGHT_GROUP(fma, vector, g, element, u)                \
  if (groups > (g)) {                                              \
    tile_vector *s = sums + 6 * (g);                               \
    FORESIGHT_ROW(fma, vector, element(p##g, g, 0, u), s[0], s[3]) \
    FORESIGHT_ROW(fma, vector, element(p##g, g, 1, u), s[1], s[4]) \
    FORESIGHT_ROW(fma, vector, element(p##g, g, 2, u), s[2], s[5]) \
  }

/// One place of the inner index, u after that of the pointers.
#define FORESIGHT_ROUND(fma, vector, width, element, u)                         \
  {                                                                             \
    vector y, z;                                                                \
    __builtin_memcpy(&y, b + (u) * stride, sizeof(vector));                     \
    if (wide) __builtin_memcpy(&z, b + (u) * stride + (width), sizeof(vector)); \
    FORESIGHT_GROUP(fma, vector, 0, element, u)                                 \
    FORESIGHT_GROUP(fma, vector, 1, element, u)                                 \
    FORESIGHT_GROUP(fma, vector, 2, element, u)                                 \
    FORESIGHT_GROUP(fma, vector, 3, element, u)                                 \
  }

/// Row r of a group, whose rows lie anywhere; elements of a row lie side by side, or u is 0.
#define FORESIGHT_IN_ROWS(p, g, r, u) *(const float *)((const char *)((p) + (u)) + offset##r)
/// Row r of group g, where columns of A lie one after the other, with as many rows as the tallest tile.
#define FORESIGHT_IN_STRIP(p, g, r, u) p0[(u) * 3 * groups + 3 * (g) + (r)]

#define FORESIGHT_HIDE_POINTERS \
  FORESIGHT_HIDE(p0);           \
  FORESIGHT_HIDE(p1);           \
  FORESIGHT_HIDE(p2);           \
  FORESIGHT_HIDE(p3);           \
  FORESIGHT_HIDE(b);

#define FORESIGHT_ADVANCE(distance) \
  p0 += distance;                   \
  p1 += distance;                   \
  p2 += distance;                   \
  p3 += distance;

/// Adds to the sums in `tile` the products of the rows at p0 to p3, and `second` and `third` after each, with the vector or
/// two vectors of B at `b`, for k elements, `step` apart in A and `pitch` apart in B (all in floats). Sums of a group of
/// three rows: those of the first vector, then those of the second. Groups from `groups` on are left alone.
///
/// The tallest tiles over panels, which do nearly all of the work, take four or two elements a round, at fixed distances:
/// one at a time, the additions to addresses cost a tenth of what a tile takes from the cache. Where rows of A are read as
/// they lie, they ask for a line of memory from `coming` on, for later tiles, with every four elements. The tile need not be
/// aligned to vectors: unoptimized builds keep it on a stack that is not.
#define FORESIGHT_TILE(name, fma, vector, width, tallest)                                                         \
  FORESIGHT_INLINE void name(                                                                                     \
      int groups, int wide, long k, const float *_Nonnull p0, const float *_Nonnull p1, const float *_Nonnull p2, \
      const float *_Nonnull p3, long second, long third, long step, const float *_Nonnull b, long pitch,          \
      const float *_Nonnull coming, float *_Nonnull tile) {                                                       \
    typedef vector tile_vector __attribute__((aligned(4)));                                                       \
    tile_vector *sums = (tile_vector *)tile;                                                                      \
    long offset0 = 0, offset1 = second * sizeof(float), offset2 = third * sizeof(float);                          \
    FORESIGHT_HIDE(offset1);                                                                                      \
    FORESIGHT_HIDE(offset2);                                                                                      \
    if (groups == (tallest) && wide && pitch == 2 * (width)) {                                                    \
      const long stride = 2 * (width);                                                                            \
      if (step == 1) {                                                                                            \
        for (; k >= 4; k -= 4) {                                                                                  \
          FORESIGHT_HIDE_POINTERS                                                                                 \
          FORESIGHT_ROUND(fma, vector, width, FORESIGHT_IN_ROWS, 0)                                               \
          FORESIGHT_ROUND(fma, vector, width, FORESIGHT_IN_ROWS, 1)                                               \
          FORESIGHT_ROUND(fma, vector, width, FORESIGHT_IN_ROWS, 2)                                               \
          FORESIGHT_ROUND(fma, vector, width, FORESIGHT_IN_ROWS, 3)                                               \
          FORESIGHT_ADVANCE(4)                                                                                    \
          __builtin_prefetch(coming, 0, 2);                                                                       \
          coming += 16;                                                                                           \
          b += 4 * stride;                                                                                        \
        }                                                                                                         \
      } else if (step == 3 * (tallest) && second == 1 && p1 == p0 + 3 && ((tallest) < 4 || p3 == p0 + 9)) {       \
        for (; k >= 2; k -= 2) {                                                                                  \
          FORESIGHT_HIDE(p0);                                                                                     \
          FORESIGHT_HIDE(b);                                                                                      \
          FORESIGHT_ROUND(fma, vector, width, FORESIGHT_IN_STRIP, 0)                                              \
          FORESIGHT_ROUND(fma, vector, width, FORESIGHT_IN_STRIP, 1)                                              \
          p0 += 6 * (tallest);                                                                                    \
          b += 2 * stride;                                                                                        \
        }                                                                                                         \
        p1 = p0 + 3, p2 = p0 + 6, p3 = p0 + 9;                                                                    \
      }                                                                                                           \
    }                                                                                                             \
    const long stride = 0;                                                                                        \
    for (; k > 0; k--) {                                                                                          \
      FORESIGHT_HIDE_POINTERS                                                                                     \
      FORESIGHT_ROUND(fma, vector, width, FORESIGHT_IN_ROWS, 0)                                                   \
      FORESIGHT_ADVANCE(step)                                                                                     \
      b += pitch;                                                                                                 \
    }                                                                                                             \
  }

FORESIGHT_TILE(foresight_microkernel8, foresight_fma8, foresight_float8, 8, 2)
FORESIGHT_TILE(foresight_microkernel16, foresight_fma16, foresight_float16, 16, 4)

#endif
