// SPDX-License-Identifier: GPL-3.0-or-later
//
// Numbers for measuring the peak.
#include "launch.cuh"

static __global__ void fill(int64_t count, void *x, EdtType type)
{
    for EDT_EACH (i, count) {
        uint32_t bits = (uint32_t)i * 2654435761u;
        bits = (bits ^ (bits >> 15)) * 2246822519u;
        edt_store<1>(x, type, i, EdtVec<1>{{(float)(bits >> 8) * 0x1p-24f - 0.5f}});
    }
}

cudaError_t edt_cuda_fill(gint64 count, void *x, EdtType type, cudaStream_t stream)
{
    EDT_LAUNCH(fill, edt_grid(count), dim3(edt_block), 0, stream, count, x, type);
    return cudaGetLastError();
}
