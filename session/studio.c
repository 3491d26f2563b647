/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The worker: a thread that owns the engine and works one job after the other; see studio.h.  What
 * it tells goes through job.c.
 */
#include "session/studio.h"
#include "canvas.h"
#include "history.h"
#include "session/job_state.h"
#include "session/words.h"

#define BATCH 8 /* pictures a call: as many as the engine makes at once */

/* A morph removes neither its own frames nor all that was before it. */
G_STATIC_ASSERT(EDT_HISTORY_FILES_MAX >= 2 * EDT_FRAMES_MAX);

struct EdtStudio {
    GThread *thread;
    GAsyncQueue *orders; /* of jobs; the studio itself as the last one */
    gint urgent; /* of them, those that what is made in the background gives way to; atomic */
    GMutex lock;
    EdtJob *running; /* borrowed, under the lock */
    gboolean ends;   /* under the lock */
    /* the worker's own */
    EdtEngine *engine;
    EdtEngineOptions options;
};

/* ---- what the engine tells ---- */

/* The engine counts items from 0 in every call, and while it decodes, its steps are pictures. */
static void note_progress(EdtJob *job, const EdtProgress *progress)
{
    EdtFrame *frame = &job->frame;
    frame->phase = progress->phase;
    frame->first_item = job->first_item + progress->first_item;
    frame->n_items = progress->n_items;
    frame->steps = progress->steps;
    if (progress->phase != EDT_PHASE_SAMPLING)
        return;
    frame->step = progress->step;
    if (progress->step < 1)
        return;
    double total = (double)frame->total_items * progress->steps;
    double finished =
        (double)frame->first_item * progress->steps + (double)progress->n_items * progress->step;
    double seconds = progress->step_seconds;
    job->step_seconds = job->step_seconds > 0 ? 0.8 * job->step_seconds + 0.2 * seconds : seconds;
    frame->fraction = finished / total;
    frame->rate = job->step_seconds > 0 ? 1 / job->step_seconds : 0;
    frame->seconds_left = (total - finished) / progress->n_items * job->step_seconds;
}

static void note_engine(EdtJob *job, const EdtEngine *engine)
{
    g_mutex_lock(&job->lock);
    job->frame.bf16_in_f32 = engine && edt_engine_bf16_in_f32(engine);
    g_mutex_unlock(&job->lock);
}

/* Waits while held; the answer is the user's. */
static EdtVerdict on_progress(const EdtProgress *progress, gpointer user_data)
{
    EdtJob *job = user_data;
    if (job->order->background && g_atomic_int_get(job->urgent) > 0)
        return EDT_STOP_DISCARD;
    g_mutex_lock(&job->lock);
    note_progress(job, progress);
    job->frame.held = job->held && job->verdict == EDT_CONTINUE;
    edt_job_post(job);
    while (job->held && job->verdict == EDT_CONTINUE)
        g_cond_wait(&job->wake, &job->lock);
    job->frame.held = FALSE;
    EdtVerdict verdict = job->verdict;
    g_mutex_unlock(&job->lock);
    return verdict;
}

static void on_preview(const EdtPreview *preview, gpointer user_data)
{
    EdtJob *job = user_data;
    int item = job->first_item + preview->item;
    if (preview->item < 0 || item >= job->frame.n_tiles)
        return;
    gsize bytes = (gsize)preview->width * preview->height * preview->channels;
    GBytes *pixels = g_bytes_new(preview->pixels, bytes);
    g_mutex_lock(&job->lock);
    EdtTile *tile = &job->tiles[item];
    GBytes *before = tile->pixels;
    *tile = (EdtTile){preview->width, preview->height, preview->channels, pixels};
    edt_job_post(job);
    g_mutex_unlock(&job->lock);
    g_clear_pointer(&before, g_bytes_unref);
}

/* ---- the worker ---- */

