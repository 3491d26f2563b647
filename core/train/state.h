/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a trainer is made of.  Private to train/.
 */
#pragma once

#include "compute/backend.h"
#include "model/foreign.h"
#include "model/format.h"
#include "train.h"
#include "train/adan.h"
#include "train/dataset.h"
#include "train/draw.h"
#include "train/draws.h"
#include "train/loss.h"
#include "train/train_network.h"
#include "train/resampler.h"

/* The rows of one forward: `micro` pictures, then the same pictures once more for the masked pass.
 */
typedef struct {
    int pictures, rows;
    gsize count, out_count; /* numbers of a picture, of an output */
    float *x0, *noise, *x_t, *out, *d_out;
    int *timestep, *label, *style;
    EdtSampleLabels *picture_labels;
    float *weight; /* of the resampler, [pictures] */
    double *uniforms;
    guint8 *middle, *down[2], *seen; /* masks; plain rows keep all */
    EdtLossTerms *terms;             /* [rows] */
    void *memory;
} EdtBatch;

struct EdtTrainer {
    EdtTrainOptions options;
    EdtVariant v;
    EdtParameters *parameters;
    EdtDataset *dataset;
    EdtTrainNetwork *network;
    EdtNoiseSchedule *schedule;
    EdtLoss loss;
    EdtResampler *resampler;
    EdtAdan adan;
    EdtAdanArrays arrays;
    EdtHalf *halves; /* weights as bf16, or NULL */
    EdtBatch batch;
    EdtPictureDraw *draw;
    gint64 step; /* done */
    EdtPrecision precision;
    int threads;
    EdtTrainFacts facts;
    char *latents; /* what their numbers mean (edt_export_latents()); NULL without autoencoder */
    char *vae_sum; /* of the autoencoder's file; the same */
    double *told;  /* losses of all parts of a step, of all ranks (share.c) */
    GMutex whole;  /* held while the state changes */
};

/* trainer.c: never AUTO; and what enters products.  A run of bf16 goes on in f32 on a CPU without.
 */
EdtPrecision edt_train_precision(EdtPrecision wish);
EdtType edt_train_act(EdtPrecision precision);
/* Weights and all that Adan keeps of them, and for bf16 their halves. */
gboolean edt_train_arrays_make(EdtTrainer *trainer, GError **error);
void edt_train_arrays_clear(EdtTrainer *trainer);
void edt_train_use_weights(EdtTrainer *trainer); /* after they changed */

/* share.c.  _make: errors when the ranks do not begin alike. */
gboolean edt_share_check(const EdtTrainer *trainer, GError **error); /* before the data is read */
gboolean edt_share_check_vae(const EdtTrainer *trainer, GError **error); /* the same */
gboolean edt_share_make(EdtTrainer *trainer, GError **error);
/* The next backward is this rank's last one of the step: its gradients go out as they get ready. */
void edt_share_listen(EdtTrainer *trainer, gboolean last);
void edt_share_put(EdtTrainer *trainer, int part);  /* the losses of the batch */
void edt_share_gather(EdtTrainer *trainer);         /* waits for all ranks' gradients and losses */
void edt_share_take(EdtTrainer *trainer, int part); /* its losses, into the batch */
void edt_share_forget(EdtTrainer *trainer);         /* all of them, for the next step */

/* batch.c */
gboolean edt_batch_make(EdtTrainer *trainer, GError **error);
void edt_batch_clear(EdtBatch *batch);
/* The filled batch as a forward takes it. */
EdtTrainInput edt_batch_input(const EdtTrainer *trainer);
/* Fills everything that a forward wants for part `part` of the next step. */
gboolean edt_batch_fill(EdtTrainer *trainer, int part, GError **error);

/* options.c */
gboolean edt_train_options_check(const EdtTrainOptions *options, EdtVariant *variant,
                                 GError **error);
/* What goes into a checkpoint or a model as text: plain and not too long, or NULL. */
gboolean edt_train_check_text(const char *text, gsize longest, GError **error);
gboolean edt_train_options_from_json(EdtTrainOptions *options, const char *json, GError **error);
/* The first option that makes these two another run, or NULL. */
const char *edt_train_options_differ(const EdtTrainOptions *a, const EdtTrainOptions *b);

/* start.c: the weights of a model instead of random ones.  Errors: EDT_ERROR_USAGE where it is
 * another network, EDT_ERROR_BAD_FILE. */
gboolean edt_start_load(EdtTrainer *trainer, const char *path, GError **error);

/* checkpoint.c */
gboolean edt_checkpoint_load(EdtTrainer *trainer, const char *path, GError **error);
/* Refuses a checkpoint of a run with another autoencoder; those of before 2026-12 do not say. */
gboolean edt_checkpoint_check_latents(const char *path, const char *latents, GError **error);
/* Refuses one of a run with other classes or styles, before they are encoded. */
gboolean edt_checkpoint_check_names(const char *path, const EdtDataset *data, GError **error);
/* export.c */
typedef struct {
    const EdtTrainOptions *options;
    const EdtParameters *parameters;
    const float *weights;
    const EdtNaming *classes, *styles;
    const char *latents; /* as the trainer's; NULL: unknown */
    gint64 step;
} EdtExportSource;
gboolean edt_export_write(const EdtExportSource *source, const EdtTrainExport *export,
                          GError **error);
/* What a model's metadata says of a run, but for names, checksums and steps.  vae: its autoencoder,
 * or NULL; texts: takes what the metadata borrows, with a free function. */
EdtFormat edt_export_format(const EdtTrainOptions *options, const EdtVariant *v, EdtForeign *vae,
                            GPtrArray *texts);
/* What the latents of this autoencoder mean, for comparing: those of Stable Diffusion are all
 * alike, others have means and deviations of their own. */
char *edt_export_latents(EdtForeign *vae);
