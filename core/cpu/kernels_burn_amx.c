/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * kernels_burn.c for AMX: products of tiles, four sums at once.  A tile has 16 rows of 64 bytes.
 */
#include "cpu/kernels.h"

#include <immintrin.h>

#define ROWS 16
#define ROW_BYTES 64
#define SUMS 4
#define TILES 8

typedef struct {
    guint8 palette, start_row, zero[14];
    guint16 row_bytes[16];
    guint8 rows[16];
} Config;

static void configure(void)
{
    _Alignas(64) Config config = {.palette = 1};
    for (int i = 0; i < TILES; i++) {
        config.row_bytes[i] = ROW_BYTES;
        config.rows[i] = ROWS;
    }
    _tile_loadconfig(&config);
}

static double burn_tiles(gint64 rounds)
{
    configure();
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    _tile_zero(4);
    _tile_zero(5);
    _tile_zero(6);
    _tile_zero(7);
    for (gint64 r = 0; r < rounds; r++) {
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    _tile_release();
    return 2.0 * SUMS * ROWS * ROWS * (ROW_BYTES / 2) * (double)rounds;
}

void edt_kernels_burn_amx(EdtCpuKernels *k)
{
    k->burn_tiles = burn_tiles;
}
