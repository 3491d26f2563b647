/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See previews.h.  Real pictures take a tenth of the time of the steps: a step saves up for them,
 * and when enough is there they are made.
 */
#include "engine/previews.h"
#include "sample/pixels.h"
#include "sample/preview.h"

#define SHARE 0.1 /* of the time of the steps */

static double now(void)
{
    return (double)g_get_monotonic_time() * 1e-6;
}

gboolean edt_previews_wanted(const EdtPreviews *p)
{
    const EdtModelInfo *info = p->engine->info;
    gboolean drawable =
        !info->needs_vae || p->painter || edt_preview_knows(info->latents, info->channels);
    return drawable && p->request->want_previews && p->callbacks && p->callbacks->preview;
}

gboolean edt_previews_prepare(EdtPreviews *p, guint64 step_macs, GError **error)
{
    const EdtModelInfo *info = p->engine->info;
    EdtDecode which;

    if (!p->request->want_previews || !edt_engine_painter(p->engine, &which))
        return TRUE;
    p->painter = edt_engine_decoder(p->engine, which, error);
    if (!p->painter)
        return FALSE;
    p->work = (double)p->B / (double)step_macs *
              (double)edt_vae_macs(edt_vae_shape(p->painter), info->latent_size, info->latent_size,
                                   EDT_VAE_DECODER);
    return TRUE;
}

gsize edt_previews_bytes(const EdtPreviews *p)
{
    const EdtModelInfo *info = p->engine->info;
    gsize side = (gsize)(p->painter ? info->image_size : info->latent_size);
    return side * side * 4;
}

/* Until it was measured, the work says what it will cost. */
gboolean edt_previews_due(EdtPreviews *p, double step_seconds)
{
    double cost = p->cost > 0 ? p->cost : p->work * step_seconds;

    p->allowance = MIN(p->allowance + SHARE * step_seconds, MAX(cost, SHARE * step_seconds));
    if (p->allowance < cost)
        return FALSE;
    p->allowance -= cost;
    return TRUE;
}

static void tell(const EdtPreviews *p, int item, int step, int side, int channels)
{
    p->callbacks->preview(
        &(EdtPreview){
            .item = p->first + item,
            .step = step,
            .steps = p->request->steps,
            .width = side,
            .height = side,
            .channels = channels,
            .pixels = p->pixels,
        },
        p->user_data);
}

/* What the steps themselves are good for: pixels of a model that works on them, or colours. */
static void show_plain(EdtPreviews *p, const float *estimates, int step)
{
    const EdtModelInfo *info = p->engine->info;
    const int side = info->latent_size, hw = side * side, C = info->channels;

    for (int i = 0; i < p->B; i++) {
        const float *denoised = estimates + (gsize)i * (gsize)(C * hw);
        if (info->needs_vae)
            edt_preview_latent(info->latents, C, denoised, hw, p->pixels);
        else
            edt_pixels_to_bytes(denoised, C, hw, p->pixels);
        tell(p, i, step, side, info->needs_vae ? 3 : C);
    }
}

/* A device that works by itself is at the next step meanwhile: what it takes says nothing there. */
static gboolean show_painted(EdtPreviews *p, const float *estimates, int step, GError **error)
{
    const EdtModelInfo *info = p->engine->info;
    const gsize count = (gsize)(info->channels * info->latent_size * info->latent_size);
    const int C = edt_vae_shape(p->painter)->pixels, side = info->image_size;
    double since = now();

    for (int i = 0; i < p->B; i++) {
        const float *planes =
            edt_engine_decode(p->engine, p->painter, estimates + (gsize)i * count, error);
        if (!planes)
            return FALSE;
        edt_pixels_to_bytes(planes, C, side * side, p->pixels);
        tell(p, i, step, side, C);
    }
    if (!p->engine->backend->asynchronous && p->painted) /* the first time it also prepares */
        p->cost = now() - since;
    p->painted = TRUE;
    return TRUE;
}

gboolean edt_previews_show(EdtPreviews *p, const float *estimates, int step, double step_seconds,
                           GError **error)
{
    if (!edt_previews_wanted(p))
        return TRUE;
    if (p->painter && (p->request->every_preview || edt_previews_due(p, step_seconds)))
        return show_painted(p, estimates, step, error);
    if (!p->painted &&
        (!p->painter || edt_preview_knows(p->engine->info->latents, p->engine->info->channels)))
        show_plain(p, estimates, step);
    return TRUE;
}
