/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * kernels_burn.c for dot products of bytes, four to a sum: of 512 bits, and of 256 where a
 * processor has those by themselves.
 */
#include "cpu/kernels.h"

#include <immintrin.h>

#define CHAINS_512 24
#define CHAINS_256 12 /* there are 16 registers */

__attribute__((target("avx512f,avx512vnni"))) static double burn_512(gint64 rounds)
{
    __m512i sum[CHAINS_512];
    volatile int one = 0x01010101; /* four bytes of 1 */
    const __m512i a = _mm512_set1_epi32(one);
    for (int i = 0; i < CHAINS_512; i++)
        sum[i] = _mm512_setzero_si512();
    for (gint64 r = 0; r < rounds; r++) {
#pragma GCC unroll 24
        for (int i = 0; i < CHAINS_512; i++)
            sum[i] = _mm512_dpbusd_epi32(sum[i], a, a);
    }
    __m512i rest = sum[0];
#pragma GCC unroll 24 /* else the sums lie in memory, in the rounds too */
    for (int i = 1; i < CHAINS_512; i++)
        rest = _mm512_or_si512(rest, sum[i]);
    return 2.0 * 64 * CHAINS_512 * (double)rounds + (_mm512_reduce_or_epi32(rest) == 1 ? 1 : 0);
}

__attribute__((target("avx2,avxvnni"))) static double burn_256(gint64 rounds)
{
    __m256i sum[CHAINS_256];
    volatile int one = 0x01010101;
    const __m256i a = _mm256_set1_epi32(one);
    for (int i = 0; i < CHAINS_256; i++)
        sum[i] = _mm256_setzero_si256();
    for (gint64 r = 0; r < rounds; r++) {
#pragma GCC unroll 12
        for (int i = 0; i < CHAINS_256; i++)
            sum[i] = _mm256_dpbusd_avx_epi32(sum[i], a, a);
    }
    __m256i rest = sum[0];
#pragma GCC unroll 12
    for (int i = 1; i < CHAINS_256; i++)
        rest = _mm256_or_si256(rest, sum[i]);
    return 2.0 * 32 * CHAINS_256 * (double)rounds + (_mm256_extract_epi32(rest, 0) == 1 ? 1 : 0);
}

void edt_kernels_burn_vnni(EdtCpuKernels *k, unsigned flags)
{
    if (flags & EDT_CPU_AVX_VNNI)
        k->burn[EDT_BURN_AVX_VNNI] = burn_256;
    if (flags & EDT_CPU_VNNI)
        k->burn[EDT_BURN_VNNI] = burn_512;
}
