/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * torch.save's zip archive: "<prefix>/data.pkl" describes the tensors, "<prefix>/data/<key>" holds
 * the bytes of each storage.  zip_headers.c checks that all headers agree; libzip reads the entries
 * and must see the same.  Everything that torch never writes (compression, encryption, a second
 * name, a comment, unknown entries) is refused, so that no two programs can see different contents
 * in one file.
 */
#include "files/mapping.h"
#include "files/storage.h"
#include "files/zip_headers.h"
#include "base/memory.h"
#include "edt.h"

#include <glib/gi18n-lib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>

typedef struct {
    EdtStorageSource source; /* first */
    zip_t *zip;
    GArray *headers; /* EdtZipHeader by the index that the entry has in libzip */
    int fd;
    gsize file_bytes;
    GHashTable *entries; /* name without prefix (char *) to index + 1 */
    char *prefix;        /* with its slash */
    guint8 *pkl;
    guint8 *piece; /* the buffer that entries go through */
    gsize piece_bytes;
    guint8 *verified; /* one per entry: its checksum was right */
} TorchZip;

G_GNUC_PRINTF(2, 3)
static gboolean refuse(GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_propagate_error(error, g_error_new_valist(EDT_ERROR, EDT_ERROR_BAD_FILE, format, args));
    va_end(args);
    return FALSE;
}

/* ---- the archive ---- */

static gboolean open_zip(TorchZip *z, GError **error)
{
    zip_error_t reason;
    zip_source_t *source = NULL;
    int copy = dup(z->fd);
    FILE *stream = copy >= 0 ? fdopen(copy, "rb") : NULL;

    zip_error_init(&reason);
    if (stream)
        source = zip_source_filep_create(stream, 0, ZIP_LENGTH_TO_END, &reason);
    else if (copy >= 0)
        close(copy);
    if (source)
        z->zip = zip_open_from_source(source, ZIP_RDONLY, &reason);
    if (!z->zip) {
        refuse(error, _("its zip archive is damaged or not as torch writes it (%s)"),
               zip_error_strerror(&reason));
        if (source)
            zip_source_free(source);
        else if (stream)
            fclose(stream);
    }
    zip_error_fini(&reason);
    return z->zip != NULL;
}

/* What torch.save writes beside data.pkl and storages. */
static gboolean is_known_entry(const char *name)
{
    return strcmp(name, "data.pkl") == 0 || g_str_has_prefix(name, "data/") ||
           strcmp(name, "version") == 0 || strcmp(name, "byteorder") == 0 || name[0] == '.';
}

static gboolean check_name(TorchZip *z, const char *name, GError **error)
{
    const char *slash = strchr(name, '/');

    if (!z->prefix && slash)
        z->prefix = g_strndup(name, (gsize)(slash - name) + 1);
    if (!z->prefix || !g_str_has_prefix(name, z->prefix))
        return refuse(error,
                      _("its zip entry “%s” is not in the folder where torch puts all "
                        "entries"),
                      name);
    name += strlen(z->prefix);
    if (g_str_has_prefix(name, "code/") || strcmp(name, "constants.pkl") == 0)
        return refuse(error, _("it is a TorchScript programme, not a checkpoint. Save the model's "
                               "state_dict() with torch.save"));
    if (!is_known_entry(name))
        return refuse(error, _("its zip entry “%s” is none that torch.save writes"), name);
    return TRUE;
}

