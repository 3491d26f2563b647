/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A run on disk: all arrays, the resampler's memory, step and options in one safetensors file.
 * Random numbers have no state (state.h), so a resumed run ends at the same bits.
 */
#include "train/state.h"
#include "files/safetensors.h"
#include "model/names.h"
#include "saving.h"

#include <math.h>
#include <string.h>

#define LATENTS "latents"

typedef struct {
    const char *name;
    EdtType type;
    gsize count;
    void *data;
} Item;

#define ITEMS 8

/* The wider types first, so that every one lies at a multiple of its size. */
static void list(EdtTrainer *trainer, gint64 *counts, Item items[ITEMS])
{
    const EdtResampler *r = trainer->resampler;
    const EdtAdanArrays *a = &trainer->arrays;
    gsize n = trainer->parameters->count, timesteps = (gsize)r->timesteps;
    const Item all[ITEMS] = {
        {"resampler.history", EDT_F64, timesteps * (gsize)r->terms, r->history},
        {"resampler.counts", EDT_I64, timesteps, counts},
        {"weights", EDT_F32, n, a->weights},
        {"average", EDT_F32, n, a->average},
        {"adan.first", EDT_F32, n, a->first},
        {"adan.difference", EDT_F32, n, a->difference},
        {"adan.second", EDT_F32, n, a->second},
        {"adan.previous", EDT_F32, n, a->previous},
    };
    memcpy(items, all, sizeof all);
}

/* ---- out ---- */

/* KIND_names and KIND_translations. */
static void put_naming(EdtSafetensorsWriter *w, const char *kind, const EdtNaming *naming)
{
    g_autofree char *names = edt_names_to_json(naming->names);
    g_autofree char *key = g_strconcat(kind, "_names", NULL);
    g_autofree char *translations = g_strconcat(kind, "_translations", NULL);
    edt_safetensors_writer_metadata(w, key, names);
    if (naming->translations)
        edt_safetensors_writer_metadata(w, translations, naming->translations);
}

static void put_metadata(const EdtTrainer *trainer, EdtSafetensorsWriter *w)
{
    g_autofree char *options = edt_train_options_to_json(&trainer->options);
    const EdtDataset *data = trainer->dataset;
    g_autofree char *step = g_strdup_printf("%" G_GINT64_FORMAT, trainer->step);
    edt_safetensors_writer_metadata(w, "format", EDT_CHECKPOINT_FORMAT);
    edt_safetensors_writer_metadata(w, "options", options);
    put_naming(w, "class", &data->classes);
    if (data->n_styles)
        put_naming(w, "style", &data->styles);
    edt_safetensors_writer_metadata(w, "step", step);
    if (trainer->latents)
        edt_safetensors_writer_metadata(w, LATENTS, trainer->latents);
}

gboolean edt_trainer_save_as(EdtTrainer *trainer, const char *path, EdtWrite write, GError **error)
{
    g_autofree gint64 *counts = g_new(gint64, trainer->resampler->timesteps);
    EdtSafetensorsWriter *w = edt_safetensors_writer_new(path, write, error);
    Item items[ITEMS];

    if (w == NULL)
        return FALSE;
    for (int t = 0; t < trainer->resampler->timesteps; t++)
        counts[t] = trainer->resampler->counts[t];
    list(trainer, counts, items);
    put_metadata(trainer, w);
    for (int i = 0; i < ITEMS; i++)
        edt_safetensors_writer_declare(w, items[i].name, items[i].type, 1,
                                       (gint64[]){(gint64)items[i].count});
    for (int i = 0; i < ITEMS; i++)
        if (!edt_safetensors_writer_data(w, items[i].data,
                                         items[i].count * edt_type_size(items[i].type), error)) {
            edt_safetensors_writer_abandon(w);
            return FALSE;
        }
    return edt_safetensors_writer_finish(w, error);
}

gboolean edt_trainer_save(EdtTrainer *trainer, const char *path, GError **error)
{
    return edt_trainer_save_as(trainer, path, EDT_WRITE_REPLACE, error);
}

/* ---- in ---- */

static gboolean refuse(const char *path, const char *what, GError **error)
{
    g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE, "“%s” is no checkpoint to go on from: %s.",
                path, what);
    return FALSE;
}

static EdtSafetensors *open_checkpoint(const char *path, EdtTrainOptions *options, gint64 *step,
                                       GError **error)
{
    EdtSafetensors *file = edt_safetensors_open(path, error);
    const char *json, *text;
    gboolean good;

    if (file == NULL)
        return NULL;
    json = edt_safetensors_metadata(file, "options");
    text = edt_safetensors_metadata(file, "step");
    good = g_strcmp0(edt_safetensors_metadata(file, "format"), EDT_CHECKPOINT_FORMAT) == 0 &&
           json && text && g_ascii_string_to_signed(text, 10, 0, G_MAXINT64, step, NULL);
    if (!good)
        refuse(path, "it was not written by edt train", error);
    else if (edt_train_options_from_json(options, json, error))
        return file;
    else
        g_prefix_error(error, "“%s”: ", path);
    edt_safetensors_close(file);
    return NULL;
}

gboolean edt_train_options_read(EdtTrainOptions *options, const char *checkpoint, GError **error)
{
    gint64 step;
    EdtSafetensors *file = open_checkpoint(checkpoint, options, &step, error);
    edt_safetensors_close(file);
    return file != NULL;
}

