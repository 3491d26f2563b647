/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sketches, masks, mixes, variations and frames at the command line, on the tiny model of
 * test_edt.c: what comes out remembers what it was made from, and is made again from that.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "edt.h"
#include "files/png.h"
#include "program.h"

enum { SIDE = 128 };

/* A sketch, or a mask whose lower part is white. */
static void write_picture(const char *name, gboolean mask, int shade)
{
    g_autofree char *path = program_path(name);
    guint8 *pixels = g_malloc(SIDE * SIDE * 3);
    for (int i = 0; i < SIDE * SIDE * 3; i++)
        pixels[i] = (guint8)(mask ? (i / 3 / SIDE > shade ? 255 : 0) : i / 3 % SIDE + shade);
    g_assert_true(edt_png_write(path, SIDE, SIDE, 3, pixels, NULL, NULL, 0, NULL));
    g_free(pixels);
}

static void write_pictures(void)
{
    write_picture("sketch.png", FALSE, 20);
    write_picture("other.png", FALSE, 90);
    write_picture("mask.png", TRUE, 70);
}

static void expect_same(const char *a, const char *b)
{
    GBytes *first = program_contents(a), *second = program_contents(b);
    g_assert_true(g_bytes_equal(first, second));
    g_bytes_unref(first);
    g_bytes_unref(second);
}

static guint8 *pixels_of(const char *name)
{
    g_autofree char *path = program_path(name);
    int width, height, channels;
    guint8 *pixels = edt_png_read(path, &width, &height, &channels, NULL);
    g_assert_nonnull(pixels);
    g_assert_cmpint(width, ==, SIDE);
    return pixels;
}

static void expect_same_pixels(const char *a, const char *b)
{
    g_autofree guint8 *first = pixels_of(a), *second = pixels_of(b);
    g_assert_cmpmem(first, SIDE * SIDE * 3, second, SIDE * SIDE * 3);
}

static void expect_in_record(const char *name, const char *text)
{
    g_autofree char *record = program_record(name);
    if (!strstr(record, text))
        g_test_message("%s has no %s: %s", name, text, record);
    g_assert_nonnull(strstr(record, text));
}

/* From its own record a picture comes out as it was, byte for byte. */
static void expect_again(const char *name)
{
    EXPECT(0, "sample", "--from", name, "-o", "again.png", "--force");
    expect_same(name, "again.png");
}

#define SAMPLE(output, ...)                                                                        \
    EXPECT(0, "sample", "--class", "3", "--seed", "5", "--steps", "2", "-o", output, __VA_ARGS__)

/* ---- sources ---- */

static void test_image(void)
{
    write_pictures();
    SAMPLE("a.png", "--image", "sketch.png");
    expect_in_record("a.png", "\"freedom\":0.6");
    expect_again("a.png");
    SAMPLE("b.png", "--image", "sketch.png", "--freedom", "0.2");
    expect_in_record("b.png", "\"freedom\":0.2");
    expect_again("b.png");
    SAMPLE("c.png", "--image", "sketch.png", "--freedom", "1");
    SAMPLE("d.png", "--class", "3");
    expect_same("c.png", "d.png"); /* the source was not looked at, and is not in the record */
}

/* What is gone is named; with the same picture given anew it comes out again. */
static void test_missing_source(void)
{
    g_autofree char *record = program_record("a.png");
    char *sha256 = strstr(record, "\"source\":\"");
    g_assert_nonnull(sha256);
    sha256 += strlen("\"source\":\"");
    sha256[64] = 0;
    g_autofree char *kept = g_strconcat("home/state/edt/history/sources/", sha256, ".png", NULL);
    program_remove(kept);
    Outcome outcome = program_expect(3, NULL, "sample", "--from", "a.png", "-o", "e.png", NULL);
    g_assert_nonnull(strstr(outcome.err, sha256));
    g_assert_nonnull(strstr(outcome.err, "--image"));
    outcome_clear(&outcome);
    EXPECT(0, "sample", "--from", "a.png", "--image", "sketch.png", "-o", "e.png");
    expect_same("a.png", "e.png");
}

