/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Finished pixels become layers of an image, in one undo step.  Main thread only.
 */
#pragma once

#include "record.h"
#include "session/job.h"
#include "session/words.h"

#include <libgimp/gimp.h>

/* One picture on its way into an image. */
typedef struct {
    const EdtPicture *picture;
    char *name;
    const char *record; /* JSON; may be NULL */
} EdtSheet;

typedef struct {
    int x, y, width, height;
} EdtArea;

typedef struct {
    GimpImage *image; /* NULL, or closed meanwhile: a new image is made */
    EdtFit fit;
    gboolean display;  /* somebody looks on: show a new image */
    EdtArea area;      /* of the image: its layers come into the middle of it */
    gboolean selected; /* that is the selection */
    GimpItem *above;   /* its layers come above this one; NULL, or gone: the selected one */
    GeglBuffer *mask;  /* of the new layers, in pixels of the image; NULL: none */
    GimpItem *origin;  /* the layer that they start from, or NULL */
} EdtPlace;

void edt_layer_place_clear(EdtPlace *place);

EdtFit edt_layer_fit(GimpProcedureConfig *config); /* as the settings say */
/* The selection's bounds; FALSE: nothing is selected. */
gboolean edt_layer_selected(GimpImage *image, EdtArea *area);
/* As the image and its selection are now. */
EdtPlace edt_layer_place(GimpImage *image, EdtFit fit, gboolean display);
/* Where a picture of width x height comes to lie. */
EdtArea edt_layer_area(const EdtPlace *place, int width, int height);

/* FALSE with a sentence where this image cannot take layers: it is indexed. */
gboolean edt_layer_accepts(GimpImage *image, GError **error);

/* Inserts n sheets, more than one as a group called group_name.  Returns the image, and in layers
 * one layer a sheet (NULL-terminated; free with g_free()). */
GimpImage *edt_layer_insert(const EdtPlace *place, const EdtSheet *sheets, int n,
                            const char *group_name, GimpLayer ***layers, GError **error);

/* The pictures of a job; as above. */
GimpImage *edt_layer_insert_outcome(const EdtPlace *place, const EdtOutcome *outcome,
                                    GimpLayer ***layers, GError **error);
/* A picture of the history; as above. */
GimpImage *edt_layer_insert_file(const EdtPlace *place, const char *path, GimpLayer ***layers,
                                 GError **error);

/* ---- layers that are there ---- */

/* How it was made, or NULL: not by us. */
EdtRecord *edt_layer_record(GimpLayer *layer);
/* The layer of its image that it started from, or NULL: none, or that is gone. */
GimpLayer *edt_layer_origin(GimpLayer *layer);
/* It does not look as it did when it was made: somebody has painted on it, or scaled it. */
gboolean edt_layer_painted(GimpLayer *layer);
/* "fox (seed 5)"; of a picture that was stopped before its last step this, too. */
char *edt_layer_name(const char *label, guint64 seed, int done, int steps);
/* Right above it, in its place and size; or its own pixels, of which name, mask, mode and place
 * stay.  NULL, FALSE: what GIMP said. */
GimpLayer *edt_layer_insert_above(GimpLayer *layer, const EdtSheet *sheet, GError **error);
gboolean edt_layer_replace(GimpLayer *layer, const EdtSheet *sheet, GError **error);
