/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From noise to latents, step by step; see run.h.  Read model/model.c for the network,
 * sample/sampler.c for a step.
 */
#include "run.h"
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

static void carve(EdtRun *run, EdtArena *host, EdtArena *device)
{
    gsize B = (gsize)run->B, N = (gsize)run->N, f32 = sizeof(float),
          rows = (gsize)modulation_rows(run);
    run->random = edt_arena_take(host, B * sizeof(EdtRandom));
    run->x = edt_arena_take(host, B * run->count * f32);
    run->denoised = edt_arena_take(host, B * run->count * f32);
    run->previous = edt_arena_take(host, B * run->count * f32);
    run->noise = edt_arena_take(host, run->count * f32);
    run->doubled = edt_arena_take(host, N * run->count * f32);
    run->out = edt_arena_take(host, N * (gsize)(run->C_out * run->hw) * f32);
    run->preview = edt_arena_take(host, (gsize)run->hw * 4);
    run->class_of_slot = edt_arena_take(host, (B + 1) * sizeof(int));
    run->slot = edt_arena_take(host, N * sizeof(int));
    run->row = edt_arena_take(host, N * sizeof(int));
    run->row_label = edt_arena_take(host, rows * sizeof(int));
    run->row_timestep = edt_arena_take(host, rows * f32);
    run->device_x = edt_arena_take(device, N * run->count * f32);
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
    return TRUE;
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
    gsize row = edt_model_workspace(run->engine->model, run->N, 2) -
                edt_model_workspace(run->engine->model, run->N, 1);
    gsize rows = MAX(MODULATION_BYTES / MAX(row, 1), 1);
    return (int)CLAMP(rows / (gsize)run->classes, 1, (gsize)run->request->steps);
}

gboolean edt_run_prepare(EdtRun *run, GError **error)
{
    EdtEngine *engine = run->engine;
    const EdtVariant *v = edt_model_variant(engine->model);
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
    if (!plan_memory(run, error))
        return FALSE;
    assign_slots(run);
    edt_model_set_amm(engine->model, &amm);
    return edt_model_prepare(engine->model, run->N, modulation_rows(run), error);
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
    edt_model_modulate(run->engine->model, modulation_rows(run), run->row_timestep, run->row_label);
}

static gboolean predict(EdtRun *run, int s, GError **error)
{
    EdtEngine *engine = run->engine;
    const EdtBackend *b = engine->backend;
    gsize bytes = (gsize)run->B * run->count * sizeof(float);

    modulate(run, s);
    for (int i = 0; i < run->N; i++)
        run->row[i] = (run->slice_first - s) * run->classes + run->slot[i];
    memcpy(run->doubled, run->x, bytes); /* both halves see the same x (forward_with_cfg) */
    if (run->guided)
        memcpy(run->doubled + (gsize)run->B * run->count, run->x, bytes);
    b->upload(engine->dev, run->device_x, run->doubled, (gsize)run->N * run->count * sizeof(float));
    edt_model_forward(engine->model, run->N, run->device_x, run->row, run->device_out);
    if (run->guided)
        b->guide(engine->dev, run->N, run->C_out, engine->info->guided_channels, run->hw,
                 (float)run->request->cfg_scale, run->device_out);
    b->download(engine->dev, run->out, run->device_out,
                (gsize)run->B * (gsize)(run->C_out * run->hw) * sizeof(float));
    return b->sync(engine->dev, error);
}

/* The official loop draws noise for the doubled batch at every step and uses the first half. */
static void draw(EdtRun *run, int i)
{
    edt_random_normal(&run->random[i], run->noise, run->count);
    if (run->guided)
        edt_random_skip_normal(&run->random[i], run->count);
}

static void advance(EdtRun *run, int s)
{
    for (int i = 0; i < run->B; i++) {
        gsize at = (gsize)i * run->count;
        if (edt_sampling_draws(&run->sampling))
            draw(run, i);
        edt_sampling_step(&run->sampling, s, run->C, run->hw,
                          run->out + (gsize)i * (gsize)(run->C_out * run->hw), run->noise,
                          run->x + at, run->denoised + at, run->previous + at);
    }
}

static void show(EdtRun *run, int step)
{
    const EdtModelInfo *info = run->engine->info;
    if (!run->request->want_previews || !run->callbacks || !run->callbacks->preview)
        return;
    for (int i = 0; i < run->B; i++) {
        const float *denoised = run->denoised + (gsize)i * run->count;
        if (info->needs_vae)
            edt_preview_latent(denoised, run->hw, run->preview);
        else
            edt_preview_rgba(denoised, run->hw, run->preview);
        run->callbacks->preview(
            &(EdtPreview){
                .item = run->first + i,
                .step = step,
                .steps = run->request->steps,
                .width = info->latent_size,
                .height = info->latent_size,
                .channels = info->needs_vae ? 3 : 4,
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

/* Noise to latents.  *steps_done tells how far it came. */
gboolean edt_run_sample(EdtRun *run, int *steps_done, EdtVerdict *verdict, GError **error)
{
    int S = run->request->steps;

    for (int i = 0; i < run->B; i++) {
        float *x = run->x + (gsize)i * run->count;
        edt_random_seed(&run->random[i], run->request->items[run->first + i].seed);
        edt_random_normal(&run->random[i], x, run->count);
        if (run->request->init_latent) /* replaces z; the draws of the steps stay the same */
            memcpy(x, run->request->init_latent + (gsize)(run->first + i) * run->count,
                   run->count * sizeof(float));
    }
    *verdict = edt_run_tell(run, EDT_PHASE_SAMPLING, 0, 0);
    for (int s = S - 1; s >= 0 && *verdict == EDT_CONTINUE; s--) {
        double since = now();
        if (!predict(run, s, error))
            return FALSE;
        advance(run, s);
        *steps_done = S - s;
        show(run, *steps_done);
        *verdict = edt_run_tell(run, EDT_PHASE_SAMPLING, *steps_done, now() - since);
    }
    return TRUE;
}
