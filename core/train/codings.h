/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How often each picture is encoded, and how it is changed before: what augmentation is where the
 * network learns latents, which are made once.  The first coding is the picture as it is, the
 * second its mirror image (where that is allowed); the others are moved, scaled, turned and
 * recoloured a little, every second one mirrored, always in the same way.
 */
#pragma once

#include "train/dataset.h"

typedef struct EdtCodings EdtCodings;

/* options and pictures live as long; channels: of the pixels that come out. */
EdtCodings *edt_codings_new(const EdtLatentOptions *options, const EdtDataset *pictures,
                            int channels);
void edt_codings_free(EdtCodings *codings); /* NULL is fine */

int edt_codings_of(const EdtCodings *codings, int picture); /* at least 1 */
/* Codings of all pictures have numbers from 0 on, those of a picture one after the other. */
gint64 edt_codings_count(const EdtCodings *codings);
gint64 edt_codings_record(const EdtCodings *codings, int picture, int coding);
/* pixels [side, side, 4] straight RGBA to x [C, side, side], as edt_augment() has it. */
void edt_codings_draw(const EdtCodings *codings, int picture, int coding, const guint8 *pixels,
                      float *x);
