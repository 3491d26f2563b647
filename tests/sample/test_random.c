/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * torch's random numbers, bit for bit, against values that torch drew (f_randn), in every way of
 * drawing and in sequences of draws of different kinds.
 */
#include "golden/golden.h"
#include "sample/box_muller_steps.h"
#include "sample/random.h"

static const guint64 seeds[] = {0, 1, 42};

static char *named(guint64 seed, const char *what)
{
    return g_strdup_printf("s%" G_GUINT64_FORMAT ".%s", seed, what);
}

static void assert_same_bits(const float *value, const float *reference, gsize n)
{
    for (gsize i = 0; i < n; i++)
        if (bits_of(value[i]) != bits_of(reference[i]))
            g_error("element %" G_GSIZE_FORMAT ": %.9g, torch has %.9g", i, value[i], reference[i]);
}

static void test_normal(void)
{
    static const gsize sizes[] = {8, 15, 16, 17, 100, 4096};
    Golden *golden = golden_open("f_randn");
    EdtRandom random;
    float out[4096];

    for (gsize i = 0; i < G_N_ELEMENTS(seeds); i++)
        for (gsize k = 0; k < G_N_ELEMENTS(sizes); k++) {
            g_autofree char *what = g_strdup_printf("n%" G_GSIZE_FORMAT, sizes[k]);
            g_autofree char *name = named(seeds[i], what);
            edt_random_seed(&random, seeds[i]);
            edt_random_normal(&random, out, sizes[k]);
            assert_same_bits(out, golden_f32(golden, name, sizes[k]), sizes[k]);
        }
    golden_close(golden);
}

/* Seven leave a spare value, nine use it, twenty go the other way. */
static void test_sequence(void)
{
    Golden *golden = golden_open("f_randn");
    EdtRandom random;
    float out[36];

    for (gsize i = 0; i < G_N_ELEMENTS(seeds); i++) {
        g_autofree char *name = named(seeds[i], "seq7_then_9_then_20");
        edt_random_seed(&random, seeds[i]);
        edt_random_normal(&random, out, 7);
        edt_random_normal(&random, out + 7, 9);
        edt_random_normal(&random, out + 16, 20);
        assert_same_bits(out, golden_f32(golden, name, 36), 36);
    }
    golden_close(golden);
}

static void test_uniform(void)
{
    Golden *golden = golden_open("f_randn");
    EdtRandom random;
    float out[64];

    for (gsize i = 0; i < G_N_ELEMENTS(seeds); i++) {
        g_autofree char *name = named(seeds[i], "rand64");
        edt_random_seed(&random, seeds[i]);
        edt_random_uniform(&random, out, 64);
        assert_same_bits(out, golden_f32(golden, name, 64), 64);
    }
    golden_close(golden);
}

static void test_integers(void)
{
    Golden *golden = golden_open("f_randn");
    EdtRandom random;
    gint64 order[20];

    for (gsize i = 0; i < G_N_ELEMENTS(seeds); i++) {
        g_autofree char *below = named(seeds[i], "randint1000x16");
        g_autofree char *permutation = named(seeds[i], "randperm20");
        const gint64 *reference = golden_i64(golden, below, 16);
        edt_random_seed(&random, seeds[i]);
        for (int k = 0; k < 16; k++)
            g_assert_cmpint(edt_random_below(&random, 1000), ==, reference[k]);
        edt_random_seed(&random, seeds[i]);
        edt_random_permutation(&random, order, 20);
        g_assert_cmpmem(order, sizeof order, golden_i64(golden, permutation, 20), sizeof order);
    }
    edt_random_permutation(&random, order, 1);
    g_assert_cmpint(order[0], ==, 0);
    edt_random_permutation(&random, order, 0);
    golden_close(golden);
}

/* torch.manual_seed takes 64 bits and mt19937 the low 32 of them. */
static void test_seed_width(void)
{
    EdtRandom narrow, wide;
    edt_random_seed(&narrow, 42);
    edt_random_seed(&wide, (G_GUINT64_CONSTANT(7) << 32) + 42);
    for (int k = 0; k < 700; k++)
        g_assert_cmpuint(edt_random_below(&narrow, 1u << 31), ==,
                         edt_random_below(&wide, 1u << 31));
}

/* mt19937 itself, far out in the stream: the 10000th word for the customary seed is in the C++
 * standard ([rand.predef]). */
static void test_far_word(void)
{
    EdtRandom random;
    guint32 word = 0;
    edt_random_seed(&random, 5489);
    for (int k = 0; k < 10000; k++)
        word = edt_random_below(&random, G_MAXUINT32); /* this word is below the modulus */
    g_assert_cmpuint(word, ==, 4123659995u);
}

/* Skipping n normals leaves the generator where drawing them does, spare included. */
static void test_skip(void)
{
    static const gsize sizes[] = {0, 1, 2, 7, 15, 16, 17, 100, 623, 624, 625, 4096, 8192};
    float drawn[8192], next[2][24];

    for (gsize k = 0; k < G_N_ELEMENTS(sizes); k++) {
        EdtRandom random[2];
        for (int i = 0; i < 2; i++) {
            edt_random_seed(&random[i], 3);
            edt_random_normal(&random[i], drawn, 5);
        }
        edt_random_normal(&random[0], drawn, sizes[k]);
        edt_random_skip_normal(&random[1], sizes[k]);
        for (int i = 0; i < 2; i++) {
            edt_random_normal(&random[i], next[i], 3);
            edt_random_normal(&random[i], next[i] + 3, 21);
        }
        assert_same_bits(next[1], next[0], 24);
    }
}

/* The way with FMA instructions and the way through the C library give the same bits. */
static void test_library_fma(void)
{
    static float chosen[1 << 16], plain[1 << 16];
    const gsize n = G_N_ELEMENTS(chosen);
    EdtRandom random;

    edt_random_seed(&random, 123);
    edt_random_uniform(&random, plain, n);
    box_muller_steps(plain, n / EDT_BOX_MULLER_BLOCK);
    edt_random_seed(&random, 123);
    edt_random_normal(&random, chosen, n);
    assert_same_bits(chosen, plain, n);
}

/* The ends of the uniforms' range: 0 and 1 - 2^-24 in both places. */
static void test_extremes(void)
{
    const float most = 1.0f - 0x1p-24f;
    float d[EDT_BOX_MULLER_BLOCK] = {0, most, 0, most, 0.5f};
    d[8 + 2] = d[8 + 3] = most;
    box_muller_steps(d, 1);
    g_assert_cmpuint(bits_of(d[0]), ==, 0); /* ln 1: +0, not -0 */
    g_assert_cmpfloat_with_epsilon(d[1], sqrt(2 * 24 * G_LN2), 1e-6);
    g_assert_cmpfloat_with_epsilon(d[3], sqrt(2 * 24 * G_LN2), 1e-6);
    g_assert_cmpfloat_with_epsilon(d[4], sqrt(2 * G_LN2), 1e-6);
    for (gsize i = 0; i < G_N_ELEMENTS(d); i++)
        g_assert_true(isfinite(d[i]));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sample/random/normal", test_normal);
    g_test_add_func("/sample/random/sequence", test_sequence);
    g_test_add_func("/sample/random/uniform", test_uniform);
    g_test_add_func("/sample/random/integers", test_integers);
    g_test_add_func("/sample/random/seed-width", test_seed_width);
    g_test_add_func("/sample/random/far-word", test_far_word);
    g_test_add_func("/sample/random/skip", test_skip);
    g_test_add_func("/sample/random/library-fma", test_library_fma);
    g_test_add_func("/sample/random/extremes", test_extremes);
    return g_test_run();
}
