/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The seam: everything the models ask of a device, as one table.  network/, vae/ and sample/ speak
 * only these words; cpu/ and cuda/ answer.
 *
 * Operations return nothing: the first failure sticks to the device and `sync` reports it once, so
 * a forward pass reads as the formulas do.  No operation allocates after its shapes were seen once
 * (`linear_prepare`, `conv_prepare`).  "act" is the activation type of the device: EDT_BF16 in bf16
 * precision and, where the processor has it, in int8, else EDT_F32.  Pointers are device memory
 * unless a comment says host.
 */
#pragma once

#include "compute/profile.h"
#include "compute/step.h"
#include "compute/tensor.h"
#include "edt.h"

typedef struct EdtDevice EdtDevice;
typedef struct EdtLinear EdtLinear;
typedef struct EdtConv EdtConv;

typedef struct {
    int threads;            /* > 0 */
    EdtPrecision precision; /* never AUTO */
} EdtDeviceOptions;

/* What follows the sums; GELU in its tanh form, RELU is max(y, 0). */
typedef enum { EDT_EPILOGUE_NONE, EDT_EPILOGUE_GELU, EDT_EPILOGUE_RELU } EdtEpilogue;

/* y[M,N] = epilogue(x[M,K] W^T + b).  W is [N,K] as torch stores it. */
typedef struct {
    gint64 K, N;
    const void *weight;      /* host, [N,K] */
    EdtType weight_type;     /* EDT_F32 or EDT_BF16 */
    const void *bias;        /* host, [N], or NULL */
    EdtType bias_type;
    EdtEpilogue epilogue;    /* NONE or GELU */
    EdtType x_type, y_type;  /* EDT_F32 or act */
    gboolean inner;          /* may be computed in int8, where that is the precision */
} EdtLinearSpec;

/* A convolution with square kernel, NHWC, optionally after nearest 2x up-sampling. */
typedef struct {
    int C_in, C_out;
    int kernel;              /* 1 or 3 */
    int stride;              /* 1; or 2, for even sides, padded behind (AutoencoderKL) ... */
    gboolean pad_front;      /* ... or in front (what "padding 1" comes to) */
    gboolean upsample;       /* nearest 2x before the convolution */
    gboolean accumulate;     /* y += ... instead of y = ... */
    EdtEpilogue epilogue;    /* NONE or RELU */
    gboolean from_norm;      /* the input comes from a group norm: it may be asked for in planes */
    const void *weight;      /* host, [C_out,C_in,kernel,kernel] */
    EdtType weight_type;
    const void *bias;        /* host, [C_out], or NULL */
    EdtType bias_type;
    EdtType x_type, y_type;
} EdtConvSpec;

#define EDT_UNITS 8
typedef struct {
    const char *unit; /* "FMA f32" */
    EdtFactors factors;
    double rate; /* operations a second, a multiply-add counted twice */
} EdtUnitRate;

/* adaLN rows of one site at one step: sample s uses base[slot[s] * stride + column ...]. */
typedef struct {
    const float *base;
    gint64 stride;   /* floats between the rows of two slots */
    const int *slot; /* [N] */
} EdtModulation;

#define EDT_NO_COLUMN (-1)

/* The row operation between two matrix products (residual, gate, position table, norm, modulate):
 *     x = x_in + gate * p + table                  (each term optional; p NULL: x is not written)
 *     y = LN(x) * (1 + scale) + shift              (norm FALSE: y = x; y NULL: nothing)
 *     y = [y, beside]                              (where there is something beside)
 * LN without affine, eps 1e-6 (official code, EDTBlock). */
typedef struct {
    int N, T, D;
    const float *x_in;       /* [N*T, D] residual stream, or NULL for 0; may equal x */
    float *x;                /* [N*T, D] */
    const void *p;           /* [N*T, D] of p_type, or NULL: x = x_in */
    EdtType p_type;
    const float *table;      /* [T, D] or NULL */
    void *y;                 /* [N*T, D] act, or NULL; [N*T, 2D] with beside */
    gboolean norm;
    const float *beside;     /* [N*T, D] or NULL; may be x */
    EdtModulation mod_p;     /* read where gate is a column */
    int gate;                /* column, or EDT_NO_COLUMN for 1 */
    EdtModulation mod_y;
    int shift, scale;        /* columns */
} EdtRowUpdate;

