/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * AMM: see amm.h.  The placements are rows of data, where the official scripts keep them as lists
 * that are commented in and out.
 */
#include "network/amm.h"
#include "base/arena.h"
#include "network/family.h"

#include <math.h>

/* ---- EDT ---- */

/* Blocks are named by stage and position in it, so that a checkpoint with other depths keeps the
 * arrangement.  For S and B (stages 2,2,2,3,3): block 7 = (3,1), 8 = (3,2), 10 = (4,1); for XL
 * (6,4,4,7,7): 23 = (4,2), 25 = (4,4). */
typedef struct {
    EdtAmm amm;
    gboolean large;  /* 512 px: a first grid of 32 or more */
    gboolean deep;   /* XL: a last stage of five or more blocks */
    double from_cfg; /* rows of one kind ascend; the last that applies counts */
    EdtAmmMatrix matrix;
    int sites;
    struct {
        int stage, position;
    } site[2];
} Placement;

static const Placement placements[] = {
    {EDT_AMM_OFFICIAL, FALSE, FALSE, 0, EDT_AMM_MATRIX_256, 2, {{3, 1}, {4, 1}}},
    {EDT_AMM_OFFICIAL, TRUE, FALSE, 0, EDT_AMM_MATRIX_512, 1, {{4, 1}}},
    {EDT_AMM_OFFICIAL, FALSE, TRUE, 0, EDT_AMM_MATRIX_256, 2, {{4, 2}, {4, 4}}},
    {EDT_AMM_OFFICIAL, TRUE, TRUE, 0, EDT_AMM_MATRIX_512, 2, {{4, 2}, {4, 4}}},
    {EDT_AMM_AUTO, FALSE, FALSE, 0, EDT_AMM_MATRIX_256, 2, {{3, 1}, {4, 1}}},
    {EDT_AMM_AUTO, FALSE, FALSE, 2, EDT_AMM_MATRIX_256, 1, {{3, 2}}},
    {EDT_AMM_AUTO, TRUE, FALSE, 0, EDT_AMM_MATRIX_512, 1, {{4, 1}}},
    /* the authors' own XL pictures at guidance 4 use the first list */
    {EDT_AMM_AUTO, FALSE, TRUE, 0, EDT_AMM_MATRIX_256, 2, {{4, 2}, {4, 4}}},
    {EDT_AMM_AUTO, TRUE, TRUE, 0, EDT_AMM_MATRIX_512, 2, {{4, 2}, {4, 4}}},
};

/* Everything published is of models with patches of 2.  In one with patches of 4 (EDT-Ti/4)
 * the first list brought out the seams between patches, and fewer pictures were of their class:
 * 96 % instead of 99 %; the second changed next to nothing.  So AUTO leaves those alone. */
#define PUBLISHED_PATCH 2

static gboolean helps(const EdtVariant *v)
{
    return v->patch == PUBLISHED_PATCH;
}

static const Placement *find(const EdtVariant *v, EdtAmm amm, double cfg_scale)
{
    const Placement *found = NULL;
    for (guint i = 0; i < G_N_ELEMENTS(placements); i++) {
        const Placement *p = &placements[i];
        if (p->amm == amm && p->large == (v->grid >= 32) &&
            p->deep == (v->depths[edt_variant_stages(v) - 1] >= 5) && cfg_scale >= p->from_cfg)
            found = p;
    }
    return found;
}

static EdtAmmPlan plan_stages(const EdtVariant *v, EdtAmm amm, double cfg_scale)
{
    EdtAmmPlan plan = {0};
    const Placement *placement = find(v, amm, MAX(cfg_scale, 0));

    for (int i = 0; placement && i < placement->sites; i++) {
        int stage = placement->site[i].stage, block = placement->site[i].position;
        plan.matrix = placement->matrix;
        if (block >= v->depths[stage])
            continue; /* a shallower model has no such block */
        for (int s = 0; s < stage; s++)
            block += v->depths[s];
        plan.block[block] = TRUE;
    }
    return plan;
}

/* ---- DiT and MDT ---- */

#define ANY_WIDTH 0

/* Blocks counted through all stages, as the code that plugs AMM into them does, whatever the grid
 * and guidance.  For MDTv2 with 24 or 28 blocks that code ends in an error, of the other networks
 * that have no official row it says nothing: AUTO puts AMM there as deep as it is in those that
 * have one (in MDTv2 into the first block of a decoder of four, as its list for S does). */
