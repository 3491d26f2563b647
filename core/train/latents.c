/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pictures through the autoencoder, once: each becomes one or several latents, scaled, in one file
 * (latent_file.h).  The file's name is a sum over autoencoder, changes and pictures, so that
 * another set gets another file.  Below mpirun the ranks share the work.  Next: codings.c, which
 * says how often a picture is encoded and how it is changed before.
 */
#include "base/memory.h"
#include "compute/backend.h"
#include "model/foreign.h"
#include "train/codings.h"
#include "train/latent_file.h"
#include "train/ranks.h"
#include "train/state.h"
#include "vae/latents.h"
#include "vae/vae.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#define FORMAT "edt-latents-2"

typedef struct {
    const EdtLatentOptions *o;
    EdtDataset *pictures;
    EdtCodings *codings;
    EdtForeign *file;
    const EdtBackend *backend;
    EdtDevice *dev;
    EdtVae *vae;
    char *path; /* of this set */
    EdtLatentFile *latents;
    float *pixels, *mean, *logvar;
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

/* ---- which set it is ---- */

static void add_number(GChecksum *sum, gint64 number)
{
    g_checksum_update(sum, (const guchar *)&number, sizeof number);
}

static void add_text(GChecksum *sum, const char *text)
{
    g_checksum_update(sum, (const guchar *)text, (gssize)strlen(text) + 1);
}

/* Of a file: name, codings, size and time. */
static void add_picture(GChecksum *sum, const EdtPictureFacts *picture, gboolean flip, int codings)
{
    GStatBuf status = {0};
    add_text(sum, picture->name);
    add_number(sum, picture->mirror && (flip || codings == 1)); /* where it makes a difference */
    add_number(sum, picture->recolour);
    add_number(sum, codings);
    if (g_stat(picture->path, &status) == 0) {
        add_number(sum, status.st_size);
        add_number(sum, status.st_mtim.tv_sec);
        add_number(sum, status.st_mtim.tv_nsec);
    }
}

static gboolean name_file(Encoder *e)
{
    const EdtLatentOptions *o = e->o;
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree char *vae = edt_foreign_sha256(e->file, e->error);
    g_autofree char *changes = g_strdup_printf("%.9g %.9g", o->affine, o->hue);

    if (!vae)
        return FALSE;
    add_text(sum, FORMAT);
    add_text(sum, vae);
    add_text(sum, changes);
    add_number(sum, o->image_size);
    add_number(sum, o->mean);
    for (int i = 0; i < e->pictures->count; i++) {
        EdtPictureFacts picture = edt_pictures_facts(e->pictures, i);
        add_picture(sum, &picture, o->flip, edt_codings_of(e->codings, i));
    }
    g_autofree char *name = g_strdup_printf("%.16s.latents", g_checksum_get_string(sum));
    e->path = g_build_filename(o->cache, name, NULL);
    return TRUE;
}

static gboolean open_file(Encoder *e)
{
    edt_latent_file_close(e->latents);
    e->latents = NULL;
    if (g_mkdir_with_parents(e->o->cache, 0777) == 0) {
        e->latents = edt_latent_file_open(e->path, edt_codings_count(e->codings),
                                          latent_count(e->o), e->error);
        return e->latents != NULL;
    }
    g_set_error(e->error, EDT_ERROR, EDT_ERROR_FAILED, "“%s” cannot be made: %s.", e->o->cache,
                g_strerror(errno));
    return FALSE;
}

/* ---- one picture ---- */

/* Mean, or a draw from the distribution, as the official code takes it; the same one always. */
static gboolean write_latent(Encoder *e, int index, int coding)
{
    const EdtLatentOptions *o = e->o;
    const gsize n = latent_count(o);
    g_autofree float *noise = g_new0(float, n);
    EdtRandom random;

    if (!edt_vae_encode(e->vae, o->latent_size, o->latent_size, e->pixels, e->mean, e->logvar,
                        e->error))
        return FALSE;
    edt_train_random(&random, 0, EDT_DRAW_NOISE, index, coding);
    if (!o->mean)
        edt_random_normal(&random, noise, n);
    for (gsize i = 0; i < n; i++)
        noise[i] = e->mean[i] + expf(0.5f * e->logvar[i]) * noise[i];
    edt_latents_to_sampler(edt_foreign_vae_latents(e->file), shape_of(e)->kind, o->channels,
                           o->latent_size * o->latent_size, noise, noise);
    return edt_latent_file_put(e->latents, edt_codings_record(e->codings, index, coding), noise,
                               e->error);
}

/* Noted as bad, but its loader, its disk or its rights are there by now. */
static gboolean is_mended(const Encoder *e, int index)
{
    const gint64 first = edt_codings_record(e->codings, index, 0);
    g_autofree char *why = NULL;
    if (edt_latent_file_state(e->latents, first) != EDT_LATENT_BAD)
        return FALSE;
    g_autofree guint8 *picture = edt_pictures_read(e->pictures, index, &why);
    return picture != NULL;
}

static gboolean is_there(const Encoder *e, int index)
{
    for (int coding = 0; coding < edt_codings_of(e->codings, index); coding++) {
        gint64 record = edt_codings_record(e->codings, index, coding);
        if (edt_latent_file_state(e->latents, record) == EDT_LATENT_MISSING)
            return FALSE;
    }
    return !is_mended(e, index);
}

static gboolean write_bad(Encoder *e, int index, const char *why)
{
    for (int coding = 0; coding < edt_codings_of(e->codings, index); coding++)
        if (!edt_latent_file_put_bad(e->latents, edt_codings_record(e->codings, index, coding), why,
                                     e->error))
            return FALSE;
    return TRUE;
}

/* FALSE: the disk is full or the like; a bad picture is noted and passed over. */
static gboolean encode(Encoder *e, int index)
{
    g_autofree char *why = NULL;

    if (is_there(e, index))
        return TRUE;
    g_autofree guint8 *picture = edt_pictures_read(e->pictures, index, &why);
    if (!picture)
        return write_bad(e, index, why);
    for (int coding = 0; coding < edt_codings_of(e->codings, index); coding++) {
        edt_codings_draw(e->codings, index, coding, picture, e->pixels);
        if (!write_latent(e, index, coding))
            return FALSE;
    }
    return TRUE;
}

/* ---- all of them ---- */

static gboolean go_on(Encoder *e, int done)
{
    const EdtLatentOptions *o = e->o;
    if (!o->progress || o->progress(done, e->pictures->count, o->data))
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
    if (ranks > 1 && !open_file(e)) /* anew: what others wrote shows where a disk is far away */
        return FALSE;
    for (int i = 0; i < count && ranks > 1; i++)
        if (!go_on(e, i) || !encode(e, i))
            return FALSE;
    return go_on(e, count);
}

static gboolean open_vae(Encoder *e)
{
    const EdtLatentOptions *o = e->o;
    EdtEngineOptions wish = {o->threads, EDT_BACKEND_CPU, EDT_PRECISION_F32};
    EdtDeviceOptions resolved;
    gsize picture = (gsize)shape_of(e)->pixels * (gsize)o->image_size * (gsize)o->image_size;

    e->backend = edt_backend_choose(&wish, &resolved, NULL, e->error);
    e->dev = e->backend ? e->backend->open(&resolved, e->error) : NULL;
    if (!e->dev)
        return FALSE;
    e->vae =
        edt_vae_new(e->backend, e->dev, edt_foreign_source(e->file), EDT_VAE_ENCODER, e->error);
    if (!e->vae && edt_foreign_error(e->file)) { /* it says why, not only which */
        g_clear_error(e->error);
        g_propagate_error(e->error, g_error_copy(edt_foreign_error(e->file)));
    }
    if (!e->vae)
        return FALSE;
    e->pixels = g_new(float, picture);
    e->mean = g_new(float, latent_count(o));
    e->logvar = g_new(float, latent_count(o));
    return TRUE;
}

/* All ranks do the same: encode together unless every one of them has everything. */
static gboolean complete(Encoder *e)
{
    gboolean lacks = FALSE;

    for (int i = 0; i < e->pictures->count && !lacks; i++)
        lacks = !is_there(e, i);
    if (!edt_ranks_most(lacks))
        return TRUE;
    return open_vae(e) && encode_all(e);
}

/* ---- as data ---- */

typedef struct {
    EdtDataset base;
    EdtLatentFile *file;
    gsize count; /* numbers of a latent */
    struct {
        gint64 first; /* of the picture's codings ... */
        int n;        /* ... so many */
        EdtSampleLabels labels;
    } * samples; /* one a picture, as often drawn as any other, however many codings it has */
} Latents;

static gboolean get(EdtDataset *dataset, int index, EdtRandom *random, float *x,
                    EdtSampleLabels *labels, char **why)
{
    const Latents *l = (Latents *)dataset;
    const int n = l->samples[index].n;
    const gint64 record =
        l->samples[index].first + (n > 1 ? (gint64)edt_random_below(random, (guint32)n) : 0);

    if (edt_latent_file_state(l->file, record) != EDT_LATENT_GOOD) {
        *why = g_strdup_printf("latent %" G_GINT64_FORMAT ": is damaged since it was made", record);
        return FALSE;
    }
    memcpy(x, edt_latent_file_numbers(l->file, record), l->count * sizeof *x);
    *labels = l->samples[index].labels;
    return TRUE;
}

static EdtSampleLabels labels_of(const EdtDataset *dataset, int index)
{
    return ((const Latents *)dataset)->samples[index].labels;
}

static void latents_free(EdtDataset *dataset)
{
    Latents *l = (Latents *)dataset;
    edt_latent_file_close(l->file);
    g_free(l->samples);
    g_free(l);
}

static void add_sample(const Encoder *e, Latents *l, int index)
{
    const gint64 first = edt_codings_record(e->codings, index, 0);
    const int all = edt_codings_of(e->codings, index);
    int n = 0;

    while (n < all && edt_latent_file_state(l->file, first + n) == EDT_LATENT_GOOD)
        n++;
    if (n == 0) {
        g_ptr_array_add(l->base.skipped, g_strdup(edt_latent_file_why(l->file, first)));
        return;
    }
    l->samples[l->base.count].first = first;
    l->samples[l->base.count].n = n;
    l->samples[l->base.count++].labels = edt_pictures_facts(e->pictures, index).labels;
}

/* Takes the file. */
static EdtDataset *open_dataset(Encoder *e)
{
    Latents *l = g_new0(Latents, 1);

    l->base.get = get;
    l->base.labels_of = labels_of;
    l->base.free = latents_free;
    l->base.skipped = g_ptr_array_new_with_free_func(g_free);
    g_mutex_init(&l->base.lock);
    l->base.n_classes = e->pictures->n_classes;
    l->base.n_styles = e->pictures->n_styles;
    l->base.classes = edt_naming_copy(&e->pictures->classes);
    l->base.styles = edt_naming_copy(&e->pictures->styles);
    l->base.style_shares = g_steal_pointer(&e->pictures->style_shares);
    l->base.sum = g_strdup(e->pictures->sum);
    l->count = latent_count(e->o);
    l->file = g_steal_pointer(&e->latents);
    l->samples = g_malloc_n((gsize)MAX(e->pictures->count, 1), sizeof *l->samples);
    for (int i = 0; i < e->pictures->count; i++)
        add_sample(e, l, i);
    for (guint i = 0; i < e->pictures->skipped->len; i++) /* classes without pictures */
        g_ptr_array_add(l->base.skipped, g_strdup(e->pictures->skipped->pdata[i]));
    if (l->base.count > 0)
        return &l->base;
    g_set_error(e->error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                "None of the pictures in “%s” can be read.", e->o->pictures);
    edt_dataset_free(&l->base);
    return NULL;
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

static void clear(Encoder *e)
{
    edt_vae_free(e->vae);
    if (e->dev)
        e->backend->close(e->dev);
    edt_foreign_close(e->file);
    edt_dataset_free(e->pictures);
    edt_codings_free(e->codings);
    edt_latent_file_close(e->latents);
    g_free(e->path);
    g_free(e->pixels);
    g_free(e->mean);
    g_free(e->logvar);
}

EdtDataset *edt_latents_open(const EdtLatentOptions *options, GError **error)
{
    Encoder e = {.o = options, .error = error};
    EdtPictureOptions listed = {.side = options->image_size, .listed = TRUE};
    EdtDataset *latents = NULL;

    e.file = edt_foreign_vae_open(options->vae, EDT_VAE_DECODER | EDT_VAE_ENCODER, error);
    if (e.file) {
        listed.channels = shape_of(&e)->pixels;
        e.pictures = edt_pictures_open(options->pictures, &listed, error);
    }
    if (e.pictures && check_shape(&e)) {
        e.codings = edt_codings_new(options, e.pictures, listed.channels);
        if (name_file(&e) && open_file(&e) && complete(&e))
            latents = open_dataset(&e);
    }
    clear(&e);
    return latents;
}
