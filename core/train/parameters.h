/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where each weight of a network lies in one flat array of f32.  Weights, gradients, the averages
 * and the optimiser's moments are parallel arrays with this one layout, so that the optimiser, the
 * average and a checkpoint are single loops.  Position tables that are fixed are not in it.
 * Next: train_network.h, which reads and differentiates them.
 */
#pragma once

#include "base/type.h"
#include "network/layers.h"
#include "sample/random.h"

typedef struct {
    EdtLayer layer;
    gboolean is_bias; /* of the layer; else its weight or table */
    char *name;       /* as in the reference, without prefix */
    int rank;
    gint64 shape[EDT_RANK_MAX];
    gsize offset, count; /* in floats */
} EdtParameter;

typedef struct {
    EdtVariant v;
    GPtrArray *parameters; /* EdtParameter, in the reference's order */
    GHashTable *by_name;
    gsize count; /* floats of one array; what pads the tensors to 64 bytes stays zero */
} EdtParameters;

EdtParameters *edt_parameters_new(const EdtVariant *variant);
void edt_parameters_free(EdtParameters *parameters);

/* The tensor of that name; it must exist. */
const EdtParameter *edt_parameters_get(const EdtParameters *parameters, const char *name);

/* One array, zeroed; free with edt_free(). */
float *edt_parameters_array(const EdtParameters *parameters, GError **error);

/* The official initialisation (initialize_weights): Xavier for linear layers, N(0, 0.02) for the
 * embeddings, truncated N(0, 0.02) for position biases, zero for the modulations of blocks and for
 * the final layer. */
void edt_parameters_initialise(const EdtParameters *parameters, EdtRandom *random, float *array);
/* After that, for runs of thousands of steps: the official zeros and small embeddings take tens of
 * thousands to open the blocks' gates and to tell the classes apart.  Here gates are half open,
 * modulations N(0, 0.02), the timestep's MLP Xavier, and classes N(0, 1). */
void edt_parameters_open_gates(const EdtParameters *parameters, EdtRandom *random, float *array);
