/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Finished pixels become layers of an image, in one undo step.  Main thread only.
 */
#pragma once

#include "record.h"
#include "session/arrange.h"
#include "session/job.h"
#include "session/words.h"

#include <libgimp/gimp.h>

/* One picture on its way into an image. */
typedef struct {
    const EdtPicture *picture;
    char *name;
    const char *record;    /* JSON; may be NULL */
    const char *colours;   /* as those of a place */
    const char *scattered; /* session/scattered.h; NULL: it is one picture */
    const char *placed;    /* session/placed.h; found where it is put */
} EdtSheet;

typedef struct {
    GimpImage *image; /* NULL, or closed meanwhile: a new image is made */
    EdtFit fit;
    EdtArrange arrange;  /* of several layers */
    gboolean display;    /* somebody looks on: show a new image */
    int width, height;   /* of the image when this was asked */
    EdtArea area;        /* of the image: its layers come into the middle of it */
    gboolean whole;      /* they are as large as that, whatever its shape */
    gboolean selected;   /* that is the selection */
    GimpItem *over;      /* the layer whose place that is, or NULL */
    GimpItem *above;     /* its layers come above this one; NULL, or gone: the selected one */
    GeglBuffer *mask;    /* of the new layers, in pixels of the image; NULL: none */
    GimpItem *origin;    /* the layer that they start from, or NULL */
    const char *colours; /* that they may have, as colours.h has it; NULL: all */
} EdtPlace;

void edt_layer_place_clear(EdtPlace *place);

/* As the settings say. */
EdtFit edt_layer_fit(GimpProcedureConfig *config);
EdtArrange edt_layer_arrange(GimpProcedureConfig *config);
/* Whether there is a selection, and its bounds.  FALSE: GIMP does not say. */
gboolean edt_layer_selection(GimpImage *image, EdtArea *area, gboolean *selected, GError **error);
/* The selection's bounds; FALSE: nothing is selected, or GIMP does not say. */
gboolean edt_layer_selected(GimpImage *image, EdtArea *area);
/* As the image and its selection are now.  FALSE: GIMP does not say what is selected. */
gboolean edt_layer_place(GimpImage *image, EdtFit fit, gboolean display, EdtPlace *place,
                         GError **error);
/* Whether the image was scaled, cropped or turned since. */
gboolean edt_layer_place_moved(const EdtPlace *place);
/* The same wish in the image as it is now; not of what started from the image. */
gboolean edt_layer_place_anew(EdtPlace *place, GError **error);
/* Where n pictures of width x height come to lie. */
void edt_layer_areas(const EdtPlace *place, int width, int height, EdtArea *there, int n);
/* They are not reduced to fewer pixels than make a picture.  FALSE: EDT_ERROR_USAGE. */
#define EDT_LAYER_LEAST 8 /* wide or high */
gboolean edt_layer_has_room(const EdtPlace *place, int width, int height, int n, GError **error);

/* Until gimp_image_undo_group_end() all is one step to undo; where it fails nothing may happen. */
gboolean edt_layer_begin(GimpImage *image, GError **error);

/* Inserts n sheets, more than one as a group called group_name (NULL: no group).  Returns the
 * image, and in layers one layer a sheet (NULL-terminated; free with g_free()). */
GimpImage *edt_layer_insert(const EdtPlace *place, const EdtSheet *sheets, int n,
                            const char *group_name, GimpLayer ***layers, GError **error);

/* The pictures of a job; as above. */
GimpImage *edt_layer_insert_outcome(const EdtPlace *place, const EdtOutcome *outcome,
                                    GimpLayer ***layers, GError **error);
/* A picture of the history; as above. */
GimpImage *edt_layer_insert_file(const EdtPlace *place, const char *path, GimpLayer ***layers,
                                 GError **error);

/* ---- layers that are there ---- */

/* What a drawable is, or is the mask of: GIMP hands out the mask where that is edited.  NULL: no
 * layer of this image. */
GimpLayer *edt_layer_in(GimpImage *image, gpointer drawable);
/* How it was made.  NULL: not by us, or with an error what is wrong with what it says. */
EdtRecord *edt_layer_record(GimpLayer *layer, GError **error);
/* The layer of its image that it started from, or NULL: none, or that is gone. */
GimpLayer *edt_layer_origin(GimpLayer *layer);
/* It does not look as it did when it was made: somebody has painted on it, or scaled it. */
gboolean edt_layer_painted(GimpLayer *layer);
/* "fox (seed 5)"; of a picture that was stopped before its last step this, too. */
char *edt_layer_name(const char *label, guint64 seed, int done, int steps);
/* Right above it, in its place and size and with its mask; or its own pixels, of which name, mask,
 * mode and place stay: then changed becomes TRUE where something is not as it was.  NULL, FALSE:
 * what GIMP said. */
GimpLayer *edt_layer_insert_above(GimpLayer *layer, const EdtSheet *sheet, GError **error);
gboolean edt_layer_replace(GimpLayer *layer, const EdtSheet *sheet, gboolean *changed,
                           GError **error);