/* ---- masks ---- */

static void test_mask(void)
{
    SAMPLE("missing.png", "--image", "sketch.png", "--mask", "mask.png", "--careful");
    expect_in_record("missing.png", "\"fill\":\"missing\",\"careful\":true");
    expect_again("missing.png");
    /* another fill drops what the record says of this one */
    EXPECT(0, "sample", "--from", "missing.png", "--fill", "shape", "-o", "other-fill.png");
    expect_in_record("other-fill.png", "\"fill\":\"shape\"");
    EXPECT(0, "sample", "--from", "missing.png", "--fill", "none", "-o", "no-fill.png");
    EXPECT(2, "sample", "--from", "missing.png", "--fill", "shape", "--careful", "-o", "no.png");
    g_autofree guint8 *made = pixels_of("missing.png"), *sketch = pixels_of("sketch.png");
    g_assert_cmpmem(made, 70 * SIDE * 3, sketch, 70 * SIDE * 3);
    g_assert_true(memcmp(made + 80 * SIDE * 3, sketch + 80 * SIDE * 3, 40 * SIDE * 3) != 0);

    SAMPLE("shape.png", "--mask", "mask.png");
    expect_in_record("shape.png", "\"fill\":\"shape\"");
    expect_again("shape.png");
    g_autofree guint8 *shape = pixels_of("shape.png"); /* of four channels */
    g_assert_cmpint(shape[4 * 10 * SIDE + 3], ==, 0);
    g_assert_cmpint(shape[4 * 100 * SIDE + 3], ==, 255);
}

/* ---- mixes, variations, frames ---- */

static void test_mix(void)
{
    SAMPLE("mix.png", "--mix", "4:0.3, 6");
    expect_in_record("mix.png", "\"mix\":[[4,0.3],[6,0.5]],");
    expect_again("mix.png");
    SAMPLE("looks.png", "--mix", "4:0.3", "--mix-how", "shape");
    expect_in_record("looks.png", "\"mix\":[[4,0.3]],\"mix_how\":\"shape\",");
    expect_again("looks.png");
    SAMPLE("vary.png", "--vary", "7:1", "--sampler", "ddpm");
    expect_in_record("vary.png", "\"variation\":[[7,1]],");
    expect_again("vary.png");
    EXPECT(0, "sample", "--class", "3", "--seed", "7", "--steps", "2", "--sampler", "ddpm", "-o",
           "seven.png");
    expect_same_pixels("vary.png", "seven.png");
    EXPECT(0, "sample", "--class", "3", "--seed", "5", "--mix", "4:0.5", "--steps", "1");
    g_assert_true(program_exists("edt-tiny-bare-class-3-class-4-5.png"));
}

/* What was mixed in the picture's style is so in another one, too; what has a style of its own
 * keeps that. */
static void test_mix_styles(void)
{
    EXPECT(0, "sample", "-m", STICKERS, "--class", "1", "--seed", "1", "--steps", "1", "--style",
           "1", "--mix", "4:0.3,5/2:0.2", "-o", "styled.png");
    expect_in_record("styled.png", "\"mix\":[[4,0.3,1],[5,0.2,2]],");
    EXPECT(0, "sample", "--from", "styled.png", "-m", STICKERS, "--style", "0", "-o",
           "restyled.png");
    expect_in_record("restyled.png", "\"style\":0,");
    expect_in_record("restyled.png", "\"mix\":[[4,0.3,0],[5,0.2,2]],");
}

static void test_frames(void)
{
    SAMPLE("frames/%02d.png", "--frames", "4", "--mix", "6");
    g_assert_false(program_exists("frames/04.png"));
    SAMPLE("first.png", "--class", "3");
    EXPECT(0, "sample", "--class", "6", "--seed", "5", "--steps", "2", "-o", "last.png");
    expect_same_pixels("frames/00.png", "first.png");
    expect_same_pixels("frames/03.png", "last.png");
    expect_in_record("frames/02.png", "\"mix\":[[6,0.7407");
    expect_again("frames/02.png");
}

