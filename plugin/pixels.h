/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The pixels of a layer: a picture into them, and a fingerprint that tells whether somebody has
 * painted since.  Main thread only.
 */
#pragma once

#include "plugin/layer.h"

#include <libgimp/gimp.h>

/* Into a layer of the picture's size, whatever mode, precision and profile its image has. */
void edt_pixels_write(GimpLayer *layer, const EdtPicture *picture);
/* Gives a layer that lies there a mask out of a buffer in pixels of the image. */
gboolean edt_pixels_mask(GimpLayer *layer, GeglBuffer *mask, const EdtArea *there, GError **error);
/* Those of a layer into another one of the same size and image, as a step that can be undone; a
 * selection does not hold it back.  Errors: of domain EDT_ERROR, what GIMP said. */
gboolean edt_pixels_replace(GimpLayer *layer, GimpLayer *with, GError **error);
/* To be freed; equal for equal pixels of a layer of that size and format. */
char *edt_pixels_fingerprint(GimpLayer *layer);
/* What GIMP said last, as our error: at once, its next answer replaces it.  FALSE. */
gboolean edt_pixels_refused(GError **error);
