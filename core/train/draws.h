/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Random numbers of a training: each purpose of each row of each step has its own generator, so
 * there is no state to save and rows can be made in any order.
 */
#pragma once

#include "sample/random.h"

typedef enum {
    EDT_DRAW_WEIGHTS = 1,
    EDT_DRAW_ORDER,
    EDT_DRAW_TIMESTEPS,
    EDT_DRAW_PICTURE,
    EDT_DRAW_NOISE,
    EDT_DRAW_MASKS,
} EdtDraw;

void edt_train_random(EdtRandom *random, guint64 seed, EdtDraw draw, gint64 a, gint64 b);
