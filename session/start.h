/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What pictures start from and where they are made, as bytes of any size; an order brings them to
 * the size of its model.
 */
#pragma once

#include "session/frame.h"
#include "session/order.h"

/* source, mask: straight RGBA of sRGB, [height, width, 4], to be freed; NULL: none.  A mask is
 * white where the picture is made.  The rest is as in EdtItem. */
typedef struct {
    int width, height;
    guint8 *source, *mask;
    double freedom;
    EdtFill fill;
    gboolean careful;
} EdtStart;

void edt_start_free(EdtStart *start); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EdtStart, edt_start_free)

/* Why a model cannot complete what is visible; NULL: it can.  alpha: it has that. */
const char *edt_start_visible_obstacle(gboolean alpha);
/* All pictures of an order start from it.  Errors: as edt_order_lay(). */
gboolean edt_start_lay(const EdtStart *start, EdtOrder *order, GError **error);
/* What the network is given of it, as bytes of the model's size: sRGB, with alpha where the model
 * has it or a part is yet to be made, which is transparent.  seen->pixels are to be unreferenced;
 * FALSE: there is no source. */
gboolean edt_start_seen(const EdtOrder *order, EdtTile *seen);
