// SPDX-License-Identifier: GPL-3.0-or-later
//
// Guidance and the sampler's step (EdtSamplerStep), a number a thread; the arithmetic is the CPU's
// own source, and rounds alike (-fmad=false in meson.build).
#include <cuda_runtime.h>

#define EDT_STEP_FUNCTION static __device__ __forceinline__
#include "launch.cuh"

static __global__ void advance(EdtSamplerStep op, int64_t count)
{
    const EdtStepCoefficients how = *op.how;
    for EDT_EACH (i, op.N * count)
        edt_step_number(&op, &how, i / count, i % count);
}

cudaError_t edt_cuda_advance(const EdtSamplerStep *op, cudaStream_t stream)
{
    const int64_t count = (int64_t)op->C * op->hw;
    EDT_LAUNCH(advance, edt_grid(op->N * count), dim3(edt_block), 0, stream, *op, count);
    return cudaGetLastError();
}
