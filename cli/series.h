/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The pictures of an archive by their numbers: which class, seed and settings number i has follows
 * from i, the command line and the lines of a job file alone, whoever asks and whenever.
 */
#pragma once

#include "cli/job.h"
#include "cli/lines.h"

typedef struct {
    const EdtEngine *engine;
    const EdtModelInfo *info;
    EdtCliSettings chance; /* the command line, but what a picture's number decides */
    EdtRequest request;    /* what all begin as */
    EdtItem item;
    EdtCliDrawn drawn; /* of the item */
    guint64 seed;      /* of the first */
    GArray *cycle;     /* of int: classes in turn */
    int n;
    /* of a job file */
    const char *path;
    char *sha256;
    GArray *labels; /* of int, by number */
    EdtCliLines *lines;
    int next; /* number of the line that is read next */
} EdtCliSeries;

/* Reads all of a job file once: what is wrong with a line comes out before hours of work.  Errors:
 * EDT_ERROR_USAGE, _BAD_FILE. */
gboolean edt_cli_series_open(EdtCliSeries *series, const EdtCliSettings *settings,
                             EdtEngine *engine, GError **error);
void edt_cli_series_close(EdtCliSeries *series);
int edt_cli_series_class(const EdtCliSeries *series, int i);
/* Picture i; of a job file only in rising order.  edt_cli_task_clear(&job->task). */
gboolean edt_cli_series_job(EdtCliSeries *series, int i, EdtCliJob *job, GError **error);
