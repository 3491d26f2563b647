/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A run: one open engine and the way from a batch of tasks to saved pictures.  `edt sample` runs
 * its pictures through it, and so does every line of a job file.
 */
#pragma once

#include "cli/canvas.h"

typedef struct {
    EdtItem item;
    EdtCliCanvas canvas; /* what item borrows */
    char *output;        /* of the PNG; NULL: latent only */
    int line;            /* of the job file; 0 without one */
    gboolean replace;    /* a file that is there, with --force */
    GError *error;       /* out: why this one was not saved */
} EdtCliTask;

void edt_cli_task_clear(EdtCliTask *task);

typedef struct {
    EdtEngine *engine;
    const EdtModelInfo *info;
    gboolean json;      /* all events */
    gboolean jobs;      /* events of pictures, json or not */
    gboolean metadata;  /* records in the PNGs */
    gboolean type_said; /* somebody wants this precision and no other */
    gboolean force;     /* previews that are there are replaced */
    char *preview_dir;  /* or NULL */
    int pictures;       /* planned; 0: unknown */
    int done;           /* tasks behind us */
    int saved, failed, skipped;
    GArray *latents;   /* of float, collected for --latent-out; or NULL */
    gint64 began;      /* monotonic microseconds */
    gint64 first_step; /* when the first step began */
    gint64 steps_done; /* picture steps since then */
} EdtCliRun;

/* Opens the model at path and checks it against the settings. */
gboolean edt_cli_run_open(EdtCliRun *run, const EdtCliSettings *settings, const char *path,
                          GError **error);
void edt_cli_run_close(EdtCliRun *run);

/* How many tasks to hand over at once. */
int edt_cli_run_batch_size(const EdtCliSettings *settings);

void edt_cli_run_announce(EdtCliRun *run, const EdtRequest *request, guint64 seed);
/* Makes and saves the pictures of n tasks with the settings of request (its items are set here).
 * A picture that cannot be saved has the reason in its task and the rest goes on; FALSE: none was
 * made.  After Ctrl-C (edt_cli_stop_asked) what was there is saved, unless it was nothing
 * (EDT_ERROR_CANCELLED). */
gboolean edt_cli_run_batch(EdtCliRun *run, const EdtRequest *request, EdtCliTask *tasks, int n,
                           GError **error);
/* Event "error" of a task or of a whole run (line 0), for --json. */
void edt_cli_run_report(const EdtCliRun *run, int line, const GError *error);
/* Event "skipped": a job that is done already. */
void edt_cli_run_skip(EdtCliRun *run, const EdtCliTask *task);
/* Event "end". */
void edt_cli_run_finish(const EdtCliRun *run);
