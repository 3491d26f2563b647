/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See vae_file.h.
 */
#include "train/vae_file.h"
#include "edt.h"
#include "files/checkpoint.h"

#include <string.h>

struct EdtVaeFile {
    EdtTensorSource source;
    EdtCheckpoint *checkpoint;
    GHashTable *tensors; /* modern name -> EdtCheckpointTensor */
    GHashTable *values;  /* modern name -> float *, while a view is in use */
    EdtVaeShape shape;
    GError *error;
};

/* ---- names and shapes ---- */

static const char *name_at(gconstpointer checkpoint, guint i)
{
    const char *name = edt_checkpoint_get(checkpoint, i)->name;
    return g_str_has_prefix(name, "module.") ? name + strlen("module.") : name;
}

/* FALSE: there is no autoencoder. */
static gboolean name_tensors(EdtVaeFile *file)
{
    guint n = edt_checkpoint_count(file->checkpoint);
    EdtVaeSpelling spelling = edt_vae_spelling(file->checkpoint, n, name_at);

    for (guint i = 0; i < n; i++) {
        char *name = edt_vae_our_name(&spelling, name_at(file->checkpoint, i));
        if (name)
            g_hash_table_insert(file->tensors, name,
                                (gpointer)edt_checkpoint_get(file->checkpoint, i));
    }
    return spelling.how != EDT_VAE_SPELLS_NOTHING;
}

/* A 1x1 convolution in the attention is the same numbers as a linear layer. */
static int shape_of(gpointer user_data, const char *name, gint64 shape[EDT_RANK_MAX])
{
    const EdtVaeFile *file = user_data;
    const EdtCheckpointTensor *tensor = g_hash_table_lookup(file->tensors, name);

    if (tensor == NULL)
        return 0;
    memcpy(shape, tensor->shape, sizeof tensor->shape);
    return strstr(name, ".attentions.") && tensor->rank == 4 && shape[2] == 1 && shape[3] == 1
               ? 2
               : tensor->rank;
}

typedef struct {
    EdtVaeFile *file;
    char *wrong; /* the first tensor that is not as it should be, or NULL */
} Check;

static void check_tensor(const char *name, int rank, const gint64 *shape, gpointer user_data)
{
    Check *check = user_data;
    gint64 found[EDT_RANK_MAX];
    gboolean good = shape_of(check->file, name, found) == rank;

    for (int i = 0; good && i < rank; i++)
        good = found[i] == shape[i];
    if (!good && check->wrong == NULL)
        check->wrong = g_strdup(name);
}

static gboolean check_all(EdtVaeFile *file, const char *path, GError **error)
{
    Check check = {file, NULL};
    edt_vae_tensors(&file->shape, EDT_VAE_DECODER | EDT_VAE_ENCODER, check_tensor, &check);
    if (check.wrong)
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                    "“%s” is no whole autoencoder: its “%s” is missing or of another shape.", path,
                    check.wrong);
    g_free(check.wrong);
    return check.wrong == NULL;
}

/* ---- as a source ---- */

static gboolean find(EdtTensorSource *source, const char *name, EdtTensorView *view)
{
    EdtVaeFile *file = (EdtVaeFile *)source;
    const EdtCheckpointTensor *tensor = g_hash_table_lookup(file->tensors, name);
    float *values;

    if (tensor == NULL || file->error)
        return FALSE;
    values = g_hash_table_lookup(file->values, name);
    if (values == NULL) {
        values = g_new(float, tensor->count);
        g_hash_table_insert(file->values, g_strdup(name), values);
        if (!edt_checkpoint_read_f32(file->checkpoint, tensor, values, &file->error))
            return FALSE;
    }
    *view = (EdtTensorView){.type = EDT_F32, .data = values};
    view->rank = shape_of(file, name, view->shape);
    return TRUE;
}

static void done(EdtTensorSource *source, const char *name)
{
    g_hash_table_remove(((EdtVaeFile *)source)->values, name);
}

/* ---- */

EdtVaeFile *edt_vae_file_open(const char *path, GError **error)
{
    static const char *const keys[] = {"state_dict", "model", NULL};
    const char *chosen;
    EdtVaeFile *file = g_new0(EdtVaeFile, 1);

    file->source = (EdtTensorSource){find, done};
    file->tensors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    file->values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    file->checkpoint = edt_checkpoint_open(path, keys, &chosen, error);
    if (file->checkpoint) {
        if (!name_tensors(file))
            g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                        "There is no autoencoder in “%s”. Use that of Stable Diffusion "
                        "(sd-vae-ft-ema or sd-vae-ft-mse), or a model that has one.",
                        path);
        else if (edt_vae_shape_detect(shape_of, file, EDT_VAE_DECODER | EDT_VAE_ENCODER, &file->shape, error) &&
                 check_all(file, path, error))
            return file;
    }
    edt_vae_file_close(file);
    return NULL;
}

void edt_vae_file_close(EdtVaeFile *file)
{
    if (file == NULL)
        return;
    edt_checkpoint_close(file->checkpoint);
    g_hash_table_unref(file->tensors);
    g_hash_table_unref(file->values);
    g_clear_error(&file->error);
    g_free(file);
}

const EdtVaeShape *edt_vae_file_shape(const EdtVaeFile *file)
{
    return &file->shape;
}

char *edt_vae_file_sha256(EdtVaeFile *file, GError **error)
{
    return edt_checkpoint_sha256(file->checkpoint, error);
}

gboolean edt_vae_file_read(EdtVaeFile *file, const char *name, float *out, GError **error)
{
    return edt_checkpoint_read_f32(file->checkpoint, g_hash_table_lookup(file->tensors, name), out,
                                   error);
}

EdtTensorSource *edt_vae_file_source(EdtVaeFile *file)
{
    return &file->source;
}

const GError *edt_vae_file_error(const EdtVaeFile *file)
{
    return file->error;
}
