// SPDX-License-Identifier: GPL-3.0-or-later
//
// The row operation between two matrix products: residual, gate, position table, norm, modulate in
// one pass over the row (EdtRowUpdate).  One block a row.
#include "rows.cuh"

// x = x_in + gate * p + table of V numbers at column i; written to x where there is a p.
template <int V>
static __device__ __forceinline__ EdtVec<V> stream(const EdtRowUpdate &op, int64_t row,
                                                   const float *gate, int i)
{
    const int64_t at = row * op.D + i;
    EdtVec<V> x = {};
    if (op.x_in)
        x = edt_load<V>(op.x_in, EDT_F32, at);
    if (op.p == nullptr)
        return x;
    EdtVec<V> p = edt_load<V>(op.p, op.p_type, at), g = {}, t = {};
    if (gate)
        g = edt_load<V>(gate, EDT_F32, i);
    if (op.table)
        t = edt_load<V>(op.table, EDT_F32, row % op.T * op.D + i);
    for (int k = 0; k < V; k++)
        x.at[k] += (gate ? g.at[k] * p.at[k] : p.at[k]) + t.at[k];
    edt_store<V>(op.x, EDT_F32, at, x);
    return x;
}

template <int V> static __global__ void update(EdtRowUpdate op, EdtType act)
{
    EDT_SHARED(float, row);
    const int64_t r = blockIdx.x;
    const int sample = (int)(r / op.T);
    const int64_t at = r * (op.beside ? 2 * op.D : op.D); // of y
    const float *gate =
        op.p && op.gate != EDT_NO_COLUMN ? edt_modulation(op.mod_p, sample, op.gate) : nullptr;
    for
        EDT_EACH_OF_ROW(i, op.D, V)
        {
            EdtVec<V> x = stream<V>(op, r, gate, i);
            if (op.y && !op.norm)
                edt_store<V>(op.y, act, at + i, x);
            if (op.y && op.beside) // maybe x: what this thread has just written
                edt_store<V>(op.y, act, at + op.D + i,
                             edt_load<V>(op.beside, EDT_F32, r * op.D + i));
            edt_store<V>(row, EDT_F32, i, x);
        }
    if (op.y && op.norm)
        edt_normalise<V>(row, op.D, edt_modulation(op.mod_y, sample, op.scale),
                         edt_modulation(op.mod_y, sample, op.shift), op.y, act, at,
                         edt_row_scratch(row, op.D));
}

cudaError_t edt_cuda_update(const EdtRowUpdate *op, EdtType act, cudaStream_t stream)
{
    const int V = op->D % 4 == 0 ? 4 : 1;
    auto kernel = V == 4 ? update<4> : update<1>;
    const size_t shared = edt_row_shared(op->D);
    if (shared > EDT_SHARED_MAX)
        return cudaErrorInvalidValue;
    EDT_LAUNCH(kernel, dim3((unsigned)(op->N * op->T)), dim3((unsigned)edt_row_threads(op->D, V)),
               shared, stream, *op, act);
    return cudaGetLastError();
}
