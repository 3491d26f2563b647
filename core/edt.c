/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The journey: a request is checked, its batches go from noise to latents (run.c), latents become
 * pixels.
 */
#include "settings.h"
#include "base/memory.h"
#include "base/threads.h"
#include "engine/run.h"
#include "model/format.h"
#include "sample/pixels.h"

#include <glib/gi18n-lib.h>

#define BATCH_MAX 8 /* pictures in one forward unless asked for more */

/* ---- request ---- */

void edt_request_init(EdtRequest *request, const EdtEngine *engine)
{
    *request = (EdtRequest){
        .steps = 25,
        .sampler = EDT_SAMPLER_DPMPP_2M,
        .cfg_scale = engine ? engine->info->cfg_scale : EDT_CFG_SCALE,
        .cfg_pow = engine ? engine->info->cfg_pow : 0,
        .cfg_interval = {0, 1},
        .amm = EDT_AMM_AUTO,
        /* pixels have bounds, latents have none */
        .clip_denoised = engine && !engine->info->needs_vae,
    };
}

static gboolean wrong(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static gboolean wrong(GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, EDT_ERROR, EDT_ERROR_USAGE, text);
    return FALSE;
}

/* Each setting within its bounds, of the request or of one item (NULL: the request's own). */
static gboolean check_settings(const EdtRequest *request, const EdtItem *item, GError **error)
{
    int n;
    const EdtSetting *settings = edt_settings(&n);
    for (int i = 0; i < n; i++) {
        const EdtSetting *setting = &settings[i];
        if (setting->of_item != (item != NULL) ||
            edt_setting_fits(setting, edt_setting_field(setting, request, item)))
            continue;
        g_autofree char *expected = edt_setting_expected(setting);
        return wrong(error, _("The setting “%s” must be %s."), setting->name, expected);
    }
    return TRUE;
}

