/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bf16 and int8 asked of processors with and without them, as EDT_ISA and ONEDNN_MAX_CPU_ISA
 * imitate them: every command does its work, says where f32 takes the place of bf16, and refuses
 * int8 where it would not be quicker.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "record.h"
#include "files/png.h"
#include "program.h"

static const char said[] = "it is computed in f32";

typedef struct {
    const char *name;
    const char *words[4]; /* in front of the program */
} Level;

static const Level levels[] = {
    {"native", {NULL}},
    {"sse41", {"env", "EDT_ISA=plain", "ONEDNN_MAX_CPU_ISA=SSE41"}},
    {"avx2", {"env", "EDT_ISA=avx2", "ONEDNN_MAX_CPU_ISA=AVX2"}},
    {"avx2-vnni-2", {"env", "EDT_ISA=avx2", "ONEDNN_MAX_CPU_ISA=AVX2_VNNI_2"}},
    {"avx512", {"env", "EDT_ISA=avx512", "ONEDNN_MAX_CPU_ISA=AVX512_CORE"}},
    {"avx512-bf16", {"env", "ONEDNN_MAX_CPU_ISA=AVX512_CORE_BF16"}},
    {"kernels", {"env", "EDT_ISA=avx2"}},           /* ours without bf16, oneDNN with it */
    {"onednn", {"env", "ONEDNN_MAX_CPU_ISA=AVX2"}}, /* and the other way round */
};

/* Whether the doctor says one thing of this level, or the other. */
static gboolean says(const char *one, const char *other)
{
    Outcome doctor = program_finish(program_start("doctor", NULL), NULL);
    gboolean has = strstr(doctor.out, one) != NULL;
    g_assert_true(has || strstr(doctor.out, other));
    outcome_clear(&doctor);
    return has;
}

static void expect_said(gboolean expected, Outcome outcome)
{
    g_assert_cmpint(strstr(outcome.err, said) != NULL, ==, expected);
    outcome_clear(&outcome);
}

static Outcome sample(const char *type, const char *picture)
{
    return program_expect(0, NULL, "sample", "-m", "tiny.safetensors", "--class", "1", "--seed",
                          "7", "--steps", "2", "--type", type, "-o", picture, "--force", NULL);
}

/* Mean difference of two pictures, of 255. */
static double distance(const char *a, const char *b)
{
    g_autofree char *a_path = program_path(a), *b_path = program_path(b);
    int width[2], height[2], channels[2];
    double sum = 0;
    g_autofree guint8 *x = edt_png_read(a_path, &width[0], &height[0], &channels[0], NULL);
    g_autofree guint8 *y = edt_png_read(b_path, &width[1], &height[1], &channels[1], NULL);

    g_assert_true(x && y && width[0] == width[1] && height[0] == height[1]);
    gsize count = (gsize)width[0] * (gsize)height[0] * (gsize)channels[0];
    for (gsize i = 0; i < count; i++)
        sum += ABS(x[i] - y[i]);
    return sum / (double)count;
}

static void test_level(gconstpointer data)
{
    const Level *level = data;
    program_under(level->words);
    const gboolean has = says("bf16 by default", "bf16 is computed in f32");

    expect_said(!has, sample("bf16", "bf16.png"));
    expect_said(FALSE, sample("f32", "f32.png"));
    g_assert_cmpfloat(distance("bf16.png", "f32.png"), <, 4);
    expect_said(!has, program_expect(0, NULL, "bench", "--sizes", "S", "--size", "64", "--types",
                                     "bf16", "-r", "1", "--warm-up", "0", NULL));
    expect_said(!has, program_expect(0, NULL, "bench", "--train", "--sizes", "Ti", "--types",
                                     "bf16", "-n", "1", "-r", "1", "--warm-up", "0", NULL));
    expect_said(!has,
                program_expect(0, NULL, "train", "pictures", "-o", level->name, "--size", "16",
                               "--batch", "2", "--micro", "2", "--type", "bf16", "--steps", "2",
                               "--sample-every", "2", "--sample-steps", "1", NULL));
}

