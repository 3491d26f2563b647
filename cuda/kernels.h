/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The launchers: one C function for each operation, defined beside its kernel in the .cu file of
 * that name.  They put work on a stream and answer whether the launch was accepted; nothing waits.
 * Called by device.c, conv.c and module.c.  Shapes are those of compute/backend.h.
 */
#pragma once

#include "compute/backend.h"

#include <cuda_runtime_api.h>

#ifdef __cplusplus
extern "C" {
#endif

/* rows of the transformer */
cudaError_t edt_cuda_update(const EdtRowUpdate *op, EdtType act, cudaStream_t stream);
cudaError_t edt_cuda_merge(const EdtMerge *op, EdtType act, cudaStream_t stream);
cudaError_t edt_cuda_split_concat(const EdtSplitConcat *op, EdtType act, cudaStream_t stream);
cudaError_t edt_cuda_silu(gint64 count, const float *x, void *y, EdtType y_type,
                          cudaStream_t stream);
cudaError_t edt_cuda_add_rows(gint64 R, int D, float *x, const float *table, const int *row,
                              cudaStream_t stream);
cudaError_t edt_cuda_patchify(int N, int C, int h, int p, const float *x, float *rows,
                              cudaStream_t stream);
cudaError_t edt_cuda_unpatchify(int N, int C, int h, int p, const float *rows, float *x,
                                cudaStream_t stream);
cudaError_t edt_cuda_advance(const EdtSamplerStep *op, cudaStream_t stream);

/* Attention on the ordinary cores, any type; head widths up to EDT_CUDA_HEAD_MAX. */
#define EDT_CUDA_HEAD_MAX 512
cudaError_t edt_cuda_attention(const EdtAttention *op, EdtType act, cudaStream_t stream);
/* Attention on the tensor cores: bf16, head widths that are a multiple of 4 up to 128, from compute
 * capability 8.0 on. */
#define EDT_CUDA_TENSOR_HEAD_MAX 128
cudaError_t edt_cuda_attention_tensor(const EdtAttention *op, cudaStream_t stream);

/* pictures */
cudaError_t edt_cuda_add(gint64 count, void *x, const void *y, EdtType type, cudaStream_t stream);
cudaError_t edt_cuda_convert(gint64 count, const void *x, EdtType x_type, void *y, EdtType y_type,
                             cudaStream_t stream);
cudaError_t edt_cuda_to_nhwc(int N, int C, int hw, const float *x, void *y, EdtType y_type,
                             cudaStream_t stream);
cudaError_t edt_cuda_to_nchw(int N, int C, int hw, const void *x, EdtType x_type, float *y,
                             cudaStream_t stream);
/* work: edt_cuda_group_norm_work() bytes of device memory. */
gsize edt_cuda_group_norm_work(const EdtGroupNorm *op);
cudaError_t edt_cuda_group_norm(const EdtGroupNorm *op, void *work, cudaStream_t stream);

/* Rows of a convolution as a matrix product: row r of `rows` holds, tap by tap, the C channels that
 * output pixel first + r sees; zeros where the kernel hangs over the edge. */
typedef struct {
    int h, w, C;           /* of x: [N,h,w,C] */
    int out_h, out_w;      /* pixels of one output picture */
    int kernel, stride;
    int before_y, before_x; /* padding above and left */
    gint64 first, count;   /* output pixels, counted through all pictures */
    const void *x;
    void *rows;            /* [count, kernel^2 C] of type */
    EdtType type;
} EdtCudaGather;
cudaError_t edt_cuda_gather(const EdtCudaGather *op, cudaStream_t stream);

/* One parity of an up-sampled picture: pixel first + r of the small picture [N,h,w] goes to row
 * 2i + parity/2, column 2j + parity%2 of y [N,2h,2w,C]. */
typedef struct {
    int h, w, C, parity;
    gint64 first, count;
    const void *rows;      /* [count, C] */
    void *y;
    EdtType type;
} EdtCudaDeal;
cudaError_t edt_cuda_deal(const EdtCudaDeal *op, cudaStream_t stream);

/* Uniform numbers in [-0.5, 0.5): what the peak is measured on (zeros would flatter it). */
cudaError_t edt_cuda_fill(gint64 count, void *x, EdtType type, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