static EdtVerdict verdict_now(EdtJob *job)
{
    g_mutex_lock(&job->lock);
    EdtVerdict verdict = job->verdict;
    g_mutex_unlock(&job->lock);
    return verdict;
}

static gboolean same_engine(const EdtStudio *studio, const EdtOrder *order)
{
    if (!studio->engine)
        return FALSE;
    const EdtModelInfo *info = edt_engine_info(studio->engine);
    return g_strcmp0(info->path, order->model) == 0 &&
           g_strcmp0(info->sha256, order->model_sha256) == 0 &&
           studio->options.backend == order->options.backend &&
           studio->options.precision == order->options.precision &&
           studio->options.threads == order->options.threads;
}

static gboolean open_engine(EdtStudio *studio, const EdtOrder *order, GError **error)
{
    if (same_engine(studio, order))
        return TRUE;
    edt_engine_close(studio->engine); /* first: two models may not fit */
    studio->options = order->options;
    studio->engine = edt_engine_open(order->model, &studio->options, error);
    return studio->engine && edt_order_is_of(order, edt_engine_info(studio->engine)->sha256, error);
}

static gboolean is_kept(const EdtOrder *order)
{
    return !order->background && !order->draft;
}

/* Every picture goes to the disk before anything else is done with it. */
static void remember(EdtStudio *studio, EdtJob *job, const EdtPictures *made)
{
    for (int i = 0; i < made->n_pictures && is_kept(job->order); i++) {
        const EdtPicture *picture = &made->pictures[i];
        edt_canvas_keep(edt_engine_info(studio->engine), &picture->item,
                        job->history_error ? NULL : &job->history_error);
        g_autoptr(EdtRecord) record = edt_record_new(studio->engine, &job->order->request, picture);
        g_autofree char *path =
            edt_history_add(picture, record, job->history_error ? NULL : &job->history_error);
        g_ptr_array_add(job->records, edt_record_write(record));
    }
}

/* To those of earlier calls; takes made. */
static void add_pictures(EdtJob *job, EdtPictures *made)
{
    if (!job->pictures) {
        job->pictures = g_new0(EdtPictures, 1);
        job->pictures->pictures = g_new0(EdtPicture, job->order->request.n_items);
    }
    for (int i = 0; i < made->n_pictures; i++)
        job->pictures->pictures[job->pictures->n_pictures++] = made->pictures[i];
    made->n_pictures = 0; /* they have moved */
    edt_pictures_free(made);
}

static void make_batch(EdtStudio *studio, EdtJob *job)
{
    static const EdtCallbacks callbacks = {.progress = on_progress, .preview = on_preview};
    EdtRequest request = job->order->request;
    request.items += job->first_item;
    request.n_items = MIN(BATCH, request.n_items - job->first_item);
    EdtPictures *made = edt_generate(studio->engine, &request, &callbacks, job, &job->error);
    if (made) {
        remember(studio, job, made);
        job->error = g_steal_pointer(&made->error);
        add_pictures(job, made);
    } else if (job->pictures && verdict_now(job) == EDT_STOP_KEEP &&
               g_error_matches(job->error, EDT_ERROR, EDT_ERROR_CANCELLED)) {
        g_clear_error(&job->error); /* before its first step: those of earlier calls are kept */
    }
}

static void generate(EdtStudio *studio, EdtJob *job)
{
    EdtRequest *request = &job->order->request;
    if (verdict_now(job) == EDT_CONTINUE && !open_engine(studio, job->order, &job->error))
        return;
    note_engine(job, studio->engine);
    if (verdict_now(job) != EDT_CONTINUE) { /* nothing is there yet that could be kept */
        g_set_error_literal(&job->error, EDT_ERROR, EDT_ERROR_CANCELLED, "Stopped.");
        return;
    }
    EdtRequest suits;
    edt_request_init(&suits, studio->engine);
    request->clip_denoised = suits.clip_denoised; /* the model's matter, not the user's */
    request->items = job->order->items;
    for (; job->first_item < request->n_items; job->first_item += BATCH) {
        make_batch(studio, job);
        if (job->error || verdict_now(job) == EDT_STOP_KEEP)
            return;
    }
}

