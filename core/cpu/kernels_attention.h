/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The layout that packing (kernels_attention_pack.c) and the products (kernels_attention.c) agree
 * on: keys (transposed) and values lie in panels of up to TILE vectors.
 */
#pragma once

#include "cpu/kernels.h"
#include "cpu/vector.h"

#if LANES == 16
#define TILE 4 /* vectors of a register tile */
#else
#define TILE (LANES == 8 ? 3 : 2)
#endif
#define WIDTH (TILE * LANES)
#define GROUP 16 /* queries that go through together: they share a panel in L1 */

#if defined(EDT_LEVEL_AVX512BF16)
#define PAIRS 1 /* products on bf16 pairs when activations are bf16 */
#else
#define PAIRS 0
#endif
#if defined(EDT_LEVEL_TILES)
#define TILES 1   /* these by AMX */
#define PAIRED 32 /* numbers that go into one sum together: the count is rounded up, with zeros */
#else
#define TILES 0
#define PAIRED 2
#endif

static inline gsize round_up(gsize value, gsize unit)
{
    return (value + unit - 1) / unit * unit;
}

static inline gboolean in_pairs(EdtType act)
{
    return PAIRS && act == EDT_BF16;
}

static inline int paired(int count)
{
    return (int)round_up((gsize)count, PAIRED);
}

/* Panels of a K x columns matrix: panel p holds columns [p WIDTH, ...) as [K][its width]; the last
 * one may be narrower.  columns is whole vectors. */
static inline int panel_width(int columns, int column)
{
    return MIN(WIDTH, columns - column);
}

/* The d values of one token's q (which 0), k (1) or v (2). */
static inline const void *token(const EdtAttention *op, EdtType act, int sample, int head, int t,
                                int which)
{
    gint64 row = (gint64)sample * op->T + t;
    gint64 at = (row * 3 + which) * op->H * op->d + (gint64)head * op->d;
    return (const char *)op->qkv + (gsize)at * edt_type_size(act);
}
