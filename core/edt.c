/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The journey: a request is checked (request.c), its batches go from noise to latents
 * (engine/run.c), latents become pixels.
 */
#include "request.h"
#include "base/memory.h"
#include "base/threads.h"
#include "engine/run.h"
#include "sample/pixels.h"

#include <glib/gi18n-lib.h>

#define BATCH_MAX 8 /* pictures in one forward unless asked for more */

/* ---- batches ---- */

/* Forecasts are of two samples a picture, its class's and null's; a mix asks for more. */
static int forecast_batch(const EdtRequest *request, int batch)
{
    int more = 0;
    for (int i = 0; i < request->n_items; i++)
        more = MAX(more, edt_conditions_more(&request->items[i]));
    return (batch * (2 + more) + 1) / 2;
}

/* As asked, or as many pictures in a forward as memory allows, BATCH_MAX at most.  A GPU that is
 * too small for them says so now, not in the middle of the run. */
static gboolean choose_batch(const EdtEngine *engine, const EdtRequest *request, int *batch,
                             GError **error)
{
    *batch = MIN(request->batch > 0 ? request->batch : BATCH_MAX, request->n_items);
    while (request->batch <= 0 && *batch > 1 &&
           !edt_engine_fits(engine, forecast_batch(request, *batch), NULL))
        --*batch;
    return !engine->backend->memory ||
           edt_engine_fits(engine, forecast_batch(request, *batch), error);
}

/* Where a sample changes its looks at once, its inner stages are computed anew; with reuse those
 * beside it would have to follow. */
static double turn_of(const EdtItem *item)
{
    return item->mix.n && item->mix_how == EDT_MIX_SHAPE ? item->mix.of[0].weight : -1;
}

static gboolean go_together(const EdtRequest *request, const EdtItem *a, const EdtItem *b)
{
    return edt_easel_alike(a, b) && (request->reuse <= 1 || turn_of(a) == turn_of(b));
}

/* The batch from item `first` on: of items that can go together. */
static int batch_at(const EdtRequest *request, int first, int batch)
{
    int n = 1;
    while (n < batch && first + n < request->n_items &&
           go_together(request, &request->items[first], &request->items[first + n]))
        n++;
    return n;
}

/* ---- pixels ---- */

static gboolean decode(EdtEngine *engine, EdtDecode with, const float *latent, EdtPicture *picture,
                       GError **error)
{
    const EdtModelInfo *info = engine->info;
    int hw = info->image_size * info->image_size, C = picture->channels;
    const float *planes = latent;

    picture->pixels = g_try_new(float, (gsize)C *(gsize)hw);
    if (!picture->pixels) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_NO_MEMORY, _("Out of memory for the picture."));
        return FALSE;
    }
    if (info->needs_vae) {
        EdtVae *vae = edt_engine_decoder(engine, with, error);
        planes = vae ? edt_engine_decode(engine, vae, latent, error) : NULL;
    }
    if (!planes)
        return FALSE;
    g_autofree float *composed = picture->item.fill != EDT_FILL_NONE
                                     ? edt_easel_compose(info, &picture->item, planes)
                                     : NULL;
    edt_pixels_from_planes(composed ? composed : planes, C, hw, picture->pixels);
    return TRUE;
}

/* Its latent becomes its pixels. */
static gboolean show(EdtRun *run, int i, EdtVerdict verdict, EdtPicture *picture, GError **error)
{
    if (edt_run_tell(run, EDT_PHASE_DECODING, i, 0) != EDT_STOP_DISCARD || verdict != EDT_CONTINUE)
        return decode(run->engine, run->request->vae, picture->latent, picture, error);
    g_set_error(error, EDT_ERROR, EDT_ERROR_CANCELLED, _("Cancelled."));
    return FALSE;
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
            .item = edt_item_asked(info, item),
            .steps_done = steps_done,
            .width = info->image_size,
            .height = info->image_size,
            .channels = edt_easel_channels(info, item),
            .latent = g_memdup2(run->latents + (gsize)i * run->count, run->count * sizeof(float)),
        };
        if (!run->request->latent_only && !show(run, i, verdict, picture, error)) {
            g_free(picture->latent);
            g_free(picture->pixels);
            return FALSE;
        }
        result->n_pictures++;
    }
    return TRUE;
}

