/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The stopwatch's yardstick: multiply-adds that touch nothing but registers, as many at once as the
 * units can hold.  What a step reaches of this rate is its share of the peak.
 */
#include "cpu/kernels.h"
#include "cpu/vector.h"

#define CHAINS 12 /* independent sums: latency 4 times two units, and some to spare */

#define PAIR_CHAINS 24

static double burn_f32(gint64 rounds)
{
    volatile float one = 1.0f; /* unknown to the compiler, which else would fold the loop */
    Vec sum[CHAINS], a = (Vec){0} + one, b = (Vec){0} + 1e-9f;
    for (int i = 0; i < CHAINS; i++)
        sum[i] = b;
    for (gint64 r = 0; r < rounds; r++) {
#pragma GCC unroll 12
        for (int i = 0; i < CHAINS; i++)
            sum[i] = sum[i] * a + b;
    }
    float rest = 0;
    for (int i = 0; i < CHAINS; i++)
        rest += sum[i][0];
    return 2.0 * CHAINS * LANES * (double)rounds + (rest < 0 ? 1 : 0);
}

#if defined(EDT_LEVEL_AVX512BF16)
static double burn_pairs(gint64 rounds)
{
    __m512 sum[PAIR_CHAINS];
    volatile int one = 0x3f803f80; /* a pair of 1 */
    __m512bh a = (__m512bh)_mm512_set1_epi32(one);
    for (int i = 0; i < PAIR_CHAINS; i++)
        sum[i] = _mm512_setzero_ps();
    for (gint64 r = 0; r < rounds / 2; r++) {
#pragma GCC unroll 24
        for (int i = 0; i < PAIR_CHAINS; i++)
            sum[i] = _mm512_dpbf16_ps(sum[i], a, a);
    }
    float rest = 0;
    for (int i = 0; i < PAIR_CHAINS; i++)
        rest += sum[i][0];
    return 4.0 * PAIR_CHAINS * 16 * (double)(rounds / 2) + (rest < 0 ? 1 : 0);
}

/* No processor has bf16 without VNNI. */
__attribute__((target("avx512vnni"))) static double burn_int8(gint64 rounds)
{
    __m512i sum[PAIR_CHAINS];
    volatile int one = 0x01010101; /* four bytes of 1 */
    const __m512i a = _mm512_set1_epi32(one);
    for (int i = 0; i < PAIR_CHAINS; i++)
        sum[i] = _mm512_setzero_si512();
    for (gint64 r = 0; r < rounds / 2; r++) {
#pragma GCC unroll 24
        for (int i = 0; i < PAIR_CHAINS; i++)
            sum[i] = _mm512_dpbusd_epi32(sum[i], a, a);
    }
    int rest = 0;
    for (int i = 0; i < PAIR_CHAINS; i++)
        rest |= _mm512_reduce_or_epi32(sum[i]);
    return 8.0 * PAIR_CHAINS * 16 * (double)(rounds / 2) + (rest == 1 ? 1 : 0);
}
#endif

static double burn(EdtType act, gint64 rounds)
{
#if defined(EDT_LEVEL_AVX512BF16)
    if (act == EDT_BF16)
        return burn_pairs(rounds);
#endif
    return burn_f32(rounds);
}

void EDT_AT_LEVEL(edt_kernels_burn_)(EdtCpuKernels *k)
{
    k->burn = burn;
#if defined(EDT_LEVEL_AVX512BF16)
    k->burn_int8 = burn_int8;
#endif
}
