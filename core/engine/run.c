/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From noise to latents, step by step; see run.h.  The loop of the steps is edt_run_sample(); read
 * sample/step.c for a step, then network/walk.c and sample/sampler.c.
 */
#include "engine/run.h"
#include "network/layers.h"
#include "base/arena.h"

#include <string.h>

static double now(void)
{
    return (double)g_get_monotonic_time() * 1e-6;
}

/* ---- memory ---- */

static gsize latents_bytes(const EdtRun *run)
{
    return (gsize)run->B * run->count * sizeof(float);
}

static void carve(EdtRun *run, EdtArena *host, EdtArena *device)
{
    run->random = edt_arena_take(host, (gsize)run->B * sizeof(EdtRandom));
    run->latents = edt_arena_take(host, latents_bytes(run));
    run->previews.pixels = edt_arena_take(host, edt_previews_bytes(&run->previews));
    edt_conditions_carve(&run->conditions, host);
    edt_step_carve(&run->step, host, device);
}

static gboolean plan_memory(EdtRun *run, GError **error)
{
    EdtArena host = {0}, device = {0};
    carve(run, &host, &device);
    if (!edt_engine_need(run->engine, host.used, device.used, error))
        return FALSE;
    host = (EdtArena){.base = run->engine->work};
    device = (EdtArena){.base = (guint8 *)run->engine->device_work};
    carve(run, &host, &device);
    return TRUE;
}

static gboolean prepare_previews(EdtRun *run, GError **error)
{
    const EdtVariant *v = edt_network_variant(run->engine->model);
    const guint64 samples = (guint64)edt_step_samples(&run->step);

    run->previews = (EdtPreviews){
        .engine = run->engine,
        .request = run->request,
        .callbacks = run->callbacks,
        .user_data = run->user_data,
        .first = run->first,
        .B = run->B,
    };
    return edt_previews_prepare(&run->previews, edt_variant_macs(v) * samples, error);
}

/* Where guidance has an interval, steps outside it are of half as many samples. */
static gboolean prepare_alone(const EdtRun *run, GError **error)
{
    const EdtSpan interval = run->sampling.interval;
    return !run->step.guided || (interval.from <= 0 && interval.to >= 1) ||
           edt_network_prepare(run->engine->model, run->B, edt_conditions_rows(&run->conditions),
                               error);
}

gboolean edt_run_prepare(EdtRun *run, GError **error)
{
    EdtEngine *engine = run->engine;
    const EdtRequest *request = run->request;
    const EdtVariant *v = edt_network_variant(engine->model);
    const gboolean guided = request->cfg_scale != 1.0;

    run->step = (EdtStep){
        .network = engine->model,
        .backend = engine->backend,
        .dev = engine->dev,
        .amm = edt_amm_plan(v, request->amm, request->cfg_scale),
        .pictures = run->B,
        .C = v->channels,
        .C_out = v->out_channels,
        .hw = v->latent_size * v->latent_size,
        .guided = guided ? engine->info->guided_channels : 0,
    };
    run->count = (gsize)(run->step.C * run->step.hw);
    edt_conditions_plan(&run->conditions, engine->model, run->sampling.schedule,
                        request->items + run->first, run->B, guided);
    if (!prepare_previews(run, error) || !plan_memory(run, error))
        return FALSE;
    edt_conditions_assign(&run->conditions);
    return prepare_alone(run, error) &&
           edt_network_prepare(engine->model, edt_step_samples(&run->step),
                               edt_conditions_rows(&run->conditions), error);
}

/* ---- one step ---- */

/* The official loop draws noise for the doubled batch at every step and uses the first half. */
static void draw(EdtRun *run)
{
    for (int i = 0; i < run->B && edt_sampling_draws(&run->sampling); i++) {
        float *noise = run->step.host.noise + (gsize)i * run->count;
        edt_random_normal(&run->random[i], noise, run->count);
        if (run->step.guided)
            edt_random_skip_normal(&run->random[i], run->count);
    }
}

