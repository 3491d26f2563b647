/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Weights to a model file of the engine: what the run was becomes the metadata (model/format.h),
 * its tensors are written by model/writer.c.
 */
#include "train/state.h"
#include "model/foreign.h"
#include "model/names.h"
#include "model/writer.h"

#include <math.h>
#include <string.h>

typedef struct {
    const EdtExportSource *source;
    const EdtTrainExport *export;
    EdtForeign *vae; /* or NULL */
} Job;

/* ---- metadata ---- */

/* Two models whose metadata and shapes are alike differ in their weights: so in their checksum, and
 * with it in what records call the model by. */
static char *checksum(const EdtExportSource *s)
{
    return g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)s->weights,
                                       s->parameters->count * sizeof *s->weights);
}

static const char *one_of(const char *wish, const char *otherwise)
{
    return wish ? wish : otherwise;
}

/* What its autoencoder says of a model. */
static void describe_vae(EdtForeign *vae, EdtFormat *format, GPtrArray *texts)
{
    const EdtVaeShape *shape = edt_foreign_vae_shape(vae);
    char *mean, *deviation, *colours;

    format->has_alpha = shape->pixels == 4;
    if (shape->kind != EDT_VAE_CODEC)
        return;
    format->space = EDT_SPACE_OWN;
    format->guided_channels = format->channels; /* that one is left alone is a habit with SD's */
    edt_latents_write(edt_foreign_vae_latents(vae), format->channels, &mean, &deviation, &colours);
    format->latents = (EdtLatentTexts){mean, deviation, colours};
    g_ptr_array_add(texts, mean);
    g_ptr_array_add(texts, deviation);
    g_ptr_array_add(texts, colours);
}

char *edt_export_latents(EdtForeign *vae)
{
    const EdtVaeShape *shape = edt_foreign_vae_shape(vae);
    g_autofree char *mean = NULL, *deviation = NULL, *colours = NULL;

    if (shape->kind != EDT_VAE_CODEC)
        return g_strdup("standard");
    edt_latents_write(edt_foreign_vae_latents(vae), shape->latent, &mean, &deviation, &colours);
    return g_strdup_printf("mean %s, deviation %s", mean, deviation);
}

EdtFormat edt_export_format(const EdtTrainOptions *o, const EdtVariant *v, EdtForeign *vae,
                            GPtrArray *texts)
{
    gboolean pixels = v->latent_size == o->image_size;
    const EdtGuidance guidance = edt_variant_guidance(v);
    EdtFormat format = {
        .variant = v->name,
        .title = o->title,
        .licence = o->licence,
        .image_size = o->image_size,
        .latent_size = v->latent_size,
        .channels = v->channels,
        /* in pixels there is no channel that guidance should leave alone */
        .guided_channels = pixels ? v->channels : MIN(3, v->channels),
        .n_classes = v->n_classes,
        .schedule = o->schedule,
        .prediction = o->prediction,
        .space = pixels ? EDT_SPACE_PIXELS : EDT_SPACE_STANDARD,
        .has_alpha = pixels && v->channels == 4,
        .hints = edt_variant_hints(v),
        .cfg_scale = o->cfg_scale > 0 ? o->cfg_scale : guidance.scale,
        .cfg_pow = o->cfg_scale > 0 ? 0 : guidance.power,
    };

    if (vae)
        describe_vae(vae, &format, texts);
    return format;
}

static EdtFormat describe(const Job *job, GPtrArray *texts)
{
    const EdtExportSource *s = job->source;
    EdtFormat format = edt_export_format(s->options, &s->parameters->v, job->vae, texts);

    format.title = one_of(job->export->title, format.title);
    format.licence = one_of(job->export->licence, format.licence);
    if (job->export->cfg_scale > 0) {
        format.cfg_scale = job->export->cfg_scale;
        format.cfg_pow = 0;
    }
    format.class_list = s->classes->names          ? EDT_CLASSES_OWN
                        : format.n_classes == 1000 ? EDT_CLASSES_IMAGENET
                                                   : EDT_CLASSES_UNNAMED;
    format.class_translations = s->classes->translations;
    format.style_translations = s->styles->translations;
    format.trained_steps = (int)MIN(s->step, G_MAXINT);
    return format;
}

/* ---- tensors ---- */

static gboolean read_own(gpointer from, const char *name, const gint64 *shape, float *out,
                         GError **error)
{
    const EdtExportSource *s = from;
    const EdtParameter *p = edt_parameters_get(s->parameters, name);

    if (p)
        memcpy(out, s->weights + p->offset, p->count * sizeof *out);
    else /* fixed, and so no parameter: [1, n n, D] */
        edt_position_table((int)lround(sqrt((double)shape[1])), (int)shape[2], out);
    return TRUE;
}

