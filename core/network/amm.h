/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The Attention Modulation Matrix (paper section 3.2): its values, and which blocks carry it.
 */
#pragma once

#include "compute/backend.h"
#include "network/shape.h"

typedef enum {
    EDT_AMM_MATRIX_256, /* 0.5 exp(cos(2 pi d / T)), T = 4 (n-1) sqrt 2 */
    EDT_AMM_MATRIX_512, /* 1.3 cos(2 pi d / T) */
    EDT_AMM_MATRICES,
} EdtAmmMatrix;

/* Blocks that multiply their attention by the matrix. */
typedef struct {
    EdtAmmMatrix matrix;
    gboolean block[EDT_BLOCKS_MAX];
} EdtAmmPlan;

/* Where AMM goes for this model and guidance: EDT_AMM_OFFICIAL as the published code runs, for
 * every guidance, and nowhere in networks that it has no list for; EDT_AMM_AUTO the arrangement
 * that the code's comments give for the guidance, for networks without one the same share of the
 * depth, and none in models with other patches than the published ones. */
EdtAmmPlan edt_amm_plan(const EdtVariant *v, EdtAmm amm, double cfg_scale);
/* Whether that is anywhere in this model, at any guidance. */
gboolean edt_amm_acts(const EdtVariant *v, EdtAmm amm);

/* The matrix by offset: out[(2n-1) * (dy + n-1) + dx + n-1] for token offsets dy, dx; n > 1.  Zero
 * where dy^2 + dx^2 > 4 + (n-1)^2. */
void edt_amm_table(EdtAmmMatrix matrix, int n, float *out);

/* Every matrix for the grid of every stage, on the device: a forward picks the one it wants. */
typedef struct {
    float *memory;
    const float *at[EDT_AMM_MATRICES][EDT_STAGES_MAX]; /* [2n-1][2n-1] */
} EdtAmmTables;

gboolean edt_amm_tables_load(EdtAmmTables *tables, const EdtBackend *backend, EdtDevice *dev,
                             const EdtVariant *v, GError **error);
/* What block `block` of a stage multiplies its attention by; NULL: nothing.  plan may be NULL. */
const float *edt_amm_tables_find(const EdtAmmTables *tables, const EdtAmmPlan *plan, int block,
                                 int stage);
