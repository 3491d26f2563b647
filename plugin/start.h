/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a picture starts from, out of an image as it is now: a layer as a sketch, or the selection
 * as a shape, as what is missing or as a place.  Main thread only.
 */
#pragma once

#include "plugin/layer.h"

typedef enum { EDT_FROM_NOTHING, EDT_FROM_LAYER, EDT_FROM_SELECTION } EdtFrom;

/* Lets an order start from there, as the settings say ("freedom", "paper"; "into", "context",
 * "careful", "margin", "feather"), and place, which has an image, becomes where its pictures
 * belong.  Nothing is written to the image.  Errors: EDT_ERROR_USAGE, a sentence: there is nothing
 * to start from. */
gboolean edt_start_take(EdtFrom from, GimpProcedureConfig *config, GimpDrawable **drawables,
                        EdtOrder *order, EdtPlace *place, GError **error);
