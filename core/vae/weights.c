/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The tensors of one operation become its layer: found by the name that the walk is at, checked
 * against the shape that the walk expects before their data is touched, and packed for the device.
 */
#include "vae/walk.h"
#include "base/half.h"
#include "base/memory.h"

#include <glib/gi18n-lib.h>

/* ---- tensors ---- */

static gboolean refuse(EdtVaeWalk *walk, const char *name, const char *why)
{
    g_set_error(walk->error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                _("The autoencoder's tensor %s %s. Import it again from the original file."), name,
                why);
    return FALSE;
}

static char *shape_text(int rank, const gint64 *shape)
{
    GString *text = g_string_new(NULL);
    for (int i = 0; i < rank; i++)
        g_string_append_printf(text, "%s%" G_GINT64_FORMAT, i ? ", " : "", shape[i]);
    return g_string_free(text, FALSE);
}

/* The tensor must be f32 or bf16 and have this shape. */
static gboolean check(EdtVaeWalk *walk, const char *name, const EdtTensorView *view, int rank,
                      const gint64 *shape)
{
    gboolean same = view->rank == rank;
    if (view->type != EDT_F32 && view->type != EDT_BF16)
        return refuse(walk, name, _("is neither f32 nor bf16"));
    for (int i = 0; i < rank && same; i++)
        same = view->shape[i] == shape[i];
    if (same)
        return TRUE;
    g_autofree char *found = shape_text(view->rank, view->shape), *wanted = shape_text(rank, shape);
    g_autofree char *text =
        g_strdup_printf(_("has the shape [%s] where [%s] is expected"), found, wanted);
    return refuse(walk, name, text);
}

static gboolean find(EdtVaeWalk *walk, const char *name, const char *suffix, int rank,
                     const gint64 *shape, EdtTensorView *view)
{
    g_autofree char *full = g_strconcat(walk->place, name, suffix, NULL);
    if (walk->source->find(walk->source, full, view))
        return check(walk, full, view, rank, shape);
    g_set_error(walk->error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                _("The autoencoder has no tensor %s. It is incomplete; import it again from the "
                  "original file."),
                full);
    return FALSE;
}

static void done(EdtVaeWalk *walk, const char *name, const char *suffix)
{
    g_autofree char *full = g_strconcat(walk->place, name, suffix, NULL);
    if (walk->source->done)
        walk->source->done(walk->source, full);
}

/* Count numbers of any type as f32. */
static void widen(const EdtTensorView *view, gsize count, float *out)
{
    for (gsize i = 0; i < count; i++)
        out[i] = view->type == EDT_F32 ? ((const float *)view->data)[i]
                                       : edt_bf16_to_f32(((const EdtHalf *)view->data)[i]);
}

/* A vector of C numbers on the device. */
static gboolean load_vector(EdtVaeWalk *walk, const char *name, const char *suffix, int C,
                            float **out)
{
    EdtVae *vae = walk->vae;
    EdtTensorView view;
    gsize bytes = (gsize)C * sizeof(float);
    if (!find(walk, name, suffix, 1, (gint64[]){C}, &view))
        return FALSE;
    g_autofree float *host = g_malloc(bytes);
    widen(&view, (gsize)C, host);
    *out = vae->backend->alloc(vae->dev, bytes, walk->error);
    if (*out == NULL)
        return FALSE;
    vae->backend->upload(vae->dev, *out, host, bytes);
    done(walk, name, suffix);
    return TRUE;
}

/* ---- layers ---- */

gboolean edt_vae_load_norm(EdtVaeWalk *walk, const char *name, int C, int groups,
                           EdtVaeLayer *layer)
{
    g_autofree char *weight = g_strconcat(walk->place, name, ".weight", NULL);
    return load_vector(walk, name, ".weight", C, &layer->weight) &&
           load_vector(walk, name, ".bias", C, &layer->bias) &&
           (C % groups == 0 ||
            refuse(walk, weight,
                   _("does not have a multiple of 32 channels, as its group norm needs")));
}

gboolean edt_vae_load_conv(EdtVaeWalk *walk, const EdtVaeConv *c, EdtVaeLayer *layer)
{
    EdtVae *vae = walk->vae;
    EdtTensorView weight, bias = {0};
    const gint64 taps[] = {c->C_out, c->C_in, c->kernel, c->kernel};

    if (!find(walk, c->name, ".weight", 4, taps, &weight) ||
        (!c->unbiased && !find(walk, c->name, ".bias", 1, (gint64[]){c->C_out}, &bias)))
        return FALSE;
    EdtConvSpec spec = {
        .C_in = c->C_in,
        .C_out = c->C_out,
        .kernel = c->kernel,
        .stride = c->halves ? 2 : 1,
        .pad_front = c->front,
        .upsample = c->upsample,
        .accumulate = c->accumulate,
        .epilogue = c->relu ? EDT_EPILOGUE_RELU : EDT_EPILOGUE_NONE,
        .from_norm = c->from_norm,
        .weight = weight.data,
        .weight_type = weight.type,
        .bias = bias.data,
        .bias_type = bias.type,
        .x_type = c->x_type,
        .y_type = c->y_type,
    };
    layer->conv = vae->backend->conv_new(vae->dev, &spec, walk->error);
    done(walk, c->name, ".weight");
    if (!c->unbiased)
        done(walk, c->name, ".bias");
    return layer->conv != NULL;
}

/* Rows [at, at + C) of a [.., C] matrix and its bias, widened to f32. */
static gboolean load_rows(EdtVaeWalk *walk, const char *name, int C, int at, float *weight,
                          float *bias)
{
    static const char *const suffix[] = {".weight", ".bias"};
    float *const to[] = {weight + (gsize)at * (gsize)C, bias + at};
    for (int i = 0; i < 2; i++) {
        EdtTensorView view;
        if (!find(walk, name, suffix[i], 2 - i, (gint64[]){C, C}, &view))
            return FALSE;
        widen(&view, (gsize)C * (gsize)(i == 0 ? C : 1), to[i]);
        done(walk, name, suffix[i]);
    }
    return TRUE;
}

/* to_q, to_k and to_v become one product with 3C columns; to_out another. */
gboolean edt_vae_load_attention(EdtVaeWalk *walk, int C, EdtVaeLayer *layer)
{
    EdtVae *vae = walk->vae;
    gsize rows = 4 * (gsize)C;
    float *weight = edt_alloc(rows * ((gsize)C + 1) * sizeof(float), walk->error);
    float *bias = weight ? weight + rows * (gsize)C : NULL;
    gboolean read = weight && load_rows(walk, "to_q", C, 0, weight, bias) &&
                    load_rows(walk, "to_k", C, C, weight, bias) &&
                    load_rows(walk, "to_v", C, 2 * C, weight, bias) &&
                    load_rows(walk, "to_out.0", C, 3 * C, weight, bias);
    if (read) {
        EdtLinearSpec spec = {
            .K = C,
            .N = 3 * C,
            .weight = weight,
            .weight_type = EDT_F32,
            .bias = bias,
            .bias_type = EDT_F32,
            .x_type = vae->act,
            .y_type = vae->act,
        };
        layer->qkv = vae->backend->linear_new(vae->dev, &spec, walk->error);
        spec.N = C;
        spec.y_type = EDT_F32;
        spec.weight = weight + 3 * (gsize)C * (gsize)C;
        spec.bias = bias + 3 * C;
        layer->out = layer->qkv ? vae->backend->linear_new(vae->dev, &spec, walk->error) : NULL;
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
