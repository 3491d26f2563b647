/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See small_vae.h.
 */
#include "golden/small_vae.h"
#include "edt.h"
#include "files/safetensors.h"
#include "golden/hash_weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const EdtVaeShape small_vae_codec = {
    .kind = EDT_VAE_CODEC,
    .pixels = 4,
    .latent = 4,
    .factor = 8,
    .encoder = {4, {16, 32, 48, 32}, {1, 2, 1, 1}},
    .decoder = {4, {16, 16, 32, 48}, {1, 1, 0, 2}},
};
const EdtVaeShape small_vae_taesd = {
    .kind = EDT_VAE_TAESD,
    .pixels = 3,
    .latent = 4,
    .factor = 8,
    .encoder = {4, {16, 16, 16, 16}, {1, 2, 1, 1}},
    .decoder = {4, {16, 16, 16, 16}, {1, 1, 2, 1}},
};

struct SmallVae {
    EdtTensorSource base;
    GHashTable *views; /* name -> EdtTensorView, with its data */
    GPtrArray *names;  /* in order */
    GHashTable *hidden;
};

static gboolean find(EdtTensorSource *source, const char *name, EdtTensorView *view)
{
    const SmallVae *vae = (const SmallVae *)source;
    const EdtTensorView *found = g_hash_table_lookup(vae->views, name);
    if (!found || g_hash_table_contains(vae->hidden, name))
        return FALSE;
    *view = *found;
    return TRUE;
}

static gsize count_of(const EdtTensorView *view)
{
    gsize count = 1;
    for (int i = 0; i < view->rank; i++)
        count *= (gsize)view->shape[i];
    return count;
}

static void add(const char *name, int rank, const gint64 *shape, gpointer user_data)
{
    SmallVae *vae = user_data;
    EdtTensorView *view = g_new0(EdtTensorView, 1);
    memcpy(view->shape, shape, (gsize)rank * sizeof *shape);
    view->rank = rank;
    gsize count = count_of(view), inputs = count / (gsize)shape[0];
    float *data = g_new(float, count);
    hash_fill(name, 0, rank == 1 ? 0.2 : sqrt(4.5 / (double)inputs), count, data);
    view->data = data;
    g_hash_table_insert(vae->views, g_strdup(name), view);
    g_ptr_array_add(vae->names, g_strdup(name));
}

static void view_free(gpointer data)
{
    g_free((gpointer)((EdtTensorView *)data)->data);
    g_free(data);
}

SmallVae *small_vae_new(const EdtVaeShape *shape)
{
    SmallVae *vae = g_new0(SmallVae, 1);
    vae->base.find = find;
    vae->views = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, view_free);
    vae->names = g_ptr_array_new_with_free_func(g_free);
    vae->hidden = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    edt_vae_tensors(shape, EDT_VAE_DECODER | EDT_VAE_ENCODER, add, vae);
    return vae;
}

void small_vae_free(SmallVae *vae)
{
    g_hash_table_unref(vae->views);
    g_hash_table_unref(vae->hidden);
    g_ptr_array_unref(vae->names);
    g_free(vae);
}

EdtTensorSource *small_vae_source(SmallVae *vae)
{
    return &vae->base;
}

const float *small_vae_numbers(SmallVae *vae, const char *name)
{
    const EdtTensorView *view = g_hash_table_lookup(vae->views, name);
    return view ? view->data : NULL;
}

void small_vae_hide(SmallVae *vae, const char *name, gboolean hidden)
{
    if (hidden)
        g_hash_table_add(vae->hidden, g_strdup(name));
    else
        g_hash_table_remove(vae->hidden, name);
}

GList *small_vae_names(SmallVae *vae)
{
    return g_hash_table_get_keys(vae->views);
}

/* "decoder.layers.2.conv.0.weight" is TAESD's "3.conv.0.weight"; NULL: not in its decoder. */
static char *written_name(const char *name, gboolean taesd_decoder)
{
    static const char place[] = "decoder.layers.";
    char *rest;
    if (!taesd_decoder)
        return g_strdup(name);
    if (!g_str_has_prefix(name, place))
        return NULL;
    long number = strtol(name + strlen(place), &rest, 10);
    return g_strdup_printf("%ld%s", number + 1, rest);
}

void small_vae_write(SmallVae *vae, const char *path, gboolean taesd_decoder,
                     const char *const *metadata)
{
    GError *error = NULL;
    EdtSafetensorsWriter *w = edt_safetensors_writer_new(path, TRUE, &error);
    g_assert_no_error(error);
    for (; metadata && *metadata; metadata += 2)
        edt_safetensors_writer_metadata(w, metadata[0], metadata[1]);
    for (int data = 0; data < 2; data++)
        for (guint i = 0; i < vae->names->len; i++) {
            const EdtTensorView *view = g_hash_table_lookup(vae->views, vae->names->pdata[i]);
            g_autofree char *name = written_name(vae->names->pdata[i], taesd_decoder);
            if (name && data)
                g_assert_true(
                    edt_safetensors_writer_data(w, view->data, count_of(view) * 4, &error));
            else if (name)
                edt_safetensors_writer_declare(w, name, EDT_F32, view->rank, view->shape);
        }
    g_assert_true(edt_safetensors_writer_finish(w, &error));
}
