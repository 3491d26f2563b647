/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Opening and closing an engine; see engine.h.  Next: edt.c.
 */
#include "engine/engine.h"
#include "machine.h"
#include "base/memory.h"
#include "base/threads.h"
#include "model/info.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* ---- the model file as a source of tensors ---- */

typedef struct {
    EdtTensorSource source;
    const EdtSafetensors *file;
    const char *prefix; /* "edt.", "vae." or "draft." */
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

/* ---- memory ---- */

static gboolean own_memory(const EdtEngine *engine)
{
    return engine->backend->memory != NULL;
}

static guint64 forecast(const EdtEngine *engine, int batch)
{
    const EdtEngineOptions options = {
        .backend = own_memory(engine) ? EDT_BACKEND_CUDA : EDT_BACKEND_CPU,
        .precision = own_memory(engine) ? engine->options.precision : engine->wish.precision,
    };
    return edt_memory_forecast(engine->info, &options, batch);
}

static void set_no_memory(const EdtEngine *engine, guint64 needed, guint64 there, int batch,
                          GError **error)
{
    g_autofree char *need_text = g_format_size_full(needed, G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *there_text = g_format_size_full(there, G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *at_once =
        batch > 1 ? g_strdup_printf(_(" for %d pictures at a time"), batch) : g_strdup("");

    if (own_memory(engine))
        g_set_error(
            error, EDT_ERROR, EDT_ERROR_NO_MEMORY,
            _("“%s” needs about %s of the GPU's memory%s and %s is free. Choose %s%sa smaller "
              "model, or the backend cpu."),
            engine->info->path, need_text, at_once, there_text,
            batch > 1 ? _("a smaller batch, ") : "",
            engine->options.precision == EDT_PRECISION_BF16 ? "" : _("the type bf16, "));
    else
        g_set_error(
            error, EDT_ERROR, EDT_ERROR_NO_MEMORY,
            _("“%s” needs about %s of memory%s and %s is free. Close other programs or choose "
              "a smaller model."),
            engine->info->path, need_text, at_once, there_text);
}

void edt_engine_proved(EdtEngine *engine, int batch)
{
    engine->proven = MAX(engine->proven, batch);
}

gboolean edt_engine_fits(const EdtEngine *engine, int batch, GError **error)
{
    guint64 needed = forecast(engine, batch);
    guint64 there =
        own_memory(engine) ? engine->backend->memory(engine->dev) : edt_memory_available();

    /* the machine's memory holds the weights already: what counts is the difference to them, and
     * half of what is free is left to others */
    if (engine->network && !own_memory(engine))
        needed = 2 * (needed - forecast(engine, 1));
    /* what a GPU's driver has taken since counts no more as free, and would be asked for again */
    if (there == 0 || needed <= there || (own_memory(engine) && batch <= engine->proven))
        return TRUE;
    set_no_memory(engine, needed, there, batch, error);
    return FALSE;
}

/* ---- opening ---- */

static void close_device(EdtEngine *engine)
{
    if (engine->dev)
        engine->backend->close(engine->dev);
    engine->dev = NULL;
}

/* A device of that kind with room for the model. */
static gboolean open_device(EdtEngine *engine, EdtBackendKind kind, GError **error)
{
    EdtEngineOptions wish = engine->wish;

    wish.backend = kind;
    engine->backend = edt_backend_choose(&wish, &engine->options, NULL, error);
    if (engine->backend)
        engine->dev = engine->backend->open(&engine->options, error);
    if (engine->dev && edt_engine_fits(engine, 1, error))
        return TRUE;
    close_device(engine);
    return FALSE;
}

/* AUTO goes on to the CPU where a GPU is there but cannot be opened or is too small. */
static gboolean choose_device(EdtEngine *engine, GError **error)
{
    GError *reason = NULL;

    if (open_device(engine, engine->wish.backend, &reason))
        return TRUE;
    if (engine->wish.backend != EDT_BACKEND_AUTO || !engine->backend || !own_memory(engine)) {
        g_propagate_error(error, reason);
        return FALSE;
    }
    engine->passed_over = g_strdup(reason->message);
    g_error_free(reason);
    return open_device(engine, EDT_BACKEND_CPU, error);
}

static gboolean load(EdtEngine *engine, const EdtVariant *variant, GError **error)
{
    FileSource source = file_source(engine, "edt.");

    if (!choose_device(engine, error))
        return FALSE;
    engine->network = edt_network_new(engine->backend, engine->dev, variant, &source.source, error);
    if (!engine->network)
        g_prefix_error(error, "%s: ", engine->info->path);
    return engine->network && !edt_safetensors_damaged(engine->file, error);
}

EdtEngine *edt_engine_open(const char *path, const EdtEngineOptions *options, GError **error)
{
    EdtEngine *engine = g_new0(EdtEngine, 1);
    EdtVariant variant;
    g_mutex_init(&engine->lock);
    if (options)
        engine->wish = *options;
    engine->file = edt_safetensors_open(path, error);
    if (engine->file)
        engine->info = edt_model_info_of(engine->file, path, &variant, error);
    if (engine->info && load(engine, &variant, error))
        return engine;
    edt_engine_close(engine);
    return NULL;
}

void edt_engine_close(EdtEngine *engine)
{
    if (!engine)
        return;
    edt_vae_free(engine->decoder);
    edt_vae_free(engine->draft);
    edt_vae_free(engine->encoder);
    edt_network_free(engine->network);
    if (engine->dev)
        engine->backend->free(engine->dev, engine->device_work);
    close_device(engine);
    edt_safetensors_close(engine->file);
    edt_model_info_free(engine->info);
    edt_free(engine->work);
    edt_free(engine->planes);
    g_free(engine->passed_over);
    g_mutex_clear(&engine->lock);
    g_free(engine);
}

/* ---- what edt.c asks for ---- */

gboolean edt_engine_lacks_vae(const EdtModelInfo *info, GError **error)
{
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                _("“%s” has no VAE, so it makes latents only. Import the checkpoint together with "
                  "a VAE (edt import CHECKPOINT --vae FILE), or ask for latents."),
                info->path);
    return FALSE;
}

static EdtVae *load_vae(EdtEngine *engine, const char *prefix, EdtVaeParts part, GError **error)
{
    FileSource source = file_source(engine, prefix);
    if (!engine->info->has_vae) {
        edt_engine_lacks_vae(engine->info, error);
        return NULL;
    }
    EdtVae *vae = edt_vae_new(engine->backend, engine->dev, &source.source, part, error);
    if (vae && edt_safetensors_damaged(engine->file, error)) {
        edt_vae_free(vae);
        vae = NULL;
    }
    return vae;
}

EdtVae *edt_engine_decoder(EdtEngine *engine, EdtDecode which, GError **error)
{
    EdtVae **vae = which == EDT_DECODE_DRAFT ? &engine->draft : &engine->decoder;

    if (!*vae)
        *vae =
            load_vae(engine, which == EDT_DECODE_DRAFT ? "draft." : "vae.", EDT_VAE_DECODER, error);
    return *vae;
}

EdtVae *edt_engine_encoder(EdtEngine *engine, GError **error)
{
    if (!engine->encoder)
        engine->encoder = load_vae(engine, "vae.", EDT_VAE_ENCODER, error);
    return engine->encoder;
}

static int shape_of(gpointer source, const char *name, gint64 shape[EDT_RANK_MAX])
{
    const EdtSafetensor *tensor = lookup(source, name);
    if (tensor)
        memcpy(shape, tensor->view.shape, sizeof tensor->view.shape);
    return tensor ? tensor->view.rank : 0;
}

gboolean edt_engine_painter(const EdtEngine *engine, EdtDecode *which)
{
    FileSource source = file_source(engine, "vae.");
    EdtVaeShape shape;

    *which = engine->info->has_draft ? EDT_DECODE_DRAFT : EDT_DECODE_FULL;
    return engine->info->has_draft ||
           (engine->info->has_vae &&
            edt_vae_shape_detect(shape_of, &source, EDT_VAE_DECODER, &shape, NULL) &&
            shape.kind != EDT_VAE_KL);
}

gboolean edt_engine_need(EdtEngine *engine, gsize host_bytes, gsize device_bytes, GError **error)
{
    if (host_bytes > engine->work_bytes) {
        edt_free(engine->work);
        engine->work_bytes = 0;
        engine->work = edt_alloc(host_bytes, error);
        if (!engine->work)
            return FALSE;
        engine->work_bytes = host_bytes;
    }
    if (device_bytes > engine->device_bytes) {
        engine->backend->free(engine->dev, engine->device_work);
        engine->device_bytes = 0;
        engine->device_work = engine->backend->alloc(engine->dev, device_bytes, error);
        if (!engine->device_work)
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

const char *edt_engine_passed_over(const EdtEngine *engine)
{
    return engine->passed_over;
}

EdtPrecision edt_engine_precision(const EdtEngine *engine)
{
    return engine->options.precision;
}

gboolean edt_engine_bf16_in_f32(const EdtEngine *engine)
{
    return engine->options.precision == EDT_PRECISION_BF16 && !own_memory(engine) &&
           !edt_cpu_has_bf16();
}

int edt_engine_threads(const EdtEngine *engine)
{
    return engine->options.threads;
}
