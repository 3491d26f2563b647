/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reads a safetensors header by the rules of the reference implementation, and some of our own:
 * no duplicate keys, known element types only, checked products, bytes == shape x type, ranges
 * that cover the data exactly, in order.  Memory grows with the header alone.
 */
#include "files/safetensors_header.h"
#include "files/json_text.h"
#include "base/memory.h"
#include "edt.h"

#include <glib/gi18n-lib.h>
#include <string.h>

static const char *const dtype_names[] = {
    [EDT_F32] = "F32", [EDT_BF16] = "BF16", [EDT_F16] = "F16",
    [EDT_F64] = "F64", [EDT_I64] = "I64",   [EDT_I8] = "I8",
};

/* Counters and flags, which no weight of ours is: torch_state.c passes them over, too. */
static const struct {
    const char *name;
    gsize bytes;
} others[] = {{"BOOL", 1}, {"U8", 1}, {"I16", 2}, {"U16", 2}, {"I32", 4}, {"U32", 4}, {"U64", 8}};

gboolean edt_tensor_name_is_good(const char *name, gsize length)
{
    return length > 0 && length <= EDT_TENSOR_NAME_MAX && edt_text_is_plain(name, length);
}

const char *edt_dtype_name(EdtType type)
{
    return dtype_names[type];
}

/* bytes: of an element, then of all. */
static gboolean multiply(gsize *bytes, int rank, const gint64 *shape)
{
    for (int i = 0; i < rank; i++)
        if (shape[i] < 0 || !edt_size_mul(bytes, *bytes, (gsize)shape[i]))
            return FALSE;
    return TRUE;
}

gboolean edt_shape_bytes(EdtType type, int rank, const gint64 *shape, gsize *bytes)
{
    *bytes = edt_type_size(type);
    return multiply(bytes, rank, shape);
}

static gboolean refuse(GError **error, const char *name, const char *what)
{
    g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE, _("tensor “%s”: %s"), name, what);
    return FALSE;
}

/* ---- one tensor ---- */

gboolean edt_safetensors_refuse_type(const EdtHeaderTensor *t, const char *name, GError **error)
{
    g_autofree char *shown = g_strescape(name, NULL);
    g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                _("tensor “%s” has the element type “%.40s”; F32, BF16, F16, F64, I64 and I8 can "
                  "be read"),
                t->name, shown);
    return FALSE;
}

static gboolean parse_dtype(EdtJsonCursor *c, EdtHeaderTensor *t, GError **error)
{
    g_autofree char *name = edt_json_string(c, error);

    if (!name)
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(dtype_names); i++)
        if (strcmp(name, dtype_names[i]) == 0) {
            t->type = (EdtType)i;
            return TRUE;
        }
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
        if (strcmp(name, others[i].name) == 0) {
            t->other = others[i].name;
            t->element = others[i].bytes;
            return TRUE;
        }
    return edt_safetensors_refuse_type(t, name, error);
}

static gboolean parse_shape(EdtJsonCursor *c, EdtHeaderTensor *t, GError **error)
{
    if (!edt_json_expect(c, '[', error))
        return FALSE;
    if (edt_json_accept(c, ']'))
        return TRUE;
    do {
        if (t->rank == EDT_RANK_MAX)
            return refuse(error, t->name, _("more than 8 dimensions"));
        if (!edt_json_integer(c, &t->shape[t->rank++], error))
            return FALSE;
    } while (edt_json_accept(c, ','));
    return edt_json_expect(c, ']', error);
}

static gboolean parse_offsets(EdtJsonCursor *c, EdtHeaderTensor *t, GError **error)
{
    gint64 begin, end;

    if (!edt_json_expect(c, '[', error) || !edt_json_integer(c, &begin, error) ||
        !edt_json_expect(c, ',', error) || !edt_json_integer(c, &end, error) ||
        !edt_json_expect(c, ']', error))
        return FALSE;
    t->begin = (gsize)begin;
    t->end = (gsize)end;
    return TRUE;
}

/* One of the three fields; seen collects them as bits so that each comes once. */
static gboolean parse_field(EdtJsonCursor *c, EdtHeaderTensor *t, guint *seen, GError **error)
{
    static const char *const keys[] = {"dtype", "shape", "data_offsets"};
    gboolean (*const readers[])(EdtJsonCursor *, EdtHeaderTensor *,
                                GError **) = {parse_dtype, parse_shape, parse_offsets};
    g_autofree char *key = edt_json_string(c, error);
    guint i = 0;

    if (!key)
        return FALSE;
    while (i < G_N_ELEMENTS(keys) && strcmp(key, keys[i]) != 0)
        i++;
    if (i == G_N_ELEMENTS(keys))
        return refuse(error, t->name, _("has a field that tensors do not have"));
    if (*seen & (1u << i))
        return refuse(error, t->name, _("has a field twice"));
    *seen |= 1u << i;
    return edt_json_expect(c, ':', error) && readers[i](c, t, error);
}

