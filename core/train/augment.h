/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pixels to a training sample, with small random changes.
 */
#pragma once

#include "train/dataset.h"

/* pixels [side, side, 4] straight RGBA to x [C, side, side] in -1..1: with 4 channels the colours
 * are premultiplied by alpha, with 3 the picture lies on white.  Always takes the same number of
 * draws from random. */
void edt_augment(const guint8 *pixels, const EdtPictureOptions *options, EdtRandom *random,
                 float *x);
