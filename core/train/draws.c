/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Random numbers of a training; see draws.h.
 */
#include "train/draws.h"

/* One number from several, for the seed of a generator (splitmix64). */
static guint64 mix(guint64 h, guint64 value)
{
    guint64 z = (h ^ value) + G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void edt_train_random(EdtRandom *random, guint64 seed, EdtDraw draw, gint64 a, gint64 b)
{
    edt_random_seed(random, mix(mix(mix(seed, (guint64)draw), (guint64)a), (guint64)b));
}
