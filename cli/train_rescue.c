/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * When mpirun ends a run (Ctrl-C, or a rank was lost) it sends its processes SIGTERM and a quarter
 * of a second later SIGKILL: too soon for a step, and for writing a checkpoint.  So rank 0 leaves a
 * child behind, in a session of its own that mpirun does not know, with a copy of the run as it was
 * after the last whole step; the child writes it down and is gone.
 *
 * A host that vanishes (no power, no network) leaves the others waiting, for minutes or for ever,
 * and when mpirun sees it, it kills them without a word.  So rank 0 saves the run, too, when a step
 * takes far longer than the steps before it.
 */
#include "cli/training.h"
#include "cli/stop.h"
#include "cli/talk.h"

#include <unistd.h>

#define LOOK_US 5000
#define PATIENCE_S 600 /* for a disk that does not answer */
#define LATE 8         /* so many times the usual, and at least … */
#define LATE_US (5 * G_USEC_PER_SEC)

static struct {
    EdtTrainer *trainer;
    EdtCliLog log;
    GThread *thread;
    gint quit;
    GMutex lock;
    EdtCliRunFile file; /* the checkpoint; a copy, as the run may give its own another name */
    gint64 since;       /* this step's beginning; 0: between steps */
    gint64 usual;       /* a step's time, smoothed; 0: unknown */
} rescue;

/* In the child: only this thread is there. */
static void write_down(EdtCliRunFile *file)
{
    setsid();
    alarm(PATIENCE_S);
    _exit(
        edt_cli_train_keep(file, &rescue.log, edt_cli_train_write_checkpoint, rescue.trainer, NULL)
            ? 0
            : EDT_ERROR_FAILED);
}

static EdtCliRunFile copy_file(void)
{
    g_mutex_lock(&rescue.lock);
    EdtCliRunFile copy = rescue.file;
    copy.path = g_strdup(copy.path);
    g_mutex_unlock(&rescue.lock);
    return copy;
}

static gboolean leave_child(EdtCliRunFile *file)
{
    pid_t child;

    edt_trainer_hold(rescue.trainer);
    child = fork();
    if (child == 0)
        write_down(file);
    edt_trainer_let_go(rescue.trainer);
    return child > 0;
}

static gboolean is_late(void)
{
    g_mutex_lock(&rescue.lock);
    gint64 waited = rescue.since ? g_get_monotonic_time() - rescue.since : 0;
    gboolean late = rescue.usual > 0 && waited > MAX(LATE * rescue.usual, LATE_US);
    if (late)
        rescue.since = rescue.usual = 0; /* once, until steps come again */
    g_mutex_unlock(&rescue.lock);
    return late;
}

void edt_cli_rescue_step(gboolean begins)
{
    g_mutex_lock(&rescue.lock);
    const gint64 now = g_get_monotonic_time(), took = now - rescue.since;
    if (!begins && rescue.since)
        rescue.usual = rescue.usual ? (9 * rescue.usual + took) / 10 : took;
    rescue.since = begins ? now : 0;
    g_mutex_unlock(&rescue.lock);
}

static void save(EdtCliRunFile *file, gboolean ended)
{
    if (!leave_child(file))
        return;
    if (ended)
        edt_cli_error("mpirun ends this run: a process was lost, or it was asked to stop. The last "
                      "whole step is being saved to %s; --resume goes on from it.",
                      file->path);
    else
        edt_cli_error("The other processes have not answered for long: one of their machines is "
                      "slow or lost. The last whole step is being saved to %s.",
                      file->path);
}

/* Rank 1 speaks too: the lost one may be rank 0.  Which file it is says the log, which may be too
 * long to be read before SIGKILL. */
static void tell_last(const EdtCliRunFile *file)
{
    g_autofree char *folder = g_path_get_dirname(file->path);
    edt_cli_error("mpirun ends this run: a process was lost, or it was asked to stop. --resume "
                  "goes on from the last checkpoint in %s.",
                  folder);
}

static gpointer watch(gpointer data)
{
    const gboolean saves = edt_ranks_own() == 0;
    for (gboolean ended = FALSE; !ended && !g_atomic_int_get(&rescue.quit);) {
        ended = edt_cli_stop_ended();
        const gboolean late = saves && is_late();
        EdtCliRunFile file = {0};
        if (ended || late)
            file = copy_file();
        if (saves && file.path)
            save(&file, ended);
        else if (file.path)
            tell_last(&file);
        g_free(file.path);
        g_usleep(LOOK_US);
    }
    return NULL;
}

void edt_cli_rescue_file(const EdtCliRunFile *checkpoint)
{
    if (!rescue.trainer)
        return;
    g_mutex_lock(&rescue.lock);
    g_free(rescue.file.path);
    rescue.file = *checkpoint;
    rescue.file.path = g_strdup(checkpoint->path);
    g_mutex_unlock(&rescue.lock);
}

void edt_cli_rescue_begin(EdtTrainer *trainer, const EdtCliLog *log,
                          const EdtCliRunFile *checkpoint)
{
    if (!edt_ranks_started() || edt_ranks_own() > 1)
        return;
    rescue.trainer = trainer;
    rescue.log = (EdtCliLog){log->fd, FALSE}; /* events are the run's to tell */
    edt_cli_rescue_file(checkpoint);
    rescue.thread = g_thread_new("rescue", watch, NULL);
}

void edt_cli_rescue_end(void)
{
    if (!rescue.thread)
        return;
    g_atomic_int_set(&rescue.quit, 1);
    g_thread_join(rescue.thread);
    rescue.thread = NULL;
    g_clear_pointer(&rescue.file.path, g_free);
}