static void expect_refused(Outcome outcome)
{
    g_assert_nonnull(strstr(outcome.err, "no instructions for int8 products"));
    outcome_clear(&outcome);
}

/* The steps of a bench, and the pictures of models in f32 and in int8. */
static void test_int8(gconstpointer data)
{
    const Level *level = data;
    program_under(level->words);
    const gboolean has = says(", int8", ", no int8");

    if (g_strv_contains((const char *const[]){"sse41", "avx2", "avx512", "onednn", NULL},
                        level->name))
        g_assert_false(has);
    if (!has) {
        expect_refused(program_expect(5, NULL, "sample", "-m", "tiny.safetensors", "--class", "1",
                                      "--type", "int8", "-o", "no.png", NULL));
        expect_refused(program_expect(5, NULL, "bench", "--sizes", "S", "--types", "int8", NULL));
        return;
    }
    expect_said(FALSE, sample("int8", "int8.png"));
    expect_said(FALSE, sample("f32", "f32.png"));
    g_assert_cmpfloat(distance("int8.png", "f32.png"), <, 8);
    expect_said(FALSE, program_expect(0, NULL, "bench", "--sizes", "S", "--size", "64", "--types",
                                      "int8", "-r", "1", "--warm-up", "0", NULL));
}

/* Stored as bytes or not, int8 computes with the same ones; other types with what they stand for.
 */
static void test_stored(void)
{
    program_under((const char *const[]){NULL});
    expect_said(FALSE, program_expect(0, NULL, "sample", "-m", "bytes.safetensors", "--class", "1",
                                      "--seed", "7", "--steps", "2", "--type", "f32", "-o",
                                      "bytes.png", "--force", NULL));
    expect_said(FALSE, sample("f32", "f32.png"));
    g_assert_cmpfloat(distance("bytes.png", "f32.png"), <, 8);
    g_assert_cmpfloat(distance("bytes.png", "f32.png"), >, 0);
    EXPECT(2, "train", "pictures", "-o", "run", "--size", "16", "--type", "int8", "--steps", "1");
    EXPECT(2, "bench", "--train", "--sizes", "Ti", "--types", "int8");
    EXPECT(5, "sample", "-m", "tiny.safetensors", "--class", "1", "--type", "int8", "--backend",
           "cuda", "-o", "no.png");
    if (!says(", int8", ", no int8"))
        return;
    expect_said(FALSE, sample("int8", "int8.png"));
    expect_said(FALSE, program_expect(0, NULL, "sample", "-m", "bytes.safetensors", "--class", "1",
                                      "--seed", "7", "--steps", "2", "--type", "int8", "-o",
                                      "bytes.png", "--force", NULL));
    g_assert_cmpfloat(distance("bytes.png", "int8.png"), <, 1);
}

static void make_model(void)
{
    g_autofree char *checkpoint = program_data("edt_tiny_bare.pt");
    g_autofree char *vae = program_data("vae_small_modern.safetensors");
    EXPECT(0, "import", checkpoint, "--vae", vae, "-o", "tiny.safetensors");
    EXPECT(0, "import", checkpoint, "--vae", vae, "-o", "bytes.safetensors", "--type", "int8");
}

static void make_pictures(void)
{
    static float pixels[16 * 16 * 3];
    const EdtPicture picture = {.width = 16, .height = 16, .channels = 3, .pixels = pixels};
    g_autofree char *folder = program_path("pictures/black");
    g_autofree char *path = program_path("pictures/black/1.png");
    GError *error = NULL;
    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
    edt_picture_save_png(&picture, path, NULL, &error);
    g_assert_no_error(error);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    make_model();
    make_pictures();
    for (gsize i = 0; i < G_N_ELEMENTS(levels); i++) {
        g_autofree char *path = g_strconcat("/precision/", levels[i].name, NULL);
        g_autofree char *bytes = g_strconcat("/precision/int8/", levels[i].name, NULL);
        g_test_add_data_func(path, &levels[i], test_level);
        g_test_add_data_func(bytes, &levels[i], test_int8);
    }
    g_test_add_func("/precision/stored", test_stored);
    return g_test_run();
}
