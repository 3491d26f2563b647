/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The tensors of one operation become its layer: found by the name that the walk is at, checked
 * against the shape that the walk expects before their data is touched, and packed for the device.
 */
#include "vae/walk.h"
#include "base/memory.h"
#include "base/number.h"

#include <glib/gi18n-lib.h>

static char *full_name(const EdtVaeWalk *walk, const char *name, const char *suffix)
{
    return g_strconcat(walk->place, name, suffix, NULL);
}

/* A vector of C numbers on the device. */
static float *load_vector(const EdtVaeWalk *walk, const char *name, const char *suffix, int C)
{
    g_autofree char *full = full_name(walk, name, suffix);
    return edt_load_table(walk->loader, full, 1, (gint64[]){C});
}

/* ---- layers ---- */

gboolean edt_vae_load_norm(EdtVaeWalk *walk, const char *name, int C, int groups,
                           EdtVaeLayer *layer)
{
    layer->weight = load_vector(walk, name, ".weight", C);
    layer->bias = layer->weight ? load_vector(walk, name, ".bias", C) : NULL;
    if (layer->bias && C % groups) {
        g_autofree char *full = full_name(walk, name, ".weight");
        return edt_load_refuse(
            walk->loader, full,
            _("does not have a multiple of 32 channels, as its group norm needs"));
    }
    return layer->bias != NULL;
}

EdtConvSpec edt_vae_conv_spec(const EdtVaeConv *c)
{
    return (EdtConvSpec){
        .C_in = c->C_in,
        .C_out = c->C_out,
        .kernel = c->kernel,
        .stride = c->halves ? 2 : 1,
        .pad_front = c->front,
        .upsample = c->upsample,
        .accumulate = c->accumulate,
        .epilogue = c->relu ? EDT_EPILOGUE_RELU : EDT_EPILOGUE_NONE,
        .from_norm = c->from_norm,
        .x_type = c->x_type,
        .y_type = c->y_type,
    };
}

gboolean edt_vae_load_conv(EdtVaeWalk *walk, const EdtVaeConv *c, EdtVaeLayer *layer)
{
    EdtLoader *l = walk->loader;
    g_autofree char *weight_name = full_name(walk, c->name, ".weight");
    g_autofree char *bias_name = full_name(walk, c->name, ".bias");
    EdtTensorView weight, bias = {0};
    const gint64 taps[] = {c->C_out, c->C_in, c->kernel, c->kernel};

    if (!edt_load_find(l, weight_name, 4, taps, &weight) ||
        (!c->unbiased && !edt_load_find(l, bias_name, 1, (gint64[]){c->C_out}, &bias)))
        return FALSE;
    EdtConvSpec spec = edt_vae_conv_spec(c);
    spec.weight = weight.data;
    spec.weight_type = weight.type;
    spec.bias = bias.data;
    spec.bias_type = bias.type;
    layer->conv = l->backend->conv_new(l->dev, &spec, l->error);
    edt_load_done(l, weight_name);
    if (!c->unbiased)
        edt_load_done(l, bias_name);
    return layer->conv != NULL;
}

/* Rows [at, at + C) of a [.., C] matrix and its bias, widened to f32. */
static gboolean load_rows(const EdtVaeWalk *walk, const char *name, int C, int at, float *weight,
                          float *bias)
{
    static const char *const suffix[] = {".weight", ".bias"};
    float *const to[] = {weight + (gsize)at * (gsize)C, bias + at};
    for (int i = 0; i < 2; i++) {
        g_autofree char *full = full_name(walk, name, suffix[i]);
        EdtTensorView view;
        if (!edt_load_find(walk->loader, full, 2 - i, (gint64[]){C, C}, &view))
            return FALSE;
        edt_numbers_to_f32(view.type, view.data, (gsize)C * (gsize)(i == 0 ? C : 1), to[i]);
        edt_load_done(walk->loader, full);
    }
    return TRUE;
}

/* to_q, to_k and to_v become one product with 3C columns; to_out another. */
gboolean edt_vae_load_attention(EdtVaeWalk *walk, int C, EdtVaeLayer *layer)
{
    EdtLoader *l = walk->loader;
    const EdtType act = walk->act;
    gsize rows = 4 * (gsize)C;
    float *weight = edt_alloc(rows * ((gsize)C + 1) * sizeof(float), l->error);
    float *bias = weight ? weight + rows * (gsize)C : NULL;
    gboolean ok = weight && load_rows(walk, "to_q", C, 0, weight, bias) &&
                  load_rows(walk, "to_k", C, C, weight, bias) &&
                  load_rows(walk, "to_v", C, 2 * C, weight, bias) &&
                  load_rows(walk, "to_out.0", C, 3 * C, weight, bias);
    if (ok) {
        EdtLinearSpec spec = {
            .K = C,
            .N = 3 * C,
            .weight = weight,
            .weight_type = EDT_F32,
            .bias = bias,
            .bias_type = EDT_F32,
            .x_type = act,
            .y_type = act,
        };
        layer->qkv = l->backend->linear_new(l->dev, &spec, l->error);
        spec.N = C;
        spec.y_type = EDT_F32;
        spec.weight = weight + 3 * (gsize)C * (gsize)C;
        spec.bias = bias + 3 * C;
        layer->out = layer->qkv ? l->backend->linear_new(l->dev, &spec, l->error) : NULL;
    }
    edt_free(weight);
    return layer->out != NULL;
}

/* ---- the end ---- */

void edt_vae_unload(EdtVae *vae, GArray *layers)
{
    for (guint i = 0; i < layers->len; i++) {
        EdtVaeLayer *layer = &g_array_index(layers, EdtVaeLayer, i);
        vae->backend->conv_free(vae->dev, layer->conv);
        vae->backend->free(vae->dev, layer->weight);
        vae->backend->free(vae->dev, layer->bias);
        vae->backend->linear_free(vae->dev, layer->qkv);
        vae->backend->linear_free(vae->dev, layer->out);
    }
    g_array_unref(layers);
}
