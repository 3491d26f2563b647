/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Conditioning: timesteps, classes and styles to the modulations (adaLN) of every site of the
 * network.  Private to network/.
 */
#pragma once

#include "base/arena.h"
#include "network/parts.h"

/* The working memory for R rows. */
typedef struct {
    int R; /* rows there is room for */
    void *memory;
    float *waves, *hidden, *c; /* [R, 256], [R, D], [R, D] */
    void *active;              /* [R, D] act: SiLU(c) */
    int *class_rows;           /* [R] */
    int *style_rows;           /* [R] */
    float *host_waves;         /* host */
} EdtConditioner;

/* Also of the rows of every site in parts. */
void edt_conditioner_carve(EdtConditioner *k, EdtParts *parts, EdtArena *arena, int R);
gboolean edt_conditioner_prepare(EdtConditioner *k, EdtParts *parts, const EdtBackend *backend,
                                 EdtDevice *dev, int R, GError **error);
void edt_conditioner_run(EdtConditioner *k, const EdtParts *parts, const EdtBackend *backend,
                         EdtDevice *dev, int R, const float *timestep, const int *label,
                         const int *style);
void edt_conditioner_clear(EdtConditioner *k, const EdtBackend *backend, EdtDevice *dev);

/* Sinusoidal embedding of timesteps, [R, 256]: cosines first, then sines; f32 as officially. */
void edt_timestep_waves(int R, const float *timestep, float *out);
