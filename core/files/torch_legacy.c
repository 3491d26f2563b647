/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The format of torch.save before 1.6: five pickles in a row (a magic number, the protocol, the
 * machine, the object, the list of storage keys), then for each key its number of elements (8
 * bytes) and its bytes.  Read through a guarded map; only the counts of unwanted storages are read.
 */
#include "files/mapping.h"
#include "files/storage.h"
#include "base/memory.h"
#include "edt.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define LEGACY_PROTOCOL 1001

typedef struct {
    gsize start, bytes;
} Range;

typedef struct {
    EdtStorageSource source; /* first */
    EdtMapping *mapping;
    gsize at;            /* while opening: bytes already understood */
    GArray *ranges;      /* Range of each storage, in the order of the key list */
    GHashTable *numbers; /* key (char *) to its place in ranges + 1 */
} TorchLegacy;

static gboolean refuse(GError **error, const char *what)
{
    g_set_error_literal(error, EDT_ERROR, EDT_ERROR_BAD_FILE, what);
    return FALSE;
}

/* ---- opening ---- */

static EdtPickle *next_pickle(TorchLegacy *l, GError **error)
{
    gsize used;
    EdtPickle *pickle = edt_pickle_read(edt_mapping_data(l->mapping) + l->at,
                                        edt_mapping_size(l->mapping) - l->at, &used, error);
    if (pickle)
        l->at += used;
    return pickle;
}

/* 0x1950a86a20f9469cfc6c, torch's mark for this format */
static gboolean is_magic(const EdtPickleValue *value)
{
    static const guint8 magic[] = {0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};
    return value->kind == EDT_PICKLE_LONG && value->bytes.length == sizeof magic &&
           memcmp(value->bytes.text, magic, sizeof magic) == 0;
}

static gboolean is_protocol(const EdtPickleValue *value)
{
    return value->kind == EDT_PICKLE_INT && value->integer == LEGACY_PROTOCOL;
}

static gboolean is_machine(const EdtPickleValue *value)
{
    const EdtPickleValue *little;

    if (value->kind != EDT_PICKLE_DICT)
        return FALSE;
    little = edt_pickle_lookup(value, "little_endian", NULL);
    return little && little->kind == EDT_PICKLE_BOOL && little->integer;
}

static gboolean expect_pickle(TorchLegacy *l, gboolean (*is_good)(const EdtPickleValue *),
                              const char *otherwise, GError **error)
{
    EdtPickle *pickle = next_pickle(l, error);
    gboolean ok = pickle && is_good(edt_pickle_root(pickle));

    if (pickle && !ok)
        refuse(error, otherwise);
    edt_pickle_free(pickle);
    return ok;
}

/* Key to storage description, for the element sizes. */
static GHashTable *described_storages(EdtPickle *pickle)
{
    GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    GPtrArray *storages = g_ptr_array_new();

    edt_pickle_storages(pickle, storages);
    for (guint i = 0; i < storages->len; i++) {
        EdtPickleValue *value = storages->pdata[i];
        g_hash_table_insert(table, g_strndup(value->storage.key.text, value->storage.key.length),
                            &value->storage);
    }
    g_ptr_array_unref(storages);
    return table;
}

/* One storage: its count, as the file says it, must be the one that the pickle said. */
static gboolean place_storage(TorchLegacy *l, const EdtPickleValue *key, GHashTable *described,
                              GError **error)
{
    gsize size = edt_mapping_size(l->mapping);
    char *name = edt_pickle_text(key);
    const EdtPickleStorage *storage;
    Range range;
    guint64 count;

    if (!name)
        return refuse(error, _("its list of storages holds something that is no key"));
    storage = g_hash_table_lookup(described, name);
    if (!g_hash_table_insert(l->numbers, name, GUINT_TO_POINTER(l->ranges->len + 1)))
        return refuse(error, _("a storage stands twice in its list"));
    if (!storage || edt_pickle_element_size(storage->global) == 0)
        return refuse(error, _("its list names a storage that no tensor describes"));
    if (size - l->at < 8)
        return refuse(error, _("it was cut off"));
    memcpy(&count, edt_mapping_data(l->mapping) + l->at, 8);
    range.start = l->at + 8;
    if (GUINT64_FROM_LE(count) != storage->count)
        return refuse(error, _("a storage has another number of elements than its description"));
    if (!edt_size_mul(&range.bytes, storage->count, edt_pickle_element_size(storage->global)) ||
        range.bytes > size - range.start)
        return refuse(error, _("a storage is longer than the file; it was cut off"));
    l->at = range.start + range.bytes;
    g_array_append_val(l->ranges, range);
    return TRUE;
}

