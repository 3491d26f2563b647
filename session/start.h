/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What pictures start from and where they are made, as bytes of any size; an order brings it to the
 * model's size and keeps it as long as it lives.
 */
#pragma once

#include "edt.h"

/* source, mask: straight RGBA, [height, width, 4], to be freed; NULL: none.  A mask is white where
 * the picture is made.  The rest is as in EdtItem. */
typedef struct {
    int width, height;
    guint8 *source, *mask;
    double freedom;
    EdtFill fill;
    gboolean careful;
} EdtStart;

void edt_start_free(EdtStart *start); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EdtStart, edt_start_free)

/* The same for the engine, of a model's size; whoever has it frees both. */
typedef struct {
    float *source, *mask;
} EdtStartNumbers;
EdtStartNumbers edt_start_numbers(const EdtStart *start, const EdtModelInfo *info);
void edt_start_numbers_clear(EdtStartNumbers *numbers);
/* Lets an item start from it. */
void edt_start_apply(const EdtStart *start, const EdtStartNumbers *numbers, EdtItem *item);
