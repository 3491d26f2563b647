// SPDX-License-Identifier: GPL-3.0-or-later
//
// Guidance on the first channels of both halves (official forward_with_cfg).
#include "launch.cuh"

static __global__ void guide(int64_t count, int64_t half, int64_t picture, int64_t guided,
                             float scale, float *out)
{
    for EDT_EACH (i, count) {
        float *with = out + i / guided * picture + i % guided, *null = with + half;
        *with = *null = *null + scale * (*with - *null);
    }
}

cudaError_t edt_cuda_guide(int N, int C_all, int C_guided, int hw, float scale, float *out,
                           cudaStream_t stream)
{
    const int64_t picture = (int64_t)C_all * hw, guided = (int64_t)C_guided * hw;
    EDT_LAUNCH(guide, edt_grid(N / 2 * guided), dim3(edt_block), 0, stream, N / 2 * guided,
               N / 2 * picture, picture, guided, scale, out);
    return cudaGetLastError();
}
