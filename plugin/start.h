/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a picture starts from, out of an image: a layer as a sketch, or the selection as a shape or
 * as what is missing.  Main thread only.
 */
#pragma once

#include "canvas.h"
#include "plugin/layer.h"
#include "session/start.h"

#define EDT_SKETCH_MARGIN 0.06 /* beside what is drawn, as a share of its longer side */

/* What the selection is to the picture. */
typedef enum { EDT_INTO_SHAPE, EDT_INTO_MISSING, EDT_INTO_PLACE } EdtInto;
/* What is known around what is missing. */
typedef enum { EDT_CONTEXT_LAYER, EDT_CONTEXT_VISIBLE } EdtContext;

/* A layer's drawing, within the selection where there is one.  alpha: the model has it, so white
 * paper may be cleared.  area: the square that the picture belongs into.
 * Errors: EDT_ERROR_USAGE, a sentence: nothing is drawn there, it is too small. */
EdtStart *edt_start_from_layer(GimpImage *image, GimpDrawable *drawable, EdtPaper paper,
                               gboolean alpha, EdtArea *area, GError **error);

typedef struct {
    EdtInto into;
    EdtContext context; /* MISSING only, as the next two */
    gboolean careful;
    double margin; /* around the selection, as a share of its longer side */
} EdtFillWish;

/* The selection.  With EDT_INTO_PLACE there is nothing to start from: an EdtStart without source
 * and mask.  Errors: EDT_ERROR_USAGE: nothing is selected, or not on the layer. */
EdtStart *edt_start_from_selection(GimpImage *image, GimpDrawable *drawable,
                                   const EdtFillWish *wish, gboolean alpha, EdtArea *area,
                                   GError **error);