static const struct {
    EdtFamily family;
    int blocks, D;
    gboolean official;
    int sites, site[5];
} lists[] = {
    {EDT_FAMILY_DIT, 12, 384, TRUE, 2, {8, 10}},
    {EDT_FAMILY_DIT, 12, ANY_WIDTH, FALSE, 2, {8, 10}},
    {EDT_FAMILY_DIT, 24, ANY_WIDTH, FALSE, 5, {13, 15, 16, 19, 21}},
    {EDT_FAMILY_DIT, 28, ANY_WIDTH, TRUE, 5, {15, 17, 19, 22, 24}},
    {EDT_FAMILY_MDTV2, 12, ANY_WIDTH, TRUE, 1, {8}},
    {EDT_FAMILY_MDTV2, 24, ANY_WIDTH, FALSE, 1, {20}},
    {EDT_FAMILY_MDTV2, 28, ANY_WIDTH, FALSE, 1, {24}},
    {EDT_FAMILY_MDT, 12, ANY_WIDTH, FALSE, 2, {8, 10}},
    {EDT_FAMILY_MDT, 24, ANY_WIDTH, FALSE, 5, {13, 15, 16, 19, 21}},
    {EDT_FAMILY_MDT, 28, ANY_WIDTH, FALSE, 5, {15, 17, 19, 22, 24}},
};

static EdtAmmPlan plan_list(const EdtVariant *v, EdtAmm amm)
{
    EdtAmmPlan plan = {.matrix = EDT_AMM_MATRIX_256};
    for (gsize i = 0; i < G_N_ELEMENTS(lists); i++)
        if (lists[i].family == v->family && lists[i].blocks == edt_variant_blocks(v) &&
            (lists[i].D == ANY_WIDTH || lists[i].D == v->dims[0]) &&
            (lists[i].official || amm == EDT_AMM_AUTO))
            for (int k = 0; k < lists[i].sites; k++)
                plan.block[lists[i].site[k]] = TRUE;
    return plan;
}

EdtAmmPlan edt_amm_plan(const EdtVariant *v, EdtAmm amm, double cfg_scale)
{
    if (amm == EDT_AMM_OFF || (amm == EDT_AMM_AUTO && !helps(v)))
        return (EdtAmmPlan){0};
    return edt_family_one_width(edt_family_of(v)) ? plan_list(v, amm)
                                                  : plan_stages(v, amm, cfg_scale);
}

gboolean edt_amm_acts(const EdtVariant *v, EdtAmm amm)
{
    const EdtAmmPlan plan = edt_amm_plan(v, amm, 0);
    gboolean acts = FALSE;
    for (int i = 0; i < EDT_BLOCKS_MAX; i++)
        acts |= plan.block[i];
    return acts;
}

/* ---- the matrix ---- */

void edt_amm_table(EdtAmmMatrix matrix, int n, float *out)
{
    /* f32 as in the official code; the cut-off on squared distances is exact */
    const float frequency = (float)(2 * G_PI / (4.0 * (n - 1) * G_SQRT2));
    for (int dy = 1 - n; dy < n; dy++)
        for (int dx = 1 - n; dx < n; dx++) {
            int square = dy * dy + dx * dx;
            float wave = cosf(frequency * sqrtf((float)square));
            float value = matrix == EDT_AMM_MATRIX_256 ? expf(wave) / 2 : 1.3f * wave;
            *out++ = square > 4 + (n - 1) * (n - 1) ? 0 : value;
        }
}

/* ---- on the device ---- */

static gsize table_bytes(const EdtVariant *v, int stage)
{
    const gsize side = 2 * (gsize)edt_variant_grid(v, stage) - 1;
    return side * side * sizeof(float);
}

static void carve(EdtAmmTables *tables, EdtArena *arena, const EdtVariant *v)
{
    for (int matrix = 0; matrix < EDT_AMM_MATRICES; matrix++)
        for (int stage = 0; stage < edt_variant_stages(v); stage++)
            tables->at[matrix][stage] = edt_arena_take(arena, table_bytes(v, stage));
}

static void fill(const EdtAmmTables *tables, const EdtVariant *v, char *memory)
{
    for (int matrix = 0; matrix < EDT_AMM_MATRICES; matrix++)
        for (int stage = 0; stage < edt_variant_stages(v); stage++) {
            const int n = edt_variant_grid(v, stage);
            const gsize offset =
                (gsize)((const char *)tables->at[matrix][stage] - (const char *)tables->memory);
            if (n > 1) /* a single token has nothing to be far from */
                edt_amm_table((EdtAmmMatrix)matrix, n, (float *)(memory + offset));
        }
}

gboolean edt_amm_tables_load(EdtAmmTables *tables, const EdtBackend *backend, EdtDevice *dev,
                             const EdtVariant *v, GError **error)
{
    EdtArena arena = {0};
    carve(tables, &arena, v);
    const gsize bytes = arena.used;
    tables->memory = backend->alloc(dev, bytes, error);
    if (!tables->memory)
        return FALSE;
    arena = (EdtArena){.base = (guint8 *)tables->memory};
    carve(tables, &arena, v);
    g_autofree char *host = g_malloc0(bytes);
    fill(tables, v, host);
    backend->upload(dev, tables->memory, host, bytes);
    return TRUE;
}

const float *edt_amm_tables_find(const EdtAmmTables *tables, const EdtAmmPlan *plan, int block,
                                 int stage)
{
    return plan && plan->block[block] ? tables->at[plan->matrix][stage] : NULL;
}
