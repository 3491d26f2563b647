/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One face for the three kinds of foreign files: finds out which kind it is from the first bytes,
 * keeps the list of tensors, and reads them as f32 whatever their type and strides.
 */
#include "files/checkpoint.h"
#include "base/number.h"
#include "files/mapping.h"
#include "files/safetensors.h"
#include "files/storage.h"
#include "base/memory.h"
#include "edt.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <unistd.h>

struct EdtCheckpoint {
    char *path;
    EdtStorageSource *source;
    GPtrArray *tensors; /* EdtStoredTensor */
    GHashTable *by_name;
};

/* ---- safetensors as a source of storages: one storage per tensor ---- */

typedef struct {
    EdtStorageSource source; /* first */
    EdtSafetensors *file;
} SafetensorsSource;

static gboolean read_safetensor(EdtStorageSource *source, gint64 storage, gsize from, gsize bytes,
                                EdtPiece piece, gpointer user_data, GError **error)
{
    SafetensorsSource *s = (SafetensorsSource *)source;
    const EdtSafetensor *tensor = edt_safetensors_get(s->file, (guint)storage);
    const guint8 *data = (const guint8 *)tensor->view.data + from;

    for (gsize at = 0; at < bytes; at += EDT_PIECE_BYTES)
        piece(data + at, MIN(EDT_PIECE_BYTES, bytes - at), user_data);
    edt_safetensors_release(s->file, tensor);
    return !edt_safetensors_damaged(s->file, error);
}

static int file_of_safetensors(EdtStorageSource *source)
{
    return edt_safetensors_file(((SafetensorsSource *)source)->file);
}

static const char *metadata_of_safetensors(EdtStorageSource *source, const char *key)
{
    return edt_safetensors_metadata(((SafetensorsSource *)source)->file, key);
}

static void close_safetensors(EdtStorageSource *source)
{
    edt_safetensors_close(((SafetensorsSource *)source)->file);
    g_free(source);
}

static EdtStoredTensor *stored_from(const EdtSafetensor *from, guint number)
{
    EdtStoredTensor *stored = g_new0(EdtStoredTensor, 1);
    gint64 stride = 1;

    stored->tensor.name = g_strdup(from->name);
    stored->tensor.type = from->view.type;
    stored->tensor.rank = from->view.rank;
    memcpy(stored->tensor.shape, from->view.shape, sizeof from->view.shape);
    stored->tensor.count = from->bytes / edt_type_size(from->view.type);
    stored->storage = number;
    for (int d = from->view.rank - 1; d >= 0 && stored->tensor.count > 0; d--) {
        stored->stride[d] = stride;
        stride *= from->view.shape[d];
    }
    return stored;
}

EdtStorageSource *edt_safetensors_source_open(const char *path, GPtrArray *out, GError **error)
{
    EdtSafetensors *file = edt_safetensors_open_foreign(path, error);
    SafetensorsSource *s;

    if (!file)
        return NULL;
    for (guint i = 0; i < edt_safetensors_count(file); i++)
        if (!edt_safetensors_get(file, i)->other)
            g_ptr_array_add(out, stored_from(edt_safetensors_get(file, i), i));
    s = g_new0(SafetensorsSource, 1);
    s->source.read = read_safetensor;
    s->source.file = file_of_safetensors;
    s->source.metadata = metadata_of_safetensors;
    s->source.close = close_safetensors;
    s->file = file;
    return &s->source;
}

/* ---- opening ---- */

typedef enum { KIND_UNKNOWN, KIND_TORCH_ZIP, KIND_TORCH_LEGACY, KIND_SAFETENSORS } Kind;

static Kind kind_of(const guint8 *head, gssize n)
{
    /* A header below 16 MB leaves the five high bytes of its length zero; the low ones may be those
     * that a pickle begins with. */
    if (n >= 9 && memcmp(head + 4, "\0\0\0\0{", 5) == 0)
        return KIND_SAFETENSORS;
    if (n >= 4 && memcmp(head, "PK\3\4", 4) == 0)
        return KIND_TORCH_ZIP;
    if (n >= 2 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5)
        return KIND_TORCH_LEGACY;
    return KIND_UNKNOWN;
}

