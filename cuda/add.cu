// SPDX-License-Identifier: GPL-3.0-or-later
//
// x += y: the residual around the VAE's attention.
#include "launch.cuh"

template <int V> static __global__ void add(int64_t count, void *x, const void *y, EdtType type)
{
    for EDT_EACH (i, count) {
        EdtVec<V> a = edt_load<V>(x, type, V * i), b = edt_load<V>(y, type, V * i);
        for (int k = 0; k < V; k++)
            a.at[k] += b.at[k];
        edt_store<V>(x, type, V * i, a);
    }
}

cudaError_t edt_cuda_add(gint64 count, void *x, const void *y, EdtType type, cudaStream_t stream)
{
    const bool four = count % 4 == 0;
    auto kernel = four ? add<4> : add<1>;
    count = four ? count / 4 : count;
    EDT_LAUNCH(kernel, edt_grid(count), dim3(edt_block), 0, stream, count, x, y, type);
    return cudaGetLastError();
}
