/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * kernels_burn.c for AMX: products of tiles, four sums at once.
 */
#include "cpu/kernels.h"
#include "cpu/tiles.h"

#define SUMS 4

/* Of factors of so many bytes. */
static double work(gint64 rounds, int factor)
{
    return 2.0 * SUMS * EDT_TILE_ROWS * EDT_TILE_ROWS * (EDT_TILE_ROW_BYTES / factor) *
           (double)rounds;
}

static double burn_bf16(gint64 rounds)
{
    edt_tiles_begin();
    for (gint64 r = 0; r < rounds; r++) {
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    _tile_release();
    return work(rounds, 2);
}

static double burn_int8(gint64 rounds)
{
    edt_tiles_begin();
    for (gint64 r = 0; r < rounds; r++) {
        _tile_dpbusd(0, 4, 6);
        _tile_dpbusd(1, 4, 7);
        _tile_dpbusd(2, 5, 6);
        _tile_dpbusd(3, 5, 7);
    }
    _tile_release();
    return work(rounds, 1);
}

void edt_kernels_burn_amx(EdtCpuKernels *k, unsigned flags)
{
    if (flags & EDT_CPU_AMX)
        k->burn[EDT_BURN_AMX_BF16] = burn_bf16;
    if (flags & EDT_CPU_AMX_INT8)
        k->burn[EDT_BURN_AMX_INT8] = burn_int8;
}
