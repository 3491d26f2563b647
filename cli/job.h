/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A job: one picture of a job file.
 */
#pragma once

#include "cli/run.h"

typedef struct {
    EdtCliTask task;
    const EdtEngine *engine;                       /* in: of the run; NULL: not known yet */
    EdtRequest request;                            /* in: the command line's */
    gboolean class_drawn, style_drawn, seed_drawn; /* another one every time the line is read */
    gboolean drawn;                                /* its name comes from one of them */
    gboolean unnamed;   /* the line names no output: it is made of class and seed */
    EdtCliDrawn chance; /* in: of --mix and --vary; out: of the line's own, too */
    gboolean type_said; /* the line wants a precision and no other */
    EdtMix mix;         /* the item's, before it is settled: styles may follow one that was drawn */
    gboolean archived;  /* in: the picture goes into no file of its own; "output" says nothing */
} EdtCliJob;

/* Errors: EDT_ERROR_USAGE naming the member; _BAD_FILE: of a source or a mask. */
gboolean edt_cli_job_read(EdtCliJob *job, const char *text, const EdtCliSettings *settings,
                          const EdtModelInfo *info, GError **error);

typedef enum {
    EDT_CLI_OUTPUT_ABSENT,
    EDT_CLI_OUTPUT_SAME,       /* what the line asks for: nothing to do */
    EDT_CLI_OUTPUT_UNFINISHED, /* the same, but stopped early: to be made to its end */
    EDT_CLI_OUTPUT_OTHER,      /* something else, not to be lost */
} EdtCliOutput;

/* job_output.c.  What is in the place of the job's output.  A run without records cannot tell: what
 * is there is the same to it.  What was drawn for a picture that is unfinished becomes the job's,
 * unless it is given up (task.replace). */
EdtCliOutput edt_cli_job_output(EdtCliJob *job, EdtCliRun *run);
