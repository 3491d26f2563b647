/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * edt.h: the public header of the engine.  A model file becomes pictures in six calls:
 *
 *     GError *error = NULL;
 *     EdtEngine *engine = edt_engine_open("edt-s.safetensors", NULL, &error);
 *     EdtItem item = {.class_index = 207, .seed = 7};
 *     EdtRequest request;
 *     edt_request_init(&request, engine);
 *     request.items = &item;
 *     request.n_items = 1;
 *     EdtPictures *pictures = edt_generate(engine, &request, NULL, NULL, &error);
 *     // pictures->pictures[0].pixels is width x height x channels, f32, 0..1, sRGB
 *     edt_pictures_free(pictures);
 *     edt_engine_close(engine);
 *
 * Threads: an engine serves one call at a time (a second caller waits); several engines may live in
 * one process and run at once.  Callbacks come from the thread that called edt_generate().
 * The engine never exits, aborts or prints; every failure is a GError of domain EDT_ERROR.
 *
 * What pictures are asked for is asked.h.  Beside it stand settings.h (the same by name), record.h
 * (how a picture was made), canvas.h (sources and masks as files and bytes), catalogue.h (models
 * and classes), machine.h (devices, speed) and train.h.  Any room of core/ may read this header for
 * its vocabulary.
 */
#pragma once

#include "asked.h"

G_BEGIN_DECLS

#define EDT_VERSION "0.1.0"

/* ---- errors: the values are the exit codes of the command line ---- */

typedef enum {
    EDT_ERROR_FAILED = 1,      /* something went wrong that is nobody's input */
    EDT_ERROR_USAGE = 2,       /* the request cannot be right: unknown class, bad size, ... */
    EDT_ERROR_BAD_FILE = 3,    /* a file is damaged, unsafe or of another kind */
    EDT_ERROR_NO_MEMORY = 4,   /* it would not fit, or an allocation failed */
    EDT_ERROR_BACKEND = 5,     /* the asked device cannot be used */
    EDT_ERROR_CANCELLED = 130, /* a callback said stop */
} EdtError;

#define EDT_ERROR (edt_error_quark())
GQuark edt_error_quark(void);

/* ---- the engine: one model, loaded on one backend ---- */

typedef struct EdtEngine EdtEngine;

typedef enum { EDT_BACKEND_AUTO, EDT_BACKEND_CPU, EDT_BACKEND_CUDA } EdtBackendKind;

/* What the matrix products compute in; sums, norms, softmax and sampling are always f32. */
typedef enum {
    EDT_PRECISION_AUTO, /* bf16 where the CPU or GPU has bf16 instructions, else f32 */
    EDT_PRECISION_F32,
    EDT_PRECISION_BF16,
    EDT_PRECISION_INT8, /* the blocks' products of bytes, the rest as AUTO; on the CPU alone */
} EdtPrecision;

typedef struct {
    int threads;            /* 0: EDT_THREADS, OMP_NUM_THREADS, else all physical cores */
    EdtBackendKind backend; /* default EDT_BACKEND_AUTO */
    EdtPrecision precision; /* default EDT_PRECISION_AUTO */
} EdtEngineOptions;

/* Opens a model made by `edt import` or `edt train --export`.  options may be NULL.
 * Errors: EDT_ERROR_BAD_FILE (names file and tensor), EDT_ERROR_NO_MEMORY (forecast beforehand),
 * EDT_ERROR_BACKEND. */
EdtEngine *edt_engine_open(const char *path, const EdtEngineOptions *options, GError **error);
void edt_engine_close(EdtEngine *engine); /* NULL is fine */

typedef enum { EDT_SCHEDULE_LINEAR, EDT_SCHEDULE_COSINE } EdtSchedule;  /* noise schedule */
typedef enum { EDT_PREDICT_NOISE, EDT_PREDICT_DENOISED } EdtPrediction; /* network output */
typedef enum { EDT_CLASSES_UNNAMED, EDT_CLASSES_IMAGENET, EDT_CLASSES_OWN } EdtClassList;
/* Weights in a file; INT8: those of the blocks' products are, the rest bf16. */
typedef enum { EDT_STORED_F32, EDT_STORED_BF16, EDT_STORED_INT8 } EdtStored;

