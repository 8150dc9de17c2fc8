// The inner loop of matrix products. Written here because Swift has no way to keep its compiler from turning the addresses
// of twelve rows into twelve indices, more than there are registers, which then come from memory in every round.
#ifndef FORESIGHT_TILE_H
#define FORESIGHT_TILE_H

#include "lanes.h"

#define FORESIGHT_INLINE static inline __attribute__((always_inline))

/// Makes a value opaque to the compiler where it stands; no instruction.
#define FORESIGHT_HIDE(x) __asm__("" : "+r"(x))

/// One row: sums of the lanes y and, if `wide`, z of B times an element of A.
#define FORESIGHT_ROW(fma, lane, element, y_sum, z_sum) \
  {                                                     \
    lane x = (lane)(element);                           \
    y_sum = fma(x, y, y_sum);                           \
    if (wide) z_sum = fma(x, z, z_sum);                 \
  }

#define FORESIGHT_GROUP(fma, lane, a, g)                                    \
  if (groups > (g)) {                                                       \
    lane *s = sums + 6 * (g);                                               \
    FORESIGHT_ROW(fma, lane, *(const float *)(a), s[0], s[3])               \
    FORESIGHT_ROW(fma, lane, *(const float *)((a) + second), s[1], s[4])    \
    FORESIGHT_ROW(fma, lane, *(const float *)((a) + third), s[2], s[5])     \
  }

/// Adds to the sums in `tile` the products of the rows at a0 to a3, and `second` and `third` after each, with the lane or two lanes of B
/// at `b`, for k elements, `step` apart in A and `stride` apart in B (all in floats). Sums of a group of three rows: those of
/// the first lane, then those of the second. Groups from `groups` on are left alone.
#define FORESIGHT_TILE(name, fma, lane, width)                                                                     \
  FORESIGHT_INLINE void name(                                                                                      \
      int groups, int wide, long k, const float *_Nonnull a0, const float *_Nonnull a1, const float *_Nonnull a2,  \
      const float *_Nonnull a3, long second, long third, long step, const float *_Nonnull b, long stride,          \
      float *_Nonnull tile) {                                                                                      \
    lane *sums = (lane *)tile;                                                                                     \
    const char *p0 = (const char *)a0, *p1 = (const char *)a1, *p2 = (const char *)a2, *p3 = (const char *)a3;     \
    second *= sizeof(float);                                                                                       \
    third *= sizeof(float);                                                                                        \
    step *= sizeof(float);                                                                                         \
    FORESIGHT_HIDE(second);                                                                                        \
    FORESIGHT_HIDE(third);                                                                                         \
    for (; k > 0; k--) {                                                                                           \
      FORESIGHT_HIDE(p0);                                                                                          \
      FORESIGHT_HIDE(p1);                                                                                          \
      FORESIGHT_HIDE(p2);                                                                                          \
      FORESIGHT_HIDE(p3);                                                                                          \
      lane y, z;                                                                                                   \
      __builtin_memcpy(&y, b, sizeof(lane));                                                                       \
      if (wide) __builtin_memcpy(&z, b + (width), sizeof(lane));                                                   \
      b += stride;                                                                                                 \
      FORESIGHT_GROUP(fma, lane, p0, 0)                                                                            \
      FORESIGHT_GROUP(fma, lane, p1, 1)                                                                            \
      FORESIGHT_GROUP(fma, lane, p2, 2)                                                                            \
      FORESIGHT_GROUP(fma, lane, p3, 3)                                                                            \
      p0 += step;                                                                                                  \
      p1 += step;                                                                                                  \
      p2 += step;                                                                                                  \
      p3 += step;                                                                                                  \
    }                                                                                                              \
  }

FORESIGHT_TILE(foresight_tile8, foresight_fma8, foresight_float8, 8)
FORESIGHT_TILE(foresight_tile16, foresight_fma16, foresight_float16, 16)

#endif
