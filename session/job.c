/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A job as the main thread has it; see job.h.  The worker (studio.c) writes the latest state over
 * the one before and keeps one idle source pending, so that a slow main loop drops frames instead
 * of queueing them.
 */
#include "session/job_state.h"

EdtJob *edt_job_new(EdtOrder *order, const EdtJobWatch *watch, gpointer user_data)
{
    EdtJob *job = g_new0(EdtJob, 1);
    g_atomic_ref_count_init(&job->references);
    g_mutex_init(&job->lock);
    g_cond_init(&job->wake);
    job->order = order;
    job->watch = *watch;
    job->user_data = user_data;
    job->verdict = EDT_CONTINUE;
    job->tiles = g_new0(EdtTile, order->request.n_items);
    job->records = g_ptr_array_new_with_free_func(g_free);
    job->frame = (EdtFrame){.phase = EDT_PHASE_LOADING,
                            .steps = order->request.steps,
                            .total_items = order->request.n_items,
                            .n_tiles = order->request.n_items,
                            .seconds_left = -1};
    return job;
}

EdtJob *edt_job_ref(EdtJob *job)
{
    g_atomic_ref_count_inc(&job->references);
    return job;
}

void edt_job_unref(gpointer data)
{
    EdtJob *job = data;
    if (!g_atomic_ref_count_dec(&job->references))
        return;
    for (int i = 0; i < job->frame.n_tiles; i++)
        g_clear_pointer(&job->tiles[i].pixels, g_bytes_unref);
    g_free(job->tiles);
    edt_pictures_free(job->pictures);
    g_ptr_array_unref(job->records);
    g_clear_error(&job->error);
    g_clear_error(&job->history_error);
    edt_order_free(job->order);
    g_cond_clear(&job->wake);
    g_mutex_clear(&job->lock);
    g_free(job);
}

/* ---- worker -> main thread ---- */

static EdtTile *copy_tiles(const EdtJob *job)
{
    EdtTile *tiles = g_memdup2(job->tiles, sizeof(EdtTile) * (gsize)job->frame.n_tiles);
    for (int i = 0; i < job->frame.n_tiles; i++)
        if (tiles[i].pixels)
            g_bytes_ref(tiles[i].pixels);
    return tiles;
}

static void free_tiles(EdtTile *tiles, int n)
{
    for (int i = 0; i < n; i++)
        g_clear_pointer(&tiles[i].pixels, g_bytes_unref);
    g_free(tiles);
}

/* Main thread: the one pending source. */
static gboolean deliver(gpointer data)
{
    EdtJob *job = data;
    g_mutex_lock(&job->lock);
    job->idle = 0;
    EdtFrame frame = job->frame;
    EdtTile *tiles = copy_tiles(job);
    gboolean finished = job->finished;
    g_mutex_unlock(&job->lock);

    frame.tiles = tiles;
    if (job->watch.frame)
        job->watch.frame(job, &frame, job->user_data);
    if (finished && job->watch.done) /* frame() may have closed the job: then done is NULL */
        job->watch.done(job, job->user_data);
    free_tiles(tiles, frame.n_tiles);
    return G_SOURCE_REMOVE;
}

void edt_job_post(EdtJob *job)
{
    if (!job->idle && !job->closed)
        job->idle =
            g_idle_add_full(G_PRIORITY_DEFAULT_IDLE, deliver, edt_job_ref(job), edt_job_unref);
}

/* ---- main thread ---- */

void edt_job_give_up(EdtJob *job, EdtVerdict verdict)
{
    g_mutex_lock(&job->lock);
    if (job->verdict != EDT_STOP_DISCARD)
        job->verdict = verdict;
    g_cond_signal(&job->wake);
    g_mutex_unlock(&job->lock);
}

void edt_job_hold(EdtJob *job)
{
    g_mutex_lock(&job->lock);
    job->held = TRUE;
    if (job->frame.held) /* it waits already: whoever asks hears so once more */
        edt_job_post(job);
    g_mutex_unlock(&job->lock);
}

void edt_job_resume(EdtJob *job)
{
    g_mutex_lock(&job->lock);
    job->held = FALSE;
    g_cond_signal(&job->wake);
    g_mutex_unlock(&job->lock);
}

void edt_job_stop(EdtJob *job, gboolean keep)
{
    edt_job_give_up(job, keep ? EDT_STOP_KEEP : EDT_STOP_DISCARD);
}

void edt_job_close(EdtJob *job)
{
    if (!job)
        return;
    edt_job_give_up(job, EDT_STOP_DISCARD);
    g_mutex_lock(&job->lock);
    job->closed = TRUE;
    guint idle = job->idle;
    job->idle = 0;
    g_mutex_unlock(&job->lock);
    job->watch = (EdtJobWatch){0};
    if (idle)
        g_source_remove(idle);
    edt_job_unref(job);
}

const EdtOutcome *edt_job_outcome(const EdtJob *job)
{
    return &job->outcome;
}
