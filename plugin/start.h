/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a picture starts from, out of an image as it is now: a layer as a sketch, or the selection
 * as a shape, as what is missing or as a place.  Main thread only.
 */
#pragma once

#include "plugin/layer.h"

/* What the settings say ("start"). */
EdtFrom edt_start_from(GimpProcedureConfig *config);
/* Why that cannot be now, as a sentence; NULL: it can. */
const char *edt_start_obstacle(EdtFrom from, GimpImage *image);
/* Where a picture of the selection will be; what starts from a layer is only known when it is
 * read. */
void edt_start_foretell(EdtFrom from, GimpProcedureConfig *config, EdtPlace *place);

/* Lets an order start from there, as the settings say ("freedom", "paper"; "into", "context",
 * "careful", "margin", "feather"), and place becomes where its pictures belong.
 * Whoever looks on and has a new picture selected that was not painted on means what that one
 * started from.  Nothing is written
 * to the image.  Errors: EDT_ERROR_USAGE, a sentence: there is nothing to start from. */
gboolean edt_start_take(EdtFrom from, GimpProcedureConfig *config, GimpDrawable **drawables,
                        EdtOrder *order, EdtPlace *place, GError **error);
/* Whether an order's pictures have room there (layer.h). */
gboolean edt_start_has_room(const EdtOrder *order, const EdtPlace *place, GError **error);
