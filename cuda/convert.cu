// SPDX-License-Identifier: GPL-3.0-or-later
//
// y = x in another type: the copies that a product reads.
#include "launch.cuh"

template <int V>
static __global__ void convert(int64_t count, const void *x, EdtType x_type, void *y,
                               EdtType y_type)
{
    for EDT_EACH (i, count)
        edt_store<V>(y, y_type, V * i, edt_load<V>(x, x_type, V * i));
}

cudaError_t edt_cuda_convert(gint64 count, const void *x, EdtType x_type, void *y, EdtType y_type,
                             cudaStream_t stream)
{
    const bool four = count % 4 == 0;
    auto kernel = four ? convert<4> : convert<1>;
    count = four ? count / 4 : count;
    EDT_LAUNCH(kernel, edt_grid(count), dim3(edt_block), 0, stream, count, x, x_type, y, y_type);
    return cudaGetLastError();
}
