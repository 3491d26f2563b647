// SPDX-License-Identifier: GPL-3.0-or-later
//
// y = SiLU(x): the conditioning's activation.
#include "launch.cuh"

static __global__ void silu(int64_t count, const float *x, void *y, EdtType y_type)
{
    for EDT_EACH (i, count)
        edt_store<1>(y, y_type, i, EdtVec<1>{{edt_silu(x[i])}});
}

cudaError_t edt_cuda_silu(gint64 count, const float *x, void *y, EdtType y_type,
                          cudaStream_t stream)
{
    EDT_LAUNCH(silu, edt_grid(count), dim3(edt_block), 0, stream, count, x, y, y_type);
    return cudaGetLastError();
}
