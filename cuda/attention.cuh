// SPDX-License-Identifier: GPL-3.0-or-later
//
// What both attention kernels share: where q, k and v lie, and the windows of bias and AMM.
#pragma once

#include "launch.cuh"

// Element of qkv [N*T, 3, H, d] where row t's vector `which` (0 q, 1 k, 2 v) of a head begins.
static __device__ __forceinline__ int64_t edt_head_row(const EdtAttention &op, int sample, int head,
                                                       int which, int t)
{
    return ((((int64_t)sample * op.T + t) * 3 + which) * op.H + head) * op.d;
}

// A query's or key's place in the window [2n-1][2n-1]: the entry of the pair is query - key, since
// it lies at (qy-ky+n-1) * side + (kx-qx+n-1).
static __device__ __forceinline__ int edt_window_of_query(const EdtAttention &op, int q)
{
    const int side = 2 * op.n - 1;
    return (q / op.n + op.n - 1) * side + op.n - 1 - q % op.n;
}

static __device__ __forceinline__ int edt_window_of_key(const EdtAttention &op, int k)
{
    return k / op.n * (2 * op.n - 1) - k % op.n;
}
