/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Timesteps and classes to modulations; see condition.h.  Next: stream.c, which uses the rows.
 */
#include "network/condition.h"
#include "base/memory.h"

#include <math.h>

#define HALF (EDT_TIMESTEP_WIDTH / 2)

/* e^x as torch's vectorised f32 exp computes it (the published 1-ulp polynomial of SLEEF): at t =
 * 999 one ulp of a frequency moves an angle by 6e-5, so the last bit matters.  x in [-10, 0]. */
static float torch_exp(float x)
{
    static const float coefficients[] = {0.00139304355252534151f, 0.00833336077630519867f,
                                         0.04166646853720547485f, 0.16666667163372039795f, 0.5f};
    float k = rintf(x * 1.44269504088896340736f);
    float r = fmaf(k, -0.693145751953125f, x); /* ln 2 in two parts */
    r = fmaf(k, -1.428606765330187045e-06f, r);
    float y = 0.000198527617612853646f;
    for (guint i = 0; i < G_N_ELEMENTS(coefficients); i++)
        y = fmaf(y, r, coefficients[i]);
    return ldexpf(1.0f + fmaf(r * r, y, r), (int)k);
}

void edt_timestep_waves(int R, const float *timestep, float *out)
{
    for (int i = 0; i < HALF; i++) {
        float frequency = torch_exp(-9.210340371976184f * (float)i / (float)HALF); /* 10000^-i/h */
        for (int r = 0; r < R; r++) {
            float angle = timestep[r] * frequency;
            out[(gsize)r * EDT_TIMESTEP_WIDTH + i] = (float)cos((double)angle);
            out[(gsize)r * EDT_TIMESTEP_WIDTH + HALF + i] = (float)sin((double)angle);
        }
    }
}

static int width(const EdtParts *parts)
{
    return edt_variant_stage(&parts->v, 0).D;
}

void edt_conditioner_carve(EdtConditioner *k, EdtParts *parts, EdtArena *arena, int R)
{
    const gsize rows = (gsize)R, D = (gsize)width(parts);

    k->waves = edt_arena_take(arena, rows * EDT_TIMESTEP_WIDTH * sizeof(float));
    k->hidden = edt_arena_take(arena, rows * D * sizeof(float));
    k->c = edt_arena_take(arena, rows * D * sizeof(float));
    k->active = edt_arena_take(arena, rows * D * sizeof(float));
    k->class_rows = edt_arena_take(arena, rows * sizeof(int));
    if (parts->v.n_styles)
        k->style_rows = edt_arena_take(arena, rows * sizeof(int));
    for (int i = 0; i < parts->n_weights; i++) {
        EdtWeight *weight = &parts->weights[i];
        if (weight->layer.part == EDT_PART_SITE)
            weight->rows = edt_arena_take(arena, rows * (gsize)weight->layer.N * sizeof(float));
    }
}

gboolean edt_conditioner_prepare(EdtConditioner *k, EdtParts *parts, const EdtBackend *b,
                                 EdtDevice *dev, int R, GError **error)
{
    EdtArena arena = {0};

    if (R <= k->R)
        return TRUE;
    edt_conditioner_carve(k, parts, &arena, R);
    b->free(dev, k->memory);
    edt_free(k->host_waves);
    k->R = 0;
    k->host_waves = NULL;
    k->memory = b->alloc(dev, arena.used, error);
    if (k->memory)
        k->host_waves = edt_alloc((gsize)R * EDT_TIMESTEP_WIDTH * sizeof(float), error);
    if (!k->host_waves)
        return FALSE;
    arena = (EdtArena){.base = k->memory};
    edt_conditioner_carve(k, parts, &arena, R);
    k->R = R;
    return TRUE;
}

void edt_conditioner_run(EdtConditioner *k, const EdtParts *parts, const EdtBackend *b,
                         EdtDevice *dev, int R, const float *timestep, const int *label,
                         const int *style)
{
    EdtWeight *const *part = parts->ends.part;
    const int D = width(parts);

    edt_timestep_waves(R, timestep, k->host_waves);
    b->upload(dev, k->waves, k->host_waves, (gsize)R * EDT_TIMESTEP_WIDTH * sizeof(float));
    b->upload(dev, k->class_rows, label, (gsize)R * sizeof(int));
    b->linear(dev, part[EDT_PART_TIME_IN]->linear, R, k->waves, k->hidden);
    b->silu(dev, (gint64)R * D, k->hidden, k->hidden, EDT_F32);
    b->linear(dev, part[EDT_PART_TIME_OUT]->linear, R, k->hidden, k->c);
    b->add_rows(dev, R, D, k->c, part[EDT_PART_CLASSES]->table, k->class_rows); /* c = t + y */
    if (part[EDT_PART_STYLES]) {
        b->upload(dev, k->style_rows, style, (gsize)R * sizeof(int));
        b->add_rows(dev, R, D, k->c, part[EDT_PART_STYLES]->table, k->style_rows); /* + s */
    }
    b->silu(dev, (gint64)R * D, k->c, k->active, b->act(dev));
    for (int i = 0; i < parts->n_weights; i++) {
        const EdtWeight *weight = &parts->weights[i];
        if (weight->layer.part == EDT_PART_SITE)
            b->linear(dev, weight->linear, R, k->active, weight->rows);
    }
}

void edt_conditioner_clear(EdtConditioner *k, const EdtBackend *b, EdtDevice *dev)
{
    b->free(dev, k->memory);
    edt_free(k->host_waves);
    *k = (EdtConditioner){0};
}
