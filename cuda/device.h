/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One GPU as a device: stream, staging memory, workspace, recorded steps, profile.  Private to
 * cuda/.  Next: failure.c, then memory.c, device.c, and module.c for the table.
 */
#pragma once

#include "kernels.h"
#include "matmul.h"

/* A step that was seen: recorded when it comes the second time, replayed from then on. */
typedef struct {
    gpointer key; /* NULL: free */
    gsize key_bytes;
    cudaGraphExec_t graph;
} EdtCudaStep;

#define EDT_CUDA_STEPS 8
#define EDT_CUDA_STAGING ((gsize)4 << 20) /* bytes of a half */

struct EdtDevice {
    int ordinal;
    EdtType act;
    gboolean tensor_cores;   /* for bf16: compute capability 8.0 or newer */
    cudaStream_t stream;
    EdtMatmuls *matmuls;
    char *staging;           /* pinned, two halves */
    cudaEvent_t staged[2];   /* the half's copy is done */
    int half;
    void *peeked;            /* pinned; what previews are made of */
    gsize peeked_bytes;
    GHashTable *taken;       /* address -> bytes of what was allocated */
    gsize held;              /* the sum of it, and the workspace of matmuls */
    void *work;              /* tiles of a convolution, sums of a group norm */
    gsize work_bytes;
    GError *error;           /* first failure of an operation, until sync */
    gboolean records;        /* steps, unless EDT_CUDA_GRAPH is 0 */
    EdtCudaStep steps[EDT_CUDA_STEPS];
    int next_step;
    EdtCudaStep *recording;  /* between step_begin and step_end */
    gboolean profiling;
    cudaEvent_t begun, ended;
    EdtProfileRow profile[EDT_PROFILE_COUNT + 1];
};

/* failure.c */
/* CUDA's answer as an error; TRUE for success. */
gboolean edt_cuda_ok(cudaError_t status, const char *what, GError **error);
/* The same, sticking to the device (the first failure wins). */
void edt_cuda_check(EdtDevice *dev, cudaError_t status, const char *what);
void edt_cuda_fail(EdtDevice *dev, GError *error); /* takes error */
/* Every operation begins with this: the calling thread turns to the GPU.  FALSE after a failure;
 * then the operation is left out. */
gboolean edt_cuda_enter(EdtDevice *dev);
gboolean edt_cuda_sync(EdtDevice *dev, GError **error);

/* device.c */
EdtDevice *edt_cuda_open(const EdtDeviceOptions *options, GError **error);
void edt_cuda_close(EdtDevice *dev);
double edt_cuda_peak(EdtDevice *dev);
/* The ordinal of the GPU to use, of EDT_CUDA_DEVICE or 0; -1 with an error that says why not. */
int edt_cuda_ordinal(struct cudaDeviceProp *properties, GError **error);

/* memory.c */
void *edt_cuda_alloc(EdtDevice *dev, gsize bytes, GError **error);
void edt_cuda_free(EdtDevice *dev, void *data);
guint64 edt_cuda_memory(EdtDevice *dev);
/* Grows the workspace; not while a step is being recorded. */
gboolean edt_cuda_need_work(EdtDevice *dev, gsize bytes, GError **error);
void edt_cuda_upload(EdtDevice *dev, void *to, const void *host, gsize bytes);
void edt_cuda_download(EdtDevice *dev, void *host, const void *from, gsize bytes);
const void *edt_cuda_peek(EdtDevice *dev, const void *from, gsize bytes);

/* profile.c: an operation is timed, and waited for, while profiling is on */
void edt_cuda_begin(EdtDevice *dev);
void edt_cuda_end(EdtDevice *dev, EdtProfileKind kind, double flops);
void edt_cuda_profile(EdtDevice *dev, gboolean on);
const EdtProfileRow *edt_cuda_profile_rows(EdtDevice *dev);

/* step.c: a denoising step as a CUDA graph (backend.h, step_begin) */
gboolean edt_cuda_step_begin(EdtDevice *dev, const void *key, gsize key_bytes);
void edt_cuda_step_end(EdtDevice *dev);
/* Memory goes or moves: what was recorded is worth nothing. */
void edt_cuda_forget_steps(EdtDevice *dev);

/* linear.c */
EdtLinear *edt_cuda_linear_new(EdtDevice *dev, const EdtLinearSpec *spec, GError **error);
gboolean edt_cuda_linear_prepare(EdtDevice *dev, EdtLinear *linear, gint64 M, GError **error);
void edt_cuda_linear(EdtDevice *dev, EdtLinear *linear, gint64 M, const void *x, void *y);
void edt_cuda_linear_free(EdtDevice *dev, EdtLinear *linear);
/* count host numbers of one type as device memory of another */
void *edt_cuda_keep(EdtDevice *dev, const void *host, EdtType from, gsize count, EdtType to,
                    GError **error);

/* conv.c */
EdtConv *edt_cuda_conv_new(EdtDevice *dev, const EdtConvSpec *spec, GError **error);
gboolean edt_cuda_conv_prepare(EdtDevice *dev, EdtConv *conv, int N, int h, int w, GError **error);
void edt_cuda_conv(EdtDevice *dev, EdtConv *conv, int N, int h, int w, const void *x, void *y);
void edt_cuda_conv_free(EdtDevice *dev, EdtConv *conv);
int edt_cuda_conv_planes(EdtDevice *dev, const EdtConv *conv);
