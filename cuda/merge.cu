// SPDX-License-Identifier: GPL-3.0-or-later
//
// Down-sampling of tokens: four neighbours side by side, norm, modulate (EdtMerge).  A block makes
// one row of 4D.
#include "rows.cuh"

template <int V> static __global__ void merge(EdtMerge op, EdtType act)
{
    EDT_SHARED(float, row);
    const int half = op.n / 2, tokens = half * half;
    const int64_t r = blockIdx.x;
    const int sample = (int)(r / tokens), t = (int)(r % tokens);
    const int64_t corner = (int64_t)sample * op.n * op.n + t / half * 2 * op.n + t % half * 2;

    for EDT_EACH_OF_ROW (i, 4 * op.D, V) {
        // official DownSample: x0 (0,0), x1 (1,0), x2 (0,1), x3 (1,1) as (row, col)
        int part = i / op.D, down = part & 1, right = part >> 1;
        int64_t from = (corner + down * op.n + right) * op.D + i % op.D;
        edt_store<V>(row, EDT_F32, i, edt_load<V>(op.x, EDT_F32, from));
    }
    edt_normalise<V>(row, 4 * op.D, edt_modulation(op.mod, sample, op.scale),
                     edt_modulation(op.mod, sample, op.shift), op.y, act, r * 4 * op.D,
                     edt_row_scratch(row, 4 * op.D));
}

cudaError_t edt_cuda_merge(const EdtMerge *op, EdtType act, cudaStream_t stream)
{
    const int V = op->D % 4 == 0 ? 4 : 1, rows = op->N * (op->n / 2) * (op->n / 2);
    auto kernel = V == 4 ? merge<4> : merge<1>;
    const size_t shared = edt_row_shared(4 * op->D);
    if (shared > EDT_SHARED_MAX)
        return cudaErrorInvalidValue;
    EDT_LAUNCH(kernel, dim3((unsigned)rows), dim3((unsigned)edt_row_threads(4 * op->D, V)), shared,
               stream, *op, act);
    return cudaGetLastError();
}
