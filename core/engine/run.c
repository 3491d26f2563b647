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

static gsize weights_bytes(const EdtRun *run)
{
    return (gsize)(run->B * (1 + run->step.more)) * sizeof(float);
}

static void carve(EdtRun *run, EdtArena *host, EdtArena *device)
{
    edt_noise_carve(&run->noise, host);
    run->latents = edt_arena_take(host, latents_bytes(run));
    run->weights = edt_arena_take(host, weights_bytes(run));
    edt_easel_carve(&run->easel, host);
    edt_mould_carve(&run->mould, host);
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
    const EdtVariant *v = edt_network_variant(run->engine->network);
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
           edt_network_prepare(run->engine->network, run->B * (1 + run->step.more),
                               edt_conditions_rows(&run->conditions), error);
}

static int careful_steps(const EdtRun *run)
{
    return run->easel.careful ? (int)(EDT_CAREFUL_SHARE * run->request->steps) : 0;
}

static void plan_step(EdtRun *run)
{
    const EdtEngine *engine = run->engine;
    const EdtVariant *v = edt_network_variant(engine->network);
    const EdtRequest *request = run->request;

    run->step = (EdtStep){
        .network = engine->network,
        .backend = engine->backend,
        .dev = engine->dev,
        .amm = edt_amm_plan(v, request->amm, request->cfg_scale),
        .pictures = run->B,
        .C = v->channels,
        .C_out = v->out_channels,
        .hw = v->latent_size * v->latent_size,
        .guided = request->cfg_scale != 1.0 ? engine->info->guided_channels : 0,
        .more = edt_conditions_more(&request->items[run->first]),
        .keeps = run->easel.keeps,
        .shapes = run->easel.shapes,
        .returns = run->easel.careful,
        .looks_back = edt_sampling_looks_back(&run->sampling),
    };
    run->count = (gsize)(run->step.C * run->step.hw);
}

gboolean edt_run_prepare(EdtRun *run, GError **error)
{
    EdtEngine *engine = run->engine;
    const EdtItem *items = run->request->items + run->first;

    edt_easel_plan(&run->easel, engine, items, run->B);
    run->sampling.keeps = run->easel.keeps;
    run->sampling.shapes = run->easel.shapes;
    run->sampling.careful = careful_steps(run);
    plan_step(run);
    run->mould = (EdtMould){.easel = &run->easel, .step = &run->step};
    edt_noise_plan(&run->noise, items, run->B, run->count);
    edt_conditions_plan(&run->conditions, engine->network, run->sampling.schedule, items, run->B,
                        run->step.more, run->request->cfg_scale != 1.0);
    if (!prepare_previews(run, error) || !plan_memory(run, error))
        return FALSE;
    edt_conditions_assign(&run->conditions);
    return prepare_alone(run, error) && edt_easel_load(&run->easel, error) &&
           edt_network_prepare(engine->network, edt_step_samples(&run->step),
                               edt_conditions_rows(&run->conditions), error);
}

/* ---- one step ---- */

/* A careful run goes its first steps several times.  So a run is a number of rounds, each of which
 * is one forward of the network. */
typedef struct {
    int s, times;               /* of S-1 .. 0, which is gone so often */
    gboolean repeated, returns; /* it was gone before; it will be gone again */
} Round;

static int count_rounds(const EdtRun *run)
{
    return run->request->steps + (EDT_CAREFUL_TIMES - 1) * run->sampling.careful;
}

static Round round_at(const EdtRun *run, int r)
{
    const int S = run->request->steps, careful = run->sampling.careful;
    const int times = EDT_CAREFUL_TIMES, turn = r % times;

    if (r >= times * careful)
        return (Round){S - 1 - careful - (r - times * careful), 1, FALSE, FALSE};
    return (Round){S - 1 - r / times, times, turn > 0, turn < times - 1};
}

/* The official loop draws noise for the doubled batch at every step and uses the first half. */
static void draw(EdtRun *run, int r)
{
    for (int i = 0; i < run->B; i++) {
        const gsize at = (gsize)i * run->count;
        if (edt_sampling_draws(&run->sampling))
            edt_noise_draw(&run->noise, i, run->step.guided, run->step.host.noise + at);
        if (round_at(run, r).returns)
            edt_noise_draw(&run->noise, i, FALSE, run->step.host.again + at);
    }
}

/* Whether a round does without what the inner stages had for the one before it: it does not go on
 * from there, or is where they change fast. */
static gboolean is_anew(const EdtRun *run, const Round *round)
{
    const int below = (int)(EDT_REUSE_BELOW * EDT_TIMESTEPS);
    return round->repeated || run->sampling.schedule->timestep[round->s] >= below ||
           edt_conditions_turn_at(&run->conditions, round->s);
}

static void launch(EdtRun *run, int r)
{
    const Round round = round_at(run, r);

    run->since = now();
    edt_conditions_at(&run->conditions, round.s, run->step.host.row);
    *run->step.host.how =
        edt_sampling_round(&run->sampling, round.s, round.repeated, round.returns);
    run->step.alone = run->step.guided && !edt_sampling_guides(&run->sampling, round.s);
    run->step.reuses =
        edt_reuse_next(&run->reuse, edt_step_active(&run->step), is_anew(run, &round));
    edt_step_take(&run->step);
}

static gboolean estimates_wanted(const EdtRun *run)
{
    return edt_previews_wanted(&run->previews) || (run->callbacks && run->callbacks->estimate);
}

