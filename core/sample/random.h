/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * torch's CPU random numbers (f32), bit for bit: a seed gives the noise PyTorch gives.
 */
#pragma once

#include <glib.h>

typedef struct {
    guint32 state[624];
    int used;
    gboolean has_spare;
    double spare;
} EdtRandom;

void edt_random_seed(EdtRandom *random, guint64 seed);           /* torch.manual_seed */
void edt_random_normal(EdtRandom *random, float *out, gsize n);  /* torch.randn(n) */
void edt_random_uniform(EdtRandom *random, float *out, gsize n); /* torch.rand(n) */
guint32 edt_random_below(EdtRandom *random, guint32 n);          /* torch.randint(0, n, ()) */
/* torch.randperm(n), for n < 2^32 / 20: beyond that torch draws 64 bits at a time. */
void edt_random_permutation(EdtRandom *random, gint64 *out, gsize n);
void edt_random_skip_normal(EdtRandom *random, gsize n); /* draws and forgets n normals */
