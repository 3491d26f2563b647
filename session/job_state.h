/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What job.c (the main thread's side of a job) and studio.c (the worker's) share.
 * Everything both threads touch is in EdtJob under its lock.
 */
#pragma once

#include "session/job.h"

struct EdtJob {
    gatomicrefcount references;
    EdtOrder *order;
    EdtJobWatch watch; /* main thread only, as user_data */
    gpointer user_data;
    const gint
        *urgent; /* the studio's, borrowed: how many wait that are not made in the background */

    GMutex lock; /* guards all below */
    GCond wake;
    EdtVerdict verdict;
    gboolean held, closed, finished;
    guint idle; /* the pending source; 0: none */
    EdtFrame frame;
    EdtTile *tiles;
    double step_seconds; /* smoothed */

    /* the worker's until finished, then constant */
    int first_item;        /* of the call to the engine */
    EdtPictures *pictures; /* NULL: none yet */
    GPtrArray *records;
    GError *error, *history_error;
    EdtOutcome outcome;
};

EdtJob *edt_job_new(EdtOrder *order, const EdtJobWatch *watch, gpointer user_data);
EdtJob *edt_job_ref(EdtJob *job);
void edt_job_unref(gpointer job);
/* With the lock: lets the main thread know, unless it will hear anyway. */
void edt_job_post(EdtJob *job);
void edt_job_give_up(EdtJob *job, EdtVerdict verdict);
