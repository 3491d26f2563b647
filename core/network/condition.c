/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Timesteps and classes to modulations; see condition.h.  Next: model.c, which uses the rows.
 */
#include "network/condition.h"
#include "base/arena.h"
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

gboolean edt_conditioner_load(EdtConditioner *k, EdtLoader *l, const EdtVariant *v)
{
    k->D = v->dims[0];
    k->mlp0 = edt_load_linear(l, "t_embedder.mlp.0", k->D, EDT_TIMESTEP_WIDTH, TRUE,
                              EDT_EPILOGUE_NONE, EDT_F32, EDT_F32);
    if (k->mlp0)
        k->mlp2 = edt_load_linear(l, "t_embedder.mlp.2", k->D, k->D, TRUE, EDT_EPILOGUE_NONE,
                                  EDT_F32, EDT_F32);
    if (k->mlp2)
        k->labels = edt_load_table(l, "y_embedder.embedding_table.weight", 2,
                                   (gint64[]){v->n_classes + 1, k->D});
    return k->labels != NULL;
}

gboolean edt_conditioner_site(EdtConditioner *k, EdtLoader *l, EdtSite *site, const char *prefix,
                              int columns)
{
    g_autofree char *name = g_strconcat(prefix, ".adaLN_modulation.1", NULL);
    site->columns = columns;
    site->linear = edt_load_linear(l, name, columns, k->D, TRUE, EDT_EPILOGUE_NONE,
                                   l->backend->act(l->dev), EDT_F32);
    if (site->linear == NULL)
        return FALSE;
    k->sites[k->n_sites++] = site;
    return TRUE;
}

static void carve(EdtConditioner *k, EdtArena *arena, int R)
{
    gsize rows = (gsize)R;
    k->waves = edt_arena_take(arena, rows * EDT_TIMESTEP_WIDTH * sizeof(float));
    k->hidden = edt_arena_take(arena, rows * (gsize)k->D * sizeof(float));
    k->c = edt_arena_take(arena, rows * (gsize)k->D * sizeof(float));
    k->active = edt_arena_take(arena, rows * (gsize)k->D * sizeof(float));
    k->label_rows = edt_arena_take(arena, rows * sizeof(int));
    for (int i = 0; i < k->n_sites; i++)
        k->sites[i]->rows =
            edt_arena_take(arena, rows * (gsize)k->sites[i]->columns * sizeof(float));
}

gsize edt_conditioner_workspace(const EdtConditioner *k, int R)
{
    gsize columns = 0;
    for (int i = 0; i < k->n_sites; i++)
        columns += (gsize)k->sites[i]->columns;
    return (gsize)R * (2 * EDT_TIMESTEP_WIDTH + 3 * (gsize)k->D + 1 + columns) * sizeof(float) +
           64 * (gsize)(k->n_sites + 5);
}

gboolean edt_conditioner_prepare(EdtConditioner *k, const EdtBackend *b, EdtDevice *dev, int R,
                                 GError **error)
{
    if (R > k->R) {
        EdtArena arena = {0};
        carve(k, &arena, R);
        b->free(dev, k->memory);
        edt_free(k->host_waves);
        k->R = 0;
        k->memory = b->alloc(dev, arena.used, error);
        k->host_waves =
            k->memory ? edt_alloc((gsize)R * EDT_TIMESTEP_WIDTH * sizeof(float), error) : NULL;
        if (k->memory == NULL || k->host_waves == NULL)
            return FALSE;
        arena = (EdtArena){.base = k->memory};
        carve(k, &arena, R);
        k->R = R;
    }
    gboolean done =
        b->linear_prepare(dev, k->mlp0, R, error) && b->linear_prepare(dev, k->mlp2, R, error);
    for (int i = 0; done && i < k->n_sites; i++)
        done = b->linear_prepare(dev, k->sites[i]->linear, R, error);
    return done;
}

void edt_conditioner_run(EdtConditioner *k, const EdtBackend *b, EdtDevice *dev, int R,
                         const float *timestep, const int *label)
{
    edt_timestep_waves(R, timestep, k->host_waves);
    b->upload(dev, k->waves, k->host_waves, (gsize)R * EDT_TIMESTEP_WIDTH * sizeof(float));
    b->upload(dev, k->label_rows, label, (gsize)R * sizeof(int));
    b->linear(dev, k->mlp0, R, k->waves, k->hidden);
    b->silu(dev, (gint64)R * k->D, k->hidden, k->hidden, EDT_F32);
    b->linear(dev, k->mlp2, R, k->hidden, k->c);
    b->add_rows(dev, R, k->D, k->c, k->labels, k->label_rows); /* c = t + y */
    b->silu(dev, (gint64)R * k->D, k->c, k->active, b->act(dev));
    for (int i = 0; i < k->n_sites; i++)
        b->linear(dev, k->sites[i]->linear, R, k->active, k->sites[i]->rows);
}

void edt_conditioner_clear(EdtConditioner *k, const EdtBackend *b, EdtDevice *dev)
{
    b->linear_free(dev, k->mlp0);
    b->linear_free(dev, k->mlp2);
    b->free(dev, k->labels);
    for (int i = 0; i < k->n_sites; i++)
        b->linear_free(dev, k->sites[i]->linear);
    b->free(dev, k->memory);
    edt_free(k->host_waves);
    *k = (EdtConditioner){0};
}
