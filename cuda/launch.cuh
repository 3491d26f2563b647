// SPDX-License-Identifier: GPL-3.0-or-later
//
// What every kernel stands on: how it is launched, its shared memory, sums over a block, and
// numbers of both types as vectors of f32.  The host build (tests/cuda/host) brings its own
// EDT_LAUNCH and EDT_SHARED with its <cuda_runtime.h>, and everything else is the same source.
#pragma once

#include "kernels.h"

#include <cuda_runtime.h>
#include <stdint.h>

#ifdef __CUDACC__
#define EDT_LAUNCH(kernel, grid, block, shared, stream, ...)                                       \
    kernel<<<(grid), (block), (shared), (stream)>>>(__VA_ARGS__)
// Shared memory is always dynamic: its size is written once, at the launch.
#define EDT_SHARED(type, name)                                                                     \
    extern __shared__ __align__(16) unsigned char edt_shared_memory[];                             \
    type *name = reinterpret_cast<type *>(edt_shared_memory)
#endif

#define EDT_WARP 32
#define EDT_ALL_LANES 0xffffffffu
#define EDT_SHARED_MAX 49152 // bytes that every device gives without being asked

// ---- grids ----

static const int edt_block = 256; // threads of an element-wise kernel
static const int64_t edt_grid_max = 1 << 20;

// Blocks for `count` pieces of work, one a thread; kernels stride over what is left.
static inline dim3 edt_grid(int64_t count)
{
    int64_t blocks = (count + edt_block - 1) / edt_block;
    return dim3((unsigned)(blocks < 1 ? 1 : blocks < edt_grid_max ? blocks : edt_grid_max));
}

#define EDT_EACH(i, count)                                                                         \
    (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < (count);                      \
     i += (int64_t)gridDim.x * blockDim.x)

// ---- sums ----

static __device__ __forceinline__ float edt_warp_sum(float value)
{
    for (int offset = EDT_WARP / 2; offset > 0; offset /= 2)
        value += __shfl_xor_sync(EDT_ALL_LANES, value, offset);
    return value;
}

// The sum over the block, for every thread; scratch: a float for each warp, in shared memory.
static __device__ __forceinline__ float edt_block_sum(float value, float *scratch)
{
    const int warps = blockDim.x / EDT_WARP;
    value = edt_warp_sum(value);
    __syncthreads(); // an earlier sum may still be read
    if (threadIdx.x % EDT_WARP == 0)
        scratch[threadIdx.x / EDT_WARP] = value;
    __syncthreads();
    float sum = 0;
    for (int warp = 0; warp < warps; warp++)
        sum += scratch[warp];
    return sum;
}

// ---- numbers ----

// V numbers as f32; V is 4 where a row allows accesses of 16 (f32) or 8 (bf16) bytes, else 1.
template <int V> struct EdtVec {
    float at[V];
};

static __device__ __forceinline__ float edt_from_bf16(uint32_t bits)
{
    return __uint_as_float(bits << 16);
}

// Round to nearest even, as base/half.h does; NaN stays NaN.
static __device__ __forceinline__ uint32_t edt_to_bf16(float value)
{
    uint32_t bits = __float_as_uint(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u)
        return (bits >> 16) | 0x0040u;
    return (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
}

template <int V>
static __device__ __forceinline__ EdtVec<V> edt_load_f32(const float *x)
{
    EdtVec<V> out;
    if constexpr (V == 1) {
        out.at[0] = *x;
    } else {
        float4 four = *reinterpret_cast<const float4 *>(x);
        out.at[0] = four.x, out.at[1] = four.y, out.at[2] = four.z, out.at[3] = four.w;
    }
    return out;
}

template <int V>
static __device__ __forceinline__ EdtVec<V> edt_load_bf16(const uint16_t *x)
{
    EdtVec<V> out;
    if constexpr (V == 1) {
        out.at[0] = edt_from_bf16(*x);
    } else {
        uint2 four = *reinterpret_cast<const uint2 *>(x);
        out.at[0] = edt_from_bf16(four.x & 0xffffu), out.at[1] = edt_from_bf16(four.x >> 16);
        out.at[2] = edt_from_bf16(four.y & 0xffffu), out.at[3] = edt_from_bf16(four.y >> 16);
    }
    return out;
}

template <int V>
static __device__ __forceinline__ void edt_store_f32(float *y, EdtVec<V> value)
{
    if constexpr (V == 1) {
        *y = value.at[0];
    } else {
        float4 four = {value.at[0], value.at[1], value.at[2], value.at[3]};
        *reinterpret_cast<float4 *>(y) = four;
    }
}

template <int V>
static __device__ __forceinline__ void edt_store_bf16(uint16_t *y, EdtVec<V> value)
{
    if constexpr (V == 1) {
        *y = (uint16_t)edt_to_bf16(value.at[0]);
    } else {
        uint2 four = {edt_to_bf16(value.at[0]) | edt_to_bf16(value.at[1]) << 16,
                      edt_to_bf16(value.at[2]) | edt_to_bf16(value.at[3]) << 16};
        *reinterpret_cast<uint2 *>(y) = four;
    }
}

// Numbers i .. i+V-1 of x.
template <int V>
static __device__ __forceinline__ EdtVec<V> edt_load(const void *x, EdtType type, int64_t i)
{
    switch (type) {
    case EDT_F32:
        return edt_load_f32<V>(static_cast<const float *>(x) + i);
    case EDT_BF16:
        return edt_load_bf16<V>(static_cast<const uint16_t *>(x) + i);
    EDT_CASE_OF_FILES:
        break;
    }
    return EdtVec<V>();
}

template <int V>
static __device__ __forceinline__ void edt_store(void *y, EdtType type, int64_t i, EdtVec<V> value)
{
    switch (type) {
    case EDT_F32:
        edt_store_f32<V>(static_cast<float *>(y) + i, value);
        break;
    case EDT_BF16:
        edt_store_bf16<V>(static_cast<uint16_t *>(y) + i, value);
        break;
    EDT_CASE_OF_FILES:
        break;
    }
}

static __device__ __forceinline__ float edt_silu(float x)
{
    return x / (1.0f + expf(-x));
}
