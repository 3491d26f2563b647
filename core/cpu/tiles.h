/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * AMX's tiles as we use them: eight of 16 rows of 64 bytes.  Private to files that are compiled for
 * AMX.
 */
#pragma once

#include <glib.h>
#include <immintrin.h>

#define EDT_TILE_ROWS 16
#define EDT_TILE_ROW_BYTES 64

/* Until _tile_release(); they are zero now. */
static inline void edt_tiles_begin(void)
{
    _Alignas(64) struct {
        guint8 palette, start_row, zero[14];
        guint16 row_bytes[16];
        guint8 rows[16];
    } config = {.palette = 1};
    for (int i = 0; i < 8; i++) {
        config.row_bytes[i] = EDT_TILE_ROW_BYTES;
        config.rows[i] = EDT_TILE_ROWS;
    }
    _tile_loadconfig(&config);
}