/* The finished pictures replace their previews. */
static void show_pictures(EdtJob *job)
{
    for (int i = 0; job->pictures && i < job->pictures->n_pictures && i < job->frame.n_tiles; i++) {
        const EdtPicture *picture = &job->pictures->pictures[i];
        if (!picture->pixels)
            continue;
        gsize bytes = (gsize)picture->width * picture->height * picture->channels;
        guint8 *pixels = g_malloc(bytes);
        edt_picture_to_u8(picture, pixels);
        g_clear_pointer(&job->tiles[i].pixels, g_bytes_unref);
        job->tiles[i] = (EdtTile){picture->width, picture->height, picture->channels,
                                  g_bytes_new_take(pixels, bytes)};
    }
}

static void finish(EdtStudio *studio, EdtJob *job)
{
    g_ptr_array_add(job->records, NULL);
    job->outcome = (EdtOutcome){
        .order = job->order,
        .pictures = job->pictures,
        .records = (char **)job->records->pdata,
        .error = job->error,
        .history_error = job->history_error,
    };
    g_mutex_lock(&job->lock);
    show_pictures(job);
    job->frame.seconds_left = 0;
    job->frame.held = FALSE;
    if (!job->error)
        job->frame.fraction = 1;
    job->finished = TRUE;
    edt_job_post(job);
    g_mutex_unlock(&job->lock);
}

static void set_running(EdtStudio *studio, EdtJob *job)
{
    g_mutex_lock(&studio->lock);
    studio->running = job;
    if (job && studio->ends) /* it has waited for its turn */
        edt_job_give_up(job, EDT_STOP_DISCARD);
    g_mutex_unlock(&studio->lock);
}

static gpointer work(gpointer data)
{
    EdtStudio *studio = data;
    gpointer next;
    while ((next = g_async_queue_pop(studio->orders)) != studio) {
        EdtJob *job = next;
        if (!job->order->background)
            g_atomic_int_add(&studio->urgent, -1);
        set_running(studio, job);
        generate(studio, job);
        set_running(studio, NULL);
        finish(studio, job);
        edt_job_unref(job);
    }
    edt_engine_close(studio->engine);
    return NULL;
}

/* ---- main thread ---- */

EdtStudio *edt_studio_new(void)
{
    EdtStudio *studio = g_new0(EdtStudio, 1);
    g_mutex_init(&studio->lock);
    studio->orders = g_async_queue_new();
    studio->thread = g_thread_new("edt-studio", work, studio);
    return studio;
}

void edt_studio_free(EdtStudio *studio)
{
    if (!studio)
        return;
    g_mutex_lock(&studio->lock);
    studio->ends = TRUE;
    if (studio->running)
        edt_job_give_up(studio->running, EDT_STOP_DISCARD);
    g_mutex_unlock(&studio->lock);
    g_async_queue_push(studio->orders, studio);
    g_thread_join(studio->thread);
    g_async_queue_unref(studio->orders);
    g_mutex_clear(&studio->lock);
    g_free(studio);
}

/* What is made in the background comes last, but for the studio's own end. */
static int place_of(gconstpointer job, gconstpointer studio)
{
    return job == studio ? 2 : ((const EdtJob *)job)->order->background;
}

static gint compare(gconstpointer a, gconstpointer b, gpointer studio)
{
    return place_of(a, studio) - place_of(b, studio);
}

EdtJob *edt_studio_start(EdtStudio *studio, EdtOrder *order, const EdtJobWatch *watch,
                         gpointer user_data)
{
    EdtJob *job = edt_job_new(order, watch, user_data);
    job->urgent = &studio->urgent;
    if (!order->background)
        g_atomic_int_inc(&studio->urgent);
    g_async_queue_push_sorted(studio->orders, edt_job_ref(job), compare, studio);
    return job;
}
