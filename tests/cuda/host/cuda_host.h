// SPDX-License-Identifier: GPL-3.0-or-later
//
// The kernels' language on the CPU: what nvcc knows beyond C++, so that the very sources of cuda/
// compile with g++ and run (host/block.cpp): a block's threads are fibers that take turns, and
// barriers and shuffles wait until all have come.  Shared memory is exactly as large as the launch
// said and filled with NaN, so sanitizers and results show what strays.
#pragma once

#include "cuda_runtime_api.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>

#define __global__
#define __device__
#define __forceinline__ inline
#define __launch_bounds__(...)

struct dim3 {
    unsigned x, y, z;
    dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};
struct alignas(16) float4 {
    float x, y, z, w;
};
struct alignas(16) uint4 {
    uint32_t x, y, z, w;
};
struct alignas(8) uint2 {
    uint32_t x, y;
};

extern dim3 threadIdx, blockIdx, blockDim, gridDim;

// ---- launching ----

// Puts work on a stream: runs it now, or keeps it while the stream is captured.
void edt_host_submit(cudaStream_t stream, std::function<void()> work);
// The same for a grid; invalid sizes are the launch's error, as on a GPU.
void edt_host_launch(dim3 grid, dim3 block, size_t shared, cudaStream_t stream,
                     std::function<void()> thread);
void *edt_host_shared();

template <typename... Parameters, typename... Arguments>
void edt_host_call(void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t shared,
                   cudaStream_t stream, Arguments... arguments)
{
    edt_host_launch(grid, block, shared, stream, [=] { kernel(arguments...); });
}

#define EDT_LAUNCH(kernel, grid, block, shared, stream, ...)                                       \
    edt_host_call(kernel, grid, block, shared, stream, __VA_ARGS__)
#define EDT_SHARED(type, name) type *name = static_cast<type *>(edt_host_shared())

// ---- together ----

void __syncthreads();
// Every lane of the warp gives 8 bytes and sees what all 32 gave, until the next exchange but one.
const uint64_t *edt_host_exchange(uint64_t own);

template <typename T> T __shfl_xor_sync(uint32_t lanes, T value, int mask)
{
    static_assert(sizeof(T) <= 8);
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof value);
    const uint64_t *all = edt_host_exchange(bits);
    memcpy(&value, &all[(threadIdx.x % 32) ^ (unsigned)mask], sizeof value);
    return lanes == 0xffffffffu ? value : T();
}

// ---- tensor cores: by their definition (cuda/mma.cuh) ----

void edt_mma(float c[4], const uint32_t a[4], uint32_t b0, uint32_t b1);
void edt_load_matrices(uint32_t out[4], const void *row);
void edt_load_transposed(uint32_t out[4], const void *row);

// ---- numbers ----

static inline float __uint_as_float(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}
static inline uint32_t __float_as_uint(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}
static inline int min(int a, int b)
{
    return a < b ? a : b;
}
