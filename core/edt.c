/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The journey on one page: a request becomes noise, the noise goes through the reverse steps, the
 * latent becomes pixels.  Memory is planned before the first step; no step allocates.
 * Read model/model.c for the network, sample/sampler.c for a step, vae/ for the pixels.
 */
#include "base/arena.h"
#include "base/memory.h"
#include "base/threads.h"
#include "engine.h"
#include "sample/preview.h"
#include "sample/random.h"
#include "sample/sampler.h"

#include <math.h>
#include <string.h>

#define BATCH_MAX 8                      /* pictures in one forward unless asked for more */
#define STEPS_MAX 1000
#define MODULATION_BYTES (48u << 20)     /* modulation rows of one slice of steps */

/* One batch on its way. */
typedef struct {
    EdtEngine *engine;
    const EdtRequest *request;
    const EdtCallbacks *callbacks;
    gpointer user_data;
    EdtSampling sampling;
    int first, B;           /* items first .. first+B-1 of the request */
    int N;                  /* samples of a forward: B, or 2B under guidance */
    gboolean guided;
    int C, C_out, hw;
    gsize count;            /* C * hw */

    /* modulation rows: one per (step of the slice, distinct class) */
    int classes;            /* distinct classes, the null class among them */
    int slice, slice_first; /* steps in a slice; step index the current slice begins at */
    int *class_of_slot, *slot, *row, *row_label;
    float *row_timestep;

    /* host */
    EdtRandom *random;      /* [B] */
    float *x, *denoised;    /* [B, C, hw] */
    float *previous;        /* [B, C, hw] dpm++2m */
    float *noise;           /* [C, hw] */
    float *doubled;         /* [N, C, hw] */
    float *out;             /* [N, C_out, hw] */
    guint8 *preview;        /* [hw, 4] */
    /* device */
    float *device_x, *device_out;
} Run;

static double now(void)
{
    return (double)g_get_monotonic_time() * 1e-6;
}

/* ---- request ---- */

