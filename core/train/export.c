/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Weights to a model file of the engine: tensors under "edt.", and metadata that says what the run
 * was.  What reads it: core/model/info.c.
 */
#include "train/state.h"
#include "base/memory.h"
#include "files/safetensors.h"
#include "train/class_list.h"
#include "train/vae_file.h"

#include <math.h>
#include <string.h>

#define MODEL_FORMAT "edt-model-1" /* as core/model/info.h has it */

typedef struct {
    const EdtExportSource *source;
    const EdtTrainExport *export;
    EdtSafetensorsWriter *w;
    EdtVaeFile *vae; /* or NULL */
    EdtType type;
    GError **error;
    gboolean failed;
} Job;

/* ---- metadata ---- */

static void put_number(EdtSafetensorsWriter *w, const char *key, gint64 value)
{
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, value);
    edt_safetensors_writer_metadata(w, key, text);
}

const char *edt_export_schedule(const EdtTrainOptions *options)
{
    return options->schedule == EDT_SCHEDULE_COSINE ? "cosine" : "linear";
}

const char *edt_export_prediction(const EdtTrainOptions *options)
{
    return options->prediction == EDT_PREDICT_DENOISED ? "denoised" : "noise";
}

/* Two models whose metadata and shapes are alike differ in their weights: so in their checksum, and
 * with it in what records call the model by. */
static void put_checksum(const EdtExportSource *s, EdtSafetensorsWriter *w)
{
    g_autofree char *sum = g_compute_checksum_for_data(
        G_CHECKSUM_SHA256, (const guchar *)s->weights, s->parameters->count * sizeof *s->weights);
    edt_safetensors_writer_metadata(w, "edt.source_sha256", sum);
}

static void put_words(const Job *job)
{
    const EdtTrainOptions *o = job->source->options;
    const char *title = job->export->title ? job->export->title : o->title;
    const char *licence = job->export->licence ? job->export->licence : o->licence;
    double cfg_scale = job->export->cfg_scale > 0 ? job->export->cfg_scale : o->cfg_scale;
    char scale[G_ASCII_DTOSTR_BUF_SIZE];

    edt_safetensors_writer_metadata(job->w, "edt.title", title ? title : "");
    edt_safetensors_writer_metadata(job->w, "edt.licence", licence ? licence : "");
    if (cfg_scale > 0)
        edt_safetensors_writer_metadata(job->w, "edt.cfg_scale",
                                        g_ascii_formatd(scale, sizeof scale, "%.6g", cfg_scale));
}

static void put_metadata(const Job *job)
{
    const EdtExportSource *s = job->source;
    const EdtTrainOptions *o = s->options;
    const EdtVariant *v = &s->parameters->v;
    g_autofree char *names = edt_class_names_to_json(s->class_names);
    gboolean pixels = v->latent_size == o->image_size;
    EdtSafetensorsWriter *w = job->w;

    edt_safetensors_writer_metadata(w, "format", MODEL_FORMAT);
    edt_safetensors_writer_metadata(w, "edt.variant", v->name);
    put_number(w, "edt.image_size", o->image_size);
    put_number(w, "edt.latent_size", v->latent_size);
    put_number(w, "edt.channels", v->channels);
    /* in pixels there is no channel that guidance should leave alone */
    put_number(w, "edt.guided_channels", pixels ? v->channels : MIN(3, v->channels));
    edt_safetensors_writer_metadata(w, "edt.schedule", edt_export_schedule(o));
    edt_safetensors_writer_metadata(w, "edt.prediction", edt_export_prediction(o));
    edt_safetensors_writer_metadata(w, "edt.latent", pixels ? "pixels" : "sd-vae");
    edt_safetensors_writer_metadata(w, "edt.alpha", pixels && v->channels == 4 ? "1" : "0");
    put_number(w, "edt.n_classes", v->n_classes);
    edt_safetensors_writer_metadata(w, "edt.classes",
                                    s->class_names         ? "own"
                                    : v->n_classes == 1000 ? "imagenet"
                                                           : "unnamed");
    if (s->class_names)
        edt_safetensors_writer_metadata(w, "edt.class_names", names);
    if (s->class_names && s->class_translations)
        edt_safetensors_writer_metadata(w, "edt.class_translations", s->class_translations);
    put_words(job);
    put_checksum(s, w);
    put_number(w, "edt.trained_steps", s->step);
}

/* ---- tensors: the fixed tables in f32 first, then the weights ---- */

static gboolean is_table(const char *name)
{
    return g_str_has_suffix(name, "pos_embed");
}

static void declare(Job *job, const char *name, int rank, const gint64 *shape, gboolean tables)
{
    g_autofree char *full = g_strconcat("edt.", name, NULL);
    if (is_table(name) == tables)
        edt_safetensors_writer_declare(job->w, full, tables ? EDT_F32 : job->type, rank, shape);
}

static void declare_table(const char *name, int rank, const gint64 *shape, gpointer job)
{
    declare(job, name, rank, shape, TRUE);
}

static void declare_weight(const char *name, int rank, const gint64 *shape, gpointer job)
{
    declare(job, name, rank, shape, FALSE);
}

