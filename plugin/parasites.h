/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a layer knows of itself, kept in its image's file: how it was made, what it looked like then
 * and what it started from.  The words for everybody are layer.h's.  Main thread only.
 */
#pragma once

#include "plugin/layer.h"

#define EDT_PARASITE_RECORD "edt-record"       /* JSON, core/record.h */
#define EDT_PARASITE_SCATTERED "edt-scattered" /* session/scattered.h */
#define EDT_PARASITE_PIXELS "edt-pixels"       /* a fingerprint, pixels.h */
#define EDT_PARASITE_ORIGIN "edt-origin"       /* a tattoo, and the image in which it is one */
#define EDT_PARASITE_IMAGE "edt-image"         /* of an image: what no other is called */
#define EDT_PARASITE_PLACE "edt-place"         /* session/placed.h */
#define EDT_PARASITE_COLOURS "edt-colors"      /* as those of a place */

/* The text of a layer under a name, to be freed; NULL: none. */
char *edt_parasites_text(GimpLayer *layer, const char *name);
/* All that a sheet says, and what the layer looks like now.  FALSE, and so of the next two: what
 * GIMP said. */
gboolean edt_parasites_describe(GimpLayer *layer, const EdtSheet *sheet, GError **error);
/* How it was made, and the fingerprint of its pixels. */
gboolean edt_parasites_attach_record(GimpLayer *layer, const EdtSheet *sheet, const char *pixels,
                                     GError **error);
/* The layer that it started from; NULL, or gone: nothing is noted. */
gboolean edt_parasites_name_origin(GimpLayer *layer, GimpItem *origin, GError **error);
