/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the command line asks of the machine, beside edt.h: devices, libraries, free memory, speed,
 * and latents as arrays in files.
 */
#pragma once

#include "saving.h"

G_BEGIN_DECLS

/* ---- devices, libraries, memory ---- */

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

/* Whether the CPU computes in bf16 (AVX512-BF16); EDT_PRECISION_BF16 is as slow and as large as f32
 * where it does not. */
gboolean edt_cpu_has_bf16(void);
/* Whether it multiplies bytes (VNNI, AVX-VNNI, AMX); EDT_PRECISION_INT8 is refused where not. */
gboolean edt_cpu_has_int8(void);

/* What is wrong with EDT_ISA or EDT_THREADS in the environment, a sentence; NULL: nothing.  The engine
 * takes what it does not know as not said. */
char *edt_environment_fault(void);

/* Bytes that this process can have, of the machine or of its container; 0 where unknown. */
guint64 edt_memory_available(void);

/* ---- measuring: what `edt bench` prints ---- */

typedef enum { EDT_BENCH_STEP, EDT_BENCH_DECODE, EDT_BENCH_ENCODE } EdtBenchWork;

typedef struct {
    EdtBenchWork work;
    const char *variant; /* "EDT-S/2" ...: random weights of that size (no file is read) */
    int image_size;
    gboolean small; /* of an autoencoder: that of stickers, not Stable Diffusion's */
    EdtEngineOptions options;
    int pictures;    /* of a step: pictures in one forward */
    gboolean guided; /* of a step: twice the samples */
    int warm_up, repetitions;
} EdtBenchCase;

/* What the factors of products are: each type has units of the processor that are for it. */
typedef enum { EDT_FACTORS_F32, EDT_FACTORS_BF16, EDT_FACTORS_INT8, EDT_FACTORS_COUNT } EdtFactors;

/* Memory is as quick as the nearest cache that holds what a call touches: so many sizes of that are
 * told apart, the last one for all that is more than caches hold. */
#define EDT_REACHES 4

typedef struct {
    const char *what; /* "linear", "attention", ... */
    double ms;        /* of one run */
    double gflops;    /* GFLOP/s; 0 for memory-bound work */
    guint64 calls;
    /* what its shapes say that there is to do: multiply-adds counted twice, and bytes read and
     * written, each number once; 0 where it is not known */
    double gflop[EDT_FACTORS_COUNT], gbyte[EDT_REACHES];
} EdtBenchRow;

#define EDT_BENCH_ROWS 8

typedef struct {
    double median_ms, best_ms;
    double gflop;       /* of one run, so without conditioning; multiply-adds counted twice */
    double load_ms;     /* packing weights and making primitives */
    double modulate_ms; /* of a step: conditioning rows of one slice, amortised over its steps */
    guint64 peak_bytes; /* resident memory at its highest, weights included */
    EdtPrecision precision;
    int threads;
    int n_rows;
    EdtBenchRow rows[EDT_BENCH_ROWS];
} EdtBenchResult;

/* Of a step: its multiply-adds counted twice, in GFLOP, with those of its conditioning, and the
 * parameters of the network; nothing is run.  FALSE: there is no such size. */
gboolean edt_bench_work(const EdtBenchCase *bench, double *gflop, guint64 *parameters);
gboolean edt_bench_run(const EdtBenchCase *bench, EdtBenchResult *result, GError **error);
/* The highest multiply-add rate of the device in GFLOP/s, measured now (about 0.2 s). */
double edt_bench_peak(const EdtEngineOptions *options, GError **error);

/* What each unit of the CPU and its memory give, measured now (about half a second). */
#define EDT_BENCH_UNITS 8
typedef struct {
    int n, threads;
    struct {
        const char *what; /* "FMA f32", "vdpbf16ps", "int8 VNNI", "AMX bf16" */
        EdtFactors factors;
        double rate; /* GOP/s, a multiply-add counted twice */
    } of[EDT_BENCH_UNITS];
    struct {
        guint64 bytes;
        double rate; /* GB/s read, of so many bytes again and again */
    } memory[EDT_REACHES];
    double got; /* share of the time of its cores that the process had; less beside other work */
} EdtBenchUnits;
gboolean edt_bench_units(int threads, EdtBenchUnits *units, GError **error);

/* The least milliseconds that a row can take with these units: the longer of what the fastest unit
 * for its factors takes for its multiply-adds and memory for its bytes.  *limit: which of them,
 * "FMA f32" or "memory"; NULL, and 0 ms, where nothing is known. */
double edt_bench_limit(const EdtBenchUnits *units, const EdtBenchRow *row, const char **limit);

/* ---- arrays: .npy files of f32, for latents ---- */

/* C order; replaces an existing file. */
gboolean edt_npy_save(const char *path, const float *values, int rank, const gint64 *shape,
                      GError **error);
/* saving.h says how. */
gboolean edt_npy_save_as(const char *path, const float *values, int rank, const gint64 *shape,
                         EdtWrite write, char **written, GError **error);
/* Any float type comes as f32; free with g_free().  Errors: EDT_ERROR_BAD_FILE, _NO_MEMORY. */
float *edt_npy_load(const char *path, int *rank, gint64 shape[8], GError **error);

/* ---- pictures for statistics: an .npz as FID evaluations read it ---- */

/* arr_0 [n, height, width, channels] u8 and arr_1 [n] i64, their labels.  Memory does not grow with
 * n.  Until it is whole it is called FILE.partial, where a run with the same record goes on. */
typedef struct {
    const char *record; /* how all of it is made, one JSON object; stands in it as edt.json */
    gint64 n;
    int height, width, channels;
} EdtNpzKind;

typedef struct EdtNpz EdtNpz;

/* Errors: EDT_ERROR_USAGE where the file exists (without force) and is not this very archive, which
 * is done then; where it cannot be there (saving.h), or the partial one is of another record or
 * another program's. */
EdtNpz *edt_npz_open(const char *path, const EdtNpzKind *kind, gboolean force, GError **error);
void edt_npz_close(EdtNpz *npz); /* NULL is fine; what was not finished waits for another run */
gint64 edt_npz_done(const EdtNpz *npz); /* pictures that are there */
gboolean edt_npz_add(EdtNpz *npz, const guint8 *pixels, GError **error);
/* After the last picture: labels [n].  What somebody put there meanwhile stays without force;
 * *written, unless it is NULL: where ours is. */
gboolean edt_npz_finish(EdtNpz *npz, const gint64 *labels, char **written, GError **error);

G_END_DECLS