static void put(Job *job, const void *data, gsize bytes)
{
    if (!job->failed)
        job->failed = !edt_safetensors_writer_data(job->w, data, bytes, job->error);
}

static void write_table(const char *name, int rank, const gint64 *shape, gpointer user_data)
{
    Job *job = user_data;
    if (!is_table(name))
        return;
    g_autofree float *table = g_new(float, (gsize)(shape[1] * shape[2]));
    edt_position_table((int)lround(sqrt((double)shape[1])), (int)shape[2], table);
    put(job, table, (gsize)(shape[1] * shape[2]) * sizeof *table);
}

static void put_numbers(Job *job, const float *values, gsize count)
{
    if (job->type == EDT_F32) {
        put(job, values, count * sizeof *values);
        return;
    }
    g_autofree EdtHalf *halves = g_new(EdtHalf, count);
    for (gsize i = 0; i < count; i++)
        halves[i] = edt_f32_to_bf16(values[i]);
    put(job, halves, count * sizeof *halves);
}

static void write_weight(const char *name, int rank, const gint64 *shape, gpointer user_data)
{
    Job *job = user_data;
    if (is_table(name))
        return;
    const EdtParameter *p = edt_parameters_get(job->source->parameters, name);
    put_numbers(job, job->source->weights + p->offset, p->count);
}

/* ---- the autoencoder, for a model that is complete ---- */

static gboolean open_vae(Job *job)
{
    const EdtExportSource *s = job->source;
    const char *path = job->export->vae ? job->export->vae : s->options->vae;
    gboolean latents = s->parameters->v.latent_size != s->options->image_size;

    if (path == NULL || !latents)
        return TRUE;
    job->vae = edt_vae_file_open(path, job->error);
    if (job->vae == NULL)
        return FALSE;
    if (edt_vae_file_shape(job->vae)->latent == s->parameters->v.channels)
        return TRUE;
    g_set_error(job->error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                "The autoencoder “%s” does not have as many latent channels as the model.", path);
    return FALSE;
}

static gboolean put_vae_metadata(Job *job)
{
    g_autofree char *sum = edt_vae_file_sha256(job->vae, job->error);
    if (sum)
        edt_safetensors_writer_metadata(job->w, "edt.vae_source_sha256", sum);
    return sum != NULL;
}

static void declare_vae(const char *name, int rank, const gint64 *shape, gpointer user_data)
{
    Job *job = user_data;
    g_autofree char *full = g_strconcat("vae.", name, NULL);
    edt_safetensors_writer_declare(job->w, full, job->type, rank, shape);
}

static void write_vae(const char *name, int rank, const gint64 *shape, gpointer user_data)
{
    Job *job = user_data;
    gsize count = 1;
    for (int i = 0; i < rank; i++)
        count *= (gsize)shape[i];
    g_autofree float *values = g_new(float, count);
    if (!job->failed)
        job->failed = !edt_vae_file_read(job->vae, name, values, job->error);
    put_numbers(job, values, count);
}

static void write_all(Job *job)
{
    const EdtVariant *v = &job->source->parameters->v;

    edt_variant_tensors(v, declare_table, job);
    edt_variant_tensors(v, declare_weight, job);
    if (job->vae)
        edt_vae_tensors(edt_vae_file_shape(job->vae), declare_vae, job);
    edt_variant_tensors(v, write_table, job);
    edt_variant_tensors(v, write_weight, job);
    if (job->vae)
        edt_vae_tensors(edt_vae_file_shape(job->vae), write_vae, job);
}

/* Writes and finishes; FALSE: nothing is left of it. */
static gboolean write_model(Job *job)
{
    const EdtTrainExport *export = job->export;

    job->w = edt_safetensors_writer_new(export->output, export->force, job->error);
    if (job->w == NULL)
        return FALSE;
    put_metadata(job);
    if (!job->vae || put_vae_metadata(job))
        write_all(job);
    else
        job->failed = TRUE;
    if (!job->failed)
        return edt_safetensors_writer_finish(job->w, job->error);
    edt_safetensors_writer_abandon(job->w);
    return FALSE;
}

gboolean edt_export_write(const EdtExportSource *source, const EdtTrainExport *export,
                          GError **error)
{
    Job job = {.source = source, .export = export, .error = error};
    gboolean good;

    job.type = export->f32 ? EDT_F32 : EDT_BF16;
    good = edt_train_check_text(export->title, EDT_MODEL_TEXT_MAX, error) &&
           edt_train_check_text(export->licence, EDT_MODEL_TEXT_MAX, error) && open_vae(&job) &&
           write_model(&job);
    edt_vae_file_close(job.vae);
    return good;
}

gboolean edt_trainer_export(EdtTrainer *trainer, const EdtTrainExport *export, GError **error)
{
    const EdtExportSource source = {
        .options = &trainer->options,
        .parameters = trainer->parameters,
        .weights = export->raw ? trainer->arrays.weights : trainer->arrays.average,
        .n_classes = trainer->v.n_classes,
        .class_names = trainer->dataset->class_names,
        .class_translations = trainer->dataset->class_translations,
        .step = trainer->step,
    };
    return edt_export_write(&source, export, error);
}
