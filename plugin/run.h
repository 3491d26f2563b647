/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * run.h: one press of a button in the dialog: a job, and where its pictures go.
 */
#pragma once

#include "plugin/layer.h"

typedef struct EdtFrames EdtFrames; /* frames.h */

typedef struct {
    EdtJob *job;
    const EdtOrder *order; /* the job's */
    EdtPlace place;
    EdtFrom from;      /* what its pictures start from */
    char *image_name;  /* NULL: there was none */
    char *print;       /* of what was asked for, to know it again; NULL: it will not come again */
    EdtFrames *frames; /* whose they are, or NULL */
    gint64 since;
    gboolean of_shown; /* drafts of a picture that was shown, not of other drafts */
} EdtRun;

/* Takes what place owns; without a job yet. */
EdtRun *edt_run_new(const EdtOrder *order, const EdtPlace *place, EdtFrom from);
void edt_run_free(gpointer run); /* NULL is fine */

/* Settings that always make the same picture in the same place, as text, or NULL. */
char *edt_run_print(GimpProcedureConfig *config, EdtFrom from, const EdtPlace *place);
/* What somebody may wonder about, though all went well; NULL: nothing.  image: has its pictures;
 * last_print: of the run before. */
char *edt_run_remark(const EdtRun *run, GimpImage *image, const char *last_print);
