/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * layer.h: finished pixels become layers of an image, in one undo step.  Main thread only.
 */
#pragma once

#include <libgimp/gimp.h>

#include "plugin/job.h"

/* One picture on its way into an image. */
typedef struct {
    int width, height, channels; /* 3 or 4 */
    float *pixels;               /* height x width x channels, 0..1, sRGB; borrowed */
    char *name;
    const char *record; /* JSON; may be NULL */
} EdtSheet;

typedef struct {
    GimpImage *image; /* NULL, or closed meanwhile: a new image is made */
    const char *fit;  /* "native", "selection", "image" */
    gboolean display; /* show a new image */
} EdtPlace;

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