/* ---- job files ---- */

static Outcome run_jobs(int code, const char *source)
{
    g_autofree char *text = g_strdup_printf(
        "{\"class\": 1, \"seed\": 1, \"output\": \"j1.png\", \"source\": \"%s\"}\n"
        "{\"class\": 1, \"seed\": 1, \"output\": \"j2.png\", \"source\": \"sketch.png\", "
        "\"mask\": \"mask.png\", \"freedom\": 0.8}\n"
        "{\"class\": 1, \"seed\": 1, \"output\": \"j3.png\", \"mix\": \"4:0.3\", \"variation\": "
        "[[7, 0.2]]}\n",
        source);
    return program_expect(code, text, "sample", "--jobs", "-", "--steps", "2", NULL);
}

static void test_jobs(void)
{
    Outcome outcome = run_jobs(0, "sketch.png");
    outcome_clear(&outcome);
    expect_in_record("j1.png", "\"freedom\":0.6");
    expect_in_record("j2.png", "\"freedom\":0.8,\"fill\":\"missing\"");
    expect_in_record("j3.png", "\"mix\":[[4,0.3]],\"variation\":[[7,0.2]],");
    outcome = run_jobs(0, "sketch.png");
    GPtrArray *lines = json_lines(outcome.out);
    g_assert_cmpint(count_events(lines, "skipped"), ==, 3);
    g_ptr_array_unref(lines);
    outcome_clear(&outcome);
    outcome = run_jobs(1, "other.png"); /* that is another picture than the one which is there */
    lines = json_lines(outcome.out);
    g_assert_cmpint(count_events(lines, "skipped"), ==, 2);
    g_assert_nonnull(strstr(json_text(find_event(lines, "error", 0), "message"), "j1.png"));
    g_ptr_array_unref(lines);
    outcome_clear(&outcome);

    /* a record is a job, its source by its hash */
    g_autofree char *record = program_record("j2.png");
    record[strlen(record) - 1] = 0;
    g_autofree char *job = g_strconcat(record, ",\"output\":\"j4.png\"}\n", NULL);
    EXPECT_INPUT(0, job, "sample", "--jobs", "-");
    expect_same("j2.png", "j4.png");
}

/* What does nothing is told, as of options. */
static void test_jobs_idle(void)
{
    static const char *const idle[][2] = {
        {"\"freedom\":0.3", "does nothing without \"source\""},
        {"\"careful\":true", "does nothing without \"fill\": \"missing\""},
        {"\"mix_how\":\"shape\"", "does nothing without \"mix\""},
        {"\"eta\":0.5", "does nothing without \"sampler\": \"ddim\""},
        {"\"cfg_scale\":1,\"cfg_interval\":\"0.3,1\"", "does nothing without guidance"},
        {"\"image\":\"sketch.png\"", "source (a picture to start from), mask and output"}};
    for (gsize i = 0; i < G_N_ELEMENTS(idle); i++) {
        g_autofree char *line =
            g_strdup_printf("{\"class\":1,\"seed\":1,%s,\"output\":\"no.png\"}\n", idle[i][0]);
        Outcome outcome = program_expect(1, line, "sample", "--jobs", "-", "--steps", "1", NULL);
        g_assert_nonnull(strstr(outcome.err, idle[i][1]));
        g_assert_false(program_exists("no.png"));
        outcome_clear(&outcome);
    }
}

/* A class of a mix and a seed of a variation may be left to chance, too: repeated, the picture that
 * is there is what the line asked for; what was not drawn must be the same. */