/* What a model file may hold. */
#define EDT_CFG_SCALE_MAX 100 /* recommended guidance */
#define EDT_CLASSES_MAX 100000
#define EDT_STYLES_MAX 1000
#define EDT_CLASS_NAME_MAX 256  /* bytes; no control characters */
#define EDT_MODEL_TEXT_MAX 4096 /* bytes of title and licence; no control characters */

/* One channel of the latents.  The diffusion works on (z - shift) * scale of what the autoencoder
 * makes; colour is for a rough preview, all of them 0 where none are known. */
typedef struct {
    float shift, scale;
    float colour[3]; /* of the sampler's number, in red, green, blue of -1..1 */
} EdtLatentChannel;

/* What a model file says of itself; everything is known without loading the weights. */
typedef struct {
    char *path;
    char *variant;       /* "EDT-S/2", "EDT-B/2", "EDT-XL/2", or "EDT custom" */
    char *title;         /* a name for people; may be "" */
    char *licence;       /* may be "" */
    char *source_sha256; /* of the imported checkpoint, or of trained weights; may be "" */
    char *sha256;        /* of this file's tensor header: identifies the model, cheap to get */
    int image_size;      /* pixels a side */
    int latent_size;     /* latent pixels a side (equals image_size without a VAE space) */
    int channels;        /* channels of the latent: 4 */
    EdtLatentChannel *latents; /* [channels]; NULL for models that work on pixels */
    int guided_channels;       /* guidance acts on channels 0..guided_channels-1: 3 officially */
    double cfg_scale;  /* the guidance that its maker recommends; 4 where the file says none */
    double cfg_pow;    /* and its power-cosine; 0: constant */
    gboolean has_null; /* it knows a picture of no class, which guidance needs */
    gboolean learned_variance; /* the network also predicts the variance */
    gboolean has_vae;
    gboolean needs_vae; /* latent space; without has_vae only latents come out */
    gboolean has_draft; /* a small autoencoder beside the full one */
    gboolean has_alpha; /* pictures have 4 channels */
    gboolean amm_helps;    /* EDT_AMM_AUTO uses the AMM in this model */
    gboolean amm_official; /* EDT_AMM_OFFICIAL does: something was published for its network */
    gboolean has_inner;    /* stages of coarser grids, whose output EdtRequest's reuse keeps */
    int n_classes;      /* without the null class */
    EdtClassList class_list;
    char **class_names;  /* n_classes names, NULL-terminated, or NULL (class_list tells) */
    char **class_labels; /* the same in the user's language, or NULL */
    int n_styles;        /* without the null style; 0: the model knows no styles */
    char **style_names, **style_labels; /* as of classes; or NULL */
    EdtSchedule schedule;
    EdtPrediction prediction;
    EdtStored stored;
    guint64 n_parameters; /* EDT and VAE */
    guint64 n_inner;      /* of them those that are bytes in int8 */
    guint64 inner_bytes;  /* what int8 works in more, of a forward for each picture, guided */
    /* working memory in f32 and bf16: of a forward for each picture, guided, and of decoding one;
     * room: what the CPU's own operations take beside it, the larger of the two once */
    guint64 forward_bytes[2], decoding_bytes[2], forward_room[2], decoding_room[2];
    guint64 file_bytes;
} EdtModelInfo;

const EdtModelInfo *edt_engine_info(const EdtEngine *engine);
EdtModelInfo *edt_model_info_read(const char *path, GError **error);
void edt_model_info_free(EdtModelInfo *info);

typedef enum {
    EDT_MAKES_PIXELS,          /* the network's own output are pixels */
    EDT_MAKES_LATENTS_DECODED, /* latents, and the model has the VAE that makes pictures of them */
    EDT_MAKES_LATENTS_ONLY,    /* that VAE is missing: no pictures come out */
} EdtMakes;
EdtMakes edt_model_info_makes(const EdtModelInfo *info);
/* What people call it: its title, or else its variant; borrowed. */
const char *edt_model_info_title(const EdtModelInfo *info);

/* Bytes of memory a run of `batch` pictures takes at its peak: of the machine's, file pages
 * included; for EDT_BACKEND_CUDA of the GPU's. */
guint64 edt_memory_forecast(const EdtModelInfo *info, const EdtEngineOptions *options, int batch);

