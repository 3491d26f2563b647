/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * train.h: the public header of the trainer, beside edt.h.  A folder of pictures becomes a model:
 *
 *     EdtTrainOptions options;
 *     edt_train_options_init(&options);
 *     options.pictures = "flowers";           // flowers/rose/1.png, flowers/tulip/7.png, ...
 *     EdtTrainer *trainer = edt_trainer_new(&options, &error);
 *     EdtTrainReport report;
 *     while (report.step < 50000 && edt_trainer_step(trainer, &report, &error))
 *         ;                                   // now and then edt_trainer_save()
 *     edt_trainer_export(trainer, &export, &error);
 *     edt_trainer_free(trainer);
 *
 * The method is the paper's (arXiv 2410.23788): a plain pass and a pass with masked tokens, losses
 * weighted by min(snr,5), timesteps by their losses, Adan, an average of the weights; for DiT and
 * MDT that of their authors (edt_train_options_own).  What a step does depends on options, step
 * number and the state of a checkpoint alone, never on the number of threads: a run that is
 * interrupted and resumed ends at the same bits.
 *
 * The trainer computes on the CPU.  It never exits, aborts or prints.
 */
#pragma once

#include "edt.h"
#include "machine.h"

G_BEGIN_DECLS

typedef struct EdtTrainer EdtTrainer;

/* How much the squared error of a timestep counts, by its signal-to-noise ratio; see loss.h. */
typedef enum {
    EDT_WEIGHTING_MIN_SNR,  /* default: little where there is almost only noise */
    EDT_WEIGHTING_VELOCITY, /* shapes are learnt sooner; for predicted x0 */
    EDT_WEIGHTING_PLAIN,    /* every timestep the same */
} EdtWeighting;
extern const char *const edt_weighting_words[]; /* "min-snr", "velocity", "plain"; see settings.h */

typedef struct {
    /* the model */
    const char *variant;      /* "EDT-Ti/4" (default), "EDT-S/2", "DiT-S/2", "MDTv2-S/2", ... */
    int image_size;           /* 64; pixels a side */
    int channels;             /* of pictures: 4 (RGBA, colour premultiplied; default) or 3 */
    EdtSchedule schedule;     /* default cosine */
    EdtPrediction prediction; /* default denoised */
    const char *start;        /* NULL, or a model whose weights a new run begins with: the same
                                 network, but classes may differ; those of the same name are kept */
    int decode_layer;         /* blocks of MDT's decoder; 0: as published */
    gboolean open_gates;      /* begin with open gates and a strong condition instead of adaLN-Zero:
                                 for runs of thousands of steps, not hundreds of thousands */

    /* the data: one of the two */
    /* folder of class folders; classes.json in it may name the classes, styles.json the styles (see
       train/style_list.h) */
    const char *pictures;
    const char *features; /* folder with imagenet_features and imagenet_labels (.npy) */
    int n_classes;        /* of features: 1000 */
    gboolean flip;        /* mirror half of the pictures (not those that classes.json forbids) */
    /* pictures of a variant that works on latents: each goes through this autoencoder (SD's, or a
       model that has one) once, and its latents are kept in a file in the folder `latents` */
    const char *vae, *latents;
    gboolean vae_mean; /* the middle of the latent's distribution instead of a draw from it */
    int codings;       /* latents of a picture, where affine or hue change it: 8 */
    /* meanwhile, unless it is NULL; FALSE: stop (EDT_ERROR_CANCELLED), to go on another time */
    gboolean (*progress)(int done, int total, gpointer data);
    gpointer progress_data;
    double affine; /* shift by up to this share of the side, scale by 1 +- it, turn by it
                      (radians); 0 */
    double hue;    /* turn colours by up to so many degrees; 0 */

    /* the steps */
    int batch;         /* pictures of a step: 64 */
    int micro;         /* pictures of a forward (gradients are accumulated): 16 */
    gboolean by_class; /* draw a class, then a style by its share, then a picture; default: every
                          picture once an epoch */
    gboolean masked;   /* also the masked pass, where the network has one; default TRUE */
    EdtWeighting weighting;
    double variational;    /* share of the variational term in the loss; below 0 (default): 1 for
                              predicted noise, as in the official code, and 0 for predicted x0, whose
                              variance stays in the middle of its bounds then */
    gboolean uniform;      /* timesteps uniformly instead of by their losses */
    double rate, rate_end; /* learning rate: linearly from 1e-3 to 5e-5 ... */
    gint64 rate_steps;     /* ... over so many steps (400000), then constant */
    gint64 warm_up;        /* steps of rising rate at the beginning: 0 */
    double weight_decay;   /* 0 */
    double clip;           /* norm of the gradients at most this; 0: as they are */
    gboolean no_prox;      /* Adan without the proximal form of weight decay */
    double average;        /* decay of the average of the weights: 0.9999 */
    gboolean average_ramp; /* decay min(average, (1 + step) / (10 + step)): for short runs */
    double label_dropout;  /* share of samples that learn the null class, and, on its own, of those
                              that learn the null style: 0.1 */
    guint64 seed;

    /* the run and its model, for who resumes or exports; they may differ then */
    gint64 steps;                /* how far it is meant to go: 20000 */
    const char *title, *licence; /* NULL: "" */
    double cfg_scale;            /* guidance to recommend, up to EDT_CFG_SCALE_MAX; 0: none */

    /* the machine; may differ when resumed (threads without changing a bit) */
    EdtPrecision precision; /* default EDT_PRECISION_AUTO: bf16 where the CPU has it */
    int threads;            /* 0: as edt.h says */
} EdtTrainOptions;

