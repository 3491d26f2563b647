/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * safetensors: the format of our models, read by memory map and written in one pass.
 * The reader refuses whatever the reference rules refuse (tests/files/) before
 * it allocates anything proportional to a number in the file.
 */
#pragma once

#include "saving.h"
#include "base/type.h"

typedef struct EdtSafetensors EdtSafetensors;

typedef struct {
    const char *name;   /* owned by the file */
    EdtTensorView view; /* data points into the map */
    gsize bytes;
    gboolean other; /* its elements are of a type that is not read */
} EdtSafetensor;

/* Errors: EDT_ERROR_BAD_FILE naming file and tensor; EDT_ERROR_FAILED for I/O. */
EdtSafetensors *edt_safetensors_open(const char *path, GError **error);
/* A file of others: counters and flags of types that are not read may lie beside the weights. */
EdtSafetensors *edt_safetensors_open_foreign(const char *path, GError **error);
void edt_safetensors_close(EdtSafetensors *file); /* NULL is fine */

guint edt_safetensors_count(const EdtSafetensors *file);
const EdtSafetensor *edt_safetensors_get(const EdtSafetensors *file, guint i); /* file order */
const EdtSafetensor *edt_safetensors_find(const EdtSafetensors *file, const char *name);
const char *edt_safetensors_metadata(const EdtSafetensors *file, const char *key); /* or NULL */
guint64 edt_safetensors_file_bytes(const EdtSafetensors *file);
const char *edt_safetensors_header_sha256(const EdtSafetensors *file); /* hex */
int edt_safetensors_file(const EdtSafetensors *file); /* descriptor, for pread(); borrowed */

/* The pages of this tensor are not needed again soon: lets the kernel take them back. */
void edt_safetensors_release(const EdtSafetensors *file, const EdtSafetensor *tensor);
/* A page could not be read (file truncated, disk gone) while it was mapped: such reads gave zeros
 * instead of SIGBUS; check after using the data.  Sets EDT_ERROR_BAD_FILE and returns TRUE then. */
gboolean edt_safetensors_damaged(const EdtSafetensors *file, GError **error);

/* ---- writing: declare every tensor, then give the data in the same order ---- */

typedef struct EdtSafetensorsWriter EdtSafetensorsWriter;

/* The output appears under path only at _finish (temporary name beside it, fsync, rename, mode
 * 0644 less umask).  With force FALSE an existing path is refused (EDT_ERROR_USAGE). */
EdtSafetensorsWriter *edt_safetensors_writer_new(const char *path, EdtWrite write, GError **error);
void edt_safetensors_writer_metadata(EdtSafetensorsWriter *w, const char *key, const char *value);
void edt_safetensors_writer_declare(EdtSafetensorsWriter *w, const char *name, EdtType type,
                                    int rank, const gint64 *shape);
/* Bytes of the declared tensors, in order, in pieces of any size. */
gboolean edt_safetensors_writer_data(EdtSafetensorsWriter *w, const void *data, gsize bytes,
                                     GError **error);
gboolean edt_safetensors_writer_finish(EdtSafetensorsWriter *w, GError **error); /* frees w */
void edt_safetensors_writer_abandon(EdtSafetensorsWriter *w); /* leaves nothing */