static gboolean place_storages(TorchLegacy *l, const EdtPickleValue *keys, GError **error)
{
    GHashTable *described;
    gboolean ok = TRUE;

    if (keys->kind != EDT_PICKLE_LIST)
        return refuse(error, _("its list of storages is no list"));
    described = described_storages(l->source.pickle);
    for (guint i = 0; ok && i < keys->n_items; i++)
        ok = place_storage(l, keys->items[i], described, error);
    g_hash_table_unref(described);
    if (ok && l->at != edt_mapping_size(l->mapping))
        ok = refuse(error, _("something follows its last storage"));
    return ok;
}

static gboolean read_all(TorchLegacy *l, GError **error)
{
    EdtPickle *keys;
    gboolean ok;

    if (!expect_pickle(l, is_magic,
                       _("it is a pickle, but not one of torch.save. Save the model's "
                         "state_dict() with torch.save"),
                       error) ||
        !expect_pickle(l, is_protocol, _("its version of the old torch format is unknown"),
                       error) ||
        !expect_pickle(l, is_machine,
                       _("its numbers are big-endian. Load and save it again on an "
                         "ordinary machine"),
                       error))
        return FALSE;
    l->source.pickle = next_pickle(l, error);
    if (!l->source.pickle)
        return FALSE;
    keys = next_pickle(l, error);
    ok = keys && place_storages(l, edt_pickle_root(keys), error);
    edt_pickle_free(keys);
    return ok && !edt_mapping_damaged(l->mapping, error);
}

/* ---- EdtStorageSource ---- */

static gint64 find_storage(EdtStorageSource *source, const char *key, gsize bytes, GError **error)
{
    TorchLegacy *l = (TorchLegacy *)source;
    guint number = GPOINTER_TO_UINT(g_hash_table_lookup(l->numbers, key));

    if (number == 0) {
        refuse(error, _("its bytes are missing in the file"));
        return -1;
    }
    if (g_array_index(l->ranges, Range, number - 1).bytes != bytes) {
        refuse(error, _("its storage has another size than the file says"));
        return -1;
    }
    return (gint64)number - 1;
}

static gboolean read_storage(EdtStorageSource *source, gint64 storage, gsize from, gsize bytes,
                             EdtPiece piece, gpointer user_data, GError **error)
{
    TorchLegacy *l = (TorchLegacy *)source;
    Range range = g_array_index(l->ranges, Range, storage);
    const guint8 *data = edt_mapping_data(l->mapping) + range.start + from;

    for (gsize at = 0; at < bytes; at += EDT_PIECE_BYTES)
        piece(data + at, MIN(EDT_PIECE_BYTES, bytes - at), user_data);
    edt_mapping_release(l->mapping, data, bytes);
    return !edt_mapping_damaged(l->mapping, error);
}

static int file_of(EdtStorageSource *source)
{
    return edt_mapping_file(((TorchLegacy *)source)->mapping);
}

static void close_legacy(EdtStorageSource *source)
{
    TorchLegacy *l = (TorchLegacy *)source;

    edt_pickle_free(source->pickle);
    edt_mapping_close(l->mapping);
    g_array_unref(l->ranges);
    g_hash_table_unref(l->numbers);
    g_free(l);
}

EdtStorageSource *edt_torch_legacy_open(const char *path, GError **error)
{
    TorchLegacy *l = g_new0(TorchLegacy, 1);

    l->source.find = find_storage;
    l->source.read = read_storage;
    l->source.file = file_of;
    l->source.close = close_legacy;
    l->ranges = g_array_new(FALSE, FALSE, sizeof(Range));
    l->numbers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    l->mapping = edt_mapping_open(path, error);
    if (l->mapping && read_all(l, error))
        return &l->source;
    close_legacy(&l->source);
    return NULL;
}