static void launch(EdtRun *run, int s)
{
    run->since = now();
    edt_conditions_at(&run->conditions, s, run->step.host.row);
    *run->step.host.how = edt_sampling_coefficients(&run->sampling, s);
    run->step.alone = run->step.guided && !edt_sampling_guides(&run->sampling, s);
    edt_step_take(&run->step);
}

/* Waits for the step, and meanwhile draws the next one's noise. */
static gboolean complete(EdtRun *run, int s, GError **error)
{
    EdtEngine *engine = run->engine;

    if (edt_previews_wanted(&run->previews))
        run->estimates = engine->backend->peek(engine->dev, run->step.denoised, latents_bytes(run));
    if (s > 0)
        draw(run);
    return engine->backend->sync(engine->dev, error);
}

EdtVerdict edt_run_tell(const EdtRun *run, EdtPhase phase, int step, double seconds)
{
    if (!run->callbacks || !run->callbacks->progress)
        return EDT_CONTINUE;
    EdtProgress progress = {
        .phase = phase,
        .first_item = run->first,
        .n_items = run->B,
        .total_items = run->request->n_items,
        .step = step,
        .steps = run->request->steps,
        .step_seconds = seconds,
    };
    return run->callbacks->progress(&progress, run->user_data);
}

/* The initial noise, to both halves of the batch (forward_with_cfg). */
static void start(EdtRun *run)
{
    const EdtEngine *engine = run->engine;
    const int samples = edt_step_samples(&run->step);

    for (int i = 0; i < run->B; i++) {
        float *latent = run->latents + (gsize)i * run->count;
        edt_random_seed(&run->random[i], run->request->items[run->first + i].seed);
        edt_random_normal(&run->random[i], latent, run->count);
        if (run->request->init_latent) /* replaces z; the draws of the steps stay the same */
            memcpy(latent, run->request->init_latent + (gsize)(run->first + i) * run->count,
                   run->count * sizeof(float));
    }
    for (int i = 0; i < samples; i += run->B)
        engine->backend->upload(engine->dev, run->step.x + (gsize)i * run->count, run->latents,
                                latents_bytes(run));
    draw(run);
}

/* After step s: tells, and goes on to the next one if nobody objects.  A device that works by
 * itself does so before the preview is made, which then costs it no time. */
static gboolean go_on(EdtRun *run, int s, EdtVerdict *verdict, GError **error)
{
    const int done = run->request->steps - s;
    const gboolean ahead = run->engine->backend->asynchronous;
    const double seconds = now() - run->since;

    if (!ahead && !edt_previews_show(&run->previews, run->estimates, done, seconds, error))
        return FALSE;
    *verdict = edt_run_tell(run, EDT_PHASE_SAMPLING, done, seconds);
    if (*verdict == EDT_CONTINUE && s > 0)
        launch(run, s - 1);
    return !ahead || *verdict == EDT_STOP_DISCARD ||
           edt_previews_show(&run->previews, run->estimates, done, seconds, error);
}

/* Noise to latents.  *steps_done tells how far it came. */
gboolean edt_run_sample(EdtRun *run, int *steps_done, EdtVerdict *verdict, GError **error)
{
    const EdtEngine *engine = run->engine;
    const int S = run->request->steps;

    start(run);
    *verdict = edt_run_tell(run, EDT_PHASE_SAMPLING, 0, 0);
    if (*verdict != EDT_CONTINUE)
        return engine->backend->sync(engine->dev, error);
    launch(run, S - 1);
    for (int s = S - 1; s >= 0 && *verdict == EDT_CONTINUE; s--) {
        if (!complete(run, s, error))
            return FALSE;
        *steps_done = S - s;
        if (!go_on(run, s, verdict, error))
            return FALSE;
    }
    /* stopped early: the estimate of the picture, not the half-noisy sample */
    engine->backend->download(engine->dev, run->latents,
                              *steps_done < S ? run->step.denoised : run->step.x,
                              latents_bytes(run));
    return engine->backend->sync(engine->dev, error);
}