const char *edt_engine_backend(const EdtEngine *engine); /* "cpu" or "cuda" */
/* Why AUTO passed over a GPU that is there (a sentence: its memory is too small, ...), or NULL. */
const char *edt_engine_passed_over(const EdtEngine *engine);
EdtPrecision edt_engine_precision(const EdtEngine *engine); /* never AUTO */
/* bf16 was asked of a CPU without it: what it means there is f32, of weights rounded to bf16. */
gboolean edt_engine_bf16_in_f32(const EdtEngine *engine);
int edt_engine_threads(const EdtEngine *engine);

/* ---- a request (asked.h) ---- */

/* Defaults that suit the engine's model (NULL: an official latent model). */
void edt_request_init(EdtRequest *request, const EdtEngine *engine);

/* What edt_generate() will say to an item, before a model is loaded.  Errors: EDT_ERROR_USAGE. */
gboolean edt_item_check(const EdtModelInfo *info, const EdtRequest *request, const EdtItem *item,
                        GError **error);
/* An item without what a model or its own settings do not look at: what its picture has. */
EdtItem edt_item_asked(const EdtModelInfo *info, const EdtItem *item);
/* How far frame i of n has come from one picture to another, 0..1: slow at both ends, where a
 * picture is looked at longest. */
double edt_frame_share(int i, int n);

/* ---- callbacks ---- */

typedef enum { EDT_PHASE_LOADING, EDT_PHASE_SAMPLING, EDT_PHASE_DECODING } EdtPhase;

/* What a progress callback answers. */
typedef enum {
    EDT_CONTINUE,
    EDT_STOP_KEEP,    /* stop now; the denoised estimate of this step becomes the picture */
    EDT_STOP_DISCARD, /* stop now; edt_generate() fails with EDT_ERROR_CANCELLED */
} EdtVerdict;

typedef struct {
    EdtPhase phase;
    int first_item, n_items; /* the items of the running batch */
    int total_items;
    int step, steps;     /* steps finished of this batch; decoding: the picture's number in it */
    double step_seconds; /* duration of the step just finished */
} EdtProgress;

typedef struct {
    int item, step, steps;
    int width, height, channels; /* channels 3 (RGB) or 4 (RGBA, not premultiplied) */
    const guint8 *pixels;        /* borrowed, sRGB; as the latent, or as the picture */
} EdtPreview;

/* The denoised estimate after a step: what the latent would be if no noise were left. */
typedef struct {
    int item, step, steps;
    const float *latent; /* borrowed; channels x latent_size x latent_size */
} EdtEstimate;

typedef struct {
    EdtVerdict (*progress)(const EdtProgress *progress, gpointer user_data);
    void (*preview)(const EdtPreview *preview, gpointer user_data);
    void (*estimate)(const EdtEstimate *estimate, gpointer user_data); /* before the preview */
} EdtCallbacks;

/* ---- the result ---- */

typedef struct {
    EdtItem item;   /* style is EDT_STYLE_ANY where the model has none; what was not looked at
                       (freedom   without a source, ...) is as edt_item_init() has it */
    int steps_done; /* fewer than asked after EDT_STOP_KEEP */
    int width, height, channels; /* channels 4 where the model or a shape has alpha, else 3 */
    float *pixels; /* height x width x channels, 0..1, sRGB, straight; NULL with latent_only */
    float *latent; /* channels x latent_size x latent_size, as the sampler left it */
} EdtPicture;

typedef struct {
    int n_pictures;
    EdtPicture *pictures;
    GError *error; /* why those behind them were not made, or NULL */
} EdtPictures;

/* Noise to pictures.  callbacks and user_data may be NULL.
 * Errors: EDT_ERROR_USAGE, _NO_MEMORY, _BACKEND, _CANCELLED, _FAILED. */
EdtPictures *edt_generate(EdtEngine *engine, const EdtRequest *request,
                          const EdtCallbacks *callbacks, gpointer user_data, GError **error);
void edt_pictures_free(EdtPictures *pictures);

/* 0..1 floats to bytes, rounded to nearest; out holds width x height x channels bytes. */
void edt_picture_to_u8(const EdtPicture *picture, guint8 *out);

/* The autoencoder's encoder.  pixels: 3 (4 with alpha, colour premultiplied) x image_size x
 * image_size, -1..1, planar.  mean and logvar receive channels x latent_size x latent_size each, as
 * the autoencoder has them (info->latents says how the sampler does); logvar is -INFINITY where it
 * knows no variance. */
gboolean edt_encode(EdtEngine *engine, const float *pixels, float *mean, float *logvar,
                    GError **error);

G_END_DECLS
