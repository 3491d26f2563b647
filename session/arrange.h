/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where several pictures of one size lie in a frame: numbers only, whatever the frame is of.
 */
#pragma once

#include <glib.h>

typedef struct {
    int x, y, width, height;
} EdtArea;

typedef enum { EDT_ARRANGE_STACK, EDT_ARRANGE_ROW, EDT_ARRANGE_GRID } EdtArrange;

/* Fills there[n].  They lie in the middle of the frame, in rows from the left.  scaled: all of them
 * are as large as fits into it; else each is width x height, whether that fits or not.  A grid has
 * the columns that leave its pictures largest; in a frame without width, as many as rows. */
void edt_arrange(EdtArrange how, const EdtArea *frame, gboolean scaled, int width, int height,
                 EdtArea *there, int n);
/* What all of them cover. */
EdtArea edt_arrange_bounds(const EdtArea *there, int n);