gboolean edt_storage_is_torch(const guint8 *head, gsize n)
{
    const Kind kind = kind_of(head, (gssize)n);
    return kind == KIND_TORCH_ZIP || kind == KIND_TORCH_LEGACY;
}

static gboolean look(const char *path, Kind *kind, GError **error)
{
    guint8 head[16];
    gsize size;
    int fd = edt_mapping_open_file(path, &size, error);

    if (fd < 0)
        return FALSE;
    *kind = kind_of(head, pread(fd, head, sizeof head, 0));
    close(fd);
    return TRUE;
}

static gboolean open_torch(EdtCheckpoint *c, Kind kind, const char *const *prefer,
                           const char **chosen, GError **error)
{
    c->source = kind == KIND_TORCH_ZIP ? edt_torch_zip_open(c->path, error)
                                       : edt_torch_legacy_open(c->path, error);
    return c->source && edt_torch_state_list(c->source, prefer, chosen, c->tensors, error);
}

static gboolean open_kind(EdtCheckpoint *c, Kind kind, const char *const *prefer,
                          const char **chosen, GError **error)
{
    if (kind == KIND_TORCH_ZIP || kind == KIND_TORCH_LEGACY)
        return open_torch(c, kind, prefer, chosen, error);
    if (kind == KIND_SAFETENSORS) {
        c->source = edt_safetensors_source_open(c->path, c->tensors, error);
        return c->source != NULL;
    }
    g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                _("it is neither a torch checkpoint nor safetensors. A download may have brought a "
                  "web page or a Git LFS pointer instead; look at its size and fetch it again"));
    return FALSE;
}

static gboolean index_names(EdtCheckpoint *c, GError **error)
{
    for (guint i = 0; i < c->tensors->len; i++) {
        EdtStoredTensor *stored = c->tensors->pdata[i];
        if (!g_hash_table_insert(c->by_name, (gpointer)stored->tensor.name, stored)) {
            g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE, _("tensor “%s” stands twice in it"),
                        stored->tensor.name);
            return FALSE;
        }
    }
    return TRUE;
}

/* "“file” is refused: reason." */
static void name_file(const char *path, GError **error)
{
    if (error && *error && (*error)->code == EDT_ERROR_BAD_FILE && !strstr((*error)->message, path))
        g_prefix_error(error, _("“%s” is refused: "), path);
}

EdtCheckpoint *edt_checkpoint_open(const char *path, const char *const *prefer, const char **chosen,
                                   GError **error)
{
    EdtCheckpoint *c = g_new0(EdtCheckpoint, 1);
    const char *which = NULL;
    Kind kind;

    c->path = g_strdup(path);
    c->tensors = g_ptr_array_new_with_free_func(edt_stored_tensor_free);
    c->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    if (look(path, &kind, error) && open_kind(c, kind, prefer, &which, error) &&
        index_names(c, error)) {
        if (chosen)
            *chosen = which;
        return c;
    }
    name_file(path, error);
    edt_checkpoint_close(c);
    return NULL;
}

void edt_checkpoint_close(EdtCheckpoint *c)
{
    if (!c)
        return;
    g_hash_table_unref(c->by_name);
    g_ptr_array_unref(c->tensors);
    if (c->source)
        c->source->close(c->source);
    g_free(c->path);
    g_free(c);
}

guint edt_checkpoint_count(const EdtCheckpoint *c)
{
    return c->tensors->len;
}

const EdtCheckpointTensor *edt_checkpoint_get(const EdtCheckpoint *c, guint i)
{
    return i < c->tensors->len ? &((EdtStoredTensor *)c->tensors->pdata[i])->tensor : NULL;
}

const EdtCheckpointTensor *edt_checkpoint_find(const EdtCheckpoint *c, const char *name)
{
    EdtStoredTensor *stored = g_hash_table_lookup(c->by_name, name);
    return stored ? &stored->tensor : NULL;
}

const char *edt_checkpoint_metadata(const EdtCheckpoint *c, const char *key)
{
    return c->source->metadata ? c->source->metadata(c->source, key) : NULL;
}