void edt_train_options_init(EdtTrainOptions *options);
/* After that, for runs of that variant: what its authors train it with takes the place of defaults
 * (prediction, schedule, weighting, how timesteps are drawn, rate, clipping, blocks of the
 * decoder). The optimiser stays Adan.  FALSE, and nothing changed: there is no such variant. */
gboolean edt_train_options_own(EdtTrainOptions *options, const char *variant);
/* All of them, as a checkpoint keeps them; free it. */
char *edt_train_options_to_json(const EdtTrainOptions *options);

/* Options as they stand in a checkpoint; texts belong to the library until the process ends.
 * Errors: EDT_ERROR_BAD_FILE. */
gboolean edt_train_options_read(EdtTrainOptions *options, const char *checkpoint, GError **error);

/* A trainer at step 0, or, with a checkpoint, where that stands.  Resuming refuses options and
 * classes that would make another run (EDT_ERROR_USAGE says which).
 * Errors: EDT_ERROR_USAGE, _BAD_FILE (no data, wrong checkpoint), _NO_MEMORY. */
EdtTrainer *edt_trainer_new(const EdtTrainOptions *options, GError **error);
EdtTrainer *edt_trainer_resume(const EdtTrainOptions *options, const char *checkpoint,
                               GError **error);
void edt_trainer_free(EdtTrainer *trainer);

typedef struct {
    int pictures, classes, styles; /* that can be used */
    const char *pictures_sum;      /* over their names: the same data has the same */
    int skipped;                   /* that cannot be read */
    char **class_names;            /* NULL-terminated, or NULL where unknown */
    char **skipped_names;          /* "rose/3.png: reason", NULL-terminated */
    guint64 parameters, memory_bytes;
    EdtPrecision precision;
    int threads;
    gint64 step; /* steps done */
} EdtTrainFacts;

/* Valid until the next step. */
const EdtTrainFacts *edt_trainer_facts(EdtTrainer *trainer);

/* Signal-to-noise ratios below 0.01, below 0.1, 1, 10, and above. */
#define EDT_TRAIN_BANDS 5

