/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Writing safetensors in one pass: every tensor is declared first, so the header is complete before
 * the first byte of data, then the data follow in the same order.  Through output.c, so the file
 * exists whole or not at all.
 */
#include "files/safetensors.h"
#include "files/json_text.h"
#include "files/output.h"
#include "files/safetensors_header.h"
#include "base/memory.h"
#include "edt.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <stdio.h>

struct EdtSafetensorsWriter {
    EdtOutput *output;
    char *path;
    GString *metadata, *tensors; /* members of the two JSON objects, comma-separated */
    GHashTable *names;
    gsize declared, written; /* bytes of data */
    gboolean header_written;
    GError *declaration; /* the first bad declaration, told at the next call that can fail */
};

EdtSafetensorsWriter *edt_safetensors_writer_new(const char *path, EdtWrite write, GError **error)
{
    EdtOutput *output = edt_output_open(path, write, error);
    EdtSafetensorsWriter *w;

    if (!output)
        return NULL;
    w = g_new0(EdtSafetensorsWriter, 1);
    w->output = output;
    w->path = g_strdup(path);
    w->metadata = g_string_new(NULL);
    w->tensors = g_string_new(NULL);
    w->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return w;
}

static void writer_free(EdtSafetensorsWriter *w)
{
    g_clear_error(&w->declaration);
    g_hash_table_unref(w->names);
    g_string_free(w->tensors, TRUE);
    g_string_free(w->metadata, TRUE);
    g_free(w->path);
    g_free(w);
}

static gboolean misuse(EdtSafetensorsWriter *w, const char *what, GError **error)
{
    g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED, _("“%s” was not written: %s."), w->path, what);
    return FALSE;
}

void edt_safetensors_writer_metadata(EdtSafetensorsWriter *w, const char *key, const char *value)
{
    char *once = g_strconcat("__metadata__.", key, NULL);

    if (!g_hash_table_add(w->names, once)) {
        if (!w->declaration)
            misuse(w, _("a metadata key was given twice"), &w->declaration);
        return;
    }
    if (w->metadata->len > 0)
        g_string_append_c(w->metadata, ',');
    edt_json_quote(w->metadata, key);
    g_string_append_c(w->metadata, ':');
    edt_json_quote(w->metadata, value);
}

void edt_safetensors_writer_declare(EdtSafetensorsWriter *w, const char *name, EdtType type,
                                    int rank, const gint64 *shape)
{
    gsize bytes, end;

    if (rank > EDT_RANK_MAX || !edt_shape_bytes(type, rank, shape, &bytes) ||
        !edt_size_add(&end, w->declared, bytes) || !g_hash_table_add(w->names, g_strdup(name))) {
        if (!w->declaration)
            misuse(w, _("a tensor was declared twice or is too large"), &w->declaration);
        return;
    }
    if (w->tensors->len > 0)
        g_string_append_c(w->tensors, ',');
    edt_json_quote(w->tensors, name);
    g_string_append_printf(w->tensors, ":{\"dtype\":\"%s\",\"shape\":[", edt_dtype_name(type));
    for (int i = 0; i < rank; i++)
        g_string_append_printf(w->tensors, "%s%" G_GINT64_FORMAT, i ? "," : "", shape[i]);
    g_string_append_printf(w->tensors,
                           "],\"data_offsets\":[%" G_GSIZE_FORMAT ",%" G_GSIZE_FORMAT "]}",
                           w->declared, end);
    w->declared = end;
}

static gboolean put(EdtSafetensorsWriter *w, const void *data, gsize bytes, GError **error)
{
    if (bytes == 0 || fwrite(data, 1, bytes, edt_output_stream(w->output)) == bytes)
        return TRUE;
    return misuse(w, g_strerror(errno), error);
}

/* Spaces fill the header up so that the data begin at a multiple of 8 bytes. */
static gboolean write_header(EdtSafetensorsWriter *w, GError **error)
{
    g_autoptr(GString) text = g_string_new("{\"__metadata__\":{");
    guint64 length;

    w->header_written = TRUE;
    g_string_append_len(text, w->metadata->str, (gssize)w->metadata->len);
    g_string_append_c(text, '}');
    if (w->tensors->len > 0)
        g_string_append_c(text, ',');
    g_string_append_len(text, w->tensors->str, (gssize)w->tensors->len);
    g_string_append_c(text, '}');
    while (text->len % 8 != 0)
        g_string_append_c(text, ' ');
    length = GUINT64_TO_LE((guint64)text->len);
    if (text->len > EDT_HEADER_BYTES_MAX)
        return misuse(w, _("its header would be longer than 16 MB"), error);
    return put(w, &length, 8, error) && put(w, text->str, text->len, error);
}

static gboolean begin(EdtSafetensorsWriter *w, GError **error)
{
    if (w->declaration) {
        g_propagate_error(error, g_error_copy(w->declaration));
        return FALSE;
    }
    return w->header_written || write_header(w, error);
}

gboolean edt_safetensors_writer_data(EdtSafetensorsWriter *w, const void *data, gsize bytes,
                                     GError **error)
{
    if (!begin(w, error))
        return FALSE;
    if (bytes > w->declared - w->written)
        return misuse(w, _("more data came than was declared"), error);
    w->written += bytes;
    return put(w, data, bytes, error);
}

gboolean edt_safetensors_writer_finish(EdtSafetensorsWriter *w, GError **error)
{
    gboolean ok = begin(w, error);

    if (ok && w->written != w->declared)
        ok = misuse(w, _("less data came than was declared"), error);
    if (ok)
        ok = edt_output_commit(w->output, error);
    else
        edt_output_abandon(w->output);
    writer_free(w);
    return ok;
}

void edt_safetensors_writer_abandon(EdtSafetensorsWriter *w)
{
    if (!w)
        return;
    edt_output_abandon(w->output);
    writer_free(w);
}
