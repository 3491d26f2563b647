/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See noise.h.  Next: random.c.
 */
#include "sample/noise.h"

#include <math.h>
#include <string.h>

void edt_noise_plan(EdtNoise *noise, const EdtItem *items, int pictures, gsize count)
{
    *noise = (EdtNoise){.items = items, .pictures = pictures, .count = count, .voices = 1};
    for (int i = 0; i < pictures; i++)
        noise->voices = MAX(noise->voices, 1 + items[i].variation.n);
}

void edt_noise_carve(EdtNoise *noise, EdtArena *host)
{
    noise->random =
        edt_arena_take(host, (gsize)noise->pictures * (gsize)noise->voices * sizeof(EdtRandom));
    noise->other = edt_arena_take(host, noise->voices > 1 ? noise->count * sizeof(float) : 0);
}

static EdtRandom *voices_of(const EdtNoise *noise, int picture)
{
    return noise->random + (gsize)picture * (gsize)noise->voices;
}

/* Towards the draws of the other seeds, one after the other. */
static void vary(EdtNoise *noise, int picture, gboolean doubled, float *out)
{
    const EdtVariation *variation = &noise->items[picture].variation;
    EdtRandom *random = voices_of(noise, picture) + 1;

    for (int k = 0; k < variation->n; k++) {
        edt_random_normal(&random[k], noise->other, noise->count);
        if (doubled)
            edt_random_skip_normal(&random[k], noise->count);
        edt_noise_turn(out, noise->other, noise->count, variation->of[k].amount);
    }
}

void edt_noise_begin(EdtNoise *noise, int picture, const float *instead, float *z)
{
    const EdtItem *item = &noise->items[picture];
    EdtRandom *random = voices_of(noise, picture);

    edt_random_seed(random, item->seed);
    for (int k = 0; k < item->variation.n; k++)
        edt_random_seed(&random[k + 1], item->variation.of[k].seed);
    edt_random_normal(random, z, noise->count);
    if (instead)
        memcpy(z, instead, noise->count * sizeof(float));
    vary(noise, picture, FALSE, z);
}

void edt_noise_draw(EdtNoise *noise, int picture, gboolean doubled, float *out)
{
    EdtRandom *random = voices_of(noise, picture);

    edt_random_normal(random, out, noise->count);
    if (doubled)
        edt_random_skip_normal(random, noise->count);
    vary(noise, picture, doubled, out);
}

/* The angle between two vectors; 0 where one of them is nothing. */
static double angle(const float *a, const float *b, gsize n)
{
    double both = 0, one = 0, other = 0;
    for (gsize i = 0; i < n; i++) {
        both += (double)a[i] * b[i];
        one += (double)a[i] * a[i];
        other += (double)b[i] * b[i];
    }
    const double size = sqrt(one) * sqrt(other);
    return size > 0 ? acos(CLAMP(both / size, -1.0, 1.0)) : 0;
}

/* Shoemake 1985; on a line where there is no arc between the two. */
void edt_noise_turn(float *a, const float *b, gsize n, double amount)
{
    const double arc = angle(a, b, n), size = sin(arc);
    const double of_a = size > 1e-6 ? sin((1.0 - amount) * arc) / size : 1.0 - amount;
    const double of_b = size > 1e-6 ? sin(amount * arc) / size : amount;

    for (gsize i = 0; i < n; i++)
        a[i] = (float)(of_a * a[i] + of_b * b[i]);
}