typedef struct {
    gint64 step;    /* steps done, this one included */
    double loss;    /* mean of both passes' sums, unweighted by the resampler */
    double mse, vb; /* of the plain pass */
    double masked_mse, masked_vb;
    /* Of the plain pass by signal-to-noise ratio: sums over samples of the mean squared error of
     * x0 (-1..1), without weights, so that schedules and predictions can be compared. */
    double x0_error[EDT_TRAIN_BANDS];
    int x0_count[EDT_TRAIN_BANDS];
    double norm; /* of the gradients, before clipping */
    double rate;
    double seconds;
    /* of it: this process computing its share of the batch, without waiting for others */
    double own_seconds;
    int own_pictures;
} EdtTrainReport;

/* One optimiser step.  Errors: EDT_ERROR_FAILED (the loss is no number any more; the run is as
 * before that step), _BAD_FILE. */
gboolean edt_trainer_step(EdtTrainer *trainer, EdtTrainReport *report, GError **error);

/* From another thread: waits until no step is changing anything and keeps it so until _let_go().
 * What edt_trainer_save() writes meanwhile is the run after its last whole step. */
void edt_trainer_hold(EdtTrainer *trainer);
void edt_trainer_let_go(EdtTrainer *trainer);

/* saving.h says how.  _save() replaces a checkpoint that is there. */
gboolean edt_trainer_save_as(EdtTrainer *trainer, const char *path, EdtWrite write, GError **error);
gboolean edt_trainer_save(EdtTrainer *trainer, const char *path, GError **error);

typedef struct {
    const char *output;
    gboolean force;              /* replace an existing output */
    gboolean raw;                /* the weights themselves instead of their average */
    EdtStored stored;            /* as what weights go into the model */
    const char *title, *licence; /* NULL: as the run's options say */
    double cfg_scale;            /* the same; 0: as they say */
    const char *vae; /* goes into a model that works on latents; NULL: the one of the run */
} EdtTrainExport;

/* A model for edt_engine_open(). */
gboolean edt_trainer_export(EdtTrainer *trainer, const EdtTrainExport *export, GError **error);
/* The same from a checkpoint file, without its data. */
gboolean edt_train_export(const char *checkpoint, const EdtTrainExport *export, GError **error);

/* ---- several processes on one model: `mpirun -n N edt train …` ----
 *
 * After edt_ranks_begin() a step is computed by all N together, each for its share of the batch;
 * every one of them makes the same calls with the same options and has the same state after each.
 * N processes take the steps that one takes, but for rounding.  A process that mpirun did not start
 * is rank 0 of 1 and never loads MPI. */
gboolean edt_ranks_started(void);         /* by mpirun */
gboolean edt_ranks_begin(GError **error); /* before the trainer; EDT_ERROR_BACKEND */
void edt_ranks_end(void);                 /* waits for all; one that ends without it is an
                                             accident, and mpirun ends the others */
int edt_ranks_own(void);                  /* 0 ... N-1; known also before _begin */
int edt_ranks_count(void);                /* N */
/* Every rank gives a number, or an array of the same length, waits for the others, and gets the
 * largest, or the sums. */
gint64 edt_ranks_most(gint64 value);
void edt_ranks_sum(double *values, gsize n);
/* Every rank gives the same number of bytes, below 2 GB; rank 0 gets them one behind the other:
 * all [N][bytes], which may be `own` where N is 1; the others' may be NULL. */
void edt_ranks_gather(const void *own, gsize bytes, void *all);

typedef struct {
    const char *variant;
    int image_size, micro;
    gboolean masked;
    EdtPrecision precision;
    int threads, warm_up, repetitions;
} EdtTrainBench;

/* What that takes, and nothing is run. */
typedef struct {
    double gflop; /* of a step: forward, and twice as much backward; multiply-adds counted twice */
    guint64 parameters, bytes;
} EdtTrainWork;
gboolean edt_train_bench_work(const EdtTrainBench *bench, EdtTrainWork *work, GError **error);

/* A step of one micro-batch on random weights and noise: forward, backward and the optimiser's; no
 * pictures are read and no noise is drawn.  Rows: those three, each with its median; peak_bytes:
 * what it works in. */
gboolean edt_train_bench(const EdtTrainBench *bench, EdtBenchResult *result, GError **error);

G_END_DECLS
