/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Opening and closing an engine; see engine.h.  Next: edt.c.
 */
#include "engine.h"

#include <glib/gi18n-lib.h>
#include "base/memory.h"
#include "base/threads.h"

/* ---- the model file as a source of tensors ---- */

typedef struct {
    EdtTensorSource source;
    const EdtSafetensors *file;
    const char *prefix; /* "edt." or "vae." */
} FileSource;

static const EdtSafetensor *lookup(EdtTensorSource *source, const char *name)
{
    FileSource *from = (FileSource *)source;
    char full[160];
    g_snprintf(full, sizeof full, "%s%s", from->prefix, name);
    return edt_safetensors_find(from->file, full);
}

static gboolean find_tensor(EdtTensorSource *source, const char *name, EdtTensorView *view)
{
    const EdtSafetensor *tensor = lookup(source, name);
    if (tensor)
        *view = tensor->view;
    return tensor != NULL;
}

/* Packed weights replace the mapped ones: without this a model would be resident twice. */
static void done_tensor(EdtTensorSource *source, const char *name)
{
    const EdtSafetensor *tensor = lookup(source, name);
    if (tensor)
        edt_safetensors_release(((FileSource *)source)->file, tensor);
}

static FileSource file_source(const EdtEngine *engine, const char *prefix)
{
    return (FileSource){{find_tensor, done_tensor}, engine->file, prefix};
}

/* ---- opening ---- */

static int shape_of(gpointer source, const char *name, gint64 shape[EDT_RANK_MAX])
{
    EdtTensorView view;
    if (!find_tensor(source, name, &view))
        return 0;
    memcpy(shape, view.shape, sizeof view.shape);
    return view.rank;
}

static gboolean enough_memory(const EdtEngine *engine, GError **error)
{
    guint64 needed = edt_memory_forecast(engine->info, &engine->wish, 1);
    guint64 there = edt_memory_available();

    if (there == 0 || needed <= there)
        return TRUE;
    g_autofree char *need_text = g_format_size_full(needed, G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *there_text = g_format_size_full(there, G_FORMAT_SIZE_IEC_UNITS);
    g_set_error(error, EDT_ERROR, EDT_ERROR_NO_MEMORY,
                _("“%s” needs about %s of memory and %s is free. Close other programs or choose a "
                  "smaller model."),
                engine->info->path, need_text, there_text);
    return FALSE;
}

static gboolean load(EdtEngine *engine, GError **error)
{
    FileSource source = file_source(engine, "edt.");
    EdtVariant variant;

    if (!edt_variant_detect(shape_of, &source, &variant, error)) {
        g_prefix_error(error, "%s: ", engine->info->path);
        return FALSE;
    }
    engine->backend = edt_backend_choose(&engine->wish, &engine->options, NULL, error);
    if (engine->backend == NULL)
        return FALSE;
    engine->dev = engine->backend->open(&engine->options, error);
    if (engine->dev == NULL)
        return FALSE;
    engine->model = edt_model_new(engine->backend, engine->dev, &variant, &source.source, error);
    if (engine->model == NULL)
        g_prefix_error(error, "%s: ", engine->info->path);
    return engine->model && !edt_safetensors_damaged(engine->file, error);
}

EdtEngine *edt_engine_open(const char *path, const EdtEngineOptions *options, GError **error)
{
    EdtEngine *engine = g_new0(EdtEngine, 1);
    g_mutex_init(&engine->lock);
    if (options)
        engine->wish = *options;
    engine->info = edt_model_info_read(path, error);
    if (engine->info)
        engine->file = edt_safetensors_open(path, error);
    if (engine->file && enough_memory(engine, error) && load(engine, error))
        return engine;
    edt_engine_close(engine);
    return NULL;
}

void edt_engine_close(EdtEngine *engine)
{
    if (engine == NULL)
        return;
    edt_vae_free(engine->decoder);
    edt_vae_free(engine->encoder);
    edt_model_free(engine->model);
    if (engine->dev) {
        engine->backend->free(engine->dev, engine->device_work);
        engine->backend->close(engine->dev);
    }
    edt_safetensors_close(engine->file);
    edt_model_info_free(engine->info);
    edt_free(engine->work);
    g_mutex_clear(&engine->lock);
    g_free(engine);
}

/* ---- what edt.c asks for ---- */

static EdtVae *load_vae(EdtEngine *engine, EdtVaeParts part, GError **error)
{
    FileSource source = file_source(engine, "vae.");
    if (!engine->info->has_vae) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    _("“%s” has no VAE, so it makes latents only. Import the checkpoint together "
                      "with a VAE (edt import CHECKPOINT --vae FILE)."),
                    engine->info->path);
        return NULL;
    }
    EdtVae *vae = edt_vae_new(engine->backend, engine->dev, &source.source, part, error);
    if (vae && edt_safetensors_damaged(engine->file, error)) {
        edt_vae_free(vae);
        vae = NULL;
    }
    return vae;
}

EdtVae *edt_engine_decoder(EdtEngine *engine, GError **error)
{
    if (engine->decoder == NULL)
        engine->decoder = load_vae(engine, EDT_VAE_DECODER, error);
    return engine->decoder;
}

EdtVae *edt_engine_encoder(EdtEngine *engine, GError **error)
{
    if (engine->encoder == NULL)
        engine->encoder = load_vae(engine, EDT_VAE_ENCODER, error);
    return engine->encoder;
}

gboolean edt_engine_need(EdtEngine *engine, gsize host_bytes, gsize device_bytes, GError **error)
{
    if (host_bytes > engine->work_bytes) {
        edt_free(engine->work);
        engine->work_bytes = 0;
        engine->work = edt_alloc(host_bytes, error);
        if (engine->work == NULL)
            return FALSE;
        engine->work_bytes = host_bytes;
    }
    if (device_bytes > engine->device_bytes) {
        engine->backend->free(engine->dev, engine->device_work);
        engine->device_bytes = 0;
        engine->device_work = engine->backend->alloc(engine->dev, device_bytes, error);
        if (engine->device_work == NULL)
            return FALSE;
        engine->device_bytes = device_bytes;
    }
    return TRUE;
}

const EdtModelInfo *edt_engine_info(const EdtEngine *engine)
{
    return engine->info;
}

const char *edt_engine_backend(const EdtEngine *engine)
{
    return engine->backend->name;
}

EdtPrecision edt_engine_precision(const EdtEngine *engine)
{
    return engine->options.precision;
}

int edt_engine_threads(const EdtEngine *engine)
{
    return engine->options.threads;
}