static gboolean check_items(const EdtModelInfo *info, const EdtRequest *request, GError **error)
{
    for (int i = 0; i < request->n_items; i++) {
        const EdtItem *item = &request->items[i];
        if (item->class_index < 0 || item->class_index >= info->n_classes + info->has_null)
            return wrong(error, _("There is no class %d: “%s” has classes 0 to %d."),
                         item->class_index, info->path, info->n_classes - 1);
        if (info->n_styles && (item->style < EDT_STYLE_ANY || item->style >= info->n_styles))
            return wrong(error, _("There is no style %d: “%s” has styles 0 to %d."), item->style,
                         info->path, info->n_styles - 1);
        if (!check_settings(request, item, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean check(const EdtEngine *engine, const EdtRequest *request, GError **error)
{
    const EdtModelInfo *info = engine->info;
    if (request->n_items < 1 || !request->items)
        return wrong(error, _("There is nothing to make: ask for at least one picture."));
    if (!check_settings(request, NULL, error) || !check_items(info, request, error))
        return FALSE;
    if (request->cfg_scale != 1 && !info->has_null)
        return wrong(error,
                     _("“%s” was trained without a null class, so there is no guidance: ask for a "
                       "guidance of 1."),
                     info->path);
    if (request->vae == EDT_DECODE_DRAFT && !info->has_draft)
        return wrong(error,
                     _("“%s” has no small autoencoder beside its own. Import the checkpoint with "
                       "one (edt import CHECKPOINT --vae FILE --draft-vae FILE), or decode with "
                       "the full one."),
                     info->path);
    if (edt_model_info_makes(info) == EDT_MAKES_LATENTS_ONLY && !request->latent_only)
        return wrong(error,
                     _("“%s” has no VAE, so it makes latents only. Import the checkpoint together "
                       "with a VAE (edt import CHECKPOINT --vae FILE), or ask for latents."),
                     info->path);
    return TRUE;
}

/* As asked, or as many pictures in a forward as memory allows, BATCH_MAX at most.  A GPU that is
 * too small for them says so now, not in the middle of the run. */
static gboolean choose_batch(const EdtEngine *engine, const EdtRequest *request, int *batch,
                             GError **error)
{
    *batch = MIN(request->batch > 0 ? request->batch : BATCH_MAX, request->n_items);
    while (request->batch <= 0 && *batch > 1 && !edt_engine_fits(engine, *batch, NULL))
        --*batch;
    return engine->backend->memory == NULL || edt_engine_fits(engine, *batch, error);
}

/* ---- pixels ---- */

static gboolean decode(EdtEngine *engine, EdtDecode with, const float *latent, EdtPicture *picture,
                       GError **error)
{
    const EdtModelInfo *info = engine->info;
    int hw = info->image_size * info->image_size, C = picture->channels;
    const float *planes = latent;

    picture->pixels = g_try_new(float, (gsize)C *(gsize)hw);
    if (picture->pixels == NULL) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_NO_MEMORY, _("Out of memory for the picture."));
        return FALSE;
    }
    if (info->needs_vae) {
        EdtVae *vae = edt_engine_decoder(engine, with, error);
        planes = vae ? edt_engine_decode(engine, vae, latent, error) : NULL;
    }
    if (planes)
        edt_pixels_from_planes(planes, C, hw, picture->pixels);
    return planes != NULL;
}

/* The batch's latents become pictures of the result. */
static gboolean finish(EdtRun *run, int steps_done, EdtVerdict verdict, EdtPictures *result,
                       GError **error)
{
    const EdtModelInfo *info = run->engine->info;

    for (int i = 0; i < run->B; i++) {
        const EdtItem *item = &run->request->items[run->first + i];
        EdtPicture *picture = &result->pictures[result->n_pictures];
        *picture = (EdtPicture){
            .item = {.class_index = item->class_index,
                     .seed = item->seed,
                     .style = info->n_styles ? item->style : EDT_STYLE_ANY},
            .steps_done = steps_done,
            .width = info->image_size,
            .height = info->image_size,
            .channels = info->has_alpha ? 4 : 3,
            .latent = g_memdup2(run->latents + (gsize)i * run->count, run->count * sizeof(float)),
        };
        result->n_pictures++;
        if (run->request->latent_only)
            continue;
        if (edt_run_tell(run, EDT_PHASE_DECODING, i, 0) == EDT_STOP_DISCARD &&
            verdict == EDT_CONTINUE) {
            g_set_error(error, EDT_ERROR, EDT_ERROR_CANCELLED, _("Cancelled."));
            return FALSE;
        }
        if (!decode(run->engine, run->request->vae, picture->latent, picture, error))
            return FALSE;
    }
    return TRUE;
}

/* Batches one after the other; a stop that keeps ends the list after the running batch. */
static gboolean run_all(EdtEngine *engine, const EdtRequest *request, const EdtCallbacks *callbacks,
                        gpointer user_data, const EdtNoiseSchedule *schedule, EdtPictures *result,
                        GError **error)
{
    const EdtModelInfo *info = engine->info;
    EdtVerdict verdict = EDT_CONTINUE;
    int batch;

    if (!choose_batch(engine, request, &batch, error))
        return FALSE;
    /* a decoder that cannot be had says so before hours of sampling */
    if (info->needs_vae && !request->latent_only &&
        !edt_engine_decoder(engine, request->vae, error))
        return FALSE;
    for (int first = 0; first < request->n_items && verdict == EDT_CONTINUE; first += batch) {
        int steps_done = 0;
        EdtRun run = {
            .engine = engine,
            .request = request,
            .callbacks = callbacks,
            .user_data = user_data,
            .sampling = {schedule, request->sampler, info->prediction, info->learned_variance,
                         request->clip_denoised, request->eta, request->cfg_scale,
                         request->cfg_pow < 0 ? info->cfg_pow : request->cfg_pow,
                         request->cfg_interval},
            .first = first,
            .B = MIN(batch, request->n_items - first),
        };
        if (!edt_run_prepare(&run, error) || !edt_run_sample(&run, &steps_done, &verdict, error))
            return FALSE;
        if (verdict == EDT_STOP_DISCARD || (verdict == EDT_STOP_KEEP && steps_done == 0)) {
            if (verdict == EDT_STOP_KEEP && result->n_pictures > 0)
                return TRUE; /* earlier batches are whole */
            g_set_error(error, EDT_ERROR, EDT_ERROR_CANCELLED, _("Cancelled."));
            return FALSE;
        }
        if (!finish(&run, steps_done, verdict, result, error))
            return FALSE;
        if (!request->latent_only)
            edt_engine_proved(engine, run.B);
    }
    return TRUE;
}

EdtPictures *edt_generate(EdtEngine *engine, const EdtRequest *request,
                          const EdtCallbacks *callbacks, gpointer user_data, GError **error)
{
    EdtNoiseSchedule *schedule = NULL;
    EdtPictures *result = NULL;

    if (!check(engine, request, error))
        return NULL;
    schedule =
        edt_noise_schedule_new(engine->info->schedule, EDT_RESPACE_EVEN, request->steps, error);
    if (schedule == NULL)
        return NULL;
    g_mutex_lock(&engine->lock);
    edt_threads_use(engine->options.threads);
    result = g_new0(EdtPictures, 1);
    result->pictures = g_new0(EdtPicture, request->n_items);
    if (!run_all(engine, request, callbacks, user_data, schedule, result, error)) {
        edt_pictures_free(result);
        result = NULL;
    }
    g_mutex_unlock(&engine->lock);
    edt_noise_schedule_free(schedule);
    return result;
}

gboolean edt_encode(EdtEngine *engine, const float *pixels, float *mean, float *logvar,
                    GError **error)
{
    gboolean done = FALSE;
    g_mutex_lock(&engine->lock);
    edt_threads_use(engine->options.threads);
    EdtVae *vae = edt_engine_encoder(engine, error);
    if (vae)
        done = edt_vae_encode(vae, engine->info->latent_size, engine->info->latent_size, pixels,
                              mean, logvar, error);
    g_mutex_unlock(&engine->lock);
    return done;
}
