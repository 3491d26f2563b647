/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Parts of an image as bytes: what a picture starts from, and where it is made.  Main thread only.
 */
#pragma once

#include "plugin/layer.h"

/* An area of an image, at most EDT_PATCH_SIDE pixels wide and high: larger ones are scaled down. */
typedef struct {
    EdtArea area; /* of the image; may hang over its border: that part is transparent */
    int width, height;
    guint8 *rgba; /* [height, width, 4]: sRGB, alpha straight */
} EdtPatch;

#define EDT_PATCH_SIDE 2048

void edt_patch_free(EdtPatch *patch); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EdtPatch, edt_patch_free)

/* Where a drawable lies. */
EdtArea edt_patch_bounds(GimpDrawable *drawable);
/* The square in whose middle an area lies, with so much of its longer side beside it. */
EdtArea edt_patch_square(const EdtArea *area, double margin);

/* A drawable's pixels there, of a group all that is in it; as its filters make a layer, and without
 * what its mask hides.  NULL, and so of the next two: GIMP does not hand them out. */
EdtPatch *edt_patch_read(GimpDrawable *drawable, const EdtArea *area, GError **error);
/* How much is selected: white where all is, black where nothing is. */
EdtPatch *edt_patch_selection(GimpImage *image, const EdtArea *area, GError **error);
/* The same as it is there now, for a layer mask, its edge blurred by so many pixels.  To be
 * unreferenced. */
GeglBuffer *edt_patch_mask(GimpImage *image, const EdtArea *area, double feather, GError **error);
/* Another area of it, of the same scale; transparent where it has nothing. */
EdtPatch *edt_patch_cut(const EdtPatch *patch, const EdtArea *area);
/* What of its area is not transparent; FALSE: nothing is. */
gboolean edt_patch_ink(const EdtPatch *patch, EdtArea *ink);
/* Every pixel is opaque; of a selection: every pixel is selected. */
gboolean edt_patch_is_opaque(const EdtPatch *patch);
gboolean edt_patch_is_white(const EdtPatch *patch);
