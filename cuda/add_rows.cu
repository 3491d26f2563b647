// SPDX-License-Identifier: GPL-3.0-or-later
//
// x[r] += table[row[r]]: the class embedding joins the timestep's.
#include "launch.cuh"

static __global__ void add_rows(int64_t count, int D, float *x, const float *table, const int *row)
{
    for EDT_EACH (i, count)
        x[i] += table[(int64_t)row[i / D] * D + i % D];
}

cudaError_t edt_cuda_add_rows(gint64 R, int D, float *x, const float *table, const int *row,
                              cudaStream_t stream)
{
    EDT_LAUNCH(add_rows, edt_grid(R * D), dim3(edt_block), 0, stream, R * D, D, x, table, row);
    return cudaGetLastError();
}