char *edt_checkpoint_setting(const EdtCheckpoint *c, const char *name)
{
    return c->source->pickle ? edt_torch_state_setting(c->source, name) : NULL;
}

/* ---- reading a tensor ---- */

typedef struct {
    EdtType type;
    float *out;
} Converter;

static void convert_piece(const guint8 *data, gsize bytes, gpointer user_data)
{
    Converter *to = user_data;
    gsize n = bytes / edt_type_size(to->type);

    edt_numbers_to_f32(to->type, data, n, to->out);
    to->out += n;
}

static void copy_piece(const guint8 *data, gsize bytes, gpointer user_data)
{
    guint8 **to = user_data;
    memcpy(*to, data, bytes);
    *to += bytes;
}

/* Row-major without gaps; a dimension of 1 may have any stride. */
static gboolean is_contiguous(const EdtStoredTensor *t)
{
    gint64 stride = 1;

    for (int i = t->tensor.rank - 1; i >= 0; i--) {
        if (t->tensor.shape[i] != 1 && t->stride[i] != stride)
            return FALSE;
        stride *= t->tensor.shape[i];
    }
    return TRUE;
}

/* Elements from the first to the last one that the strides reach; checked when it was listed. */
static gsize span_of(const EdtStoredTensor *t)
{
    gsize span = 1;

    for (int i = 0; i < t->tensor.rank; i++)
        span += (gsize)(t->tensor.shape[i] - 1) * (gsize)t->stride[i];
    return span;
}

/* Row-major walk over the elements; index counts like an odometer. */
static void gather(const EdtStoredTensor *t, const guint8 *raw, float *out)
{
    gsize size = edt_type_size(t->tensor.type), at = 0;
    gint64 index[EDT_RANK_MAX] = {0};

    for (gsize i = 0; i < t->tensor.count; i++) {
        edt_numbers_to_f32(t->tensor.type, raw + at * size, 1, out + i);
        for (int d = t->tensor.rank - 1; d >= 0; d--) {
            at += (gsize)t->stride[d];
            if (++index[d] < t->tensor.shape[d])
                break;
            at -= (gsize)t->tensor.shape[d] * (gsize)t->stride[d];
            index[d] = 0;
        }
    }
}

static gboolean read_strided(EdtCheckpoint *c, const EdtStoredTensor *t, float *out, GError **error)
{
    gsize size = edt_type_size(t->tensor.type), bytes = span_of(t) * size;
    guint8 *raw = edt_alloc(bytes, error), *to = raw;
    gboolean ok;

    if (!raw)
        return FALSE;
    ok = c->source->read(c->source, t->storage, t->offset * size, bytes, copy_piece, &to, error);
    if (ok)
        gather(t, raw, out);
    edt_free(raw);
    return ok;
}

gboolean edt_checkpoint_read_f32(EdtCheckpoint *c, const EdtCheckpointTensor *tensor, float *out,
                                 GError **error)
{
    const EdtStoredTensor *t = (const EdtStoredTensor *)tensor; /* tensor is its first member */
    gsize size = edt_type_size(tensor->type);
    Converter converter = {tensor->type, out};
    gboolean ok;

    if (tensor->count == 0)
        return TRUE;
    if (is_contiguous(t))
        ok = c->source->read(c->source, t->storage, t->offset * size, tensor->count * size,
                             convert_piece, &converter, error);
    else
        ok = read_strided(c, t, out, error);
    if (!ok)
        name_file(c->path, error);
    return ok;
}

char *edt_checkpoint_sha256(EdtCheckpoint *c, GError **error)
{
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    guint8 *piece = edt_alloc(EDT_PIECE_BYTES, error);
    char *hex = NULL;
    gssize n = 0;

    for (off_t at = 0; piece; at += n) {
        n = pread(c->source->file(c->source), piece, EDT_PIECE_BYTES, at);
        if (n <= 0)
            break;
        g_checksum_update(sum, piece, n);
    }
    if (n < 0)
        g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED, _("“%s” cannot be read: %s."), c->path,
                    g_strerror(errno));
    else if (piece)
        hex = g_strdup(g_checksum_get_string(sum));
    edt_free(piece);
    g_checksum_free(sum);
    return hex;
}
