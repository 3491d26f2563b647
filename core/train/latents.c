/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pictures through the autoencoder, once: each becomes a latent, scaled, in a folder of features as the official extract_features.py writes it (features.c reads it).  The folder's name
 * is a sum over autoencoder, size and files, so that another set gets another folder; each file is
 * whole or absent, so that an interrupted run goes on where it was.  Below mpirun the ranks share
 * the work.  Next: latents_list.c, which says when a folder is complete.
 */
#include "base/memory.h"
#include "compute/backend.h"
#include "files/npy.h"
#include "model/foreign.h"
#include "train/dataset.h"
#include "train/latents_list.h"
#include "train/ranks.h"
#include "train/state.h"
#include "vae/latents.h"
#include "vae/vae.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#define FORMAT "edt-latents-1"

typedef struct {
    const EdtLatentOptions *o;
    EdtDataset *pictures;
    EdtForeign *file;
    const EdtBackend *backend;
    EdtDevice *dev;
    EdtVae *vae;
    char *folder; /* of this set */
    float *pixels, *turned, *mean, *logvar;
    GHashTable *bad; /* name -> "name: reason" */
    GError **error;
} Encoder;

static const EdtVaeShape *shape_of(const Encoder *e)
{
    return edt_foreign_vae_shape(e->file);
}

static gsize latent_count(const EdtLatentOptions *o)
{
    return (gsize)o->channels * (gsize)o->latent_size * (gsize)o->latent_size;
}

static char *path_of(const Encoder *e, const char *part, int index, gboolean mirrored)
{
    g_autofree char *name = g_strdup_printf("%09d%c.npy", index, mirrored ? 'm' : 'a');
    return g_build_filename(e->folder, part, name, NULL);
}

/* ---- which set it is ---- */

static void add_number(GChecksum *sum, gint64 number)
{
    g_checksum_update(sum, (const guchar *)&number, sizeof number);
}

static void add_text(GChecksum *sum, const char *text)
{
    g_checksum_update(sum, (const guchar *)text, (gssize)strlen(text) + 1);
}

/* Of a file: name, class, size and time. */
static void add_picture(GChecksum *sum, const EdtPictureFacts *picture)
{
    GStatBuf status = {0};
    add_text(sum, picture->name);
    add_number(sum, picture->labels.class);
    add_number(sum, picture->mirror);
    if (g_stat(picture->path, &status) == 0) {
        add_number(sum, status.st_size);
        add_number(sum, status.st_mtim.tv_sec);
        add_number(sum, status.st_mtim.tv_nsec);
    }
}

static gboolean name_folder(Encoder *e)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree char *vae = edt_foreign_sha256(e->file, e->error);

    if (vae == NULL)
        return FALSE;
    add_text(sum, FORMAT);
    add_text(sum, vae);
    add_number(sum, e->o->image_size);
    add_number(sum, e->o->flip);
    add_number(sum, e->o->mean);
    for (int i = 0; i < e->pictures->count; i++) {
        EdtPictureFacts picture = edt_pictures_facts(e->pictures, i);
        add_picture(sum, &picture);
    }
    g_autofree char *short_sum = g_strndup(g_checksum_get_string(sum), 16);
    e->folder = g_build_filename(e->o->cache, short_sum, NULL);
    return TRUE;
}

/* ---- one picture ---- */

static void turn(const Encoder *e, const float *pixels, float *turned)
{
    const int side = e->o->image_size;
    for (int row = 0; row < shape_of(e)->pixels * side; row++)
        for (int x = 0; x < side; x++)
            turned[row * side + x] = pixels[row * side + side - 1 - x];
}

/* Mean, or a draw from the distribution, as the official code takes it; the same one always. */
static gboolean write_latent(Encoder *e, const float *pixels, int index, gboolean mirrored)
{
    const EdtLatentOptions *o = e->o;
    const gsize n = latent_count(o);
    const gint64 shape[] = {1, o->channels, o->latent_size, o->latent_size};
    g_autofree char *path = path_of(e, "imagenet_features", index, mirrored);
    g_autofree float *noise = g_new0(float, n);
    EdtRandom random;

    if (!edt_vae_encode(e->vae, o->latent_size, o->latent_size, pixels, e->mean, e->logvar,
                        e->error))
        return FALSE;
    edt_train_random(&random, 0, EDT_DRAW_NOISE, index, mirrored);
    if (!o->mean)
        edt_random_normal(&random, noise, n);
    for (gsize i = 0; i < n; i++)
        noise[i] = e->mean[i] + expf(0.5f * e->logvar[i]) * noise[i];
    edt_latents_to_sampler(edt_foreign_vae_latents(e->file), shape_of(e)->kind, o->channels,
                           o->latent_size * o->latent_size, noise, noise);
    return edt_npy_save(path, noise, 4, shape, e->error);
}