/* Down: y[N*(n/2)^2, 4D] = modulate(LN(four neighbours of x[N*n^2, D])); neighbour order
 * (row,col) = (0,0),(1,0),(0,1),(1,1) as in the official DownSample. */
typedef struct {
    int N, n, D;
    const float *x;
    void *y;                 /* act */
    EdtModulation mod;
    int shift, scale;
} EdtMerge;

/* Up and concat: e[N*(n/2)^2, 4D] is dealt out to the n x n grid in the order
 * (0,0),(0,1),(1,0),(1,1) (official UpSample), the skip[N*n^2, D] set beside it, then
 * y[N*n^2, 2D] = modulate(LN([up, skip])). */
typedef struct {
    int N, n, D;             /* n: the finer grid */
    const void *e;           /* of e_type */
    EdtType e_type;
    const float *skip;
    void *y;                 /* act */
    EdtModulation mod;
    int shift, scale;
} EdtSplitConcat;

/* out = (softmax(q k^T * scale + bias) * amm) v, per head; AMM after softmax, without
 * renormalising (paper section 3.2).  Bias and AMM depend on the offset of two tokens alone and
 * come as windows: entry [dy][dx] with dy = qy-ky+n-1 and dx = kx-qx+n-1, so that the keys of one
 * grid row read ascending memory.  bias: [H][2n-1][2n-1]; amm: [2n-1][2n-1]; each may be NULL. */
typedef struct {
    int N, T, H, d;
    int n;                   /* grid side; T = n*n (0 without bias and AMM) */
    float scale;
    const void *qkv;         /* [N*T, 3, H, d] act */
    void *out;               /* [N*T, H*d] act */
    const float *bias, *amm;
} EdtAttention;

/* y = SiLU?(GroupNorm(x; 32 groups, eps 1e-6) * weight + bias), NHWC; y in `planes` planes, each
 * [N, hw, C / planes], one behind the other (what conv_planes() of the next convolution says).  y
 * may be x where planes is 1 and the types are the same. */
typedef struct {
    int N, hw, C, groups, planes;
    const void *x;
    EdtType x_type;
    void *y;
    EdtType y_type;
    const float *weight, *bias; /* [C] */
    gboolean silu;
} EdtGroupNorm;

