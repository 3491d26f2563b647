/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The shapes of networks: their names, and what follows from a shape and the row of its family.
 * Next: detect.c, the way back from tensors; then layers.c.
 */
#include "network/family.h"

#include <math.h>
#include <string.h>

/* Sizes of the paper's table 1 and the official models_edt.py; the Ti are ours, with patches of 4
 * for small pictures in pixel space, of 2 for latents.  latent_size and grid are set by image size.
 */
static const struct {
    EdtVariant v;
    int factor; /* image pixels per latent pixel */
} named[] = {
    {{.name = "EDT-S/2",
      .channels = 4,
      .patch = 2,
      .dims = {312, 416, 520, 416, 312},
      .heads = {6, 8, 10, 8, 6},
      .depths = {2, 2, 2, 3, 3},
      .mlp_ratio = 4,
      .n_classes = 1000,
      .out_channels = 8},
     8},
    {{.name = "EDT-B/2",
      .channels = 4,
      .patch = 2,
      .dims = {624, 832, 1040, 832, 624},
      .heads = {12, 16, 20, 16, 12},
      .depths = {2, 2, 2, 3, 3},
      .mlp_ratio = 4,
      .n_classes = 1000,
      .out_channels = 8},
     8},
    {{.name = "EDT-XL/2",
      .channels = 4,
      .patch = 2,
      .dims = {936, 1248, 1560, 1248, 936},
      .heads = {18, 24, 30, 24, 18},
      .depths = {6, 4, 4, 7, 7},
      .mlp_ratio = 4,
      .n_classes = 1000,
      .out_channels = 8},
     8},
    {{.name = "EDT-Ti/4",
      .channels = 4,
      .patch = 4,
      .dims = {156, 208, 260, 208, 156},
      .heads = {3, 4, 5, 4, 3},
      .depths = {2, 2, 2, 3, 3},
      .mlp_ratio = 4,
      .n_classes = 1000,
      .out_channels = 8},
     1},
    {{.name = "EDT-Ti/2",
      .channels = 4,
      .patch = 2,
      .dims = {156, 208, 260, 208, 156},
      .heads = {3, 4, 5, 4, 3},
      .depths = {2, 2, 2, 3, 3},
      .mlp_ratio = 4,
      .n_classes = 1000,
      .out_channels = 8},
     8},
};

int edt_variant_stages(const EdtVariant *v)
{
    return edt_family_of(v)->stages;
}

int edt_variant_grid(const EdtVariant *v, int stage)
{
    return v->grid >> edt_family_of(v)->stage[stage].halvings;
}

EdtGuidance edt_variant_guidance(const EdtVariant *v)
{
    return edt_family_of(v)->guidance;
}

const char *edt_variant_licence(const EdtVariant *v)
{
    return edt_family_of(v)->licence;
}

const EdtTraining *edt_variant_training(const EdtVariant *v)
{
    const EdtFamilyRow *family = edt_family_of(v);
    return family->other.D == v->dims[0] ? &family->other.training : &family->training;
}

int edt_variant_filling(const EdtVariant *v)
{
    int stage = 0;
    if (edt_family_of(v)->training.hiding == EDT_HIDING_SIDE)
        while (edt_family_of(v)->stage[stage].joint != EDT_JOINT_TABLE)
            stage++;
    return stage;
}

/* Blocks of the stages before that are in the same list. */
static int first_block(const EdtVariant *v, int stage)
{
    int first = 0;
    for (int s = 0; s < stage; s++)
        if (strcmp(edt_family_of(v)->stage[s].blocks, edt_family_of(v)->stage[stage].blocks) == 0)
            first += v->depths[s];
    return first;
}

EdtStage edt_variant_stage(const EdtVariant *v, int stage)
{
    const int n = edt_variant_grid(v, stage), D = v->dims[stage], H = v->heads[stage];
    const int side = 2 * n - 1, windows = edt_family_of(v)->windows;
    return (EdtStage){
        .joint = edt_family_of(v)->stage[stage].joint,
        .skip = edt_family_of(v)->stage[stage].skip,
        .n = n,
        .T = n * n,
        .D = D,
        .H = H,
        .d = D / H,
        .depth = v->depths[stage],
        .blocks = edt_family_of(v)->stage[stage].blocks,
        .first = first_block(v, stage),
        .windows = windows ? side * side + windows - 1 : 0,
    };
}

