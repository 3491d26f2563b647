/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Plan, then carve: the same function runs twice over an arena, first with base NULL to learn the
 * size, then over the real memory to get the pointers.
 */
#pragma once

#include <glib.h>

typedef struct {
    guint8 *base; /* NULL while planning */
    gsize used;   /* bytes so far */
} EdtArena;

/* bytes, 64-byte aligned; NULL while planning (the size is counted all the same). */
static inline void *edt_arena_take(EdtArena *arena, gsize bytes)
{
    void *p = arena->base ? arena->base + arena->used : NULL;
    arena->used += (bytes + 63) & ~(gsize)63;
    return p;
}
