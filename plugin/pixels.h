/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The pixels of a layer: a picture into them, and a fingerprint that tells whether somebody has
 * painted since.  Main thread only.
 */
#pragma once

#include "plugin/layer.h"

#include <libgimp/gimp.h>

/* Of the image.  FALSE: GIMP does not say. */
gboolean edt_pixels_base_type(GimpImage *image, GimpImageBaseType *type, GError **error);
/* NULL, with a sentence. */
GeglBuffer *edt_pixels_withheld(GError **error);
/* FALSE, with a sentence: there is no memory for so many. */
gboolean edt_pixels_too_large(int width, int height, GError **error);
/* The colours of a palette, n times 3 of sRGB, to be freed; NULL: none, or GIMP does not say. */
guint8 *edt_pixels_colormap(GimpPalette *palette, int *n);
/* A drawable's buffer, to be unreferenced; NULL where GIMP does not hand out all of it. */
GeglBuffer *edt_pixels_open(GimpDrawable *drawable, GError **error);
/* Into a layer of the picture's size, whatever mode, precision and profile its image has. */
gboolean edt_pixels_write(GimpLayer *layer, const EdtPicture *picture, GError **error);
/* Gives a layer that lies there a mask out of a buffer in pixels of the image. */
gboolean edt_pixels_mask(GimpLayer *layer, GeglBuffer *mask, const EdtArea *there, GError **error);
/* Those of a layer into another one of the same size and image, as a step that can be undone; a
 * selection does not hold it back.  changed becomes TRUE where something is not as it was.  Errors:
 * of domain EDT_ERROR, what GIMP said. */
gboolean edt_pixels_replace(GimpLayer *layer, GimpLayer *with, gboolean *changed, GError **error);
/* To be freed; equal for equal pixels of a layer of that size and format.  NULL: as _open. */
char *edt_pixels_fingerprint(GimpLayer *layer, GError **error);
/* What GIMP said last, as our error: at once, its next answer replaces it.  FALSE. */
gboolean edt_pixels_refused(GError **error);
