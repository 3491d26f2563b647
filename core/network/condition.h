/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Conditioning: timesteps and classes to the modulations (adaLN) of every site of the model.
 * Private to model/.
 */
#pragma once

#include "network/weights.h"

/* One place that is modulated: a block, a down, a concat, the final layer. */
typedef struct {
    EdtLinear *linear; /* SiLU(c) -> columns */
    int columns;
    float *rows;       /* [R, columns] after edt_conditioner_run */
} EdtSite;

#define EDT_SITES_MAX (EDT_BLOCKS_MAX + 5)
#define EDT_TIMESTEP_WIDTH 256

typedef struct {
    int D;                      /* width of c */
    EdtLinear *mlp0, *mlp2;     /* timestep MLP */
    float *labels;              /* [n_classes + 1, D] */
    EdtSite *sites[EDT_SITES_MAX];
    int n_sites;
    int R;                      /* rows there is room for */
    void *memory;
    float *waves, *hidden, *c;  /* [R, 256], [R, D], [R, D] */
    void *active;               /* [R, D] act: SiLU(c) */
    int *label_rows;            /* [R], device */
    float *host_waves;
} EdtConditioner;

gboolean edt_conditioner_load(EdtConditioner *k, EdtLoader *loader, const EdtVariant *v);
/* Loads <prefix>.adaLN_modulation.1 as a site; site stays where it is while k lives. */
gboolean edt_conditioner_site(EdtConditioner *k, EdtLoader *loader, EdtSite *site,
                              const char *prefix, int columns);
gsize edt_conditioner_workspace(const EdtConditioner *k, int R);
gboolean edt_conditioner_prepare(EdtConditioner *k, const EdtBackend *backend, EdtDevice *dev,
                                 int R, GError **error);
void edt_conditioner_run(EdtConditioner *k, const EdtBackend *backend, EdtDevice *dev, int R,
                         const float *timestep, const int *label);
void edt_conditioner_clear(EdtConditioner *k, const EdtBackend *backend, EdtDevice *dev);

/* Sinusoidal embedding of timesteps, [R, 256]: cosines first, then sines; f32 as officially. */
void edt_timestep_waves(int R, const float *timestep, float *out);
