/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From named tensors to packed layers; see weights.h.
 */
#include "compute/weights.h"
#include "base/int8.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/shape.h"

#include <glib/gi18n-lib.h>

static gboolean is_stored(EdtType type)
{
    return type == EDT_F32 || type == EDT_BF16;
}

gboolean edt_load_refuse(EdtLoader *l, const char *name, const char *why)
{
    g_set_error(l->error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                _("The tensor “%s” of the model %s. Import it again from the original file."), name,
                why);
    return FALSE;
}

static gboolean check_shape(EdtLoader *l, const char *name, const EdtTensorView *view, int rank,
                            const gint64 *shape)
{
    gboolean same = view->rank == rank;
    for (int i = 0; same && i < rank; i++)
        same = view->shape[i] == shape[i];
    if (same)
        return TRUE;
    g_autofree char *found = edt_shape_text(view->rank, view->shape);
    g_autofree char *wanted = edt_shape_text(rank, shape);
    g_autofree char *why =
        g_strdup_printf(_("has the shape %s where %s is expected"), found, wanted);
    return edt_load_refuse(l, name, why);
}

/* Of whatever type. */
static gboolean find(EdtLoader *l, const char *name, int rank, const gint64 *shape,
                     EdtTensorView *view)
{
    if (l->source->find(l->source, name, view))
        return check_shape(l, name, view, rank, shape);
    g_set_error(l->error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                _("The model lacks the tensor “%s”. Import the checkpoint again."), name);
    return FALSE;
}

static gboolean check_type(EdtLoader *l, const char *name, const EdtTensorView *view)
{
    return is_stored(view->type) || edt_load_refuse(l, name, _("is neither f32 nor bf16"));
}

gboolean edt_load_find(EdtLoader *l, const char *name, int rank, const gint64 *shape,
                       EdtTensorView *view)
{
    return find(l, name, rank, shape, view) && check_type(l, name, view);
}

void edt_load_done(EdtLoader *l, const char *name)
{
    if (l->source->done)
        l->source->done(l->source, name);
}

/* A weight that is stored as bytes becomes the numbers that they stand for, which a device that
 * computes with bytes finds again (base/int8.h); NULL with an error. */
static float *widen(EdtLoader *l, const char *name, const EdtTensorView *bytes)
{
    const gsize rows = (gsize)bytes->shape[0];
    g_autofree char *scale_name = g_strconcat(name, EDT_SCALE_SUFFIX, NULL);
    EdtTensorView scale;
    gsize K = 1;

    if (!edt_load_find(l, scale_name, 1, bytes->shape, &scale))
        return NULL;
    for (int i = 1; i < bytes->rank; i++)
        K *= (gsize)bytes->shape[i];
    float *numbers = edt_alloc(rows * K * sizeof *numbers, l->error);
    for (gsize row = 0; numbers && row < rows; row++) {
        const float by = edt_number_at(scale.data, scale.type, row);
        for (gsize k = row * K; k < (row + 1) * K; k++)
            numbers[k] = by * ((const gint8 *)bytes->data)[k];
    }
    edt_load_done(l, scale_name);
    return numbers;
}

/* The weight as a layer takes it; what had to be made for it is in made. */
static gboolean find_weight(EdtLoader *l, const char *name, int rank, const gint64 *shape,
                            EdtLinearSpec *how, float **made)
{
    EdtTensorView weight;

    if (!find(l, name, rank, shape, &weight))
        return FALSE;
    how->weight = weight.data;
    how->weight_type = weight.type;
    if (weight.type != EDT_I8)
        return check_type(l, name, &weight);
    how->weight = *made = widen(l, name, &weight);
    how->weight_type = EDT_F32;
    return *made != NULL;
}

EdtLinear *edt_load_linear(EdtLoader *l, const char *prefix, int rank, const gint64 *shape,
                           gboolean bias, EdtLinearSpec how)
{
    g_autofree char *weight_name = g_strconcat(prefix, ".weight", NULL);
    g_autofree char *bias_name = g_strconcat(prefix, ".bias", NULL);
    EdtTensorView offset = {0};
    EdtLinear *linear = NULL;
    float *made = NULL;

    if (find_weight(l, weight_name, rank, shape, &how, &made) &&
        (!bias || edt_load_find(l, bias_name, 1, &how.N, &offset))) {
        how.bias = bias ? offset.data : NULL;
        how.bias_type = offset.type;
        linear = l->backend->linear_new(l->dev, &how, l->error);
    }
    edt_free(made);
    edt_load_done(l, weight_name);
    if (bias)
        edt_load_done(l, bias_name);
    return linear;
}

static gsize same_place(gsize i, gconstpointer data)
{
    return i;
}

float *edt_load_table(EdtLoader *l, const char *name, int rank, const gint64 *shape)
{
    return edt_load_reordered(l, name, rank, shape, same_place, NULL);
}

float *edt_load_reordered(EdtLoader *l, const char *name, int rank, const gint64 *shape,
                          EdtLoadOrder order, gconstpointer data)
{
    EdtTensorView view;
    gsize count = 1;
    float *table = NULL;

    if (!edt_load_find(l, name, rank, shape, &view))
        return NULL;
    for (int i = 0; i < rank; i++)
        count *= (gsize)shape[i];
    float *host = edt_alloc(count * sizeof(float), l->error);
    if (host) {
        for (gsize i = 0; i < count; i++)
            host[i] = edt_number_at(view.data, view.type, order(i, data));
        table = l->backend->alloc(l->dev, count * sizeof(float), l->error);
    }
    if (table)
        l->backend->upload(l->dev, table, host, count * sizeof(float));
    edt_free(host);
    edt_load_done(l, name);
    return table;
}