static const void *find(EdtSafetensors *file, const char *path, const char *name, EdtType type,
                        gsize count, GError **error)
{
    const EdtSafetensor *tensor = edt_safetensors_find(file, name);
    if (tensor && tensor->view.type == type && tensor->bytes == count * edt_type_size(type))
        return tensor->view.data;
    g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                "“%s” is no checkpoint to go on from: its “%s” is missing or of another size.",
                path, name);
    return NULL;
}

static gboolean load_items(EdtTrainer *trainer, EdtSafetensors *file, const char *path,
                           GError **error)
{
    EdtResampler *r = trainer->resampler;
    g_autofree gint64 *counts = g_new0(gint64, r->timesteps);
    Item items[ITEMS];

    list(trainer, counts, items);
    for (int i = 0; i < ITEMS; i++) {
        const void *data = find(file, path, items[i].name, items[i].type, items[i].count, error);
        if (data == NULL)
            return FALSE;
        memcpy(items[i].data, data, items[i].count * edt_type_size(items[i].type));
    }
    for (int t = 0; t < r->timesteps; t++) {
        if (counts[t] < 0 || counts[t] > r->terms)
            return refuse(path, "its timestep counts are damaged", error);
        r->counts[t] = (int)counts[t];
    }
    for (int i = 0; i < r->timesteps * r->terms; i++)
        if (!(r->history[i] >= 0 && isfinite(r->history[i])))
            return refuse(path, "its losses are damaged", error);
    edt_resampler_recount(r);
    return !edt_safetensors_damaged(file, error);
}

/* A class or style is known by its place: one renamed or moved would go on as another. */
static gboolean same_names(const EdtSafetensors *file, const char *key, char **names)
{
    g_autofree char *json = edt_names_to_json(names);
    const char *before = edt_safetensors_metadata(file, key);
    return strcmp(json, before ? before : "[]") == 0;
}

static void set_another(const char *path, const char *differs, GError **error)
{
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                "“%s” comes from a run with another “%s”; ask for the same, or begin a new run "
                "(--init can begin it with the weights of a model).",
                path, differs);
}

gboolean edt_checkpoint_check_latents(const char *path, const char *latents, GError **error)
{
    EdtSafetensors *file = edt_safetensors_open(path, error);
    const char *before = file ? edt_safetensors_metadata(file, LATENTS) : NULL;
    const gboolean same = !before || !latents || strcmp(before, latents) == 0;

    if (!same)
        set_another(path, "vae", error);
    edt_safetensors_close(file);
    return file && same;
}

static const char *another_name(const EdtSafetensors *file, const EdtDataset *data)
{
    return !same_names(file, "class_names", data->classes.names)  ? "class_names"
           : !same_names(file, "style_names", data->styles.names) ? "style_names"
                                                                  : NULL;
}

gboolean edt_checkpoint_check_names(const char *path, const EdtDataset *data, GError **error)
{
    EdtSafetensors *file = edt_safetensors_open(path, error);
    const char *differs = file ? another_name(file, data) : NULL;

    if (differs)
        set_another(path, differs, error);
    edt_safetensors_close(file);
    return file && !differs;
}

gboolean edt_checkpoint_load(EdtTrainer *trainer, const char *path, GError **error)
{
    EdtTrainOptions before;
    const char *differs;
    gboolean good = FALSE;
    EdtSafetensors *file = open_checkpoint(path, &before, &trainer->step, error);

    if (file == NULL)
        return FALSE;
    differs = edt_train_options_differ(&before, &trainer->options);
    if (!differs)
        differs = another_name(file, trainer->dataset);
    if (differs)
        set_another(path, differs, error);
    else
        good = load_items(trainer, file, path, error);
    edt_safetensors_close(file);
    return good;
}

/* ---- a model, without the data ---- */

static EdtNaming get_naming(const EdtSafetensors *file, const char *kind)
{
    g_autofree char *names = g_strconcat(kind, "_names", NULL);
    g_autofree char *translations = g_strconcat(kind, "_translations", NULL);
    return (EdtNaming){edt_names_from_json(edt_safetensors_metadata(file, names)),
                       g_strdup(edt_safetensors_metadata(file, translations))};
}

static gboolean export_from(EdtSafetensors *file, const char *path, const EdtTrainOptions *options,
                            gint64 step, const EdtTrainExport *export, GError **error)
{
    EdtVariant v;
    gboolean good = FALSE;
    const float *weights;

    if (!edt_train_options_check(options, &v, error))
        return FALSE;
    EdtNaming classes = get_naming(file, "class"), styles = get_naming(file, "style");
    v.n_classes = options->n_classes;
    v.n_styles = styles.names ? (int)g_strv_length(styles.names) : 0;
    EdtParameters *parameters = edt_parameters_new(&v);
    weights =
        find(file, path, export->raw ? "weights" : "average", EDT_F32, parameters->count, error);
    if (weights)
        good = edt_export_write(&(EdtExportSource){options, parameters, weights, &classes, &styles,
                                                   edt_safetensors_metadata(file, LATENTS), step},
                                export, error);
    edt_parameters_free(parameters);
    edt_naming_clear(&classes);
    edt_naming_clear(&styles);
    return good && !edt_safetensors_damaged(file, error);
}

gboolean edt_train_export(const char *checkpoint, const EdtTrainExport *export, GError **error)
{
    EdtTrainOptions options;
    gint64 step;
    if (edt_save_is_same(checkpoint, export->output)) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "“%s” is the checkpoint itself: the model needs another name.", export->output);
        return FALSE;
    }
    EdtSafetensors *file = open_checkpoint(checkpoint, &options, &step, error);
    gboolean good = file && export_from(file, checkpoint, &options, step, export, error);
    edt_safetensors_close(file);
    return good;
}
