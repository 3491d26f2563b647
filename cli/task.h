/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What `edt sample` works on: a task is one picture, and a run is the open engine that makes them.
 * Next: run.h, which does.
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
    GHashTable *records; /* of the files that were looked at (job_output.c); or NULL */
    GArray *latents;     /* of float, collected for --latent-out; or NULL */
    gint64 began;        /* monotonic microseconds */
    gint64 first_step;   /* when the first step began */
    gint64 steps_done;   /* picture steps since then */
} EdtCliRun;
