/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A collage: pictures of an order, scattered over the selection or over a tile.
 */
#pragma once

#include "plugin/layer.h"
#include "session/scatter.h"

typedef struct {
    EdtOrder *order; /* what is scattered; the run takes it */
    EdtScatter scatter;
    GArray *spots;
    float *mask;              /* scatter's */
    char *name, *label;       /* of the layer; of its pictures */
    char *scattered, *record; /* what the layer will know of itself; the record comes by the run */
} EdtCollage;

/* As the settings say ("size", "differ", "turn", "distance", "spots"); of a tile: "tile", else
 * ("whole") in the selection, which is place's area.  Nothing is computed yet.  Errors:
 * EDT_ERROR_USAGE, a sentence: there is no room. */
gboolean edt_collage_plan(EdtCollage *collage, GimpProcedureConfig *config, gboolean tile,
                          EdtPlace *place, GError **error);
/* That of a layer (record and scattered: its own) once more, within its mask as it is now, with
 * another seed or other steps as edt_order_again() has them.  Errors: also that one's. */
gboolean edt_collage_again(EdtCollage *collage, GimpLayer *layer, const EdtRecord *record,
                           const char *scattered, double seed, int steps, GError **error);
void edt_collage_clear(EdtCollage *collage);
/* "fox (seed 5), scattered" */
char *edt_collage_name(const char *label, guint64 seed);
/* Makes the pictures and lays them out.  Pixels are to be freed, NULL with an error. */
EdtPicture edt_collage_run(EdtCollage *collage, GError **error);
