/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The stopwatch's yardstick: multiply-adds that touch nothing but registers, as many at once as the
 * units can hold.  What a step reaches of this rate is its share of the peak.  And memory that is
 * read and nothing else.  Units beside the ladder: kernels_burn_vnni.c, kernels_burn_amx.c.
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
    for (gint64 r = 0; r < rounds; r++) {
#pragma GCC unroll 24
        for (int i = 0; i < PAIR_CHAINS; i++)
            sum[i] = _mm512_dpbf16_ps(sum[i], a, a);
    }
    float rest = 0;
    for (int i = 0; i < PAIR_CHAINS; i++)
        rest += sum[i][0];
    return 4.0 * PAIR_CHAINS * 16 * (double)rounds + (rest < 0 ? 1 : 0);
}
#endif

#define STREAMS 8 /* vectors of 64 bytes that are read at once */

static double read_memory(const void *memory, gint64 count, gint64 rounds)
{
    enum { OF_64 = 64 / sizeof(Ints), AT_ONCE = STREAMS * OF_64 };
    const Ints *from = memory;
    Ints seen[AT_ONCE] = {{0}};
    for (gint64 r = 0; r < rounds; r++) {
        for (gint64 i = 0; i + STREAMS <= count; i += STREAMS)
#pragma GCC unroll 32
            for (int k = 0; k < AT_ONCE; k++)
                seen[k] |= from[i * OF_64 + k];
        __asm__ volatile("" ::: "memory"); /* else one round would do */
    }
    int rest = 0;
    for (int k = 0; k < AT_ONCE; k++)
        rest |= seen[k][0];
    return 64.0 * (double)(count / STREAMS * STREAMS) * (double)rounds + (rest == 1 ? 1 : 0);
}

void EDT_AT_LEVEL(edt_kernels_burn_)(EdtCpuKernels *k)
{
    k->burn[EDT_BURN_FMA] = burn_f32;
    k->read = read_memory;
#if defined(EDT_LEVEL_AVX512BF16)
    k->burn[EDT_BURN_BF16_PAIRS] = burn_pairs;
#endif
}