/* Waits for the round, and meanwhile draws the next one's noise. */
static gboolean complete(EdtRun *run, int r, GError **error)
{
    EdtEngine *engine = run->engine;

    if (run->easel.moulds && r + 1 < count_rounds(run) && !edt_mould_hold(&run->mould, error))
        return FALSE;
    if (estimates_wanted(run))
        run->estimates = engine->backend->peek(engine->dev, run->step.denoised, latents_bytes(run));
    if (r + 1 < count_rounds(run))
        draw(run, r + 1);
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

/* The first class of a mix has what the others leave. */
static void send_weights(const EdtRun *run)
{
    const EdtItem *items = run->request->items + run->first;
    const int more = run->step.more;

    for (int i = 0; i < run->B; i++) {
        double rest = 1;
        for (int k = 0; k < more; k++) {
            run->weights[i * (more + 1) + k + 1] = (float)items[i].mix.of[k].weight;
            rest -= items[i].mix.of[k].weight;
        }
        run->weights[i * (more + 1)] = (float)MAX(rest, 0);
    }
    if (more)
        run->engine->backend->upload(run->engine->dev, run->step.weight, run->weights,
                                     weights_bytes(run));
}

/* What stays the same for all steps; latents hold the noise. */
static void send_canvas(const EdtRun *run)
{
    const EdtBackend *b = run->engine->backend;
    EdtDevice *dev = run->engine->dev;

    send_weights(run);
    if (run->step.mask)
        b->upload(dev, run->step.mask, run->easel.mask,
                  (gsize)(run->B * run->step.hw) * sizeof(float));
    if (!run->step.source)
        return;
    b->upload(dev, run->step.source, run->easel.source, latents_bytes(run));
    b->upload(dev, run->step.z, run->latents, latents_bytes(run));
}

/* What the steps begin with. */
static void start(EdtRun *run)
{
    const float *instead = run->request->init_latent; /* of z; the steps draw what they always do */

    for (int i = 0; i < run->B; i++)
        edt_noise_begin(&run->noise, i,
                        instead ? instead + (gsize)(run->first + i) * run->count : NULL,
                        run->latents + (gsize)i * run->count);
    send_canvas(run);
    edt_easel_begin(&run->easel, run->sampling.schedule, run->latents);
    edt_step_place(&run->step, run->latents);
    draw(run, 0);
}

/* Steps that are done when round r is. */
static int steps_done(const EdtRun *run, int r)
{
    const Round round = round_at(run, r);
    return run->request->steps - round.s - (round.returns ? 1 : 0);
}

static void tell_estimates(const EdtRun *run, int step)
{
    for (int i = 0; i < run->B && run->callbacks && run->callbacks->estimate; i++)
        run->callbacks->estimate(
            &(EdtEstimate){
                .item = run->first + i,
                .step = step,
                .steps = run->request->steps,
                .latent = run->estimates + (gsize)i * run->count,
            },
            run->user_data);
}

static gboolean show(EdtRun *run, int r, double seconds, GError **error)
{
    if (round_at(run, r).returns)
        return TRUE;
    tell_estimates(run, steps_done(run, r));
    return edt_previews_show(&run->previews, run->estimates, steps_done(run, r), seconds, error);
}

/* After the first round, so that nobody waits for it to see something: a decoder that cannot be had
 * says so before hours of sampling. */
static gboolean need_decoder(const EdtRun *run, int r, GError **error)
{
    const EdtRequest *request = run->request;
    return r > 0 || request->latent_only || !run->engine->info->needs_vae ||
           edt_engine_decoder(run->engine, request->vae, error);
}

/* After round r: tells, and goes on to the next one if nobody objects.  A device that works by
 * itself does so before the preview is made, which then costs it no time. */
static gboolean go_on(EdtRun *run, int r, EdtVerdict *verdict, GError **error)
{
    const gboolean ahead = run->engine->backend->asynchronous;
    const double seconds = (now() - run->since) * round_at(run, r).times;

    if (!ahead && !(show(run, r, seconds, error) && need_decoder(run, r, error)))
        return FALSE;
    *verdict = edt_run_tell(run, EDT_PHASE_SAMPLING, steps_done(run, r), seconds);
    if (*verdict == EDT_CONTINUE && r + 1 < count_rounds(run))
        launch(run, r + 1);
    return !ahead || *verdict == EDT_STOP_DISCARD ||
           (show(run, r, seconds, error) && need_decoder(run, r, error));
}

/* Noise to latents.  *done tells how many steps it came. */
gboolean edt_run_sample(EdtRun *run, int *done, EdtVerdict *verdict, GError **error)
{
    const EdtEngine *engine = run->engine;

    start(run);
    run->reuse = (EdtReuse){.every = engine->info->has_inner ? run->request->reuse : 1};
    *verdict = edt_run_tell(run, EDT_PHASE_SAMPLING, 0, 0);
    if (*verdict != EDT_CONTINUE)
        return engine->backend->sync(engine->dev, error);
    launch(run, 0);
    for (int r = 0; r < count_rounds(run) && *verdict == EDT_CONTINUE; r++) {
        if (!complete(run, r, error))
            return FALSE;
        *done = steps_done(run, r);
        if (!go_on(run, r, verdict, error))
            return FALSE;
    }
    /* stopped early: the estimate of the picture, not the half-noisy sample */
    engine->backend->download(engine->dev, run->latents,
                              *done < run->request->steps ? run->step.denoised : run->step.x,
                              latents_bytes(run));
    return engine->backend->sync(engine->dev, error);
}
