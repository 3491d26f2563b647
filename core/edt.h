/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * edt.h: the only public header of the engine.  A model file becomes pictures in six calls:
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
 * Any room of core/ may read this header for its vocabulary (errors, request, record); only edt.c
 * and engine.c implement it.
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
    int guided_channels; /* guidance acts on channels 0..guided_channels-1: 3 officially */
    double cfg_scale;    /* the guidance that its maker recommends; 4 where the file says none */
    gboolean learned_variance; /* the network also predicts the variance */
    gboolean has_vae;
    gboolean needs_vae; /* latent space; without has_vae only latents come out */
    gboolean has_draft; /* a small autoencoder beside the full one */
    gboolean has_alpha; /* pictures have 4 channels */
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
    guint64 decoding_bytes[2]; /* working memory of what decodes a picture, in f32 and bf16 */
    guint64 file_bytes;
} EdtModelInfo;

const EdtModelInfo *edt_engine_info(const EdtEngine *engine);
EdtModelInfo *edt_model_info_read(const char *path, GError **error);
void edt_model_info_free(EdtModelInfo *info);

/* Bytes of memory a run of `batch` pictures takes at its peak: of the machine's, file pages
 * included; for EDT_BACKEND_CUDA of the GPU's. */
guint64 edt_memory_forecast(const EdtModelInfo *info, const EdtEngineOptions *options, int batch);

const char *edt_engine_backend(const EdtEngine *engine); /* "cpu" or "cuda" */
/* Why AUTO passed over a GPU that is there (a sentence: its memory is too small, ...), or NULL. */
const char *edt_engine_passed_over(const EdtEngine *engine);
EdtPrecision edt_engine_precision(const EdtEngine *engine); /* never AUTO */
/* bf16 was asked for, and f32 would be faster: a CPU without AVX512-BF16. */
gboolean edt_engine_slow_bf16(const EdtEngine *engine);
int edt_engine_threads(const EdtEngine *engine);

/* ---- a request ---- */

typedef enum { EDT_SAMPLER_DDPM, EDT_SAMPLER_DDIM, EDT_SAMPLER_DPMPP_2M } EdtSampler;
typedef enum { EDT_AMM_OFF, EDT_AMM_OFFICIAL, EDT_AMM_AUTO } EdtAmm;

/* What decodes: the model's autoencoder, or the small one beside it. */
typedef enum { EDT_DECODE_FULL, EDT_DECODE_DRAFT } EdtDecode;

const char *edt_sampler_name(EdtSampler sampler); /* "ddpm", "ddim", "dpm++2m" */
gboolean edt_sampler_parse(const char *name, EdtSampler *sampler);
const char *edt_amm_name(EdtAmm amm); /* "off", "official", "auto" */
gboolean edt_amm_parse(const char *name, EdtAmm *amm);
const char *edt_decode_name(EdtDecode decode); /* "full", "draft" */
gboolean edt_decode_parse(const char *name, EdtDecode *decode);

/* One picture of a request.  Every item has its own random generator, seeded with the low 32 bits
 * of seed as torch.manual_seed does, so its picture does not depend on its neighbours in the batch.
 */
typedef struct {
    int class_index; /* 0..n_classes-1, or n_classes for the null class */
    guint64 seed;
    int style; /* 0..n_styles-1, or EDT_STYLE_ANY; models without styles do not look at it */
} EdtItem;
#define EDT_STYLE_ANY (-1)