static gboolean parse_tensor(EdtJsonCursor *c, EdtHeaderTensor *t, GError **error)
{
    guint seen = 0;
    gsize bytes;

    if (!edt_json_expect(c, '{', error))
        return FALSE;
    do {
        if (!parse_field(c, t, &seen, error))
            return FALSE;
    } while (edt_json_accept(c, ','));
    if (!edt_json_expect(c, '}', error))
        return FALSE;
    if (seen != 7)
        return refuse(error, t->name, _("lacks dtype, shape or data_offsets"));
    bytes = t->other ? t->element : edt_type_size(t->type);
    if (!multiply(&bytes, t->rank, t->shape))
        return refuse(error, t->name, _("its shape is too large for any machine"));
    if (t->begin > t->end || t->end - t->begin != bytes)
        return refuse(error, t->name, _("its bytes in the file do not fit its shape and type"));
    return TRUE;
}

/* ---- the whole ---- */

static gboolean parse_metadata(EdtJsonCursor *c, GHashTable *metadata, GError **error)
{
    if (!edt_json_expect(c, '{', error))
        return FALSE;
    if (edt_json_accept(c, '}'))
        return TRUE;
    do {
        g_autofree char *key = edt_json_string(c, error);
        char *value = key && edt_json_expect(c, ':', error) ? edt_json_string(c, error) : NULL;
        if (!value)
            return FALSE;
        if (!g_hash_table_insert(metadata, g_steal_pointer(&key), value))
            return edt_json_refuse(c, _("a metadata key stands twice"), error);
    } while (edt_json_accept(c, ','));
    return edt_json_expect(c, '}', error);
}

static gboolean parse_entry(EdtSafetensorsHeader *h, EdtJsonCursor *c, GHashTable *names,
                            GError **error)
{
    char *name = edt_json_string(c, error);
    EdtHeaderTensor *tensor;

    if (!name)
        return FALSE;
    if (!edt_tensor_name_is_good(name, strlen(name))) {
        g_free(name);
        return edt_json_refuse(
            c, _("a tensor name is empty, longer than 256 bytes or not plain text"), error);
    }
    tensor = g_new0(EdtHeaderTensor, 1);
    tensor->name = name;
    g_ptr_array_add(h->tensors, tensor); /* owned from here, whatever happens */
    if (!g_hash_table_add(names, name))
        return refuse(error, name, _("stands twice"));
    if (!edt_json_expect(c, ':', error))
        return FALSE;
    if (strcmp(name, "__metadata__") != 0)
        return parse_tensor(c, tensor, error);
    if (!parse_metadata(c, h->metadata, error))
        return FALSE;
    g_hash_table_steal(names, name);
    g_hash_table_add(names, (gpointer) "__metadata__"); /* not a tensor, but taken */
    g_ptr_array_remove_index(h->tensors, h->tensors->len - 1);
    return TRUE;
}

static gint by_begin(gconstpointer a, gconstpointer b)
{
    const EdtHeaderTensor *x = *(EdtHeaderTensor *const *)a, *y = *(EdtHeaderTensor *const *)b;

    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end; /* empty tensors first */
}

/* Sorted, the ranges follow each other from 0 to the end of the file: no hole in which other data
 * could hide, no overlap. */
static gboolean check_cover(EdtSafetensorsHeader *h, gsize data_bytes, GError **error)
{
    gsize at = 0;

    g_ptr_array_sort(h->tensors, by_begin);
    for (guint i = 0; i < h->tensors->len; i++) {
        const EdtHeaderTensor *t = h->tensors->pdata[i];
        if (t->begin != at)
            return refuse(error, t->name,
                          t->begin < at ? _("its bytes overlap those of another tensor")
                                        : _("there is a hole in the file before its bytes"));
        at = t->end;
    }
    if (at == data_bytes)
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                _("the tensors take %zu bytes, the file has %zu for them; it was cut off or "
                  "something was added"),
                at, data_bytes);
    return FALSE;
}

static void tensor_free(gpointer data)
{
    EdtHeaderTensor *tensor = data;
    g_free(tensor->name);
    g_free(tensor);
}

static gboolean parse_all(EdtSafetensorsHeader *h, EdtJsonCursor *c, GHashTable *names,
                          GError **error)
{
    if (c->length == 0 || c->text[0] != '{')
        return edt_json_refuse(c, _("it does not begin with '{'"), error);
    c->at = 1;
    if (!edt_json_accept(c, '}')) {
        do {
            if (!parse_entry(h, c, names, error))
                return FALSE;
        } while (edt_json_accept(c, ','));
        if (!edt_json_expect(c, '}', error))
            return FALSE;
    }
    return edt_json_at_end(c) || edt_json_refuse(c, _("something follows its end"), error);
}

gboolean edt_safetensors_header_parse(EdtSafetensorsHeader *h, const char *text, gsize length,
                                      gsize data_bytes, GError **error)
{
    EdtJsonCursor cursor = {.text = text, .length = length};
    GHashTable *names = g_hash_table_new(g_str_hash, g_str_equal);
    gboolean ok;

    h->tensors = g_ptr_array_new_with_free_func(tensor_free);
    h->metadata = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    ok = parse_all(h, &cursor, names, error) && check_cover(h, data_bytes, error);
    g_hash_table_unref(names);
    if (!ok)
        edt_safetensors_header_clear(h);
    return ok;
}

void edt_safetensors_header_clear(EdtSafetensorsHeader *h)
{
    g_clear_pointer(&h->tensors, g_ptr_array_unref);
    g_clear_pointer(&h->metadata, g_hash_table_unref);
}
