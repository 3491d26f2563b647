/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Foreign checkpoints as a list of named tensors that can be read piecewise: torch zip archives,
 * the older non-zip torch format, safetensors.  Nothing in a file is ever called (files/pickle.h).
 */
#pragma once

#include "base/type.h"

typedef struct EdtCheckpoint EdtCheckpoint;

typedef struct {
    const char *name; /* "module." prefixes and the like are left as they are */
    EdtType type;
    int rank;
    gint64 shape[EDT_RANK_MAX];
    gsize count; /* elements */
} EdtCheckpointTensor;

/* Opens by content.  prefer: NULL-terminated keys of a nested dictionary in order of preference,
 * for example {"ema", "model", "state_dict", NULL}; a bare state dict is taken as it is.  Storages
 * outside the chosen dictionary (an optimiser's state) are never read.  chosen receives the key or
 * NULL (owned by the checkpoint).
 * Errors: EDT_ERROR_BAD_FILE naming file, tensor or opcode, and what to do. */
EdtCheckpoint *edt_checkpoint_open(const char *path, const char *const *prefer, const char **chosen,
                                   GError **error);
void edt_checkpoint_close(EdtCheckpoint *checkpoint);

guint edt_checkpoint_count(const EdtCheckpoint *checkpoint);
const EdtCheckpointTensor *edt_checkpoint_get(const EdtCheckpoint *checkpoint, guint i);
/* By name; NULL: none.  Only tests look for one. */
const EdtCheckpointTensor *edt_checkpoint_find(const EdtCheckpoint *checkpoint, const char *name);
/* A whole tensor as f32, row-major, whatever its strides; out holds count floats.  Memory beside
 * out: a few MB for contiguous tensors. */
gboolean edt_checkpoint_read_f32(EdtCheckpoint *checkpoint, const EdtCheckpointTensor *tensor,
                                 float *out, GError **error);
/* What a safetensors file says beside its tensors, or NULL. */
const char *edt_checkpoint_metadata(const EdtCheckpoint *checkpoint, const char *key);
/* What a training checkpoint of torch says of its run by that name ("args"), or NULL; g_free(). */
char *edt_checkpoint_setting(const EdtCheckpoint *checkpoint, const char *name);
char *edt_checkpoint_sha256(EdtCheckpoint *checkpoint, GError **error); /* of the whole file */
