// SPDX-License-Identifier: GPL-3.0-or-later
//
// The three tensor-core instructions that attention_tensor.cu is made of, from compute capability
// 8.0 on.  In the layouts below lane = 4 * g + t.  The host build brings functions of the same
// names that exchange the operands between lanes and compute the definition.
#pragma once

#include "launch.cuh"

#ifdef __CUDACC__

#if defined __CUDA_ARCH__ && __CUDA_ARCH__ < 800
#define EDT_NO_TENSOR_CORES 1 // for bf16; the launcher is never asked there
#endif

// c (16x8, f32) += a (16x16, bf16) b (16x8, bf16).
// a: rows g, g+8, g, g+8; columns 2t, 2t+1, and 8 more for the last two
// b: rows 2t, 2t+1, and 8 more for the second; column g
// c: rows g, g, g+8, g+8; columns 2t, 2t+1
static __device__ __forceinline__ void edt_mma(float c[4], const uint32_t a[4], uint32_t b0,
                                               uint32_t b1)
{
#ifndef EDT_NO_TENSOR_CORES
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
                 "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
#endif
}

// Four 8x8 matrices of bf16 from shared memory; lane 8i + r passes row r (16 bytes) of matrix i.
// out[i]: row g, columns 2t and 2t+1 of matrix i; transposed: rows 2t and 2t+1, column g.
static __device__ __forceinline__ void edt_load_matrices(uint32_t out[4], const void *row)
{
    uint32_t address = (uint32_t)__cvta_generic_to_shared(row);
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
                 : "r"(address)
                 : "memory");
}

static __device__ __forceinline__ void edt_load_transposed(uint32_t out[4], const void *row)
{
    uint32_t address = (uint32_t)__cvta_generic_to_shared(row);
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
                 : "r"(address)
                 : "memory");
}

#endif

// Two numbers as bf16 in one register, low first; to nearest even.
static __device__ __forceinline__ uint32_t edt_pack_bf16(float low, float high)
{
#if defined __CUDA_ARCH__ && __CUDA_ARCH__ >= 800
    uint32_t both;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(high), "f"(low));
    return both;
#else
    return edt_to_bf16(low) | edt_to_bf16(high) << 16;
#endif
}
