// Products of matrices of bfloat16 numbers, summed in single precision: by the tile unit of processors that have one (Intel's
// AMX, since 2023), and to the same bits by vectors where there is none.
#ifndef FORESIGHT_TILES_H
#define FORESIGHT_TILES_H

#include <stdint.h>

/// Rows of a tile, and pairs of bfloat16 numbers in one of its rows.
#define FORESIGHT_TILE_ROWS 16
/// Numbers of the inner index that a tile covers.
#define FORESIGHT_TILE_DEPTH 32

/// Whether the processor has the unit and the system lets this process use it. Asks once.
int foresight_has_tiles(void);

/// Packs the left operand A [m, k], stored with row stride `stride`, or as its transpose [k, m] if `transposed`: strips of 16
/// rows, each a tile [16 rows, 16 pairs] for every 32 columns. Rounds to nearest, ties to even; denormal numbers become zero.
/// What lies beyond m and k is zero. `tiles` has room for 256 words a tile.
void foresight_pack_left(
    const float *_Nonnull a, long stride, int transposed, long m, long k, uint32_t *_Nonnull tiles);

/// Packs the right operand B [k, n], stored with row stride `stride`, or as its transpose [n, k] if `transposed`: panels of 16
/// columns, each a tile [16 pairs of rows, 16 columns] for every 32 rows.
void foresight_pack_right(
    const float *_Nonnull b, long stride, int transposed, long k, long n, uint32_t *_Nonnull tiles);

/// C [m, n] = begin + A B of packed operands, row stride `stride`. `begin` is `bias` [n] for every row, C as it is if
/// `accumulates`, or zero. `bias` must be readable up to a multiple of 16. `tiled` says whether the tile unit does it.
///
/// For every 32 places of the inner index the products of even and of odd places are summed by fused multiply-adds, each from
/// zero, and the two sums are added to one another and then to C: what the unit's instruction does. Denormal numbers count as
/// zero and are not made.
void foresight_multiply_tiles(
    long m, long n, long k, const uint32_t *_Nonnull a, const uint32_t *_Nonnull b, const float *_Nullable bias,
    int accumulates, float *_Nonnull c, long stride, int tiled);

#endif
