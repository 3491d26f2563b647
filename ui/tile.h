/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tile.h: one picture on its way, as the preview and the sheet of drafts draw it.
 */
#pragma once

#include <gtk/gtk.h>

#include "session/frame.h"

/* The board that shows through where a picture is transparent. */
typedef struct {
    int size;
    GdkRGBA light, dark;
} EdtChecks;

extern const EdtChecks edt_ui_checks; /* until GIMP's are known */

/* NULL: there is none yet. */
GdkPixbuf *edt_ui_tile_pixbuf(const EdtTile *tile);
/* Of a finished one. */
GdkPixbuf *edt_ui_picture_pixbuf(const EdtPicture *picture);
/* Columns in which n squares with a gap between them are largest; how large, and in how many rows.
 */
int edt_ui_tile_columns(int n, double width, double height, double gap, double *side, int *rows);
/* In a square; NULL: grey, for one that is yet to come. */
void edt_ui_tile_draw(cairo_t *cr, const EdtChecks *checks, GdkPixbuf *pixbuf, double x, double y,
                      double side);
