/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From noise to latents, step by step; see run.h.  Read network/network.c for the network,
 * sample/sampler.c for a step.
 */
#include "engine/run.h"
#include "base/arena.h"
#include "sample/preview.h"

#include <string.h>

#define MODULATION_BYTES (48u << 20) /* modulation rows of one slice of steps */

static double now(void)
{
    return (double)g_get_monotonic_time() * 1e-6;
}

/* ---- memory ---- */

static int modulation_rows(const EdtRun *run)
{
    return run->slice * run->classes;
}

/* Coefficients and noise travel together; the noise begins at a line of its own. */
#define HOW_BYTES ((sizeof(EdtStepCoefficients) + 63) / 64 * 64)

static void carve(EdtRun *run, EdtArena *host, EdtArena *device)
{
    gsize B = (gsize)run->B, N = (gsize)run->N, f32 = sizeof(float),
          rows = (gsize)modulation_rows(run), latents = B * run->count * f32;
    EdtSamplerStep *sampler = &run->tail.sampler;
    run->random = edt_arena_take(host, B * sizeof(EdtRandom));
    run->how = edt_arena_take(host, HOW_BYTES + latents);
    run->latents = edt_arena_take(host, latents);
    run->preview = edt_arena_take(host, (gsize)run->hw * 4);
    run->class_of_slot = edt_arena_take(host, (B + 1) * sizeof(int));
    run->slot = edt_arena_take(host, N * sizeof(int));
    run->row = edt_arena_take(host, N * sizeof(int));
    run->row_label = edt_arena_take(host, rows * sizeof(int));
    run->row_timestep = edt_arena_take(host, rows * f32);
    sampler->x = edt_arena_take(device, N * run->count * f32);
    sampler->denoised = edt_arena_take(device, latents);
    run->device_how = edt_arena_take(device, HOW_BYTES + latents);
    run->device_out = edt_arena_take(device, N * (gsize)(run->C_out * run->hw) * f32);
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
    run->noise = (float *)((char *)run->how + HOW_BYTES);
    return TRUE;
}

/* What follows the network in a step; x and denoised are carved already. */
static void plan_tail(EdtRun *run)
{
    EdtSamplerStep *sampler = &run->tail.sampler;
    run->tail.guided = run->guided ? run->engine->info->guided_channels : 0;
    run->tail.guidance = (float)run->request->cfg_scale;
    sampler->N = run->B;
    sampler->C = run->C;
    sampler->C_out = run->C_out;
    sampler->hw = run->hw;
    sampler->twice = run->guided;
    sampler->how = run->device_how;
    sampler->out = run->device_out;
    sampler->noise = (float *)((char *)run->device_how + HOW_BYTES);
}

/* Distinct classes of the batch; under guidance the null class is one of them. */
static int count_classes(const EdtRun *run)
{
    const EdtItem *items = run->request->items + run->first;
    int distinct = 0;
    gboolean null = run->guided;
    for (int i = 0; i < run->B; i++) {
        gboolean seen = FALSE;
        for (int k = 0; k < i && !seen; k++)
            seen = items[k].class_index == items[i].class_index;
        distinct += !seen;
        null = null && items[i].class_index != run->engine->info->n_classes;
    }
    return distinct + null;
}

static int slot_for(EdtRun *run, int *used, int class_index)
{
    for (int k = 0; k < *used; k++)
        if (run->class_of_slot[k] == class_index)
            return k;
    run->class_of_slot[*used] = class_index;
    return (*used)++;
}

static void assign_slots(EdtRun *run)
{
    int used = 0;
    for (int i = 0; i < run->B; i++)
        run->slot[i] = slot_for(run, &used, run->request->items[run->first + i].class_index);
    for (int i = run->B; i < run->N; i++)
        run->slot[i] = slot_for(run, &used, run->engine->info->n_classes);
}

/* Steps whose modulations are computed together: all of them, unless memory says otherwise. */
static int choose_slice(const EdtRun *run)
{
    gsize row = edt_network_workspace(run->engine->model, run->N, 2) -
                edt_network_workspace(run->engine->model, run->N, 1);
    gsize rows = MAX(MODULATION_BYTES / MAX(row, 1), 1);
    return (int)CLAMP(rows / (gsize)run->classes, 1, (gsize)run->request->steps);
}

gboolean edt_run_prepare(EdtRun *run, GError **error)
{
    EdtEngine *engine = run->engine;
    const EdtVariant *v = edt_network_variant(engine->model);
    EdtAmmPlan amm = edt_amm_plan(v, run->request->amm, run->request->cfg_scale);

    run->guided = run->request->cfg_scale != 1.0;
    run->N = run->guided ? 2 * run->B : run->B;
    run->C = v->channels;
    run->C_out = v->out_channels;
    run->hw = v->latent_size * v->latent_size;
    run->count = (gsize)(run->C * run->hw);
    run->classes = count_classes(run);
    run->slice = choose_slice(run);
    run->slice_first = G_MAXINT; /* no slice yet */
    memset(&run->tail, 0, sizeof run->tail);
    if (!plan_memory(run, error))
        return FALSE;
    plan_tail(run);
    assign_slots(run);
    edt_network_set_amm(engine->model, &amm);
    return edt_network_prepare(engine->model, run->N, modulation_rows(run), error);
}

/* ---- one step ---- */

