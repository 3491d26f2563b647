/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What items bring to their canvas (edt.h): sources and masks, as a batch needs them; and what of
 * them shows in a finished picture.  Called from run.c before the first step, from edt.c after the
 * last; between the two they act in compute/step.h.
 */
#pragma once

#include "base/arena.h"
#include "engine/engine.h"
#include "sample/sampler.h"

#define EDT_CAREFUL_TIMES 4   /* each of the first steps of a careful run is gone so many times */
#define EDT_CAREFUL_SHARE 0.6 /* of the steps */

/* One batch, whose items are alike. */
typedef struct {
    EdtEngine *engine;
    const EdtItem *items;
    int B;
    gboolean starts;        /* x begins as the source in noise */
    gboolean keeps, shapes; /* as in EdtSampling */
    gboolean moulds;        /* has a shape in latents (mould.h) */
    gboolean careful;
    float *source; /* [B, C, hw] as the sampler has it; where it starts or keeps */
    float *mask;   /* [B, hw]: 0 or 1 where it keeps, 0..1 where it shapes */
} EdtEasel;

/* 1 where nothing is started from. */
double edt_easel_freedom(const EdtItem *item);
/* Whether two items may run together: from the same noise on, with the same steps. */
gboolean edt_easel_alike(const EdtItem *a, const EdtItem *b);
/* Whether an item of a request can be, in so many steps.  Errors: EDT_ERROR_USAGE. */
gboolean edt_easel_check(const EdtModelInfo *info, const EdtRequest *request, const EdtItem *item,
                         GError **error);
/* The schedule of an item's run. */
EdtNoiseSchedule *edt_easel_schedule(const EdtModelInfo *info, const EdtRequest *request,
                                     const EdtItem *item, GError **error);

void edt_easel_plan(EdtEasel *easel, EdtEngine *engine, const EdtItem *items, int B);
void edt_easel_carve(EdtEasel *easel, EdtArena *host);
/* Brings sources and masks to the latents' size; sources go through the encoder. */
gboolean edt_easel_load(EdtEasel *easel, GError **error);
/* pixels: of image_size, as in EdtItem; out: [C, hw] as the sampler has it. */
gboolean edt_easel_encode(const EdtEasel *easel, const float *pixels, float *out, GError **error);
/* z, [B, C, hw], becomes what the steps begin with. */
void edt_easel_begin(const EdtEasel *easel, const EdtNoiseSchedule *schedule, float *z);

/* Planes of a finished picture as its item wants them: [channels, H, W], -1..1, premultiplied; free
 * with g_free().  channels: 3, or 4 with alpha, which a shape always has (compose.c). */
int edt_easel_channels(const EdtModelInfo *info, const EdtItem *item);
float *edt_easel_compose(const EdtModelInfo *info, const EdtItem *item, const float *planes);