static gboolean check_entry(TorchZip *z, guint64 index, gsize *total, GError **error)
{
    const guint64 needed = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE |
                           ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD | ZIP_STAT_CRC;
    const EdtZipHeader *header = &g_array_index(z->headers, EdtZipHeader, index);
    zip_stat_t st;

    zip_stat_init(&st);
    if (zip_stat_index(z->zip, index, ZIP_FL_ENC_RAW, &st) != 0 || (st.valid & needed) != needed)
        return refuse(error, _("its zip entry %zu cannot be read"), (gsize)index);
    /* libzip takes names from extra fields, too */
    if (strcmp(st.name, header->name) != 0 || st.size != header->bytes ||
        st.comp_size != header->stored || st.crc != header->crc)
        return refuse(error, _("its zip entry “%s” can be read in two ways"), header->name);
    if (!check_name(z, st.name, error))
        return FALSE;
    if (st.comp_method != ZIP_CM_STORE || st.encryption_method != ZIP_EM_NONE ||
        st.comp_size != st.size)
        return refuse(error,
                      _("its zip entry “%s” is compressed or encrypted, as torch never "
                        "writes it"),
                      st.name);
    if (!edt_size_add(total, *total, st.size) || *total > z->file_bytes)
        return refuse(error, _("its zip entries claim more bytes than the file has"));
    if (!g_hash_table_insert(z->entries, g_strdup(st.name + strlen(z->prefix)),
                             GSIZE_TO_POINTER(index + 1)))
        return refuse(error, _("its zip entry “%s” stands twice"), st.name);
    return TRUE;
}

static gboolean check_entries(TorchZip *z, GError **error)
{
    gint64 n = zip_get_num_entries(z->zip, 0);
    gsize total = 0;

    if (n != z->headers->len)
        return refuse(error, _("its zip archive can be read in two ways"));
    for (gint64 i = 0; i < n; i++)
        if (!check_entry(z, (guint64)i, &total, error))
            return FALSE;
    z->verified = g_new0(guint8, (gsize)n);
    return TRUE;
}

/* ---- entries ---- */

/* Index of an entry and its size; -1 when there is none. */
static gint64 entry(TorchZip *z, const char *name, gsize *bytes)
{
    gsize found = GPOINTER_TO_SIZE(g_hash_table_lookup(z->entries, name));
    zip_stat_t st;

    if (found == 0 || zip_stat_index(z->zip, found - 1, ZIP_FL_ENC_RAW, &st) != 0)
        return -1;
    *bytes = (gsize)st.size;
    return (gint64)found - 1;
}

static gboolean fill(zip_file_t *file, guint8 *data, gsize bytes)
{
    while (bytes > 0) {
        zip_int64_t n = zip_fread(file, data, bytes);
        if (n <= 0)
            return FALSE;
        data += n;
        bytes -= (gsize)n;
    }
    return TRUE;
}

typedef struct {
    gsize from, end; /* wanted bytes of the entry */
    EdtPiece piece;
    gpointer user_data;
} Wanted;

/* Reads [at, last) of an open entry through the piece buffer and passes on what is wanted. */
static gboolean pump(TorchZip *z, zip_file_t *file, gsize at, gsize last, const Wanted *wanted)
{
    while (at < last) {
        gsize n = MIN(z->piece_bytes, last - at);
        gsize low = MAX(at, wanted->from), high = MIN(at + n, wanted->end);
        if (!fill(file, z->piece, n))
            return FALSE;
        if (low < high)
            wanted->piece(z->piece + (low - at), high - low, wanted->user_data);
        at += n;
    }
    return TRUE;
}

/* The first read of an entry goes through all of it, because libzip compares the checksum at the
 * end; later ones go straight to their place. */
static gboolean read_entry(TorchZip *z, gint64 index, gsize size, const Wanted *wanted,
                           GError **error)
{
    zip_file_t *file = zip_fopen_index(z->zip, (guint64)index, 0);
    gboolean ok = file != NULL;
    guint8 end;

    if (ok && z->verified[index]) {
        ok = zip_fseek(file, (zip_int64_t)wanted->from, SEEK_SET) == 0 &&
               pump(z, file, wanted->from, wanted->end, wanted);
    } else if (ok) {
        ok = pump(z, file, 0, size, wanted) && zip_fread(file, &end, 1) == 0;
        z->verified[index] = ok;
    }
    if (file)
        zip_fclose(file);
    return ok || refuse(error,
                          _("its zip entry “%s” is damaged: it cannot be read, or its "
                            "checksum is wrong. Copy or download the file again"),
                          zip_get_name(z->zip, (guint64)index, ZIP_FL_ENC_GUESS));
}

/* ---- EdtStorageSource ---- */