void edt_request_init(EdtRequest *request, const EdtEngine *engine)
{
    *request = (EdtRequest){
        .steps = 25,
        .sampler = EDT_SAMPLER_DPMPP_2M,
        .cfg_scale = 4.0,
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

static gboolean check(const EdtEngine *engine, const EdtRequest *request, GError **error)
{
    const EdtModelInfo *info = engine->info;
    if (request->n_items < 1 || request->items == NULL)
        return wrong(error, "There is nothing to make: ask for at least one picture.");
    if (request->steps < 1 || request->steps > STEPS_MAX)
        return wrong(error, "Steps must be from 1 to %d, not %d.", STEPS_MAX, request->steps);
    if (!isfinite(request->cfg_scale) || fabs(request->cfg_scale) > 1000)
        return wrong(error, "Guidance (cfg scale) must be a number from -1000 to 1000.");
    if (!(request->eta >= 0 && request->eta <= 1))
        return wrong(error, "Eta must be from 0 to 1, not %g.", request->eta);
    if ((int)request->sampler < 0 || request->sampler > EDT_SAMPLER_DPMPP_2M ||
        (int)request->amm < 0 || request->amm > EDT_AMM_AUTO)
        return wrong(error, "The request names an unknown sampler or AMM mode.");
    for (int i = 0; i < request->n_items; i++)
        if (request->items[i].class_index < 0 || request->items[i].class_index > info->n_classes)
            return wrong(error, "There is no class %d: “%s” has classes 0 to %d.",
                         request->items[i].class_index, info->path, info->n_classes - 1);
    if (info->needs_vae && !info->has_vae && !request->latent_only)
        return wrong(error,
                     "“%s” has no VAE, so it makes latents only. Import the checkpoint together "
                     "with a VAE (edt import CHECKPOINT --vae FILE), or ask for latents.",
                     info->path);
    return TRUE;
}

/* As many pictures in a forward as memory allows, BATCH_MAX at most. */
static int choose_batch(const EdtEngine *engine, const EdtRequest *request)
{
    int batch = MIN(request->n_items, BATCH_MAX);
    guint64 there = edt_memory_available();
    /* the weights are loaded already: what counts is the difference to them */
    guint64 one = edt_memory_forecast(engine->info, &engine->wish, 1);
    while (there && batch > 1 &&
           edt_memory_forecast(engine->info, &engine->wish, batch) - one > there / 2)
        batch--;
    return batch;
}

/* ---- memory ---- */

static int modulation_rows(const Run *run)
{
    return run->slice * run->classes;
}

static void carve(Run *run, EdtArena *host, EdtArena *device)
{
    gsize B = (gsize)run->B, N = (gsize)run->N, f32 = sizeof(float), rows = (gsize)modulation_rows(run);
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

static gboolean plan_memory(Run *run, GError **error)
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
static int count_classes(const Run *run)
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

static int slot_for(Run *run, int *used, int class_index)
{
    for (int k = 0; k < *used; k++)
        if (run->class_of_slot[k] == class_index)
            return k;
    run->class_of_slot[*used] = class_index;
    return (*used)++;
}

static void assign_slots(Run *run)
{
    int used = 0;
    for (int i = 0; i < run->B; i++)
        run->slot[i] = slot_for(run, &used, run->request->items[run->first + i].class_index);
    for (int i = run->B; i < run->N; i++)
        run->slot[i] = slot_for(run, &used, run->engine->info->n_classes);
}

/* Steps whose modulations are computed together: all of them, unless memory says otherwise. */
static int choose_slice(const Run *run)
{
    gsize row = edt_model_workspace(run->engine->model, run->N, 2) -
                edt_model_workspace(run->engine->model, run->N, 1);
    gsize rows = MAX(MODULATION_BYTES / MAX(row, 1), 1);
    return (int)CLAMP(rows / (gsize)run->classes, 1, (gsize)run->request->steps);
}

static gboolean prepare(Run *run, GError **error)
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
static void modulate(Run *run, int s)
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

static gboolean predict(Run *run, int s, GError **error)
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
static void draw(Run *run, int i)
{
    edt_random_normal(&run->random[i], run->noise, run->count);
    if (run->guided)
        edt_random_skip_normal(&run->random[i], run->count);
}

static void advance(Run *run, int s)
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

static void show(Run *run, int step)
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

static EdtVerdict tell(const Run *run, EdtPhase phase, int step, double seconds)
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
static gboolean sample(Run *run, int *steps_done, EdtVerdict *verdict, GError **error)
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
    *verdict = tell(run, EDT_PHASE_SAMPLING, 0, 0);
    for (int s = S - 1; s >= 0 && *verdict == EDT_CONTINUE; s--) {
        double since = now();
        if (!predict(run, s, error))
            return FALSE;
        advance(run, s);
        *steps_done = S - s;
        show(run, *steps_done);
        *verdict = tell(run, EDT_PHASE_SAMPLING, *steps_done, now() - since);
    }
    return TRUE;
}

/* ---- pixels ---- */

static gboolean decode(EdtEngine *engine, const float *latent, EdtPicture *picture, GError **error)
{
    const EdtModelInfo *info = engine->info;
    int size = info->image_size, hw = size * size, C = picture->channels;
    gsize planes_count = (gsize)(info->needs_vae ? 3 : info->channels) * (gsize)hw;
    gsize scaled_count = (gsize)info->channels * (gsize)(info->latent_size * info->latent_size);

    picture->pixels = g_try_new(float, (gsize)C * (gsize)hw);
    if (picture->pixels == NULL) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_NO_MEMORY, "Out of memory for the picture.");
        return FALSE;
    }
    if (!info->needs_vae) {
        edt_pixels_from_planes(latent, C, hw, picture->pixels);
        return TRUE;
    }
    EdtVae *vae = edt_engine_decoder(engine, error);
    float *planes = vae ? edt_alloc((planes_count + scaled_count) * sizeof(float), error) : NULL;
    gboolean done = FALSE;
    if (planes) {
        float *scaled = planes + planes_count;
        for (gsize i = 0; i < scaled_count; i++)
            scaled[i] = latent[i] / (float)EDT_VAE_SCALE;
        done = edt_vae_decode(vae, info->latent_size, info->latent_size, scaled, planes, error);
        if (done)
            edt_pixels_from_planes(planes, C, hw, picture->pixels);
    }
    edt_free(planes);
    return done;
}

