/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * torch's CPU generator: the Mersenne Twister mt19937, and the ways torch draws from it.
 * First on the journey: the noise that becomes a picture is made here, and drawn from again at
 * every step (sampler.h).  Next: box_muller_steps.h, where uniforms become normals.
 *
 * Everything consumes the stream exactly as torch does; what looks wasteful (24 of 32 bits, the
 * last sixteen drawn twice, two ways to make a normal) is the contract.
 */
#include "sample/box_muller.h"
#include "sample/random.h"

#include <math.h>

#define WORDS 624 /* state of mt19937 */
#define FAR 397   /* the recurrence looks this far ahead */
#define TOP_BIT 0x80000000u
#define TWIST 0x9908b0dfu
#define BLOCK EDT_BOX_MULLER_BLOCK

void edt_random_seed(EdtRandom *random, guint64 seed)
{
    random->state[0] = (guint32)seed;
    for (guint32 j = 1; j < WORDS; j++) {
        guint32 last = random->state[j - 1];
        random->state[j] = 1812433253u * (last ^ (last >> 30)) + j;
    }
    random->used = WORDS;
    random->has_spare = FALSE;
}

static guint32 twist(guint32 this_word, guint32 next_word, guint32 far_word)
{
    guint32 mixed = (this_word & TOP_BIT) | (next_word & ~TOP_BIT);
    return far_word ^ (mixed >> 1) ^ (mixed & 1 ? TWIST : 0);
}

/* All 624 words anew; in place, so the last ones already see new far and next words. */
static void refill(EdtRandom *random)
{
    guint32 *s = random->state;
    for (int j = 0; j < WORDS - FAR; j++)
        s[j] = twist(s[j], s[j + 1], s[j + FAR]);
    for (int j = WORDS - FAR; j < WORDS - 1; j++)
        s[j] = twist(s[j], s[j + 1], s[j + FAR - WORDS]);
    s[WORDS - 1] = twist(s[WORDS - 1], s[0], s[FAR - 1]);
    random->used = 0;
}

static guint32 draw_32(EdtRandom *random)
{
    if (random->used >= WORDS)
        refill(random);
    guint32 word = random->state[random->used++];
    word ^= word >> 11;
    word ^= (word << 7) & 0x9d2c5680u;
    word ^= (word << 15) & 0xefc60000u;
    return word ^ (word >> 18);
}

/* A double in [0, 1): 53 bits of two words, the first one high. */
static double draw_double(EdtRandom *random)
{
    guint64 high = draw_32(random), low = draw_32(random);
    return (double)(((high << 32) | low) & ((G_GUINT64_CONSTANT(1) << 53) - 1)) * 0x1p-53;
}

void edt_random_uniform(EdtRandom *random, float *out, gsize n)
{
    for (gsize i = 0; i < n; i++)
        out[i] = (float)(draw_32(random) & 0xffffffu) * 0x1p-24f;
}

guint32 edt_random_below(EdtRandom *random, guint32 n)
{
    return draw_32(random) % n;
}

void edt_random_permutation(EdtRandom *random, gint64 *out, gsize n)
{
    for (gsize i = 0; i < n; i++)
        out[i] = (gint64)i;
    for (gsize i = 0; i + 1 < n; i++) {
        gsize other = i + draw_32(random) % (n - i);
        gint64 moved = out[i];
        out[i] = out[other];
        out[other] = moved;
    }
}

/* torch.randn below sixteen values: Box-Muller in f64, one pair at a time.  The second value of a
 * pair waits for the next call, even when a longer draw comes between. */
static void draw_few(EdtRandom *random, float *out, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        if (random->has_spare) {
            random->has_spare = FALSE;
            out[i] = (float)random->spare;
            continue;
        }
        double turn = draw_double(random), u = draw_double(random);
        double angle = 2.0 * G_PI * turn, radius = sqrt(-2.0 * log1p(-u));
        random->spare = radius * sin(angle);
        random->has_spare = TRUE;
        out[i] = (float)(radius * cos(angle));
    }
}

void edt_random_normal(EdtRandom *random, float *out, gsize n)
{
    if (n < BLOCK) {
        draw_few(random, out, n);
        return;
    }
    EdtBoxMuller box_muller = edt_box_muller_choose();
    edt_random_uniform(random, out, n);
    box_muller(out, n / BLOCK);
    if (n % BLOCK != 0) { /* the rest and its neighbours become one block of fresh uniforms */
        float *last = out + n - BLOCK;
        edt_random_uniform(random, last, BLOCK);
        box_muller(last, 1);
    }
}

void edt_random_skip_normal(EdtRandom *random, gsize n)
{
    if (n < BLOCK) {
        float forgotten[BLOCK];
        draw_few(random, forgotten, n); /* for its spare */
        return;
    }
    for (gsize words = n % BLOCK == 0 ? n : n + BLOCK; words > 0;) {
        if (random->used >= WORDS)
            refill(random);
        gsize step = MIN(words, (gsize)(WORDS - random->used));
        random->used += (int)step;
        words -= step;
    }
}
