/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From named tensors to packed layers; see weights.h.
 */
#include "network/weights.h"

#include <glib/gi18n-lib.h>
#include "base/half.h"
#include "base/memory.h"

static gboolean find(EdtLoader *l, const char *name, int rank, const gint64 *shape,
                     EdtTensorView *view)
{
    if (!l->source->find(l->source, name, view)) {
        g_set_error(l->error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                    _("The model lacks the tensor “%s”. Import the checkpoint again."), name);
        return FALSE;
    }
    gboolean same = view->rank == rank && (view->type == EDT_F32 || view->type == EDT_BF16);
    for (int i = 0; same && i < rank; i++)
        same = view->shape[i] == shape[i];
    if (!same)
        g_set_error(l->error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                    _("The tensor “%s” of the model has an unexpected shape or type. Import the "
                      "checkpoint again."),
                    name);
    return same;
}

/* The patch embedding is a convolution [D,C,p,p] that we apply as a linear layer of C*p*p. */
static gboolean find_weight(EdtLoader *l, const char *name, gint64 N, gint64 K, EdtTensorView *view)
{
    if (l->source->find(l->source, name, view) && view->rank == 4 && view->shape[0] == N &&
        view->shape[1] * view->shape[2] * view->shape[3] == K &&
        (view->type == EDT_F32 || view->type == EDT_BF16))
        return TRUE;
    return find(l, name, 2, (gint64[]){N, K}, view);
}

EdtLinear *edt_load_linear(EdtLoader *l, const char *prefix, gint64 N, gint64 K, gboolean bias,
                           EdtEpilogue epilogue, EdtType x_type, EdtType y_type)
{
    g_autofree char *weight_name = g_strconcat(prefix, ".weight", NULL);
    g_autofree char *bias_name = g_strconcat(prefix, ".bias", NULL);
    EdtTensorView weight, offset = {0};

    if (!find_weight(l, weight_name, N, K, &weight) ||
        (bias && !find(l, bias_name, 1, (gint64[]){N}, &offset)))
        return NULL;
    EdtLinearSpec spec = {
        .K = K,
        .N = N,
        .weight = weight.data,
        .weight_type = weight.type,
        .bias = bias ? offset.data : NULL,
        .bias_type = offset.type,
        .epilogue = epilogue,
        .x_type = x_type,
        .y_type = y_type,
    };
    EdtLinear *linear = l->backend->linear_new(l->dev, &spec, l->error);
    l->source->done(l->source, weight_name);
    return linear;
}

static float *to_device(EdtLoader *l, const float *host, gsize count)
{
    float *table = l->backend->alloc(l->dev, count * sizeof(float), l->error);
    if (table)
        l->backend->upload(l->dev, table, host, count * sizeof(float));
    return table;
}

static float value(const EdtTensorView *view, gsize i)
{
    return view->type == EDT_F32 ? ((const float *)view->data)[i]
                                 : edt_bf16_to_f32(((const EdtHalf *)view->data)[i]);
}

float *edt_load_table(EdtLoader *l, const char *name, int rank, const gint64 *shape)
{
    EdtTensorView view;
    gsize count = 1;

    if (!find(l, name, rank, shape, &view))
        return NULL;
    for (int i = 0; i < rank; i++)
        count *= (gsize)shape[i];
    float *host = edt_alloc(count * sizeof(float), l->error), *table = NULL;
    if (host) {
        for (gsize i = 0; i < count; i++)
            host[i] = value(&view, i);
        table = to_device(l, host, count);
    }
    edt_free(host);
    l->source->done(l->source, name);
    return table;
}

float *edt_load_bias_windows(EdtLoader *l, const char *name, int n, int H)
{
    EdtTensorView view;
    const int side = 2 * n - 1;
    gsize count = (gsize)side * side * H;

    if (!find(l, name, 2, (gint64[]){side * side, H}, &view))
        return NULL;
    float *host = edt_alloc(count * sizeof(float), l->error), *windows = NULL;
    if (host) {
        /* the reference's index(q,k) = (qy-ky+n-1)(2n-1) + (qx-kx+n-1); ours mirrors x */
        for (int h = 0; h < H; h++)
            for (int y = 0; y < side; y++)
                for (int x = 0; x < side; x++)
                    host[((gsize)h * side + y) * side + x] =
                        value(&view, ((gsize)y * side + (side - 1 - x)) * H + h);
        windows = to_device(l, host, count);
    }
    edt_free(host);
    l->source->done(l->source, name);
    return windows;
}