/* The batch's latents become pictures of the result. */
static gboolean finish(Run *run, int steps_done, EdtVerdict verdict, EdtPictures *result,
                       GError **error)
{
    const EdtModelInfo *info = run->engine->info;
    /* stopped early: the estimate of the picture, not the half-noisy sample */
    const float *latents = steps_done < run->request->steps ? run->denoised : run->x;

    for (int i = 0; i < run->B; i++) {
        const EdtItem *item = &run->request->items[run->first + i];
        EdtPicture *picture = &result->pictures[result->n_pictures];
        *picture = (EdtPicture){
            .class_index = item->class_index,
            .seed = item->seed,
            .steps_done = steps_done,
            .width = info->image_size,
            .height = info->image_size,
            .channels = info->has_alpha ? 4 : 3,
            .latent = g_memdup2(latents + (gsize)i * run->count, run->count * sizeof(float)),
        };
        result->n_pictures++;
        if (run->request->latent_only)
            continue;
        if (tell(run, EDT_PHASE_DECODING, i, 0) == EDT_STOP_DISCARD && verdict == EDT_CONTINUE) {
            g_set_error(error, EDT_ERROR, EDT_ERROR_CANCELLED, "Cancelled.");
            return FALSE;
        }
        if (!decode(run->engine, picture->latent, picture, error))
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
    int batch = request->batch > 0 ? request->batch : choose_batch(engine, request);
    EdtVerdict verdict = EDT_CONTINUE;

    for (int first = 0; first < request->n_items && verdict == EDT_CONTINUE; first += batch) {
        int steps_done = 0;
        Run run = {
            .engine = engine,
            .request = request,
            .callbacks = callbacks,
            .user_data = user_data,
            .sampling = {schedule, request->sampler, info->prediction, info->learned_variance,
                         request->clip_denoised, request->eta},
            .first = first,
            .B = MIN(batch, request->n_items - first),
        };
        if (!prepare(&run, error) || !sample(&run, &steps_done, &verdict, error))
            return FALSE;
        if (verdict == EDT_STOP_DISCARD || (verdict == EDT_STOP_KEEP && steps_done == 0)) {
            if (verdict == EDT_STOP_KEEP && result->n_pictures > 0)
                return TRUE; /* earlier batches are whole */
            g_set_error(error, EDT_ERROR, EDT_ERROR_CANCELLED, "Cancelled.");
            return FALSE;
        }
        if (!finish(&run, steps_done, verdict, result, error))
            return FALSE;
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
    schedule = edt_noise_schedule_new(engine->info->schedule, EDT_RESPACE_EVEN, request->steps,
                                      error);
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

void edt_pictures_free(EdtPictures *pictures)
{
    if (pictures == NULL)
        return;
    for (int i = 0; i < pictures->n_pictures; i++) {
        g_free(pictures->pictures[i].pixels);
        g_free(pictures->pictures[i].latent);
    }
    g_free(pictures->pictures);
    g_free(pictures);
}

void edt_picture_to_u8(const EdtPicture *picture, guint8 *out)
{
    gsize count = (gsize)picture->width * (gsize)picture->height * (gsize)picture->channels;
    for (gsize i = 0; i < count; i++)
        out[i] = (guint8)lrintf(CLAMP(picture->pixels[i], 0.0f, 1.0f) * 255.0f);
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

/* ---- names of choices ---- */

static const char *const samplers[] = {"ddpm", "ddim", "dpm++2m"};
static const char *const amm_modes[] = {"off", "official", "auto"};

static int index_of(const char *const *names, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (g_ascii_strcasecmp(names[i], name) == 0)
            return i;
    return -1;
}

const char *edt_sampler_name(EdtSampler sampler)
{
    return samplers[sampler];
}

gboolean edt_sampler_parse(const char *name, EdtSampler *sampler)
{
    int i = index_of(samplers, G_N_ELEMENTS(samplers), name);
    if (i >= 0)
        *sampler = (EdtSampler)i;
    return i >= 0;
}

const char *edt_amm_name(EdtAmm amm)
{
    return amm_modes[amm];
}

gboolean edt_amm_parse(const char *name, EdtAmm *amm)
{
    int i = index_of(amm_modes, G_N_ELEMENTS(amm_modes), name);
    if (i >= 0)
        *amm = (EdtAmm)i;
    return i >= 0;
}
