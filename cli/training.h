/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A run of `edt train`: what was asked, and the files in its folder.  train.c reads options,
 * train_run.c walks through the steps, train_samples.c paints the grids, train_status.c tells where
 * a run is.
 *
 *     checkpoint.safetensors   the run, to go on from
 *     log.jsonl                one object every --log-every steps (means over them); before them
 *                              what the data is, and which pictures were skipped; and which files
 *                              are the run's
 *     model.safetensors        the model as it is now (with every sample grid and at the end)
 *     samples-000500.png       what it paints
 *     latents/                 with --vae: the pictures as latents
 *     .lock                    who trains there, while one does
 *
 * Where another program's file has such a name, the run takes the next free one, and its log says
 * so: checkpoint-1.safetensors.
 */
#pragma once

#include "cli/command.h"
#include "train.h"

#include <json-glib/json-glib.h>

typedef struct {
    EdtTrainOptions options;
    char *folder, *checkpoint, *model, *latents;
    double save_minutes, limit_minutes; /* limit 0: none */
    int log_every, sample_every;        /* sample_every 0: only at the end */
    double sample_guidance;
    int sample_steps;
    gboolean resume, json, force;
} EdtCliTraining;

/* train_check.c: FALSE after a message. */
gboolean edt_cli_train_check(const EdtCliTraining *training);
int edt_cli_train_run(const EdtCliTraining *training);
/* train_status.c.  _compare: says where a run that goes on has other pictures than it had. */
int edt_cli_train_status(const char *folder, gboolean json);
void edt_cli_train_compare(const char *folder, const EdtTrainFacts *now);
/* train_skipped.c: what was passed over, from the k-th name on, once and by reason. */
void edt_cli_train_skipped(char *const *names, int k);
/* train_folder.c */
typedef struct {
    const char *path;
    int lock;      /* the open ".lock", or -1 */
    gboolean made; /* the folder, by this process */
} EdtCliFolder;
/* Before anything is read: the folder is made and nobody else's until the claim is left, and holds
 * nothing that the run would replace without leave.  Errors: EDT_ERROR_USAGE. */
gboolean edt_cli_train_claim(const EdtCliTraining *training, EdtCliFolder *claim, GError **error);
/* begun FALSE: nothing was trained, and a folder that was made for it goes. */
void edt_cli_train_leave(EdtCliFolder *claim, gboolean begun);
gboolean edt_cli_train_running(const char *folder);
/* Names of what runs have left there, sorted. */
GPtrArray *edt_cli_train_remains(const char *folder);
/* train_files.c.  The log of a run: its descriptor (-1: none yet), and whether its lines go to
 * stdout, too. */
typedef struct {
    int fd;
    gboolean json;
} EdtCliLog;
gboolean edt_cli_train_open_log(const EdtCliTraining *training, EdtCliLog *log, GError **error);
/* A line of it; frees event. */
void edt_cli_train_log(const EdtCliLog *log, GString *event);
/* Hands out its lines; FALSE: there is none. */
typedef void (*EdtCliLogReader)(gpointer data, JsonObject *line);
gboolean edt_cli_train_read_log(const char *folder, EdtCliLogReader take, gpointer data);
/* A file of the run.  Whose it is says the log: what another program put there stays, and the run
 * takes the next free name. */
typedef struct {
    const char *what; /* "checkpoint", "model" or "samples" */
    char *path;
    gboolean own;   /* ours to replace */
    gboolean noted; /* in the log, by this process or the one that left it behind */
} EdtCliRunFile;
typedef gboolean (*EdtCliRunWriter)(gpointer data, const EdtCliRunFile *file, GError **error);
gboolean edt_cli_train_keep(EdtCliRunFile *file, const EdtCliLog *log, EdtCliRunWriter write,
                            gpointer data, GError **error);
/* What writes the checkpoint; data is the trainer. */
gboolean edt_cli_train_write_checkpoint(gpointer trainer, const EdtCliRunFile *file,
                                        GError **error);
/* Where the log says that it is; else, and where a run begins anew, its usual path. */
char *edt_cli_train_file(const char *folder, const char *what, gboolean anew);
/* With --force, and in a run whose log knows no files yet, what is there becomes the run's. */
void edt_cli_train_adopt(const EdtCliTraining *training, const EdtCliLog *log);
/* train_ranks.c: says which process is on which host; the pictures a second of each, as JSON for
 * the log, or NULL where there is one alone.  All ranks call them, rank 0 hears the answers. */
void edt_cli_train_hosts(void);
char *edt_cli_train_rates(const EdtTrainReport *sum);
/* train_rescue.c: below mpirun, what is saved when that ends the run.  Nothing to do elsewhere. */
/* Where the others are waited for. */
void edt_cli_rescue_step(gboolean begins);
void edt_cli_rescue_begin(EdtTrainer *trainer, const EdtCliLog *log,
                          const EdtCliRunFile *checkpoint);
/* The checkpoint is there, or has another name: it is copied. */
void edt_cli_rescue_file(const EdtCliRunFile *checkpoint);
void edt_cli_rescue_end(void);
/* Classes spread over the list, one seed each, as one PNG. */
gboolean edt_cli_train_samples(const EdtCliTraining *training, const EdtCliLog *log,
                               const char *model, gint64 step, GError **error);
