/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A job: one order at work on a studio's thread (studio.h).  Its watcher is called on the main
 * thread, from at most one pending idle source at a time.
 *
 *     EdtStudio *studio = edt_studio_new();
 *     EdtJob *job = edt_studio_start(studio, order, &watch, user_data);   // takes the order
 *     ... main loop; watch.frame(), watch.done() ...
 *     edt_job_close(job);          // from here on no call comes; a running job is given up
 *     edt_studio_free(studio);     // joins the thread
 */
#pragma once

#include "session/frame.h"
#include "session/order.h"

typedef struct EdtJob EdtJob;

typedef struct {
    void (*frame)(EdtJob *job, const EdtFrame *frame, gpointer user_data);
    void (*done)(EdtJob *job, gpointer user_data);
} EdtJobWatch;

/* Main thread.  A held job waits after the step it is at until it is resumed or stopped. */
void edt_job_hold(EdtJob *job);
void edt_job_resume(EdtJob *job);
void edt_job_stop(EdtJob *job, gboolean keep); /* keep: what is there becomes the picture */
void edt_job_close(EdtJob *job);               /* NULL is fine */

/* After done(): what came out.  With an error pictures are those finished before it, or NULL. */
typedef struct {
    const EdtOrder *order;
    const EdtPictures *pictures;
    char **records;              /* one for each picture */
    const GError *error;         /* EDT_ERROR_CANCELLED when it was given up */
    const GError *history_error; /* the pictures are there, but not in the history */
} EdtOutcome;

const EdtOutcome *edt_job_outcome(const EdtJob *job);