static void test_jobs_drawn(void)
{
    static const struct {
        const char *mixed, *varied; /* members of two lines */
        int code, skipped;
    } runs[] = {{"\"mix\":\"6/random:0.4\"", "\"variation\":\"-1:0.4\"", 0, 0},
                {"\"mix\":\"6/random:0.4\"", "\"variation\":\"-1:0.4\"", 0, 2},
                {"\"mix\":\"5/random:0.4\"", "\"variation\":\"-1:0.3\"", 1, 0},
                {"\"mix\":\"random/random:0.4\"", "\"variation\":\"7:0.4\"", 1, 1}};
    for (gsize i = 0; i < G_N_ELEMENTS(runs); i++) {
        g_autofree char *lines =
            g_strdup_printf("{\"class\":1,\"seed\":1,%s,\"output\":\"drawn-mix.png\"}\n"
                            "{\"class\":1,\"seed\":1,%s,\"output\":\"drawn-variation.png\"}\n",
                            runs[i].mixed, runs[i].varied);
        Outcome outcome = program_expect(runs[i].code, lines, "sample", "-m", STICKERS, "--jobs",
                                         "-", "--steps", "1", NULL);
        GPtrArray *told = json_lines(outcome.out);
        g_assert_cmpint(count_events(told, "skipped"), ==, runs[i].skipped);
        g_ptr_array_unref(told);
        outcome_clear(&outcome);
    }
    /* of one name, which has no seed of a variation in it: each line has a picture of its own */
    static const char lines[] = "{\"class\":1,\"seed\":7,\"variation\":\"-1:0.5\"}\n"
                                "{\"class\":1,\"seed\":7,\"variation\":\"-1:0.5\"}\n";
    for (int again = 0; again < 2; again++) {
        Outcome outcome = program_expect(0, lines, "sample", "-m", STICKERS, "--jobs", "-", "-o",
                                         "drawn/", "--steps", "1", NULL);
        GPtrArray *told = json_lines(outcome.out);
        g_assert_cmpint(count_events(told, again ? "skipped" : "image"), ==, 2);
        g_ptr_array_unref(told);
        outcome_clear(&outcome);
    }
}

/* What is read is not written over, whatever is allowed. */
static void test_spared(void)
{
    g_autofree guint8 *sketch = pixels_of("sketch.png"), *mask = pixels_of("mask.png");
    const char *const all[][4] = {{"--image", "sketch.png", "-o", "./sketch.png"},
                                  {"--mask", "mask.png", "-o", "mask.png"},
                                  {"--from", "a.png", "-o", "a.png"},
                                  {"--image", "sketch.png", "--latent-out", "sketch.png"}};
    GBytes *from = program_contents("a.png");
    for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
        Outcome outcome =
            program_expect(2, NULL, "sample", "--class", "3", "--steps", "1", "--force", all[i][0],
                           all[i][1], all[i][2], all[i][3], NULL);
        g_autofree char *sentence = g_strdup_printf("%s is what %s reads", all[i][3], all[i][0]);
        g_assert_nonnull(strstr(outcome.err, sentence));
        outcome_clear(&outcome);
    }
    EXPECT_INPUT(1, "{\"class\":3,\"source\":\"sketch.png\",\"output\":\"sketch.png\"}\n", "sample",
                 "--jobs", "-", "--force");
    EXPECT_INPUT(1, "{\"class\":3,\"output\":\"mask.png\"}\n", "sample", "--jobs", "-", "--mask",
                 "mask.png", "--force");
    g_autofree guint8 *after = pixels_of("sketch.png"), *mask_after = pixels_of("mask.png");
    g_assert_cmpmem(sketch, SIDE * SIDE * 3, after, SIDE * SIDE * 3);
    g_assert_cmpmem(mask, SIDE * SIDE * 3, mask_after, SIDE * SIDE * 3);
    GBytes *still = program_contents("a.png");
    g_assert_true(g_bytes_equal(from, still));
    g_bytes_unref(from);
    g_bytes_unref(still);
}

