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
    _tile_loadconfig(&config); /* which zeroes them */
}

/* Of factors of so many bytes. */
static double work(gint64 rounds, int factor)
{
    return 2.0 * SUMS * ROWS * ROWS * (ROW_BYTES / factor) * (double)rounds;
}

static double burn_bf16(gint64 rounds)
{
    configure();
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
    configure();
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
