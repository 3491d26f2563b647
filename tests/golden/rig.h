/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A network on the CPU with the weights of the recipe, and forwards of it.
 */
#pragma once

#include "golden/hash_weights.h"
#include "network/network.h"

typedef struct {
    const EdtBackend *backend;
    EdtDevice *dev;
    EdtNetwork *model;
    EdtVariant v;
    EdtAmmPlan amm; /* of all forwards; none at first */
} Rig;

/* source: the weights, not needed any more afterwards. */
Rig rig_of(const EdtVariant *v, EdtTensorSource *source, EdtPrecision precision, int threads);
/* Of a published network, with the recipe's weights. */
Rig rig_new(const char *name, int image_size, double gain, EdtPrecision precision, int threads);
void rig_free(Rig *rig);

void rig_amm(Rig *rig, EdtAmm amm, double cfg);
/* N samples x with their timesteps and labels; returns [N, C_out, h, w], to be freed. */
float *rig_forward(Rig *rig, int N, const float *x, const float *t, const int *y);
/* What guidance makes of one sample's two outputs [2, C_out, h, w], its class's and the null one's:
 * estimate [C, h, w], of which three channels are guided. */
void rig_guide(const Rig *rig, float scale, const float *pair, float *estimate);
gsize rig_in(const Rig *rig); /* numbers of one sample */
gsize rig_out(const Rig *rig);