/* Modulations for the slice of steps that holds s (steps run from S-1 down). */
static void modulate(EdtRun *run, int s)
{
    const EdtNoiseSchedule *schedule = run->sampling.schedule;
    if (s <= run->slice_first && s > run->slice_first - run->slice)
        return;
    run->slice_first = s;
    for (int i = 0; i < run->slice; i++) {
        int step = MAX(s - i, 0); /* a last slice that is too long repeats step 0 */
        for (int k = 0; k < run->classes; k++) {
            run->row_timestep[i * run->classes + k] = (float)schedule->timestep[step];
            run->row_label[i * run->classes + k] = run->class_of_slot[k];
        }
    }
    edt_network_modulate(run->engine->model, modulation_rows(run), run->row_timestep,
                         run->row_label);
}

/* The official loop draws noise for the doubled batch at every step and uses the first half. */
static void draw(EdtRun *run)
{
    for (int i = 0; i < run->B && edt_sampling_draws(&run->sampling); i++) {
        edt_random_normal(&run->random[i], run->noise + (gsize)i * run->count, run->count);
        if (run->guided)
            edt_random_skip_normal(&run->random[i], run->count);
    }
}

static gsize latents_bytes(const EdtRun *run)
{
    return (gsize)run->B * run->count * sizeof(float);
}

/* The step goes to the device: only what differs from the last one is sent. */
static void launch(EdtRun *run, int s)
{
    EdtEngine *engine = run->engine;

    run->since = now();
    modulate(run, s);
    for (int i = 0; i < run->N; i++)
        run->row[i] = (run->slice_first - s) * run->classes + run->slot[i];
    *run->how = edt_sampling_coefficients(&run->sampling, s);
    engine->backend->upload(engine->dev, run->device_how, run->how,
                            run->how->flags & EDT_STEP_DRAWS ? HOW_BYTES + latents_bytes(run)
                                                             : sizeof *run->how);
    edt_network_step(engine->model, run->N, run->row, run->device_out, &run->tail);
}

static gboolean shows(const EdtRun *run)
{
    const EdtModelInfo *info = run->engine->info;
    gboolean drawable =
        !info->needs_vae || info->channels == 4; /* the latents with known colours */
    return drawable && run->request->want_previews && run->callbacks && run->callbacks->preview;
}

/* Waits for the step, and meanwhile draws the next one's noise. */
static gboolean complete(EdtRun *run, int s, GError **error)
{
    EdtEngine *engine = run->engine;

    if (shows(run))
        run->estimates =
            engine->backend->peek(engine->dev, run->tail.sampler.denoised, latents_bytes(run));
    if (s > 0)
        draw(run);
    return engine->backend->sync(engine->dev, error);
}

static void show(EdtRun *run, int step)
{
    const EdtModelInfo *info = run->engine->info;
    for (int i = 0; i < run->B && shows(run); i++) {
        const float *denoised = run->estimates + (gsize)i * run->count;
        if (info->needs_vae)
            edt_preview_latent(denoised, run->hw, run->preview);
        else
            edt_preview_pixels(denoised, info->channels, run->hw, run->preview);
        run->callbacks->preview(
            &(EdtPreview){
                .item = run->first + i,
                .step = step,
                .steps = run->request->steps,
                .width = info->latent_size,
                .height = info->latent_size,
                .channels = info->has_alpha ? 4 : 3,
                .pixels = run->preview,
            },
            run->user_data);
    }
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
    float *x = run->tail.sampler.x;

    for (int i = 0; i < run->B; i++) {
        float *latent = run->latents + (gsize)i * run->count;
        edt_random_seed(&run->random[i], run->request->items[run->first + i].seed);
        edt_random_normal(&run->random[i], latent, run->count);
        if (run->request->init_latent) /* replaces z; the draws of the steps stay the same */
            memcpy(latent, run->request->init_latent + (gsize)(run->first + i) * run->count,
                   run->count * sizeof(float));
    }
    for (int half = 0; half < run->N / run->B; half++)
        engine->backend->upload(engine->dev, x + (gsize)(half * run->B) * run->count, run->latents,
                                latents_bytes(run));
    draw(run);
}

/* After step s: tells, and goes on to the next one if nobody objects.  A device that works by
 * itself does so before the preview is made, which then costs it no time. */
static EdtVerdict go_on(EdtRun *run, int s)
{
    const int done = run->request->steps - s;
    const gboolean ahead = run->engine->backend->asynchronous;
    EdtVerdict verdict;

    if (!ahead)
        show(run, done);
    verdict = edt_run_tell(run, EDT_PHASE_SAMPLING, done, now() - run->since);
    if (verdict == EDT_CONTINUE && s > 0)
        launch(run, s - 1);
    if (ahead && verdict != EDT_STOP_DISCARD)
        show(run, done);
    return verdict;
}

/* Noise to latents.  *steps_done tells how far it came. */
gboolean edt_run_sample(EdtRun *run, int *steps_done, EdtVerdict *verdict, GError **error)
{
    const EdtEngine *engine = run->engine;
    const EdtSamplerStep *sampler = &run->tail.sampler;
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
        *verdict = go_on(run, s);
    }
    /* stopped early: the estimate of the picture, not the half-noisy sample */
    engine->backend->download(engine->dev, run->latents,
                              *steps_done < S ? sampler->denoised : sampler->x, latents_bytes(run));
    return engine->backend->sync(engine->dev, error);
}