static gboolean write_label(Encoder *e, int label, int index, gboolean mirrored)
{
    g_autofree char *path = path_of(e, "imagenet_labels", index, mirrored);
    return edt_npy_save(path, &(float){(float)label}, 1, (gint64[]){1}, e->error);
}

static gboolean holds(const char *path, gsize count)
{
    EdtNpy *npy = edt_npy_read(path, NULL);
    gboolean good = npy && npy->values && npy->count == count;
    edt_npy_free(npy);
    return good;
}

static gboolean is_there(const Encoder *e, int index, gboolean mirrored)
{
    g_autofree char *feature = path_of(e, "imagenet_features", index, mirrored);
    g_autofree char *label = path_of(e, "imagenet_labels", index, mirrored);
    return holds(feature, latent_count(e->o)) && holds(label, 1);
}

/* FALSE: the disk is full or the like; a bad picture is noted and passed over. */
static gboolean encode(Encoder *e, int index)
{
    EdtPictureFacts picture = edt_pictures_facts(e->pictures, index);
    int copies = e->o->flip && picture.mirror ? 2 : 1, there = 0;
    EdtSampleLabels labels;
    char *why = NULL;
    EdtRandom random;

    for (int copy = 0; copy < copies; copy++)
        there += is_there(e, index, copy);
    if (there == copies || g_hash_table_contains(e->bad, picture.name))
        return TRUE;
    edt_random_seed(&random, 0);
    if (!e->pictures->get(e->pictures, index, &random, e->pixels, &labels, &why)) {
        g_hash_table_insert(e->bad, g_strdup(picture.name), why);
        return TRUE;
    }
    turn(e, e->pixels, e->turned);
    for (int copy = 0; copy < copies; copy++) /* the label first: features count */
        if (!write_label(e, labels.class, index, copy) ||
            !write_latent(e, copy ? e->turned : e->pixels, index, copy))
            return FALSE;
    return TRUE;
}

/* ---- all of them ---- */

static gboolean go_on(Encoder *e, int done)
{
    const EdtLatentOptions *o = e->o;
    if (o->progress == NULL || o->progress(done, e->pictures->count, o->data))
        return TRUE;
    g_set_error(e->error, EDT_ERROR, EDT_ERROR_CANCELLED,
                "Stopped after encoding %d of %d pictures; the same command goes on from there.",
                done, e->pictures->count);
    return FALSE;
}

/* First this rank's share, then what is still not there: all of it where the ranks do not share a
 * disk, nothing where they do. */
static gboolean encode_all(Encoder *e)
{
    const int count = e->pictures->count, ranks = edt_ranks_count();

    for (int i = edt_ranks_own(); i < count; i += ranks)
        if (!go_on(e, i) || !encode(e, i))
            return FALSE;
    edt_ranks_most(0);
    for (int i = 0; i < count && ranks > 1; i++)
        if (!go_on(e, i) || !encode(e, i))
            return FALSE;
    return go_on(e, count);
}

static gboolean make_folders(Encoder *e)
{
    g_autofree char *features = g_build_filename(e->folder, "imagenet_features", NULL);
    g_autofree char *labels = g_build_filename(e->folder, "imagenet_labels", NULL);

    if (g_mkdir_with_parents(features, 0777) == 0 && g_mkdir_with_parents(labels, 0777) == 0)
        return TRUE;
    g_set_error(e->error, EDT_ERROR, EDT_ERROR_FAILED, "“%s” cannot be made: %s.", e->folder,
                g_strerror(errno));
    return FALSE;
}

