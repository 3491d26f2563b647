/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From what a torch pickle describes to the list of tensors that are wanted: the preferred nested
 * dictionary (`ema` of a training checkpoint) or the state dict itself.  Storages of anything else
 * in the pickle, such as an optimiser's state, are not even looked up.
 */
#include "files/safetensors_header.h"
#include "files/storage.h"
#include "base/memory.h"
#include "edt.h"

#include <glib/gi18n-lib.h>
#include <string.h>

void edt_stored_tensor_free(gpointer data)
{
    EdtStoredTensor *stored = data;
    g_free((char *)stored->tensor.name);
    g_free(stored);
}

static gboolean has_tensors(const EdtPickleValue *dict)
{
    for (guint i = 1; i < dict->n_items; i += 2)
        if (dict->items[i]->kind == EDT_PICKLE_TENSOR)
            return TRUE;
    return FALSE;
}

/* NULL with an error, when there is nothing to choose. */
static const EdtPickleValue *choose(const EdtPickleValue *root, const char *const *prefer,
                                    const char **chosen, GError **error)
{
    *chosen = NULL;
    if (root->kind != EDT_PICKLE_DICT) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                    _("it does not hold a dictionary of tensors. Save the model's state_dict()"));
        return NULL;
    }
    for (; prefer && *prefer; prefer++) {
        GError *twice = NULL;
        const EdtPickleValue *value = edt_pickle_lookup(root, *prefer, &twice);
        if (twice) {
            g_propagate_error(error, twice);
            return NULL;
        }
        if (value && value->kind == EDT_PICKLE_DICT && has_tensors(value)) {
            *chosen = *prefer;
            return value;
        }
    }
    if (has_tensors(root))
        return root;
    g_set_error(
        error, EDT_ERROR, EDT_ERROR_BAD_FILE,
        _("there are no tensors where a checkpoint has them. Save the model's state_dict()"));
    return NULL;
}

static gboolean good_name(EdtPickleText text, GError **error)
{
    if (edt_tensor_name_is_good(text.text, text.length))
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                _("a tensor name is empty, longer than 256 bytes or not plain text"));
    return FALSE;
}

static gboolean locate(EdtStorageSource *source, const EdtPickleStorage *storage,
                       EdtStoredTensor *stored, GError **error)
{
    g_autofree char *key = g_strndup(storage->key.text, storage->key.length);
    gsize bytes;

    if (edt_size_mul(&bytes, storage->count, edt_pickle_element_size(storage->global)))
        stored->storage = source->find(source, key, bytes, error);
    else
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE, _("its storage is too large"));
    if (stored->storage < 0)
        g_prefix_error(error, _("tensor “%s”: "), stored->tensor.name);
    return stored->storage >= 0;
}

static gboolean add(EdtStorageSource *source, EdtPickleText name, const EdtPickleTensor *tensor,
                    GPtrArray *out, GError **error)
{
    const EdtPickleStorage *storage = &tensor->storage->storage;
    EdtStoredTensor *stored;
    EdtType type;

    if (!edt_pickle_element_type(storage->global, &type))
        return TRUE; /* whole numbers and flags: counters, which no weight of ours is */
    if (tensor->count > storage->count) { /* a stride of 0 could make a terabyte of one number */
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                    _("tensor “%.*s” has more elements than its storage. Save it with "
                      ".contiguous()"),
                    (int)name.length, name.text);
        return FALSE;
    }
    stored = g_new0(EdtStoredTensor, 1);
    stored->tensor.name = g_strndup(name.text, name.length);
    stored->tensor.type = type;
    stored->tensor.rank = tensor->rank;
    memcpy(stored->tensor.shape, tensor->shape, sizeof tensor->shape);
    stored->tensor.count = tensor->count;
    stored->offset = tensor->offset;
    memcpy(stored->stride, tensor->stride, sizeof tensor->stride);
    stored->storage = -1;
    g_ptr_array_add(out, stored);
    return locate(source, storage, stored, error);
}

gboolean edt_torch_state_list(EdtStorageSource *source, const char *const *prefer,
                              const char **chosen, GPtrArray *out, GError **error)
{
    const EdtPickleValue *dict = choose(edt_pickle_root(source->pickle), prefer, chosen, error);

    if (!dict)
        return FALSE;
    for (guint i = 0; i + 1 < dict->n_items; i += 2) {
        const EdtPickleValue *key = dict->items[i], *value = dict->items[i + 1];
        if (value->kind != EDT_PICKLE_TENSOR || key->kind != EDT_PICKLE_STRING)
            continue;
        if (!good_name(key->bytes, error) || !add(source, key->bytes, value->tensor, out, error))
            return FALSE;
    }
    return TRUE;
}

/* Of a dictionary, or of a Namespace's attributes. */
static const EdtPickleValue *member(const EdtPickleValue *of, const char *name)
{
    if (of && of->kind == EDT_PICKLE_OPAQUE)
        of = of->attributes;
    return of && of->kind == EDT_PICKLE_DICT ? edt_pickle_lookup(of, name, NULL) : NULL;
}

char *edt_torch_state_setting(const EdtStorageSource *source, const char *name)
{
    const EdtPickleValue *text = member(member(edt_pickle_root(source->pickle), "args"), name);

    return text ? edt_pickle_text(text) : NULL;
}
