/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * torch's part of the pickle machine: what a persistent id ("storage", type, key, place, count) and
 * the arguments of _rebuild_tensor_v2 must look like.
 */
#include "files/pickle_torch.h"
#include "files/pickle_globals.h"
#include "base/memory.h"
#include "edt.h"

#include <glib/gi18n-lib.h>
#include <string.h>

static gboolean refuse(GError **error, const char *what)
{
    g_set_error_literal(error, EDT_ERROR, EDT_ERROR_BAD_FILE, what);
    return FALSE;
}

/* ---- storages ---- */

gboolean edt_pickle_make_storage(const EdtPickleValue *id, EdtPickleStorage *storage,
                                 GError **error)
{
    const EdtPickleValue *const *item = (const EdtPickleValue *const *)id->items;

    /* The older format adds a sixth item, a view; torch has written None there since 0.2. */
    if (id->kind != EDT_PICKLE_TUPLE || (id->n_items != 5 && id->n_items != 6) ||
        !edt_pickle_is(item[0], "storage") || item[1]->kind != EDT_PICKLE_GLOBAL ||
        item[1]->global->kind != EDT_GLOBAL_STORAGE || item[2]->kind != EDT_PICKLE_STRING ||
        item[3]->kind != EDT_PICKLE_STRING || item[4]->kind != EDT_PICKLE_INT)
        return refuse(error, _("a storage reference is not what torch writes"));
    if (id->n_items == 6 && item[5]->kind != EDT_PICKLE_NONE)
        return refuse(error,
                      _("a storage is a view of another, as only torch before 0.2 wrote it"));
    if (item[4]->integer < 0)
        return refuse(error, _("a storage has a negative number of elements"));
    if (!g_utf8_validate_len(item[2]->bytes.text, item[2]->bytes.length, NULL))
        return refuse(error, _("the name of a storage is no plain text"));
    storage->key = item[2]->bytes;
    storage->global = item[1]->global;
    storage->count = (gsize)item[4]->integer;
    return TRUE;
}

/* ---- tensors ---- */

static gboolean integers(const EdtPickleValue *tuple, gint64 out[EDT_RANK_MAX], int *rank,
                         GError **error)
{
    if (tuple->kind != EDT_PICKLE_TUPLE)
        return refuse(error, _("the shape or strides of a tensor are not a tuple"));
    if (tuple->n_items > EDT_RANK_MAX)
        return refuse(error, _("a tensor has more than 8 dimensions"));
    for (guint i = 0; i < tuple->n_items; i++) {
        if (tuple->items[i]->kind != EDT_PICKLE_INT || tuple->items[i]->integer < 0)
            return refuse(error, _("a tensor has a dimension or stride that is no whole number, or "
                                   "is negative"));
        out[i] = tuple->items[i]->integer;
    }
    *rank = (int)tuple->n_items;
    return TRUE;
}

/* Highest element the strides reach must be inside the storage.  Stride 0 may make many of one
 * number; a weight may not (torch_state.c). */
static gboolean check_range(EdtPickleTensor *t, GError **error)
{
    gsize room = t->storage->storage.count, count = 1, last = t->offset;
    gboolean fits = TRUE;

    for (int i = 0; i < t->rank; i++)
        fits = fits && edt_size_mul(&count, count, (gsize)t->shape[i]);
    /* (2^32, 2^32, 0) is empty, but no tensor that torch could hold */
    if (!fits)
        return refuse(error, _("the shape of a tensor is too large for any machine"));
    t->count = count;
    if (count == 0)
        return t->offset <= room || refuse(error, _("a tensor lies outside its storage"));
    for (int i = 0; i < t->rank; i++) {
        gsize reach;
        fits = fits && edt_size_mul(&reach, (gsize)t->shape[i] - 1, (gsize)t->stride[i]) &&
               edt_size_add(&last, last, reach);
    }
    if (!fits || last >= room)
        return refuse(error, _("a tensor lies outside its storage"));
    return TRUE;
}

gboolean edt_pickle_make_tensor(const EdtPickleValue *arguments, EdtPickleTensor *tensor,
                                GError **error)
{
    const EdtPickleValue *const *item = (const EdtPickleValue *const *)arguments->items;
    int strides;

    if (arguments->kind != EDT_PICKLE_TUPLE ||
        (arguments->n_items != 6 && arguments->n_items != 7) ||
        item[0]->kind != EDT_PICKLE_STORAGE || item[1]->kind != EDT_PICKLE_INT ||
        item[4]->kind != EDT_PICKLE_BOOL || item[5]->kind != EDT_PICKLE_DICT)
        return refuse(error, _("a tensor is not described as torch describes it"));
    if (item[1]->integer < 0)
        return refuse(error, _("a tensor begins before its storage"));
    tensor->storage = item[0];
    tensor->offset = (gsize)item[1]->integer;
    if (!integers(item[2], tensor->shape, &tensor->rank, error) ||
        !integers(item[3], tensor->stride, &strides, error))
        return FALSE;
    if (strides != tensor->rank)
        return refuse(error, _("a tensor has not as many strides as dimensions"));
    return check_range(tensor, error);
}
