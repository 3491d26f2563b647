// SPDX-License-Identifier: GPL-3.0-or-later
//
// Planes to pixels and back, for the few channels of latents and pictures.
#include "launch.cuh"

static __global__ void to_nhwc(int64_t count, int C, int hw, const float *x, void *y,
                               EdtType y_type)
{
    for EDT_EACH (i, count) {
        int64_t pixel = i / C, n = pixel / hw;
        edt_store<1>(y, y_type, i,
                     edt_load<1>(x, EDT_F32, (n * C + i % C) * hw + pixel % hw));
    }
}

static __global__ void to_nchw(int64_t count, int C, int hw, const void *x, EdtType x_type,
                               float *y)
{
    for EDT_EACH (i, count) {
        int64_t plane = i / hw, n = plane / C;
        edt_store<1>(y, EDT_F32, i,
                     edt_load<1>(x, x_type, (n * hw + i % hw) * C + plane % C));
    }
}

cudaError_t edt_cuda_to_nhwc(int N, int C, int hw, const float *x, void *y, EdtType y_type,
                             cudaStream_t stream)
{
    const int64_t count = (int64_t)N * C * hw;
    EDT_LAUNCH(to_nhwc, edt_grid(count), dim3(edt_block), 0, stream, count, C, hw, x, y, y_type);
    return cudaGetLastError();
}

cudaError_t edt_cuda_to_nchw(int N, int C, int hw, const void *x, EdtType x_type, float *y,
                             cudaStream_t stream)
{
    const int64_t count = (int64_t)N * C * hw;
    EDT_LAUNCH(to_nchw, edt_grid(count), dim3(edt_block), 0, stream, count, C, hw, x, x_type, y);
    return cudaGetLastError();
}