typedef struct {
    const EdtItem *items; /* borrowed during edt_generate() */
    int n_items;
    int steps; /* 1..1000 */
    EdtSampler sampler;
    double eta;       /* ddim only: 0 deterministic .. 1 */
    double cfg_scale; /* guidance; exactly 1 runs without the null-class half */
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
    int class_index;
    guint64 seed;
    int style; /* EDT_STYLE_ANY where the model has none */
    int steps_done; /* fewer than asked after EDT_STOP_KEEP */
    int width, height, channels;
    float *pixels; /* height x width x channels, 0..1, sRGB; NULL with latent_only */
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

/* ---- the record: how a picture was made, as one JSON object (PNG text, layer parasite) ---- */

char *edt_record_new(const EdtEngine *engine, const EdtRequest *request, const EdtPicture *picture);
/* Fills request (items stay as they are) and item from a record. */
gboolean edt_record_parse(const char *json, EdtRequest *request, EdtItem *item, GError **error);

/* ---- files ---- */

/* PNG with the record in an iTXt chunk "edt" and the customary tEXt "parameters"; record may be
 * NULL.  Written to a temporary name, synced, renamed. */
gboolean edt_picture_save_png(const EdtPicture *picture, const char *path, const char *record,
                              GError **error);
/* The record of a PNG, or NULL with an error. */
char *edt_png_read_record(const char *path, GError **error);

/* Model files in search order: $EDT_MODEL_PATH, $XDG_DATA_HOME/edt/models, <datadir>/edt/models.
 * Returns paths of *.safetensors, NULL-terminated; free with g_strfreev(). */
char **edt_models_list(void);
/* The folders (or single files of $EDT_MODEL_PATH) where models are looked for, in search order,
 * whether they exist or not; free with g_strfreev(). */
char **edt_models_folders(void);
/* A path, or a name found in those places; NULL name: the first model found. */
char *edt_models_find(const char *name, GError **error);
/* The first model found, or NULL; then why says what is wrong with the first file that is there,
 * and stays NULL where there is none. */
char *edt_models_first(GError **why);

typedef struct {
    const char *edt_path; /* .pt, .pth or .safetensors with the reference's names; required */
    const char *vae_path; /* .safetensors, .bin, .ckpt, .pt; NULL: none */
    const char *draft_path; /* a small autoencoder for the same latents (TAESD); NULL: none */
    const char *output;   /* required */
    EdtStored stored;     /* as what weights go into the model */
    gboolean force;       /* replace an existing output */
    const char *title;    /* may be NULL */
    const char *licence;  /* may be NULL */
} EdtImport;

typedef void (*EdtImportProgress)(guint64 done, guint64 total, const char *what,
                                  gpointer user_data);

/* A foreign checkpoint becomes a model.  Nothing in the file is executed; peak memory stays within
 * the largest tensor plus a few MB.  progress may be NULL.  On error nothing is left behind. */
gboolean edt_import(const EdtImport *import, EdtImportProgress progress, gpointer user_data,
                    GError **error);

/* ---- arrays: .npy files of f32, for latents ---- */

/* C order; temporary name, fsync, rename; replaces an existing file. */
gboolean edt_npy_save(const char *path, const float *values, int rank, const gint64 *shape,
                      GError **error);
/* Any float type comes as f32; free with g_free().  Errors: EDT_ERROR_BAD_FILE, _NO_MEMORY. */
float *edt_npy_load(const char *path, int *rank, gint64 shape[8], GError **error);

/* ---- classes ---- */

typedef struct {
    int index;
    const char *name;     /* first name: "golden retriever" */
    const char *synonyms; /* all names, ", "-separated */
    const char *synset;   /* WordNet id, "n02099601"; "" where there is none */
} EdtClass;

/* The classes of a model; n_classes entries owned by the library for its lifetime. */
const EdtClass *edt_imagenet_classes(int *n_classes);
/* Class index for a number, a full name, a synonym, a label, or a unique part of one (case
 * ignored).  On failure -1 and EDT_ERROR_USAGE that names the nearest candidates. */
int edt_class_find(const EdtModelInfo *info, const char *text, GError **error);
/* All matches, best first, -1-terminated; free with g_free(). */
int *edt_class_search(const EdtModelInfo *info, const char *text);
/* Name for a class of this model: "golden retriever", or "class 12" where names are unknown.  The
 * same in every country: for files, records and settings. */
char *edt_class_name(const EdtModelInfo *info, int class_index);
/* What a person is shown: the name in their language, where the model knows it. */
char *edt_class_label(const EdtModelInfo *info, int class_index);

/* The same of styles.  Index for a number, a name or a label; the name and label of EDT_STYLE_ANY is
 * "any". */
int edt_style_find(const EdtModelInfo *info, const char *text, GError **error);
char *edt_style_name(const EdtModelInfo *info, int style);
char *edt_style_label(const EdtModelInfo *info, int style);

/* ---- the machine ---- */

typedef struct {
    const char *name; /* "cpu", "cuda" */
    gboolean usable;
    char *detail; /* CPU features or device name; or why not */
} EdtBackendInfo;

/* name-NULL-terminated; of several GPUs the one that is used comes first.  Free with
 * edt_backends_free(). */
EdtBackendInfo *edt_backends_list(void);
void edt_backends_free(EdtBackendInfo *list);

/* The libraries the engine stands on, in the versions that are loaded now. */
typedef struct {
    const char *name;    /* "oneDNN"; NULL ends the list */
    const char *version; /* "3.7.2" */
} EdtLibrary;
const EdtLibrary *edt_libraries_list(void); /* owned by the library */

/* ---- measuring: what `edt bench` prints ---- */

typedef enum { EDT_BENCH_STEP, EDT_BENCH_DECODE, EDT_BENCH_ENCODE } EdtBenchWork;

typedef struct {
    EdtBenchWork work;
    const char *variant; /* "EDT-S/2" ...: random weights of that size (no file is read) */
    int image_size;
    EdtEngineOptions options;
    int pictures;    /* of a step: pictures in one forward */
    gboolean guided; /* of a step: twice the samples */
    int warm_up, repetitions;
} EdtBenchCase;

typedef struct {
    const char *what; /* "linear", "attention", ... */
    double ms;        /* of one run */
    double gflops;    /* GFLOP/s; 0 for memory-bound work */
    guint64 calls;
} EdtBenchRow;

#define EDT_BENCH_ROWS 8

typedef struct {
    double median_ms, best_ms;
    double gflop;       /* of one run; multiply-adds counted twice */
    double load_ms;     /* packing weights and making primitives */
    double modulate_ms; /* of a step: conditioning rows of one slice, amortised over its steps */
    guint64 peak_bytes; /* resident memory at its highest, weights included */
    EdtPrecision precision;
    int threads;
    int n_rows;
    EdtBenchRow rows[EDT_BENCH_ROWS];
} EdtBenchResult;

gboolean edt_bench_run(const EdtBenchCase *bench, EdtBenchResult *result, GError **error);
/* The highest multiply-add rate of the device in GFLOP/s, measured now (about 0.2 s). */
double edt_bench_peak(const EdtEngineOptions *options, GError **error);

/* Free memory of the machine in bytes; 0 where unknown. */
guint64 edt_memory_available(void);

G_END_DECLS