/* Neither under a name that nobody said, nor where a record names it by its hash. */
static void test_spared_unsaid(void)
{
    const char *name = "edt-tiny-bare-class-3-8.png";
    write_picture(name, FALSE, 50);
    g_autofree guint8 *before = pixels_of(name);
    Outcome outcome =
        program_expect(1, "{\"class\":3,\"seed\":8,\"source\":\"edt-tiny-bare-class-3-8.png\"}\n",
                       "sample", "--jobs", "-", "--steps", "1", "--force", NULL);
    g_assert_nonnull(strstr(outcome.out, "is what \\\"source\\\" reads"));
    outcome_clear(&outcome);
    g_autofree guint8 *after = pixels_of(name);
    g_assert_cmpmem(before, SIDE * SIDE * 3, after, SIDE * SIDE * 3);

    g_autofree char *record = program_record("a.png"), *sha256 = NULL, *kept = NULL, *own = NULL;
    sha256 = g_strndup(strstr(record, "\"source\":\"") + strlen("\"source\":\""), 64);
    kept = g_strconcat("home/state/edt/history/sources/", sha256, ".png", NULL);
    own = g_strconcat(sha256, ".png", NULL);
    g_autofree char *from = program_path(kept), *to = program_path(own);
    g_assert_cmpint(g_rename(from, to), ==, 0);
    outcome = program_expect(2, NULL, "sample", "--from", "a.png", "-o", own, "--force", NULL);
    g_assert_nonnull(strstr(outcome.err, "is what --from reads"));
    outcome_clear(&outcome);
    expect_again("a.png");
}

/* Previews replace what has their names, with --force; a picture would be in their way. */
static void test_spared_by_previews(void)
{
    static const char *const reads[][2] = {
        {"--image", "seen/item-000-step-001.png"},
        {"--mask", "./seen/item-000-step-001.png"},
        {"--from", "seen/item-000-step-001.png"},
    };
    g_autofree char *folder = program_path("seen");
    g_assert_cmpint(g_mkdir(folder, 0777), ==, 0);
    EXPECT(0, "sample", "-c", "3", "-s", "5", "--steps", "1", "-o", "seen/item-000-step-001.png");
    g_autoptr(GBytes) before = program_contents("seen/item-000-step-001.png");
    for (gsize i = 0; i < G_N_ELEMENTS(reads); i++) {
        Outcome outcome =
            program_expect(2, NULL, "sample", "-c", "3", "--steps", "1", "-f", "-o", "new.png",
                           "--preview-dir", "seen", reads[i][0], reads[i][1], NULL);
        g_autofree char *sentence =
            g_strdup_printf("%s is what %s reads, and a preview", reads[i][1], reads[i][0]);
        g_assert_nonnull(strstr(outcome.err, sentence));
        outcome_clear(&outcome);
    }
    EXPECT_INPUT(1, "{\"source\":\"seen/item-000-step-001.png\",\"output\":\"new.png\"}\n",
                 "sample", "--jobs", "-", "--steps", "1", "--force", "--preview-dir", "seen");
    EXPECT(2, "sample", "-c", "3", "--steps", "1", "-f", "-o", "seen/item-001-step-001.png",
           "--preview-dir", "seen");
    g_autoptr(GBytes) after = program_contents("seen/item-000-step-001.png");
    g_assert_true(g_bytes_equal(before, after));
    g_assert_false(program_exists("new.png"));
    EXPECT(0, "sample", "-c", "3", "--steps", "1", "-f", "-o", "new.png", "--preview-dir", "seen",
           "--image", "sketch.png");
}

/* null is nothing said: source and mask are as without it. */
static void test_null(void)
{
    EXPECT_INPUT(0,
                 "{\"class\":3,\"seed\":7,\"source\":\"sketch.png\",\"freedom\":null,"
                 "\"output\":\"free.png\"}\n"
                 "{\"class\":3,\"seed\":7,\"mask\":\"mask.png\",\"fill\":null,"
                 "\"output\":\"filled.png\"}\n",
                 "sample", "--jobs", "-", "--steps", "2");
    expect_in_record("free.png", "\"source\":\"");
    expect_in_record("filled.png", "\"fill\":\"shape\"");
}

/* ---- what cannot be ---- */

