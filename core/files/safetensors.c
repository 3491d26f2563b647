/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reading safetensors: 8 bytes of header length (little-endian), the header, the data.  The header
 * is checked by safetensors_header.c; here the file becomes a guarded map (mapping.c) with tensors
 * that point into it.  Writing: safetensors_writer.c.
 */
#include "files/safetensors.h"
#include "files/mapping.h"
#include "files/safetensors_header.h"
#include "files/storage.h"
#include "edt.h"

#include <glib/gi18n-lib.h>
#include <string.h>

struct EdtSafetensors {
    EdtMapping *mapping;
    EdtSafetensorsHeader header; /* owns the names */
    EdtSafetensor *tensors;
    GHashTable *by_name;
    char *sha256;
};

static gboolean refuse(GError **error, const char *what)
{
    g_set_error_literal(error, EDT_ERROR, EDT_ERROR_BAD_FILE, what);
    return FALSE;
}

/* Where the header is; the file's size limits what its length may say. */
static gboolean find_header(const EdtMapping *mapping, const char **text, gsize *length,
                            GError **error)
{
    const guint8 *data = edt_mapping_data(mapping);
    gsize size = edt_mapping_size(mapping);
    guint64 n;

    if (size < 8)
        return refuse(error, _("it is shorter than any safetensors file"));
    memcpy(&n, data, 8);
    n = GUINT64_FROM_LE(n);
    if (n > EDT_HEADER_BYTES_MAX && edt_storage_is_torch(data, size))
        return refuse(error, _("it is a checkpoint of PyTorch, no model. Make one of it with `edt "
                               "import`"));
    if (n > EDT_HEADER_BYTES_MAX)
        return refuse(error, _("its header would be longer than 16 MB; it is no safetensors file, "
                               "or damaged"));
    if (n > size - 8)
        return refuse(error, _("its header would be longer than the file; it was cut off"));
    *text = (const char *)data + 8;
    *length = (gsize)n;
    return TRUE;
}

static void place_tensors(EdtSafetensors *file, const guint8 *data)
{
    guint n = file->header.tensors->len;

    file->tensors = g_new0(EdtSafetensor, n + 1);
    file->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < n; i++) {
        const EdtHeaderTensor *t = file->header.tensors->pdata[i];
        EdtSafetensor *tensor = &file->tensors[i];
        tensor->name = t->name;
        tensor->bytes = t->end - t->begin;
        tensor->other = t->other != NULL;
        tensor->view.data = data + t->begin;
        tensor->view.type = t->type;
        tensor->view.rank = t->rank;
        memcpy(tensor->view.shape, t->shape, sizeof t->shape);
        g_hash_table_insert(file->by_name, t->name, tensor);
    }
}

static gboolean read_header(EdtSafetensors *file, GError **error)
{
    const char *text;
    gsize length;
    gboolean ok;

    if (!find_header(file->mapping, &text, &length, error))
        return FALSE;
    /* A copy, so that what was checked is what is used even if the file changes meanwhile. */
    g_autofree char *copy = g_try_malloc(length + 1);
    if (!copy) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_NO_MEMORY, _("no memory for its header"));
        return FALSE;
    }
    memcpy(copy, text, length);
    ok = edt_safetensors_header_parse(&file->header, copy, length,
                                      edt_mapping_size(file->mapping) - 8 - length, error);
    file->sha256 = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (guint8 *)copy, length);
    if (ok)
        place_tensors(file, (const guint8 *)text + length);
    return ok;
}

static gboolean reads_all(const EdtSafetensors *file, GError **error)
{
    for (guint i = 0; i < file->header.tensors->len; i++) {
        const EdtHeaderTensor *t = file->header.tensors->pdata[i];
        if (t->other)
            return edt_safetensors_refuse_type(t, t->other, error);
    }
    return TRUE;
}

static EdtSafetensors *open_as(const char *path, gboolean foreign, GError **error)
{
    EdtMapping *mapping = edt_mapping_open(path, error);
    EdtSafetensors *file;

    if (!mapping)
        return NULL;
    file = g_new0(EdtSafetensors, 1);
    file->mapping = mapping;
    if (!read_header(file, error) || (!foreign && !reads_all(file, error))) {
        g_prefix_error(error, _("“%s” cannot be used: "), path);
        edt_safetensors_close(file);
        return NULL;
    }
    if (edt_safetensors_damaged(file, error)) {
        edt_safetensors_close(file);
        return NULL;
    }
    return file;
}

EdtSafetensors *edt_safetensors_open(const char *path, GError **error)
{
    return open_as(path, FALSE, error);
}

EdtSafetensors *edt_safetensors_open_foreign(const char *path, GError **error)
{
    return open_as(path, TRUE, error);
}

void edt_safetensors_close(EdtSafetensors *file)
{
    if (!file)
        return;
    if (file->by_name)
        g_hash_table_unref(file->by_name);
    edt_safetensors_header_clear(&file->header);
    edt_mapping_close(file->mapping);
    g_free(file->tensors);
    g_free(file->sha256);
    g_free(file);
}

guint edt_safetensors_count(const EdtSafetensors *file)
{
    return file->header.tensors->len;
}

const EdtSafetensor *edt_safetensors_get(const EdtSafetensors *file, guint i)
{
    return i < file->header.tensors->len ? &file->tensors[i] : NULL;
}

const EdtSafetensor *edt_safetensors_find(const EdtSafetensors *file, const char *name)
{
    return g_hash_table_lookup(file->by_name, name);
}

const char *edt_safetensors_metadata(const EdtSafetensors *file, const char *key)
{
    return g_hash_table_lookup(file->header.metadata, key);
}

guint64 edt_safetensors_file_bytes(const EdtSafetensors *file)
{
    return edt_mapping_size(file->mapping);
}

const char *edt_safetensors_header_sha256(const EdtSafetensors *file)
{
    return file->sha256;
}

int edt_safetensors_file(const EdtSafetensors *file)
{
    return edt_mapping_file(file->mapping);
}

void edt_safetensors_release(const EdtSafetensors *file, const EdtSafetensor *tensor)
{
    edt_mapping_release(file->mapping, tensor->view.data, tensor->bytes);
}

gboolean edt_safetensors_damaged(const EdtSafetensors *file, GError **error)
{
    return edt_mapping_damaged(file->mapping, error);
}
