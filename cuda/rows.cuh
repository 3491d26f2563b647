// SPDX-License-Identifier: GPL-3.0-or-later
//
// One row of a layer norm by one block: shared by update.cu, merge.cu and split_concat.cu.  The row
// waits in shared memory between its three passes; a thread only touches its own elements of it, so
// no barrier is needed but those of the sums.
#pragma once

#include "launch.cuh"

#define EDT_ROW_SCRATCH 32 // floats behind the row: one for each warp

// Threads for rows of D numbers, V at a time: few enough that the sums stay short.
static inline int edt_row_threads(int D, int V)
{
    return D / V <= 64 ? 64 : D / V <= 512 ? 128 : 256;
}

static inline size_t edt_row_shared(int D)
{
    return (size_t)((D + 3) / 4 * 4 + EDT_ROW_SCRATCH) * sizeof(float);
}

static __device__ __forceinline__ float *edt_row_scratch(float *row, int D)
{
    return row + (D + 3) / 4 * 4;
}

#define EDT_EACH_OF_ROW(i, D, V)                                                                   \
    (int i = (int)threadIdx.x * (V); i < (D); i += (int)blockDim.x * (V))

static __device__ __forceinline__ const float *edt_modulation(const EdtModulation &mod, int sample,
                                                              int column)
{
    return mod.base + mod.slot[sample] * mod.stride + column;
}

// y[at .. at+D-1] = LN(row) * (1 + scale) + shift; eps 1e-6 (official code).
template <int V>
static __device__ __forceinline__ void edt_normalise(const float *row, int D, const float *scale,
                                                     const float *shift, void *y, EdtType act,
                                                     int64_t at, float *scratch)
{
    float sum = 0, squares = 0;
    for EDT_EACH_OF_ROW (i, D, V)
        for (int k = 0; k < V; k++)
            sum += row[i + k];
    const float mean = edt_block_sum(sum, scratch) / (float)D;
    for EDT_EACH_OF_ROW (i, D, V)
        for (int k = 0; k < V; k++)
            squares += (row[i + k] - mean) * (row[i + k] - mean);
    const float inverse = 1.0f / sqrtf(edt_block_sum(squares, scratch) / (float)D + 1e-6f);
    for EDT_EACH_OF_ROW (i, D, V) {
        EdtVec<V> a = edt_load<V>(scale, EDT_F32, i), b = edt_load<V>(shift, EDT_F32, i), out;
        for (int k = 0; k < V; k++)
            out.at[k] = (row[i + k] - mean) * inverse * (1.0f + a.at[k]) + b.at[k];
        edt_store<V>(y, act, at + i, out);
    }
}
