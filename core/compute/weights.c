/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From named tensors to packed layers; see weights.h.
 */
#include "compute/weights.h"
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

static gboolean check(EdtLoader *l, const char *name, const EdtTensorView *view, int rank,
                      const gint64 *shape)
{
    gboolean same = view->rank == rank;
    if (!is_stored(view->type))
        return edt_load_refuse(l, name, _("is neither f32 nor bf16"));
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

gboolean edt_load_find(EdtLoader *l, const char *name, int rank, const gint64 *shape,
                       EdtTensorView *view)
{
    if (l->source->find(l->source, name, view))
        return check(l, name, view, rank, shape);
    g_set_error(l->error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                _("The model lacks the tensor “%s”. Import the checkpoint again."), name);
    return FALSE;
}

void edt_load_done(EdtLoader *l, const char *name)
{
    if (l->source->done)
        l->source->done(l->source, name);
}

EdtLinear *edt_load_linear(EdtLoader *l, const char *prefix, int rank, const gint64 *shape,
                           gboolean bias, EdtLinearSpec how)
{
    g_autofree char *weight_name = g_strconcat(prefix, ".weight", NULL);
    g_autofree char *bias_name = g_strconcat(prefix, ".bias", NULL);
    EdtTensorView weight, offset = {0};

    if (!edt_load_find(l, weight_name, rank, shape, &weight) ||
        (bias && !edt_load_find(l, bias_name, 1, &how.N, &offset)))
        return NULL;
    how.weight = weight.data;
    how.weight_type = weight.type;
    how.bias = bias ? offset.data : NULL;
    how.bias_type = offset.type;
    EdtLinear *linear = l->backend->linear_new(l->dev, &how, l->error);
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