static gboolean run_batch(EdtRun *run, EdtVerdict *verdict, EdtPictures *result, GError **error)
{
    int steps_done = 0;

    if (!edt_run_prepare(run, error) || !edt_run_sample(run, &steps_done, verdict, error))
        return FALSE;
    if (*verdict == EDT_STOP_DISCARD || (*verdict == EDT_STOP_KEEP && steps_done == 0)) {
        if (*verdict == EDT_STOP_KEEP && result->n_pictures > 0)
            return TRUE; /* earlier batches are whole */
        g_set_error(error, EDT_ERROR, EDT_ERROR_CANCELLED, _("Cancelled."));
        return FALSE;
    }
    if (!finish(run, steps_done, *verdict, result, error))
        return FALSE;
    if (!run->request->latent_only)
        edt_engine_proved(run->engine, forecast_batch(run->request, run->B));
    return TRUE;
}

/* Batches one after the other; a stop that keeps ends the list after the running batch. */
static gboolean run_all(EdtRun *run, EdtPictures *result, GError **error)
{
    const EdtRequest *request = run->request;
    const EdtModelInfo *info = run->engine->info;
    EdtVerdict verdict = EDT_CONTINUE;
    gboolean ok = TRUE;
    int batch;

    if (!choose_batch(run->engine, request, &batch, error))
        return FALSE;
    for (; ok && run->first < request->n_items && verdict == EDT_CONTINUE; run->first += run->B) {
        EdtNoiseSchedule *schedule =
            edt_easel_schedule(info, request, &request->items[run->first], error);
        run->sampling =
            (EdtSampling){.schedule = schedule,
                          .sampler = request->sampler,
                          .prediction = info->prediction,
                          .learned_variance = info->learned_variance,
                          .clip_denoised = request->clip_denoised,
                          .eta = request->eta,
                          .guidance = request->cfg_scale,
                          .power = request->cfg_pow < 0 ? info->cfg_pow : request->cfg_pow,
                          .interval = request->cfg_interval};
        run->B = batch_at(request, run->first, batch);
        ok = schedule && run_batch(run, &verdict, result, error);
        edt_noise_schedule_free(schedule);
    }
    return ok;
}

EdtPictures *edt_generate(EdtEngine *engine, const EdtRequest *request,
                          const EdtCallbacks *callbacks, gpointer user_data, GError **error)
{
    EdtRun run = {
        .engine = engine, .request = request, .callbacks = callbacks, .user_data = user_data};

    if (!edt_request_check(engine->info, request, error))
        return NULL;
    g_mutex_lock(&engine->lock);
    edt_threads_use(engine->options.threads);
    EdtPictures *result = g_new0(EdtPictures, 1);
    result->pictures = g_new0(EdtPicture, request->n_items);
    GError *why = NULL;
    if (!run_all(&run, result, &why)) {
        if (result->n_pictures > 0 && !g_error_matches(why, EDT_ERROR, EDT_ERROR_CANCELLED))
            result->error = g_steal_pointer(&why); /* what is finished is not lost */
        else
            g_clear_pointer(&result, edt_pictures_free);
    }
    if (why)
        g_propagate_error(error, why);
    g_mutex_unlock(&engine->lock);
    return result;
}

gboolean edt_encode(EdtEngine *engine, const float *pixels, float *mean, float *logvar,
                    GError **error)
{
    gboolean ok = FALSE;
    g_mutex_lock(&engine->lock);
    edt_threads_use(engine->options.threads);
    EdtVae *vae = edt_engine_encoder(engine, error);
    if (vae)
        ok = edt_vae_encode(vae, engine->info->latent_size, engine->info->latent_size, pixels, mean,
                            logvar, error);
    g_mutex_unlock(&engine->lock);
    return ok;
}
