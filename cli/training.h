/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A run of `edt train`: what was asked, and the files in its folder.  train.c reads options,
 * train_run.c walks through the steps, train_samples.c paints the grids, train_status.c tells where
 * a run is.
 *
 *     checkpoint.safetensors   the run, to go on from
 *     log.jsonl                one object every --log-every steps (means over them); before them
 *                              what the data is, and which pictures were skipped
 *     model.safetensors        the model as it is now (with every sample grid and at the end)
 *     samples-000500.png       what it paints
 *     latents/                 with --vae: the pictures as latents
 */
#pragma once

#include "cli/command.h"
#include "train.h"

typedef struct {
    EdtTrainOptions options;
    char *folder, *checkpoint, *model, *latents;
    double save_minutes, limit_minutes; /* limit 0: none */
    int log_every, sample_every;        /* sample_every 0: only at the end */
    double sample_guidance;
    int sample_steps;
    gboolean resume, json, force;
} EdtCliTraining;

int edt_cli_train_run(const EdtCliTraining *training);
/* train_status.c.  _lock: who writes this log holds it; FALSE: another process does. */
int edt_cli_train_status(const char *folder, gboolean json);
gboolean edt_cli_train_lock(int log);
/* train_rescue.c: below mpirun, what is saved when that ends the run.  Nothing to do elsewhere. */
void edt_cli_rescue_begin(EdtTrainer *trainer, const char *checkpoint);
void edt_cli_rescue_end(void);
/* Classes spread over the list, one seed each, as one PNG. */
gboolean edt_cli_train_samples(const EdtCliTraining *training, gint64 step, GError **error);
