/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A foreign checkpoint becomes a model: opened and counted by foreign.c, its metadata made up here,
 * copied tensor by tensor by writer.c.
 */
#include "catalogue.h"
#include "files/json_text.h"
#include "model/foreign.h"
#include "model/writer.h"
#include "saving.h"

#include <glib/gi18n-lib.h>

typedef struct {
    const EdtImport *import;
    EdtForeign *network, *vae, *draft; /* vae, draft: or NULL */
    EdtImportProgress progress;
    gpointer user_data;
} Job;

/* ---- before anything is opened ---- */

static gboolean check_text(const char *what, const char *text, GError **error)
{
    if (!text || edt_text_fits(text, 0, EDT_MODEL_TEXT_MAX))
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                _("The %s must be one line of text of at most 4096 bytes."), what);
    return FALSE;
}

static gboolean check_output(const EdtImport *import, GError **error)
{
    if (!edt_save_is_same(import->edt_path, import->output) &&
        !(import->vae_path && edt_save_is_same(import->vae_path, import->output)) &&
        !(import->draft_path && edt_save_is_same(import->draft_path, import->output)))
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                _("“%s” is what is being imported; the model needs another name."), import->output);
    return FALSE;
}

/* ---- opening ---- */

static gboolean refuse(const char *path, const char *what, GError **error)
{
    g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE, _("“%s” is refused: %s."), path, what);
    return FALSE;
}

static gboolean check_number(const Job *job, const char *option, int said, int told, GError **error)
{
    if (!said || said == told)
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                "“%s” is of %s, whose tensors do not go with %s %d: leave it out.",
                job->import->edt_path, edt_foreign_variant(job->network)->name, option, said);
    return FALSE;
}

/* What tensors do tell is not for options to change. */
static gboolean check_hints(const Job *job, GError **error)
{
    const EdtVariant *v = edt_foreign_variant(job->network);
    const int decoder = edt_variant_filling(v) ? v->depths[edt_variant_stages(v) - 1] : 0;

    return check_number(job, "--heads", job->import->heads, v->heads[0], error) &&
           check_number(job, "--decode-layer", job->import->decode_layer, decoder, error);
}

static gboolean open_vae(Job *job, GError **error)
{
    const char *path = job->import->vae_path;

    if (!path)
        return TRUE;
    job->vae = edt_foreign_vae_open(path, EDT_VAE_DECODER | EDT_VAE_ENCODER, error);
    if (!job->vae)
        return FALSE;
    const EdtVaeShape *shape = edt_foreign_vae_shape(job->vae);
    if (shape->kind == EDT_VAE_CODEC)
        return refuse(path, _("its latents are not those of Stable Diffusion's autoencoder"),
                      error);
    return shape->latent == edt_foreign_variant(job->network)->channels ||
           refuse(path, _("it does not have as many latent channels as the model"), error);
}

/* It must give the pictures of the full one, of the sampler's latents. */
static gboolean open_draft(Job *job, GError **error)
{
    const char *path = job->import->draft_path;

    if (!path)
        return TRUE;
    if (!job->vae) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    _("The small autoencoder “%s” goes beside a full one; give that, too (--vae)."),
                    path);
        return FALSE;
    }
    job->draft = edt_foreign_vae_open(path, EDT_VAE_DECODER, error);
    if (!job->draft)
        return FALSE;
    return edt_vae_is_draft_of(edt_foreign_vae_shape(job->draft),
                               edt_foreign_vae_shape(job->vae)) ||
           refuse(path, _("it is no small autoencoder for the latents of the full one (TAESD)"),
                  error);
}

/* ---- writing ---- */

/* A checkpoint holds weights alone; the rest is what the official code trains with: linear noise
 * schedule, predicted noise, latents of the SD autoencoder, guidance on three channels. */
static EdtFormat describe(const Job *job)
{
    const EdtVariant *v = edt_foreign_variant(job->network);
    const EdtVaeShape *vae = job->vae ? edt_foreign_vae_shape(job->vae) : &edt_vae_standard;

    return (EdtFormat){
        .variant = v->name,
        .title = job->import->title,
        .licence = job->import->licence ? job->import->licence : edt_variant_licence(v),
        .hints = edt_variant_hints(v),
        .cfg_scale = edt_variant_guidance(v).scale,
        .cfg_pow = edt_variant_guidance(v).power,
        .image_size = v->latent_size * vae->factor,
        .latent_size = v->latent_size,
        .channels = v->channels,
        .guided_channels = MIN(3, v->channels),
        .n_classes = v->n_classes,
        .schedule = EDT_SCHEDULE_LINEAR,
        .prediction = EDT_PREDICT_NOISE,
        .space = EDT_SPACE_STANDARD,
        .has_alpha = vae->pixels == 4,
        .class_list = v->n_classes == 1000 ? EDT_CLASSES_IMAGENET : EDT_CLASSES_UNNAMED,
    };
}

static gboolean read_foreign(gpointer from, const char *name, const gint64 *shape, float *out,
                             GError **error)
{
    return edt_foreign_read(from, name, out, error);
}

static void add_all(EdtModelWriter *w, const char *prefix, EdtForeign *foreign)
{
    edt_model_writer_source(w, prefix, read_foreign, foreign);
    edt_foreign_tensors(foreign, edt_model_writer_add, w);
}

/* Takes the writer. */
static gboolean write_model(const Job *job, EdtModelWriter *w, GError **error)
{
    EdtFormat format = describe(job);

    edt_model_writer_network(w, edt_foreign_variant(job->network));
    add_all(w, "edt.", job->network);
    if (job->vae)
        add_all(w, "vae.", job->vae);
    if (job->draft)
        add_all(w, "draft.", job->draft);
    if (job->progress)
        job->progress(0, edt_model_writer_bytes(w), "sha256", job->user_data);
    g_autofree char *sum = edt_foreign_sha256(job->network, error);
    g_autofree char *vae_sum = sum && job->vae ? edt_foreign_sha256(job->vae, error) : g_strdup("");
    g_autofree char *draft_sum =
        vae_sum && job->draft ? edt_foreign_sha256(job->draft, error) : NULL;
    if (!sum || !vae_sum || (job->draft && !draft_sum)) {
        edt_model_writer_abandon(w);
        return FALSE;
    }
    format.source_sha256 = sum;
    format.vae_source_sha256 = vae_sum;
    format.draft_source_sha256 = draft_sum;
    return edt_model_writer_finish(w, &format, job->progress, job->user_data, error);
}

static gboolean run(Job *job, GError **error)
{
    const EdtImport *import = job->import;

    if (!check_text(_("title"), import->title, error) ||
        !check_text(_("licence"), import->licence, error) || !check_output(import, error))
        return FALSE;
    const EdtShapeHints hints = {.heads = import->heads, .decoder = import->decode_layer};
    job->network = edt_foreign_network_open(import->edt_path, hints, error);
    if (!job->network || !check_hints(job, error) || !open_vae(job, error) ||
        !open_draft(job, error))
        return FALSE;
    EdtModelWriter *w = edt_model_writer_new(import->output, import->force, import->stored, error);
    return w && write_model(job, w, error);
}

gboolean edt_import(const EdtImport *import, EdtImportProgress progress, gpointer user_data,
                    GError **error)
{
    Job job = {.import = import, .progress = progress, .user_data = user_data};
    gboolean ok = run(&job, error);

    edt_foreign_close(job.network);
    edt_foreign_close(job.vae);
    edt_foreign_close(job.draft);
    return ok;
}