static gboolean open_vae(Encoder *e)
{
    const EdtLatentOptions *o = e->o;
    EdtEngineOptions wish = {o->threads, EDT_BACKEND_CPU, EDT_PRECISION_F32};
    EdtDeviceOptions resolved;
    gsize picture = (gsize)shape_of(e)->pixels * (gsize)o->image_size * (gsize)o->image_size;

    e->backend = edt_backend_choose(&wish, &resolved, NULL, e->error);
    e->dev = e->backend ? e->backend->open(&resolved, e->error) : NULL;
    if (e->dev == NULL)
        return FALSE;
    e->vae =
        edt_vae_new(e->backend, e->dev, edt_foreign_source(e->file), EDT_VAE_ENCODER, e->error);
    if (e->vae == NULL && edt_foreign_error(e->file)) { /* it says why, not only which */
        g_clear_error(e->error);
        g_propagate_error(e->error, g_error_copy(edt_foreign_error(e->file)));
    }
    if (e->vae == NULL)
        return FALSE;
    e->pixels = g_new(float, picture);
    e->turned = g_new(float, picture);
    e->mean = g_new(float, latent_count(o));
    e->logvar = g_new(float, latent_count(o));
    return TRUE;
}

/* ---- */

static gboolean check_shape(const Encoder *e)
{
    const EdtVaeShape *shape = shape_of(e);
    const EdtLatentOptions *o = e->o;

    if (shape->latent == o->channels && o->latent_size * shape->factor == o->image_size)
        return TRUE;
    g_set_error(e->error, EDT_ERROR, EDT_ERROR_USAGE,
                "The autoencoder “%s” does not make %d channels of %d pixels out of pictures of "
                "%d, as this variant wants.",
                o->vae, o->channels, o->latent_size, o->image_size);
    return FALSE;
}

/* All ranks do the same: encode together unless every one of them has everything. */
static gboolean complete(Encoder *e)
{
    gboolean lacks = !edt_latents_list_read(e->folder, NULL);

    if (!edt_ranks_most(lacks))
        return TRUE;
    return make_folders(e) && open_vae(e) && encode_all(e) &&
           edt_latents_list_write(e->folder, e->bad, e->error);
}

/* Features come in the order of pictures, and each picture's copies together. */
static void give_styles(const Encoder *e, EdtDataset *features)
{
    int *styles = g_new(int, features->count), n = 0;
    for (int i = 0; i < e->pictures->count; i++) {
        EdtPictureFacts picture = edt_pictures_facts(e->pictures, i);
        for (int copy = 0; copy < 2 && n < features->count; copy++) {
            g_autofree char *path = path_of(e, "imagenet_features", i, copy);
            if (g_file_test(path, G_FILE_TEST_EXISTS))
                styles[n++] = picture.labels.style;
        }
    }
    features->n_styles = e->pictures->n_styles;
    features->styles = edt_naming_copy(&e->pictures->styles);
    edt_features_set_styles(features, styles);
}

static EdtDataset *open_features(Encoder *e)
{
    EdtDataset *features = edt_features_open(e->folder, e->o->channels, e->o->latent_size,
                                             e->pictures->n_classes, e->error);
    if (features == NULL)
        return NULL;
    features->classes = edt_naming_copy(&e->pictures->classes);
    give_styles(e, features);
    edt_latents_list_read(e->folder, features->skipped);
    for (guint i = 0; i < e->pictures->skipped->len; i++) /* classes without pictures */
        g_ptr_array_add(features->skipped, g_strdup(e->pictures->skipped->pdata[i]));
    return features;
}

static void clear(Encoder *e)
{
    edt_vae_free(e->vae);
    if (e->dev)
        e->backend->close(e->dev);
    edt_foreign_close(e->file);
    edt_dataset_free(e->pictures);
    g_hash_table_unref(e->bad);
    g_free(e->folder);
    g_free(e->pixels);
    g_free(e->turned);
    g_free(e->mean);
    g_free(e->logvar);
}

EdtDataset *edt_latents_open(const EdtLatentOptions *options, GError **error)
{
    Encoder e = {.o = options, .error = error};
    EdtPictureOptions listed = {.side = options->image_size, .listed = TRUE};
    EdtDataset *features = NULL;

    e.bad = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    e.file = edt_foreign_vae_open(options->vae, EDT_VAE_DECODER | EDT_VAE_ENCODER, error);
    if (e.file) {
        listed.channels = shape_of(&e)->pixels;
        e.pictures = edt_pictures_open(options->pictures, &listed, error);
    }
    if (e.pictures && check_shape(&e) && name_folder(&e) && complete(&e))
        features = open_features(&e);
    clear(&e);
    return features;
}
