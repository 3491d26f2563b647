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
 * Beside it stand settings.h (what can be asked for, by name), record.h (how a picture was made),
 * canvas.h (sources and masks as files and bytes),
 * catalogue.h (models and classes), machine.h (devices, speed) and train.h.  Any room of core/ may
 * read this header for its vocabulary.
 */
#pragma once

#include <glib.h>

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
typedef enum { EDT_STORED_F32, EDT_STORED_BF16 } EdtStored; /* weights in a file */

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

/* ---- a request ---- */

typedef enum {
    EDT_SAMPLER_DDPM,
    EDT_SAMPLER_DDIM,
    EDT_SAMPLER_DPMPP_2M,
    EDT_SAMPLER_UNIPC,
} EdtSampler;

/* Which timesteps are gone. */
typedef enum {
    EDT_SPACING_EVEN,   /* the official code's */
    EDT_SPACING_KARRAS, /* evenly in the seventh root of the noise beside the picture (Karras et al.
                           2022, eq. 5): more of them where little noise is left */
} EdtSpacing;
typedef enum { EDT_AMM_OFF, EDT_AMM_OFFICIAL, EDT_AMM_AUTO } EdtAmm;

/* What decodes: the model's autoencoder, or the small one beside it. */
typedef enum { EDT_DECODE_FULL, EDT_DECODE_DRAFT } EdtDecode;

/* Where a picture is made. */
typedef enum {
    EDT_FILL_NONE,    /* in the whole square; a mask is not looked at */
    EDT_FILL_SHAPE,   /* it gets the shape of the mask */
    EDT_FILL_MISSING, /* the source stays where the mask is 0; what is made fits it */
} EdtFill;

/* What a second class, and a third, does to a picture. */
typedef enum {
    EDT_MIX_BLEND, /* predictions are weighted: something of each */
    EDT_MIX_SHAPE, /* the shape of the first in the looks of the second: one class is added, and the
                      more its weight, the sooner it takes over */
} EdtMixHow;

#define EDT_MIX_MAX 3 /* classes beside the first */
typedef struct {
    int n;
    struct {
        int class_index, style; /* as in EdtItem */
        double weight;          /* 0..1; together at most 1, the first class has the rest */
    } of[EDT_MIX_MAX];
} EdtMix;

/* Noise between that of the seed and those of others, one after the other: amount 0 changes
 * nothing, 1 is the other seed's own picture. */
#define EDT_VARIATIONS_MAX 8
typedef struct {
    int n;
    struct {
        guint64 seed;
        double amount; /* 0..1 */
    } of[EDT_VARIATIONS_MAX];
} EdtVariation;

/* One picture of a request.  Every item has its own random generator, seeded with the low 32 bits
 * of seed as torch.manual_seed does, so its picture does not depend on its neighbours in the batch.
 *
 * source: what it starts from, P x image_size x image_size of -1..1 in planes; P is 3, or 4 with
 * alpha, colour premultiplied (canvas.h makes it of bytes).  freedom says how far it may go from
 * there, linear in log-SNR: 0 smooths, 0.6 redraws, at 1 the source is not looked at but for what
 * EDT_FILL_MISSING keeps.  All steps lie between there and the finished picture.
 * mask: image_size x image_size of 0 (outside, kept) .. 1 (is made).
 * Both are borrowed during edt_generate(), and by its pictures as long as they are asked for a
 * record.  NULL: none.
 */
#define EDT_STYLE_ANY (-1)
typedef struct {
    int class_index; /* 0..n_classes-1, or n_classes for the null class where there is one */
    guint64 seed;
    int style; /* 0..n_styles-1, or EDT_STYLE_ANY; models without styles do not look at it */
    EdtMix mix;
    EdtMixHow mix_how;
    EdtVariation variation;
    const float *source;
    double freedom; /* 0..1; without a source not looked at */
    const float *mask;
    EdtFill fill;
    gboolean careful; /* EDT_FILL_MISSING: the first steps are gone four times, which fits better */
} EdtItem;

/* Class 0 and seed 0 in any style, of nothing, in the whole square. */
void edt_item_init(EdtItem *item);

/* From one number to another, both included. */
typedef struct {
    double from, to;
} EdtSpan;

typedef struct {
    const EdtItem *items; /* borrowed during edt_generate() */
    int n_items;
    int steps; /* 1..1000 */
    EdtSampler sampler;
    EdtSpacing spacing;
    double eta;       /* ddim only: 0 deterministic .. 1 */
    double cfg_scale; /* guidance; exactly 1 runs without the null-class half */
    double cfg_pow;   /* > 0: at timestep t 1 + (cfg_scale - 1) (1 - cos(pi (1 - t/1000)^pow)) / 2
                         (MDT);   0: the same at every step; -1: what the model recommends */
    EdtSpan cfg_interval; /* where there is guidance, by t/1000; the other steps run one half */
    EdtAmm amm;
    gboolean clip_denoised;   /* clamp the denoised estimate to [-1, 1] (pixel-space models) */
    int batch;                /* items in one forward; 0: as many as memory allows, at most 8 */
    const float *init_latent; /* n_items x channels x latent_size^2: replaces the initial noise */
    gboolean latent_only;     /* skip the VAE */
    EdtDecode vae;            /* which one, for models that have a draft */
    gboolean want_previews;
} EdtRequest;

/* Defaults that suit the engine's model (NULL: an official latent model). */
void edt_request_init(EdtRequest *request, const EdtEngine *engine);

/* What edt_generate() will say to an item, before a model is loaded.  Errors: EDT_ERROR_USAGE. */
gboolean edt_item_check(const EdtModelInfo *info, const EdtRequest *request, const EdtItem *item,
                        GError **error);
/* An item without what a model or its own settings do not look at: what its picture has. */
EdtItem edt_item_asked(const EdtModelInfo *info, const EdtItem *item);

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

typedef struct {
    EdtVerdict (*progress)(const EdtProgress *progress, gpointer user_data);
    void (*preview)(const EdtPreview *preview, gpointer user_data);
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
