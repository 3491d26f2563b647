/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A shape in latents.  Where a model works on pixels, its step holds the estimate's alpha to the
 * mask (compute/step.h); a latent has no alpha, so here the estimate is decoded, held to the mask
 * and coded again, and x goes on as if the network had said that.  Called from run.c after each
 * round but the last; compose.c does the same to the picture in the end.
 */
#pragma once

#include "engine/easel.h"
#include "sample/step.h"

/* One batch's; easel and step are borrowed. */
typedef struct {
    const EdtEasel *easel;
    const EdtStep *step;
    float *estimates, *x; /* [B, C, hw] on the host; NULL where nothing is held */
    float *room;          /* of edt_mould_planes() */
} EdtMould;

void edt_mould_carve(EdtMould *mould, EdtArena *host);
/* After a step: step->denoised and step->x become what they had been with estimates of the shape.
 * Waits for the device. */
gboolean edt_mould_hold(EdtMould *mould, GError **error);
/* planes: [4, side, side], -1..1, premultiplied.  Alpha becomes the mask (0..1); where the picture
 * was more transparent than that, its colours are continued.  room: so many numbers. */
void edt_mould_planes(const float *mask, int side, float *planes, float *room);
gsize edt_mould_room(int side);
