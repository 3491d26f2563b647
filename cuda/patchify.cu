// SPDX-License-Identifier: GPL-3.0-or-later
//
// Pictures to rows of patches and back.  The two ends order a patch differently, as officially:
// in by channel, row, column (PatchEmbed's weights), out by row, column, channel (unpatchify).
#include "launch.cuh"

// Where number k of patch t of sample s lies in x [N,C,h,h].
static __device__ __forceinline__ int64_t pixel(int s, int t, int c, int i, int j, int C, int h,
                                                int p)
{
    const int n = h / p;
    return (((int64_t)s * C + c) * h + t / n * p + i) * h + t % n * p + j;
}

static __global__ void patchify(int64_t count, int C, int h, int p, const float *x, float *rows)
{
    const int patch = C * p * p, tokens = (h / p) * (h / p);
    for EDT_EACH (at, count) {
        int k = (int)(at % patch), t = (int)(at / patch % tokens);
        rows[at] = x[pixel((int)(at / patch / tokens), t, k / (p * p), k / p % p, k % p, C, h, p)];
    }
}

static __global__ void unpatchify(int64_t count, int C, int h, int p, const float *rows, float *x)
{
    const int patch = C * p * p, tokens = (h / p) * (h / p);
    for EDT_EACH (at, count) {
        int k = (int)(at % patch), t = (int)(at / patch % tokens);
        x[pixel((int)(at / patch / tokens), t, k % C, k / C / p, k / C % p, C, h, p)] = rows[at];
    }
}

cudaError_t edt_cuda_patchify(int N, int C, int h, int p, const float *x, float *rows,
                              cudaStream_t stream)
{
    const int64_t count = (int64_t)N * C * (h / p * p) * (h / p * p);
    EDT_LAUNCH(patchify, edt_grid(count), dim3(edt_block), 0, stream, count, C, h, p, x, rows);
    return cudaGetLastError();
}

cudaError_t edt_cuda_unpatchify(int N, int C, int h, int p, const float *rows, float *x,
                                cudaStream_t stream)
{
    const int64_t count = (int64_t)N * C * (h / p * p) * (h / p * p);
    EDT_LAUNCH(unpatchify, edt_grid(count), dim3(edt_block), 0, stream, count, C, h, p, rows, x);
    return cudaGetLastError();
}
