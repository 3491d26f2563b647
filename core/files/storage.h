/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where the bytes of a checkpoint's tensors are: an entry of a zip archive, a range of a file.
 * torch_zip.c and torch_legacy.c answer, torch_state.c lists what there is, checkpoint.c asks.
 */
#pragma once

#include "files/checkpoint.h"
#include "files/pickle.h"

/* Pieces have at most this many bytes and split no element. */
#define EDT_PIECE_BYTES ((gsize)1 << 20)

typedef void (*EdtPiece)(const guint8 *data, gsize bytes, gpointer user_data);

typedef struct EdtStorageSource EdtStorageSource;
struct EdtStorageSource {
    /* The storage under key, which must have exactly these bytes: its number, or -1 and error. */
    gint64 (*find)(EdtStorageSource *source, const char *key, gsize bytes, GError **error);
    /* The bytes [from, from + bytes) of a storage, in order.  When FALSE comes back, what the
     * pieces brought is worth nothing (a checksum is known last). */
    gboolean (*read)(EdtStorageSource *source, gint64 storage, gsize from, gsize bytes,
                     EdtPiece piece, gpointer user_data, GError **error);
    int (*file)(EdtStorageSource *source); /* descriptor of the whole file, for pread() */
    const char *(*metadata)(EdtStorageSource *source, const char *key); /* NULL: has none */
    void (*close)(EdtStorageSource *source);
    EdtPickle *pickle; /* what is in it, by torch's own description; NULL for safetensors */
};

/* One tensor of a checkpoint and its place; strides and offset in elements. */
typedef struct {
    EdtCheckpointTensor tensor; /* first; name is owned */
    gint64 storage;
    gsize offset;
    gint64 stride[EDT_RANK_MAX];
} EdtStoredTensor;

void edt_stored_tensor_free(gpointer stored);

/* Whether a file that begins so is a checkpoint of torch, of either format. */
gboolean edt_storage_is_torch(const guint8 *head, gsize n);

/* Errors of all of these: EDT_ERROR_BAD_FILE, without the file's name. */
EdtStorageSource *edt_torch_zip_open(const char *path, GError **error);
EdtStorageSource *edt_torch_legacy_open(const char *path, GError **error);
/* Adds the tensors of the preferred dictionary to out (EdtStoredTensor).  chosen: one of prefer, or
 * NULL for a bare state dict. */
gboolean edt_torch_state_list(EdtStorageSource *source, const char *const *prefer,
                              const char **chosen, GPtrArray *out, GError **error);
/* The text of a setting of the run that wrote it, which lie in "args" beside the weights; or NULL.
 */
char *edt_torch_state_setting(const EdtStorageSource *source, const char *name);
EdtStorageSource *edt_safetensors_source_open(const char *path, GPtrArray *out, GError **error);