static gboolean read_vae(gpointer from, const char *name, const gint64 *shape, float *out,
                         GError **error)
{
    return edt_foreign_read(from, name, out, error);
}

/* Why the autoencoder does not make pictures of what the model makes; or NULL. */
static const char *unfit(const Job *job)
{
    const EdtExportSource *s = job->source;
    const EdtVaeShape *shape = edt_foreign_vae_shape(job->vae);
    g_autofree char *latents = edt_export_latents(job->vae);

    if (shape->latent != s->parameters->v.channels)
        return "its latents have another number of channels";
    if (s->parameters->v.latent_size * shape->factor != s->options->image_size)
        return "its pictures have another size";
    if (s->latents && strcmp(s->latents, latents) != 0)
        return "it is another than the one of the run, its latents mean something else";
    return NULL;
}

/* The autoencoder, for a model that is complete. */
static gboolean open_vae(Job *job, GError **error)
{
    const EdtExportSource *s = job->source;
    const char *path = one_of(job->export->vae, s->options->vae);
    gboolean latents = s->parameters->v.latent_size != s->options->image_size;

    if (job->export->vae && !latents) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "This run works on pictures as they are, and its model has no place for an "
                    "autoencoder: leave --vae out.");
        return FALSE;
    }
    if (!path || !latents)
        return TRUE;
    if (!job->export->vae && !g_file_test(path, G_FILE_TEST_EXISTS)) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "The autoencoder of the run, “%s”, is not there. Where it has moved, give it "
                    "anew (--vae).",
                    path);
        return FALSE;
    }
    if (edt_save_is_same(path, job->export->output)) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "“%s” is the autoencoder that goes into the model, which needs another name.",
                    path);
        return FALSE;
    }
    job->vae = edt_foreign_vae_open(path, EDT_VAE_DECODER | EDT_VAE_ENCODER, error);
    if (!job->vae)
        return FALSE;
    const char *why = unfit(job);
    if (!why)
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                "The autoencoder “%s” cannot go into this model: %s.", path, why);
    return FALSE;
}

/* ---- */

static void add_all(const Job *job, EdtModelWriter *w)
{
    edt_model_writer_network(w, &job->source->parameters->v);
    edt_model_writer_source(w, "edt.", read_own, (gpointer)job->source);
    edt_variant_tensors(&job->source->parameters->v, edt_model_writer_add, w);
    if (!job->vae)
        return;
    edt_model_writer_source(w, "vae.", read_vae, job->vae);
    edt_foreign_tensors(job->vae, edt_model_writer_add, w);
}

static gboolean write_model(const Job *job, GError **error)
{
    const EdtTrainExport *export = job->export;
    g_autofree char *classes = edt_names_to_json(job->source->classes->names);
    g_autofree char *styles = edt_names_to_json(job->source->styles->names);
    g_autofree char *sum = checksum(job->source);
    g_autofree char *vae_sum = job->vae ? edt_foreign_sha256(job->vae, error) : NULL;
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    EdtFormat format = describe(job, texts);

    if (job->vae && !vae_sum)
        return FALSE;
    format.class_names = job->source->classes->names ? classes : NULL;
    format.style_names = job->source->styles->names ? styles : NULL;
    format.source_sha256 = sum;
    format.vae_source_sha256 = vae_sum;
    EdtModelWriter *w = edt_model_writer_new(export->output, export->force, export->stored, error);
    if (!w)
        return FALSE;
    add_all(job, w);
    return edt_model_writer_finish(w, &format, NULL, NULL, error);
}

gboolean edt_export_write(const EdtExportSource *source, const EdtTrainExport *export,
                          GError **error)
{
    Job job = {.source = source, .export = export};
    gboolean ok = edt_train_check_text(export->title, EDT_MODEL_TEXT_MAX, error) &&
                  edt_train_check_text(export->licence, EDT_MODEL_TEXT_MAX, error) &&
                  open_vae(&job, error) && write_model(&job, error);

    edt_foreign_close(job.vae);
    return ok;
}

gboolean edt_trainer_export(EdtTrainer *trainer, const EdtTrainExport *export, GError **error)
{
    const EdtExportSource source = {
        .options = &trainer->options,
        .parameters = trainer->parameters,
        .weights = export->raw ? trainer->arrays.weights : trainer->arrays.average,
        .classes = &trainer->dataset->classes,
        .styles = &trainer->dataset->styles,
        .latents = trainer->latents,
        .step = trainer->step,
    };
    return edt_export_write(&source, export, error);
}
