// SPDX-License-Identifier: GPL-3.0-or-later
//
// Up-sampling of tokens and the skip beside them, norm, modulate (EdtSplitConcat).  One block makes
// one row of 2D.
#include "rows.cuh"

template <int V> static __global__ void split_concat(EdtSplitConcat op, EdtType act)
{
    EDT_SHARED(float, row);
    const int tokens = op.n * op.n, half = op.n / 2;
    const int64_t r = blockIdx.x;
    const int sample = (int)(r / tokens), t = (int)(r % tokens), y = t / op.n, x = t % op.n;
    // official UpSample: (p1 p2 c) with p1 the row, p2 the column; unlike DownSample
    const int part = (y & 1) * 2 + (x & 1);
    const int64_t parent = ((int64_t)sample * half + y / 2) * half + x / 2;

    for EDT_EACH_OF_ROW (i, 2 * op.D, V) {
        EdtVec<V> value = i < op.D
                              ? edt_load<V>(op.e, op.e_type, (parent * 4 + part) * op.D + i)
                              : edt_load<V>(op.skip, EDT_F32, r * op.D + i - op.D);
        edt_store<V>(row, EDT_F32, i, value);
    }
    edt_normalise<V>(row, 2 * op.D, edt_modulation(op.mod, sample, op.scale),
                     edt_modulation(op.mod, sample, op.shift), op.y, act, r * 2 * op.D,
                     edt_row_scratch(row, 2 * op.D));
}

cudaError_t edt_cuda_split_concat(const EdtSplitConcat *op, EdtType act, cudaStream_t stream)
{
    const int V = op->D % 4 == 0 ? 4 : 1, rows = op->N * op->n * op->n;
    auto kernel = V == 4 ? split_concat<4> : split_concat<1>;
    const size_t shared = edt_row_shared(2 * op->D);
    if (shared > EDT_SHARED_MAX)
        return cudaErrorInvalidValue;
    EDT_LAUNCH(kernel, dim3((unsigned)rows), dim3((unsigned)edt_row_threads(2 * op->D, V)), shared,
               stream, *op, act);
    return cudaGetLastError();
}
