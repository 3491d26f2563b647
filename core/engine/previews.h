/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a run shows of its steps: the denoised estimate as rough colours, or, where the model has a
 * small autoencoder, as a real picture as often as that costs the steps little.  Called from run.c.
 */
#pragma once

#include "engine/engine.h"

typedef struct {
    EdtEngine *engine;
    const EdtRequest *request;
    const EdtCallbacks *callbacks;
    gpointer user_data;
    int first, B;     /* items of the request */
    EdtVae *painter;  /* the small autoencoder, or NULL */
    double work;      /* its multiply-adds for all B, as a share of a step's */
    double allowance; /* seconds that may be painted now ... */
    double cost;      /* ... and that it takes; 0: not known yet */
    gboolean painted; /* there was a picture already; rough colours would be less */
    guint8 *pixels;   /* room for edt_previews_bytes() */
} EdtPreviews;

/* After a step something is shown. */
gboolean edt_previews_wanted(const EdtPreviews *previews);
/* Loads what paints, for steps of so many multiply-adds. */
gboolean edt_previews_prepare(EdtPreviews *previews, guint64 step_macs, GError **error);
gsize edt_previews_bytes(const EdtPreviews *previews);
/* After a step that took so long: whether pictures are due, and what they may take is spent. */
gboolean edt_previews_due(EdtPreviews *previews, double step_seconds);
/* estimates: host, [B,C,h,w] denoised.  FALSE: the device failed. */
gboolean edt_previews_show(EdtPreviews *previews, const float *estimates, int step,
                           double step_seconds, GError **error);