int edt_variant_blocks(const EdtVariant *v)
{
    int blocks = 0;
    for (int s = 0; s < edt_variant_stages(v); s++)
        blocks += v->depths[s];
    return blocks;
}

gboolean edt_variant_divide(EdtVariant *v, int decoder)
{
    const int blocks = edt_variant_blocks(v), before = edt_variant_stages(v) - 1;
    if (!edt_family_of(v)->decoder || decoder < 1 || decoder > blocks - before)
        return FALSE;
    edt_family_divide(v, blocks, decoder);
    return TRUE;
}

int edt_variant_stage_of_block(const EdtVariant *v, int block)
{
    int stage = 0;
    while (stage < edt_variant_stages(v) - 1 && block >= v->depths[stage])
        block -= v->depths[stage++];
    return stage;
}

int edt_variant_outer(const EdtVariant *v)
{
    int stage = edt_variant_stages(v) - 1;
    while (stage > 0 && edt_family_of(v)->stage[stage].joint != EDT_JOINT_UP)
        stage--;
    return stage;
}

/* ---- names ---- */

#define LATENT_FACTOR 8 /* image pixels per latent pixel of Stable Diffusion's autoencoder */

static gboolean find_name(const char *name, EdtVariant *v, int *factor)
{
    for (gsize i = 0; i < G_N_ELEMENTS(named); i++)
        if (strcmp(name, named[i].v.name) == 0) {
            *v = named[i].v;
            *factor = named[i].factor;
            return TRUE;
        }
    *factor = LATENT_FACTOR;
    for (int f = 0; f < EDT_FAMILIES; f++)
        for (int patch = 2; patch <= edt_families[f].largest_patch; patch *= 2)
            for (gsize i = 0; edt_family_size((EdtFamily)f, i, patch, edt_families[f].decoder, v);
                 i++)
                if (strcmp(name, v->name) == 0)
                    return TRUE;
    return FALSE;
}

/* How often the deepest stage halves the grid. */
static int halvings(EdtFamily family)
{
    int most = 0;
    for (int s = 0; s < edt_families[family].stages; s++)
        most = MAX(most, edt_families[family].stage[s].halvings);
    return most;
}

gboolean edt_variant_named(const char *name, int image_size, EdtVariant *v)
{
    int factor;
    if (!find_name(name, v, &factor) || image_size <= 0 ||
        image_size % ((factor * v->patch) << halvings(v->family)))
        return FALSE;
    v->latent_size = image_size / factor;
    v->grid = v->latent_size / v->patch;
    return v->grid <= EDT_GRID_MAX;
}

static gboolean same_widths(const EdtVariant *a, const EdtVariant *b)
{
    return memcmp(a->dims, b->dims, sizeof a->dims) == 0 &&
           memcmp(a->heads, b->heads, sizeof a->heads) == 0 && a->patch == b->patch;
}

void edt_variant_name(EdtVariant *v)
{
    const int decoder = v->depths[edt_variant_stages(v) - 1];
    EdtVariant one;

    memset(v->name, 0, sizeof v->name); /* shapes are compared byte by byte */
    for (gsize i = 0; i < G_N_ELEMENTS(named); i++)
        if (named[i].v.family == v->family && same_widths(v, &named[i].v))
            g_strlcpy(v->name, named[i].v.name, sizeof v->name);
    for (gsize i = 0; edt_family_of(v)->largest_patch >= v->patch &&
                      edt_family_size(v->family, i, v->patch, decoder, &one);
         i++)
        if (same_widths(v, &one) && memcmp(v->depths, one.depths, sizeof v->depths) == 0)
            g_strlcpy(v->name, one.name, sizeof v->name);
    if (!*v->name)
        g_snprintf(v->name, sizeof v->name, "%s custom", edt_family_of(v)->name);
}

void edt_position_table(int n, int D, float *out)
{
    int quarter = D / 4; /* x: sin, cos; y: sin, cos */
    for (int t = 0; t < n * n; t++) {
        double at[2] = {t % n, t / n}; /* official meshgrid: w first */
        for (int axis = 0; axis < 2; axis++)
            for (int i = 0; i < quarter; i++) {
                double omega = 1.0 / pow(10000.0, (double)i / (double)quarter);
                float *row = out + (gsize)t * D + axis * (D / 2) + i;
                row[0] = (float)sin(at[axis] * omega);
                row[quarter] = (float)cos(at[axis] * omega);
            }
    }
}