static void test_refused(void)
{
    static const char *const wrong[][3] = {{"--mix", "wolpertinger:0.5", "wolpertinger"},
                                           {"--mix", "4:2", "--mix"},
                                           {"--mix", "4:", "--mix"},
                                           {"--mix", "4,5,6,7", "at most 3"},
                                           {"--mix", "4:0.6,5:0.6", "weights"},
                                           {"--vary", "7", "--vary"},
                                           {"--vary", "x:0.1", "--seed"},
                                           {"--vary", "7:1.5", "--vary"},
                                           {"--frames", "1", "--frames"},
                                           {"--frames", "5", "--mix"},
                                           {"--fill", "shape", "mask"},
                                           {"--fill", "heart", "none, shape, missing"},
                                           {"--freedom", "2", "--freedom"},
                                           {"--freedom", "0.5", "without --image"},
                                           {"--paper", "keep", "without --image"},
                                           {"--mix-how", "shape", "without --mix"},
                                           {"--mix-how", "well", "blend, shape"}};
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        Outcome outcome = program_expect(2, NULL, "sample", "--class", "3", "-o", "no.png",
                                         wrong[i][0], wrong[i][1], NULL);
        g_assert_nonnull(strstr(outcome.err, wrong[i][2]));
        g_assert_cmpstr(outcome.out, ==, "");
        outcome_clear(&outcome);
    }
    EXPECT(2, "sample", "--class", "3", "--mask", "mask.png", "--fill", "none", "-o", "no.png");
    EXPECT(2, "sample", "--class", "3", "--latent-only", "--latent-out", "no.npy", "-o", "no.png");
    EXPECT(2, "sample", "--from", "a.png", "--paper", "keep", "-o", "no.png"); /* it has a source */
    EXPECT_INPUT(1, "{\"class\":3,\"mask\":\"mask.png\",\"fill\":\"none\",\"output\":\"no.png\"}\n",
                 "sample", "--jobs", "-");
    EXPECT(3, "sample", "--class", "3", "--image", "nothing.png", "-o", "no.png");
    EXPECT(2, "sample", "--class", "3", "--image", "sketch.png", "--paper", "blue", "-o", "no.png");
    EXPECT(2, "sample", "--class", "3", "--image", "sketch.png", "--careful", "-o", "no.png");
    const char *const blank[][2] = {
        {"--seed", " 7"},       {"--seed", "7 "},     {"-n", " 1"},      {"-n", "1 "},
        {"--batch-size", " 1"}, {"--steps", " 1"},    {"--steps", "1 "}, {"--cfg-scale", " 2"},
        {"--cfg-scale", "2 "},  {"--threads", "010 "}};
    for (gsize i = 0; i < G_N_ELEMENTS(blank); i++) {
        Outcome outcome = program_expect(2, NULL, "sample", "--class", "3", "-o", "no.png",
                                         blank[i][0], blank[i][1], NULL);
        g_autofree char *sentence =
            g_strdup_printf("%s %s cannot be: give a", blank[i][0], blank[i][1]);
        g_assert_nonnull(strstr(outcome.err, sentence));
        outcome_clear(&outcome);
    }
    EXPECT_INPUT(1, "{\"class\":3,\"seed\":\" 7\",\"output\":\"no.png\"}\n", "sample", "--jobs",
                 "-");
    EXPECT(2, "sample", "--class", "3,4", "--mix", "5", "--frames", "3", "-o", "no-%d.png");
    g_assert_false(program_exists("no.png"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    program_import_tiny();
    g_test_add_func("/canvas/image", test_image);
    g_test_add_func("/canvas/missing-source", test_missing_source);
    g_test_add_func("/canvas/mask", test_mask);
    g_test_add_func("/canvas/mix", test_mix);
    g_test_add_func("/canvas/mix-styles", test_mix_styles);
    g_test_add_func("/canvas/frames", test_frames);
    g_test_add_func("/canvas/jobs", test_jobs);
    g_test_add_func("/canvas/jobs-idle", test_jobs_idle);
    g_test_add_func("/canvas/jobs-drawn", test_jobs_drawn);
    g_test_add_func("/canvas/null", test_null);
    g_test_add_func("/canvas/spared", test_spared);
    g_test_add_func("/canvas/spared-unsaid", test_spared_unsaid);
    g_test_add_func("/canvas/spared-by-previews", test_spared_by_previews);
    g_test_add_func("/canvas/refused", test_refused);
    return g_test_run();
}
