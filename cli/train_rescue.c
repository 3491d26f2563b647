/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * When mpirun ends a run (Ctrl-C, or a rank was lost) it sends its processes SIGTERM and a quarter
 * of a second later SIGKILL: too soon for a step, and for writing a checkpoint.  So rank 0 leaves a
 * child behind, in a session of its own that mpirun does not know, with a copy of the run as it was
 * after the last whole step; the child writes it down and is gone.
 */
#include "cli/training.h"

#include <signal.h>
#include <unistd.h>

#include "cli/stop.h"
#include "cli/talk.h"

#define LOOK_US 5000
#define PATIENCE_S 600 /* for a disk that does not answer */

static struct {
    EdtTrainer *trainer;
    const char *checkpoint;
    GThread *thread;
    gint quit;
} rescue;

/* In the child: only this thread is there. */
static void write_down(void)
{
    setsid();
    signal(SIGPIPE, SIG_IGN);
    alarm(PATIENCE_S);
    _exit(edt_trainer_save(rescue.trainer, rescue.checkpoint, NULL) ? 0 : EDT_ERROR_FAILED);
}

static void leave_child(void)
{
    pid_t child;

    edt_trainer_hold(rescue.trainer);
    child = fork();
    if (child == 0)
        write_down();
    edt_trainer_let_go(rescue.trainer);
    if (child > 0)
        edt_cli_error("mpirun ends this run: a process was lost, or it was asked to stop. The last "
                      "whole step is being saved to %s; --resume goes on from it.",
                      rescue.checkpoint);
}

/* Rank 1 speaks too: the lost one may be rank 0. */
static gpointer watch(gpointer data)
{
    while (!g_atomic_int_get(&rescue.quit)) {
        if (edt_cli_stop_ended() && edt_ranks_own() == 0) {
            leave_child();
            break;
        }
        if (edt_cli_stop_ended()) {
            edt_cli_error("mpirun ends this run: a process was lost, or it was asked to stop. "
                          "--resume goes on from the last checkpoint, %s.",
                          rescue.checkpoint);
            break;
        }
        g_usleep(LOOK_US);
    }
    return NULL;
}

void edt_cli_rescue_begin(EdtTrainer *trainer, const char *checkpoint)
{
    if (!edt_ranks_started() || edt_ranks_own() > 1)
        return;
    rescue.trainer = trainer;
    rescue.checkpoint = checkpoint;
    rescue.thread = g_thread_new("rescue", watch, NULL);
}

void edt_cli_rescue_end(void)
{
    if (rescue.thread == NULL)
        return;
    g_atomic_int_set(&rescue.quit, 1);
    g_thread_join(rescue.thread);
    rescue.thread = NULL;
}