static gint64 find_storage(EdtStorageSource *source, const char *key, gsize bytes, GError **error)
{
    TorchZip *z = (TorchZip *)source;
    g_autofree char *name = g_strconcat("data/", key, NULL), *shown = g_strescape(key, NULL);
    gsize there = 0;
    gint64 index = entry(z, name, &there);

    if (index < 0) {
        refuse(error, _("its bytes, “data/%.100s”, are missing in the file"), shown);
    } else if (there != bytes) {
        refuse(error, _("its storage says %zu bytes, the file has %zu"), bytes, there);
        index = -1;
    }
    return index;
}

static gboolean read_storage(EdtStorageSource *source, gint64 storage, gsize from, gsize bytes,
                             EdtPiece piece, gpointer user_data, GError **error)
{
    TorchZip *z = (TorchZip *)source;
    Wanted wanted = {from, from + bytes, piece, user_data};
    zip_stat_t st;

    if (zip_stat_index(z->zip, (guint64)storage, 0, &st) != 0)
        return refuse(error, _("a zip entry cannot be read"));
    return read_entry(z, storage, (gsize)st.size, &wanted, error);
}

static int file_of(EdtStorageSource *source)
{
    return ((TorchZip *)source)->fd;
}

static void close_zip(EdtStorageSource *source)
{
    TorchZip *z = (TorchZip *)source;

    edt_pickle_free(source->pickle);
    if (z->zip)
        zip_discard(z->zip);
    if (z->headers)
        g_array_unref(z->headers);
    if (z->fd >= 0)
        close(z->fd);
    g_hash_table_unref(z->entries);
    g_free(z->prefix);
    g_free(z->verified);
    edt_free(z->pkl);
    edt_free(z->piece);
    g_free(z);
}

/* ---- opening ---- */

static void append_bytes(const guint8 *data, gsize bytes, gpointer user_data)
{
    guint8 **to = user_data;
    memcpy(*to, data, bytes);
    *to += bytes;
}

static gboolean check_byte_order(TorchZip *z, GError **error)
{
    gsize size;
    gint64 index = entry(z, "byteorder", &size);
    guint8 order[6], *to = order;
    Wanted wanted = {0, sizeof order, append_bytes, &to};

    if (index < 0)
        return TRUE; /* torch before 2.1 wrote little-endian and did not say so */
    if (size == sizeof order && !read_entry(z, index, size, &wanted, error))
        return FALSE;
    if (size != sizeof order || memcmp(order, "little", sizeof order) != 0)
        return refuse(error, _("its numbers are big-endian. Load and save it again on an ordinary "
                               "machine"));
    return TRUE;
}

static gboolean read_pickle(TorchZip *z, GError **error)
{
    gsize size;
    gint64 index = entry(z, "data.pkl", &size);
    Wanted wanted = {0, size, append_bytes, NULL};
    guint8 *to;

    if (index < 0)
        return refuse(error, _("it is a zip archive without data.pkl, so torch did not write it"));
    if (size == 0 || size > EDT_PICKLE_BYTES_MAX)
        return refuse(error, _("its data.pkl is empty or longer than 16 MB"));
    z->pkl = edt_alloc(size, error);
    if (!z->pkl)
        return FALSE;
    to = z->pkl;
    wanted.end = size;
    wanted.user_data = &to;
    if (!read_entry(z, index, size, &wanted, error))
        return FALSE;
    z->source.pickle = edt_pickle_read(z->pkl, size, NULL, error);
    return z->source.pickle != NULL;
}

EdtStorageSource *edt_torch_zip_open(const char *path, GError **error)
{
    TorchZip *z = g_new0(TorchZip, 1);

    z->source.find = find_storage;
    z->source.read = read_storage;
    z->source.file = file_of;
    z->source.close = close_zip;
    z->entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    z->fd = edt_mapping_open_file(path, &z->file_bytes, error);
    z->piece_bytes = MIN(EDT_PIECE_BYTES, (z->file_bytes + 63) & ~(gsize)63);
    z->piece = z->fd >= 0 ? edt_alloc(z->piece_bytes, error) : NULL;
    z->headers = z->piece ? edt_zip_headers_read(z->fd, z->file_bytes, error) : NULL;
    if (z->headers && open_zip(z, error) && check_entries(z, error) && check_byte_order(z, error) &&
        read_pickle(z, error))
        return &z->source;
    close_zip(&z->source);
    return NULL;
}