typedef struct EdtBackend {
    const char *name;
    gboolean asynchronous; /* operations return before they are done: the host has time meanwhile */
    EdtDevice *(*open)(const EdtDeviceOptions *options, GError **error);
    void (*close)(EdtDevice *dev);
    EdtType (*act)(const EdtDevice *dev);

    /* memory: 64-byte aligned; upload and download block until done */
    void *(*alloc)(EdtDevice *dev, gsize bytes, GError **error);
    void (*free)(EdtDevice *dev, void *data);
    /* bytes of the device's own memory that it may hold in all: what is free now, and what it has
     * taken already.  NULL: it works in the machine's memory */
    guint64 (*memory)(EdtDevice *dev);
    void (*upload)(EdtDevice *dev, void *to, const void *host, gsize bytes);
    void (*download)(EdtDevice *dev, void *host, const void *from, gsize bytes);
    /* starts to bring bytes back and waits for nothing: the answer is where they lie for the host
     * from the next sync until the next peek; NULL after a failure */
    const void *(*peek)(EdtDevice *dev, const void *from, gsize bytes);
    gboolean (*sync)(EdtDevice *dev, GError **error); /* waits; reports the first failure */

    /* weights are packed for the device when made; the host memory may go afterwards */
    EdtLinear *(*linear_new)(EdtDevice *dev, const EdtLinearSpec *spec, GError **error);
    gboolean (*linear_prepare)(EdtDevice *dev, EdtLinear *linear, gint64 M, GError **error);
    void (*linear)(EdtDevice *dev, EdtLinear *linear, gint64 M, const void *x, void *y);
    void (*linear_free)(EdtDevice *dev, EdtLinear *linear);
    EdtConv *(*conv_new)(EdtDevice *dev, const EdtConvSpec *spec, GError **error);
    gboolean (*conv_prepare)(EdtDevice *dev, EdtConv *conv, int N, int h, int w, GError **error);
    void (*conv)(EdtDevice *dev, EdtConv *conv, int N, int h, int w, const void *x, void *y);
    void (*conv_free)(EdtDevice *dev, EdtConv *conv);
    /* how many planes of channels the convolution wants its input in; 1: plain NHWC */
    int (*conv_planes)(EdtDevice *dev, const EdtConv *conv);

    /* transformer */
    void (*patchify)(EdtDevice *dev, int N, int C, int h, int p, const float *x, float *rows);
    void (*unpatchify)(EdtDevice *dev, int N, int C, int h, int p, const float *rows, float *x);
    void (*add_rows)(EdtDevice *dev, gint64 R, int D, float *x, const float *table, const int *row);
    void (*silu)(EdtDevice *dev, gint64 count, const float *x, void *y, EdtType y_type);
    void (*update)(EdtDevice *dev, const EdtRowUpdate *op);
    void (*merge)(EdtDevice *dev, const EdtMerge *op);
    void (*split_concat)(EdtDevice *dev, const EdtSplitConcat *op);
    void (*attention)(EdtDevice *dev, const EdtAttention *op);

    /* bytes that an operation takes of the machine's memory beside its arguments, of all its heads
     * or pictures; by the sizes alone, so that it can be asked of what is not loaded.  NULL: none
     * that grow with them */
    gsize (*attention_room)(const EdtAttention *op, EdtType act);
    gsize (*conv_room)(const EdtConvSpec *spec, int N, int h, int w);

    /* VAE: NHWC */
    void (*group_norm)(EdtDevice *dev, const EdtGroupNorm *op);
    void (*add)(EdtDevice *dev, gint64 count, void *x, const void *y, EdtType type); /* x += y */
    void (*convert)(EdtDevice *dev, gint64 count, const void *x, EdtType x_type, void *y,
                    EdtType y_type);
    void (*to_nhwc)(EdtDevice *dev, int N, int C, int hw, const float *x, void *y, EdtType y_type);
    void (*to_nchw)(EdtDevice *dev, int N, int C, int hw, const void *x, EdtType x_type, float *y);

    /* guidance and the sampler's step (step.h) */
    void (*advance)(EdtDevice *dev, const EdtSamplerStep *op);

    /* A step that runs many times may be recorded and replayed (optional; NULL: never).  key says
     * all that the operations between the two calls depend on: addresses, sizes, choices.  TRUE:
     * they are under way already; leave them out, and step_end too.  Between the calls nothing is
     * uploaded, downloaded or prepared. */
    gboolean (*step_begin)(EdtDevice *dev, const void *key, gsize key_bytes);
    void (*step_end)(EdtDevice *dev);

    /* the highest multiply-add rate for the precision, in FLOP/s, measured now */
    double (*peak)(EdtDevice *dev);

    /* what each unit and the memory give, measured now (may be NULL): how many of rates, at most
     * EDT_UNITS, those for the same factors from the slowest to the fastest; bytes a second of each
     * reach; and the share of its cores' time that the process got meanwhile */
    int (*units)(EdtDevice *dev, EdtUnitRate *rates, double memory[EDT_REACHES], double *got);

    /* profiling (may be NULL): rows end with what == NULL */
    void (*profile)(EdtDevice *dev, gboolean on);
    const EdtProfileRow *(*profile_rows)(EdtDevice *dev);
} EdtBackend;

/* The one that is always there and works in the machine's memory. */
const EdtBackend *edt_backend_host(void);
/* The backend for a wish, not opened yet; options are its own (AUTO precision resolved).  why, if
 * not NULL, receives for AUTO the reason that CUDA was passed over (free it), or NULL. */
const EdtBackend *edt_backend_choose(const EdtEngineOptions *wish, EdtDeviceOptions *options,
                                     char **why, GError **error);
