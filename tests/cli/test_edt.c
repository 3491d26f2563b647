/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `edt` from outside, on a tiny model (16x16 latents, 128x128 pictures, 10 classes) that the first
 * test imports: exit codes, names, events, records.  Next: test_jobs.c.
 */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalogue.h"
#include "files/png.h"
#include "golden/small_vae.h"
#include "machine.h"
#include "program.h"
#include "record.h"

static void make_folder(const char *name)
{
    char *path = program_path(name);
    g_assert_cmpint(g_mkdir(path, 0755), ==, 0);
    g_free(path);
}

static void expect_same_files(const char *a, const char *b)
{
    GBytes *first = program_contents(a), *second = program_contents(b);
    g_assert_true(g_bytes_equal(first, second));
    g_bytes_unref(first);
    g_bytes_unref(second);
}

/* ---- commands ---- */

static void test_commands(void)
{
    Outcome outcome = program_expect(0, NULL, "--version", NULL);
    g_assert_cmpstr(outcome.out, ==, "edt " EDT_VERSION "\n");
    outcome_clear(&outcome);

    outcome = program_expect(0, NULL, "--help", NULL);
    static const char *const commands[] = {"sample", "import", "info", "classes", "doctor"};
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_assert_nonnull(strstr(outcome.out, commands[i]));
        Outcome help = program_expect(0, NULL, "help", commands[i], NULL);
        Outcome option = program_expect(0, NULL, commands[i], "--help", NULL);
        char *usage = g_strconcat("edt ", commands[i], " [OPTION", NULL);
        g_assert_nonnull(strstr(help.out, usage));
        g_assert_cmpstr(help.out, ==, option.out);
        g_free(usage);
        outcome_clear(&help);
        outcome_clear(&option);
    }
    outcome_clear(&outcome);
}

/* ---- what is made of the tables of --help ---- */

static const char *const all_commands[] = {"sample", "import", "info",  "classes",
                                           "train",  "plot",   "bench", "doctor"};

/* "--name" of each line of --options; all of them stand in --help and on the page, and nothing else
 * does. */
static void compare_tables(const char *command)
{
    Outcome table = program_expect(0, NULL, command, "--options", NULL);
    Outcome help = program_expect(0, NULL, command, "--help", NULL);
    Outcome page = program_expect(0, NULL, command, "--man", NULL);
    g_auto(GStrv) lines = g_strsplit(g_strchomp(table.out), "\n", -1);
    g_auto(GStrv) entries = g_strsplit(page.out, "\n.TP\n", -1);
    g_assert_cmpuint(g_strv_length(entries), ==, g_strv_length(lines) + 1);
    for (int i = 0; lines[i]; i++) {
        g_auto(GStrv) fields = g_strsplit(lines[i], "\t", -1);
        g_auto(GStrv) pieces = g_strsplit(fields[0], "-", -1);
        g_autofree char *troff = g_strjoinv("\\-", pieces);
        g_assert_cmpuint(g_strv_length(fields), ==, 4);
        g_assert_nonnull(strstr(help.out, fields[0]));
        g_assert_nonnull(strstr(help.out, fields[3]));
        g_assert_nonnull(strstr(entries[i + 1], troff));
        g_assert_nonnull(strstr(entries[i + 1], fields[2]));
    }
    outcome_clear(&table);
    outcome_clear(&help);
    outcome_clear(&page);
}

static void test_manual(void)
{
    Outcome outcome = program_expect(0, NULL, "--man", NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(all_commands); i++) {
        g_autofree char *page = g_strdup_printf(".BR edt\\-%s (1)", all_commands[i]);
        g_assert_nonnull(strstr(outcome.out, page));
        compare_tables(all_commands[i]);
    }
    outcome_clear(&outcome);
}

/* What cannot be written is noticed also where GLib prints and ends the process itself. */
static void test_output_full(void)
{
    static const char *const full[] = {"sh", "-c", "exec \"$0\" \"$@\" >/dev/full", NULL};
    program_under(full);
    EXPECT(1, "--help");
    EXPECT(1, "--version");
    EXPECT(1, "sample", "--help");
    EXPECT(1, "sample", "--options");
    EXPECT(1, "doctor", "--man");
    program_under(NULL);
}

static void expect_fault(const char *variable, const char *value)
{
    g_autofree char *set = g_strdup_printf("%s=%s", variable, value);
    const char *const words[] = {"env", set, NULL};
    program_under(words);
    Outcome outcome = program_expect(2, NULL, "bench", NULL);
    g_assert_nonnull(strstr(outcome.err, variable));
    g_assert_nonnull(strstr(outcome.err, value));
    outcome_clear(&outcome);
    program_under(NULL);
}

static void test_environment(void)
{
    expect_fault("EDT_ISA", "avx3");
    expect_fault("EDT_ISA", "AVX2");
    expect_fault("EDT_THREADS", "two");
    expect_fault("EDT_THREADS", "2,1");
    expect_fault("EDT_THREADS", "-1");
    expect_fault("EDT_THREADS", "1025");
}

static void test_unknown_command(void)
{
    Outcome outcome = program_expect(2, NULL, "smaple", NULL);
    g_assert_nonnull(strstr(outcome.err, "\"edt sample\""));
    g_assert_cmpstr(outcome.out, ==, "");
    outcome_clear(&outcome);
    EXPECT(2, NULL);
    EXPECT(2, "help", "nothing-like-it");
    EXPECT(2, "-x");
}

/* Mistakes that need no model to be seen: code 2, stdout empty, the option named. */
static void test_usage(void)
{
    static const char *const wrong[][2] = {
        {"--steps", "0"},       {"--steps", "1001"},    {"--steps", "many"},
        {"--sampler", "euler"}, {"--amm", "on"},        {"--eta", "1.5"},
        {"--eta", "-1"},        {"--cfg-scale", "inf"}, {"--rng", "numpy"},
        {"--backend", "metal"}, {"--type", "f16"},      {"--batch-count", "0"},
        {"--batch-size", "-1"}, {"--threads", "-1"},    {"--threads", "1025"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        Outcome outcome = program_expect(2, NULL, "sample", wrong[i][0], wrong[i][1], NULL);
        g_assert_cmpstr(outcome.out, ==, "");
        g_assert_nonnull(strstr(outcome.err, wrong[i][0]));
        outcome_clear(&outcome);
    }
    Outcome outcome = program_expect(1, NULL, "sample", "--from", "a\033[2Jb\r.png", NULL);
    g_assert_nonnull(strstr(outcome.err, "a?[2Jb?.png")); /* no terminal obeys a name */
    g_assert_null(strpbrk(outcome.err, "\033\r"));
    outcome_clear(&outcome);
    EXPECT(2, "sample", "--no-such-option");
    EXPECT(2, "sample", "dog");
    EXPECT(2, "sample", "--latent-only");
    EXPECT(2, "sample", "--latent-only", "--latent-out", "missing/l.npy");
    EXPECT(2, "sample", "--latent-only", "--latent-out", ".", "--force");
    EXPECT(2, "sample", "--jobs", "-", "--batch-count", "2");
    EXPECT(2, "import");
    EXPECT(2, "import", "a.pt", "b.pt");
    EXPECT(2, "import", "a.pt", "--type", "f16");
    EXPECT(2, "info", "--backend", "metal");
    EXPECT(2, "info", "one", "two");
    EXPECT(2, "doctor", "who");
}

/* A machine where nothing is installed yet: everything says so and says what to do. */
static void test_without_model(void)
{
    char **folders = edt_models_folders();
    gboolean installed = g_file_test(folders[g_strv_length(folders) - 2], G_FILE_TEST_EXISTS);
    g_strfreev(folders);
    if (installed) {
        g_test_skip("a model is installed on this machine");
        return;
    }
    Outcome outcome = program_expect(1, NULL, "sample", NULL);
    g_assert_nonnull(strstr(outcome.err, "edt import"));
    outcome_clear(&outcome);
    EXPECT(2, "sample", "-m", "nothing");
    EXPECT(2, "info", "nothing");
    outcome = program_expect(1, NULL, "doctor", "--json", NULL);
    GPtrArray *lines = json_lines(outcome.out);
    g_assert_cmpuint(lines->len, ==, 1);
    g_assert_false(json_object_get_boolean_member(lines->pdata[0], "ok"));
    g_assert_nonnull(strstr(json_text(lines->pdata[0], "missing"), "sd-vae-ft-ema"));
    g_ptr_array_unref(lines);
    outcome_clear(&outcome);
    /* no model has the classes of ImageNet, which is told; one that cannot be read has others */
    outcome = program_expect(0, NULL, "classes", "fox", NULL);
    g_assert_nonnull(strstr(outcome.err, "of ImageNet"));
    outcome_clear(&outcome);
    g_autofree char *models = program_path("home/edt/models");
    g_mkdir_with_parents(models, 0700);
    program_write("home/edt/models/broken.safetensors", "cut off");
    outcome = program_expect(1, NULL, "classes", "fox", NULL);
    g_assert_cmpstr(outcome.out, ==, "");
    g_assert_nonnull(strstr(outcome.err, "No model was found"));
    outcome_clear(&outcome);
    program_remove("home/edt/models/broken.safetensors");
}

/* ---- import ---- */

static void test_import_refused(void)
{
    program_write("broken.pt", "this is no checkpoint");
    EXPECT(3, "import", "broken.pt", "-o", "broken.safetensors");
    g_assert_false(program_exists("broken.safetensors"));
    EXPECT(3, "info", "broken.pt");
    EXPECT(3, "sample", "-m", "broken.pt");

    char *hostile = program_data("edt_tiny_whole_module_REFUSE.pt");
    Outcome outcome =
        program_expect(3, NULL, "import", hostile, "-o", "hostile.safetensors", "--json", NULL);
    GPtrArray *lines = json_lines(outcome.out);
    g_assert_cmpint(json_number(find_event(lines, "error", 0), "code"), ==, 3);
    g_assert_false(program_exists("hostile.safetensors"));
    g_ptr_array_unref(lines);
    outcome_clear(&outcome);
    g_free(hostile);
}

static void test_import(void)
{
    char *checkpoint = program_data("edt_tiny_bare.pt");
    char *vae = program_data("vae_small_modern.safetensors");
    EXPECT(0, "import", checkpoint);
    Outcome outcome = program_finish(program_start("doctor", NULL), NULL);
    if (outcome.code != 0) /* no other model is installed: its advice is followed */
        g_assert_nonnull(strstr(outcome.out, "--vae VAE.safetensors --force\n"));
    outcome_clear(&outcome);
    /* without -o: where the other commands find it */
    outcome = program_expect(0, NULL, "import", checkpoint, "--vae", vae, "--force", NULL);
    char *expected = program_path("home/edt/models/edt_tiny_bare.safetensors");
    g_assert_cmpstr(g_strchomp(outcome.out), ==, expected);
    g_assert_nonnull(strstr(outcome.err, "sha256"));
    outcome_clear(&outcome);

    GBytes *before = program_contents("home/edt/models/edt_tiny_bare.safetensors");
    EXPECT(2, "import", checkpoint); /* exists */
    GBytes *after = program_contents("home/edt/models/edt_tiny_bare.safetensors");
    g_assert_true(g_bytes_equal(before, after));
    g_bytes_unref(before);
    g_bytes_unref(after);

    outcome = program_expect(0, NULL, "import", checkpoint, "-o", "bare.safetensors", "--title",
                             "Tiny", "--licence", "CC0", "--type", "bf16", "--json", NULL);
    GPtrArray *lines = json_lines(outcome.out);
    g_assert_cmpstr(json_text(find_event(lines, "model", 0), "path"), ==, "bare.safetensors");
    g_ptr_array_unref(lines);
    outcome_clear(&outcome);
    EXPECT(0, "import", checkpoint, "-o", "bare.safetensors", "--force");
    g_free(expected);
    g_free(vae);
    g_free(checkpoint);
}

/* The model of a checkpoint whose name is not UTF-8 is where the event says. */
static void test_import_name(void)
{
    char *checkpoint = program_data("edt_tiny_bare.pt"), *latin1 = program_path("m\xe4.pt");
    g_assert_cmpint(symlink(checkpoint, latin1), ==, 0);
    Outcome outcome = program_expect(0, NULL, "import", latin1, "--json", NULL);
    GPtrArray *lines = json_lines(outcome.out);
    g_assert_cmpint(g_unlink(json_text(find_event(lines, "model", 0), "path")), ==, 0);
    g_ptr_array_unref(lines);
    outcome_clear(&outcome);
    g_free(latin1);
    g_free(checkpoint);
}

/* What a stranger wrote where records stand: none, and one that would paint the terminal. */
static void show_strangers(void)
{
    static const char *const records[] = {"\033]0;owned\007", "{\"x\":\"\302\233\"}"};
    const char *const keys[] = {"edt"};
    const guint8 pixel[3] = {0};
    g_autofree char *path = program_path("stranger.png");
    g_assert_true(edt_png_write(path, 1, 1, 3, pixel, keys, records, 1, NULL));
    EXPECT(3, "info", "stranger.png");
    g_assert_true(edt_png_write(path, 1, 1, 3, pixel, keys, records + 1, 1, NULL));
    Outcome outcome = program_expect(0, NULL, "info", "stranger.png", NULL);
    g_assert_cmpstr(outcome.out, ==, "{\"x\":\"\\u009b\"}\n");
    outcome_clear(&outcome);
}

static void test_info(void)
{
    g_autofree char *checkpoint = program_data("edt_tiny_bare.pt");
    Outcome wrong = program_expect(3, NULL, "info", checkpoint, NULL);
    g_assert_nonnull(strstr(wrong.err, "Make one of it with `edt import`"));
    outcome_clear(&wrong);
    Outcome outcome = program_expect(0, NULL, "info", "--json", NULL);
    GPtrArray *lines = json_lines(outcome.out);
    JsonObject *model = lines->pdata[0]; /* the user's own stands before installed ones */
    g_assert_cmpint(json_number(model, "size"), ==, 128);
    g_assert_cmpint(json_number(model, "latent_size"), ==, 16);
    g_assert_cmpint(json_number(model, "classes"), ==, 10);
    g_assert_true(json_object_get_boolean_member(model, "vae"));
    g_assert_cmpint(json_number(model, "memory_bytes"), >, 0);
    g_assert_cmpint(json_number(model, "memory_bytes_8"), >=, json_number(model, "memory_bytes"));
    g_ptr_array_unref(lines);
    outcome_clear(&outcome);

    outcome = program_expect(0, NULL, "info", "edt_tiny_bare", NULL);
    g_assert_nonnull(strstr(outcome.out, "128x128"));
    outcome_clear(&outcome);
    /* what stands behind "--" is a name, and of a pipe that nobody writes nothing is waited for */
    outcome = program_expect(2, NULL, "info", "--", "-no.safetensors", NULL);
    g_assert_nonnull(strstr(outcome.err, "“-no.safetensors”"));
    outcome_clear(&outcome);
    g_autofree char *pipe = program_path("info.pipe");
    g_assert_cmpint(mkfifo(pipe, 0600), ==, 0);
    EXPECT(2, "info", "info.pipe");
    show_strangers();

    outcome = program_expect(0, NULL, "info", "--backend", "cpu", "--json", NULL);
    lines = json_lines(outcome.out);
    g_assert_cmpuint(lines->len, ==, 1);
    g_assert_true(json_object_get_boolean_member(lines->pdata[0], "usable"));
    g_ptr_array_unref(lines);
    outcome_clear(&outcome);
}

/* Devices, usable or not, then what a model takes of the GPU's memory in f32 and in bf16. */
static void test_info_devices(void)
{
    Outcome outcome =
        program_expect(0, NULL, "info", "--backend", "cuda", "edt_tiny_bare", "--json", NULL);
    GPtrArray *lines = json_lines(outcome.out);
    g_assert_cmpuint(lines->len, >=, 3);
    JsonObject *f32 = lines->pdata[lines->len - 2], *bf16 = lines->pdata[lines->len - 1];
    g_assert_true(json_object_has_member(lines->pdata[0], "detail"));
    g_assert_cmpstr(json_object_get_string_member(f32, "backend"), ==, "cuda");
    g_assert_cmpstr(json_object_get_string_member(f32, "type"), ==, "f32");
    g_assert_cmpint(json_number(bf16, "memory_bytes"), >, 100 << 20);
    g_assert_cmpint(json_number(bf16, "memory_bytes"), <, json_number(f32, "memory_bytes"));
    g_assert_cmpint(json_number(f32, "memory_bytes"), <, json_number(f32, "memory_bytes_8"));
    g_ptr_array_unref(lines);
    outcome_clear(&outcome);
    outcome = program_expect(0, NULL, "info", "--backend", "auto", "edt_tiny_bare", NULL);
    g_assert_nonnull(strstr(outcome.out, "\ncpu   f32 "));
    g_assert_nonnull(strstr(outcome.out, "\ncuda  bf16 "));
    outcome_clear(&outcome);
    EXPECT(2, "info", "--backend", "cuda", "no-such-model");
}

static void test_doctor(void)
{
    Outcome outcome = program_expect(0, NULL, "doctor", "--json", NULL);
    GPtrArray *lines = json_lines(outcome.out);
    JsonObject *report = lines->pdata[0];
    g_assert_true(json_object_get_boolean_member(report, "ok"));
    JsonObject *libraries = json_object_get_object_member(report, "libraries");
    g_assert_nonnull(json_text(libraries, "oneDNN"));
    JsonArray *models = json_object_get_array_member(report, "models");
    JsonObject *first = json_array_get_object_element(models, 0);
    g_assert_true(json_object_get_boolean_member(first, "ok"));
    g_assert_true(g_str_has_suffix(json_text(first, "path"), "/edt_tiny_bare.safetensors"));
    g_ptr_array_unref(lines);
    outcome_clear(&outcome);
    EXPECT(0, "doctor");
    g_autofree char *checkpoint = program_data("edt_tiny_bare.pt");
    EXPECT(0, "import", checkpoint, "-o", "home/edt/models/a-first.safetensors");
    outcome = program_expect(1, NULL, "doctor", NULL); /* as sample does */
    g_assert_nonnull(strstr(outcome.out, "that one has no VAE: name another"));
    outcome_clear(&outcome);
    program_remove("home/edt/models/a-first.safetensors");
}

static void test_classes(void)
{
    Outcome outcome = program_expect(0, NULL, "classes", "--json", NULL);
    GPtrArray *lines = json_lines(outcome.out);
    g_assert_cmpuint(lines->len, ==, 10); /* of the tiny model */
    g_assert_cmpint(json_number(lines->pdata[3], "class"), ==, 3);
    g_ptr_array_unref(lines);
    outcome_clear(&outcome);
    outcome = program_expect(1, NULL, "classes", "wolpertinger", NULL);
    g_assert_cmpstr(outcome.out, ==, "");
    outcome_clear(&outcome);
    EXPECT(2, "classes", "--styles", "ink");
}

/* ---- pictures ---- */

static void test_names(void)
{
    const char *first = "edt-tiny-bare-class-3-7.png", *second = "edt-tiny-bare-class-3-7-1.png";
    Outcome outcome =
        program_expect(0, NULL, "sample", "--class", "3", "--seed", "7", "--steps", "2", NULL);
    g_assert_cmpstr(g_strchomp(outcome.out), ==, first);
    g_assert_nonnull(strstr(outcome.err, "seed 7"));
    outcome_clear(&outcome);

    GBytes *before = program_contents(first);
    outcome =
        program_expect(0, NULL, "sample", "--class", "3", "--seed", "7", "--steps", "3", NULL);
    g_assert_cmpstr(g_strchomp(outcome.out), ==, second);
    outcome_clear(&outcome);
    GBytes *after = program_contents(first);
    g_assert_true(g_bytes_equal(before, after));
    g_bytes_unref(before);
    g_bytes_unref(after);
}

/* Where no locale is set, as in a service, names are UTF-8 all the same. */
static void test_plain_locale(void)
{
    g_autofree char *before = g_strdup(g_getenv("LC_ALL"));
    g_setenv("LC_ALL", "C", TRUE);
    Outcome outcome = program_expect(2, NULL, "sample", "--class", "möwe", "--steps", "1", NULL);
    g_assert_nonnull(strstr(outcome.err, "“möwe”"));
    outcome_clear(&outcome);
    EXPECT(0, "sample", "--class", "1", "--steps", "1", "-o", "möwe.png");
    g_assert_true(program_exists("möwe.png"));
    if (before)
        g_setenv("LC_ALL", before, TRUE);
    else
        g_unsetenv("LC_ALL");
}

static void test_output(void)
{
    EXPECT(0, "sample", "--class", "1", "-s", "1", "--steps", "1", "-o", "a.png");
    EXPECT(2, "sample", "--class", "1", "-s", "2", "--steps", "1", "-o", "a.png");
    EXPECT(0, "sample", "--class", "1", "-s", "2", "--steps", "1", "-o", "a.png", "--force");
    char *record = program_record("a.png");
    g_assert_nonnull(strstr(record, "\"seed\":2"));
    g_free(record);

    EXPECT(2, "sample", "--class", "1", "-n", "2", "--steps", "1", "-o", "b.png");
    EXPECT(2, "sample", "--class", "1", "--steps", "1", "-o", "b.jpg");
    EXPECT(2, "sample", "--class", "1", "--steps", "1", "-o", "no/folder/b.png");
    EXPECT(2, "sample", "--class", "1", "-n", "2", "--steps", "1", "-o", "%d-%d.png");
    EXPECT(2, "sample", "--class", "1", "--steps", "1", "-o", "%s.png");
    EXPECT(0, "sample", "--class", "1,2", "-n", "2", "-s", "5", "--steps", "1", "-o",
           "set/%03d.png");
    static const char *const expected[][3] = {{"set/000.png", "\"class\":1,", "\"seed\":5"},
                                              {"set/001.png", "\"class\":1,", "\"seed\":6"},
                                              {"set/002.png", "\"class\":2,", "\"seed\":5"},
                                              {"set/003.png", "\"class\":2,", "\"seed\":6"}};
    for (int i = 0; i < 4; i++) {
        record = program_record(expected[i][0]);
        g_assert_nonnull(strstr(record, expected[i][1]));
        g_assert_nonnull(strstr(record, expected[i][2]));
        g_free(record);
    }
    EXPECT(0, "sample", "--class", "null", "-s", "5", "--steps", "1", "-o", "set");
    g_assert_true(program_exists("set/edt-tiny-bare-no-class-5.png"));
    EXPECT(0, "sample", "--class", "1", "-s", "5", "--steps", "1", "-o", "new/folder/");
    g_assert_true(program_exists("new/folder/edt-tiny-bare-class-1-5.png"));
    EXPECT(2, "sample", "--class", "1", "--steps", "1", "-o", "a.png/");
}

static void test_wishes_refused(void)
{
    EXPECT(2, "sample", "--class", "wolpertinger");
    EXPECT(2, "sample", "--class", "11"); /* 10 is the null class, and the last */
    EXPECT(2, "sample", "--class", "1,,2");
    EXPECT(2, "sample", "--class", ""); /* a variable of a script that is not set */
    EXPECT(2, "sample", "--class", "1", "--style", "");
    EXPECT(2, "sample", "--class", "1", "--mix", "");
    EXPECT(2, "sample", "--class", "1", "--vary", "");
    EXPECT(2, "sample", "--class", "1", "--seed", "7x");
    EXPECT(2, "sample", "--class", "1", "--seed", "-2");
    EXPECT(2, "sample", "--class", "1", "--eta", "0.5"); /* of dpm++2m */
    EXPECT(2, "sample", "--class", "1", "--cfg-scale", "1", "--cfg-pow", "4");
    EXPECT(2, "sample", "--class", "1", "--cfg-scale", "1", "--cfg-interval", "0.3,1");
    EXPECT(0, "sample", "--class", "1", "--cfg-scale", "1", "--cfg-interval", "0,1", "--cfg-pow",
           "0", "--eta", "0", "--steps", "1", "-o", "neutral.png");
    program_remove("neutral.png");
    Outcome outcome = program_expect(2, NULL, "sample", "--class", "1", "--size", "256", NULL);
    g_assert_nonnull(strstr(outcome.err, "128x128"));
    outcome_clear(&outcome);
    outcome = program_expect(2, NULL, "sample", "-m", "bare.safetensors", "--class", "1", NULL);
    g_assert_nonnull(strstr(outcome.err, "--vae"));
    outcome_clear(&outcome);
}

static void test_random_seed(void)
{
    make_folder("random");
    Outcome outcome = program_expect(0, NULL, "sample", "--steps", "1", "--json", "-o", "random",
                                     "--seed", "-1", NULL);
    GPtrArray *lines = json_lines(outcome.out);
    gint64 seed = json_number(find_event(lines, "image", 0), "seed");
    char *told = g_strdup_printf("seed %" G_GINT64_FORMAT, seed);
    g_assert_nonnull(strstr(outcome.err, told));
    g_assert_cmpint(json_number(find_event(lines, "start", 0), "seed"), ==, seed);
    g_free(told);
    g_ptr_array_unref(lines);
    outcome_clear(&outcome);
}

static void test_events(void)
{
    Outcome outcome =
        program_expect(0, NULL, "sample", "--class", "3", "-s", "9", "-n", "3", "--batch-size", "2",
                       "--steps", "4", "--json", "-o", "e%d.png", NULL);
    GPtrArray *lines = json_lines(outcome.out);
    g_assert_true(find_event(lines, "start", 0) == lines->pdata[0]);
    g_assert_cmpint(json_number(lines->pdata[0], "pictures"), ==, 3);
    g_assert_cmpint(count_events(lines, "step"), ==, 8); /* 4 of a batch of 2, 4 of the last */
    for (int i = 0; i < 8; i++) {
        JsonObject *step = find_event(lines, "step", i);
        g_assert_cmpint(json_number(step, "i"), ==, i % 4 + 1);
        g_assert_cmpint(json_number(step, "n"), ==, 4);
        g_assert_cmpint(json_number(step, "first"), ==, i < 4 ? 0 : 2);
        g_assert_cmpint(json_number(step, "items"), ==, i < 4 ? 2 : 1);
    }
    g_assert_cmpint(count_events(lines, "image"), ==, 3);
    for (int i = 0; i < 3; i++) {
        JsonObject *image = find_event(lines, "image", i);
        GBytes *bytes = program_contents(json_text(image, "path"));
        char *sha256 = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes);
        g_assert_cmpstr(json_text(image, "sha256"), ==, sha256);
        g_assert_cmpint(json_number(image, "seed"), ==, 9 + i);
        g_assert_cmpint(json_number(image, "width"), ==, 128);
        g_free(sha256);
        g_bytes_unref(bytes);
    }
    JsonObject *end = find_event(lines, "end", 0);
    g_assert_true(end == lines->pdata[lines->len - 1]);
    g_assert_cmpint(json_number(end, "pictures"), ==, 3);
    g_assert_cmpint(json_number(end, "failed"), ==, 0);
    g_ptr_array_unref(lines);
    outcome_clear(&outcome);

    outcome = program_expect(2, NULL, "sample", "--class", "nonsense", "--json", NULL);
    lines = json_lines(outcome.out);
    g_assert_cmpint(json_number(find_event(lines, "error", 0), "code"), ==, 2);
    g_ptr_array_unref(lines);
    outcome_clear(&outcome);
}

/* A picture made again from its own record is the same file, from a PNG or from a .json. */
static void test_record(void)
{
    EXPECT(0, "sample", "--class", "4", "-s", "11", "--steps", "3", "--sampler", "ddim",
           "--spacing", "karras", "--eta", "0.1", "--cfg-scale", "2.3", "--cfg-pow", "2",
           "--cfg-interval", "0.2,0.8", "--amm", "official", "--clip", "--type", "f32", "-o",
           "r.png");
    char *record = program_record("r.png");
    static const char *const members[] = {"\"edt\":\"" EDT_VERSION "\"",
                                          "\"variant\":\"EDT custom\"",
                                          "\"class\":4,",
                                          "\"class_name\":\"class 4\"",
                                          "\"seed\":11,",
                                          "\"steps\":3,",
                                          "\"steps_done\":3,",
                                          "\"sampler\":\"ddim\"",
                                          "\"spacing\":\"karras\",",
                                          "\"cfg_scale\":2.3,",
                                          "\"cfg_pow\":2,",
                                          "\"cfg_interval\":\"0.2,0.8\",",
                                          "\"amm\":\"official\"",
                                          "\"eta\":0.1,",
                                          "\"clip\":true",
                                          "\"precision\":\"f32\"",
                                          "\"backend\":\"cpu\"",
                                          "\"size\":128"};
    for (gsize i = 0; i < G_N_ELEMENTS(members); i++)
        g_assert_nonnull(strstr(record, members[i]));
    Outcome outcome = program_expect(0, NULL, "sample", "--from", "r.png", "-o", "r2.png", NULL);
    g_assert_null(strstr(outcome.err, "stopped"));
    expect_same_files("r.png", "r2.png");
    outcome_clear(&outcome);
    program_write("r.json", record);
    EXPECT(0, "sample", "--from", "r.json", "-o", "r3.png");
    expect_same_files("r.png", "r3.png");
    strstr(record, "\"steps_done\":3")[13] = '2';
    program_write("r.json", record);
    outcome = program_expect(0, NULL, "sample", "--from", "r.json", "-o", "r7.png", NULL);
    g_assert_nonnull(strstr(outcome.err, "stopped after step 2 of 3;"));
    g_assert_null(strstr(outcome.err, "does not know"));
    outcome_clear(&outcome);
    g_free(record);
    program_write("marked.json", "\xef\xbb\xbf{\"class\":1,\"seed\":2,\"steps\":1}\r\n");
    EXPECT(0, "sample", "--from", "marked.json", "-o", "r9.png");
    program_write("line.json", "{\"class\":1,\"seed\":2,\"steps\":1,\"output\":\"x.png\"}");
    outcome = program_expect(0, NULL, "sample", "--from", "line.json", "-o", "r11.png", NULL);
    g_assert_null(strstr(outcome.err, "does not know")); /* a job line is a record, too */
    outcome_clear(&outcome);
    program_write("large.json", "{\"class\":1,\"seed\":9223372036854775808,\"steps\":1}");
    outcome = program_expect(3, NULL, "sample", "--from", "large.json", "-o", "r10.png", NULL);
    g_assert_nonnull(strstr(outcome.err, "not 9223372036854775808"));
    outcome_clear(&outcome);
    program_write("later.json", "{\"class\":1,\"seed\":2,\"steps\":1,\"swirl\":0.5}");
    outcome = program_expect(0, NULL, "sample", "--from", "later.json", "-o", "r8.png", NULL);
    g_assert_nonnull(strstr(outcome.err, "\"swirl\", which this version"));
    outcome_clear(&outcome);

    EXPECT(0, "sample", "--from", "r.png", "--steps", "2", "-s", "12", "-o", "r4.png");
    record = program_record("r4.png");
    g_assert_nonnull(strstr(record, "\"steps\":2,"));
    g_assert_nonnull(strstr(record, "\"seed\":12,"));
    g_assert_nonnull(strstr(record, "\"cfg_scale\":2.3,"));
    g_free(record);

    outcome = program_expect(0, NULL, "info", "r.png", NULL);
    g_assert_nonnull(strstr(outcome.out, "\"seed\":11,"));
    outcome_clear(&outcome);
    EXPECT(0, "sample", "--from", "r.png", "--no-metadata", "-o", "r5.png");
    EXPECT(3, "info", "r5.png");
    EXPECT(3, "sample", "--from", "r5.png", "-o", "r6.png");
    EXPECT(2, "sample", "--from", "no-such.json", "-o", "r6.png");
}

static float *load_latent(const char *name, gint64 shape[8])
{
    GError *error = NULL;
    int rank;
    char *path = program_path(name);
    float *values = edt_npy_load(path, &rank, shape, &error);
    g_assert_no_error(error);
    g_assert_cmpint(rank, ==, 4);
    g_free(path);
    return values;
}

static void test_latents(void)
{
    gint64 shape[8];
    EXPECT(0, "sample", "-m", "bare.safetensors", "--class", "1", "-s", "3", "-n", "3", "--steps",
           "2", "--batch-size", "2", "--latent-only", "--latent-out", "three.npy");
    float *three = load_latent("three.npy", shape);
    g_assert_cmpint(shape[0], ==, 3);
    g_assert_cmpint(shape[1], ==, 4);
    g_assert_cmpint(shape[2], ==, 16);
    g_assert_cmpint(shape[3], ==, 16);
    /* the last of the three alone: its own seed, whatever stood beside it */
    EXPECT(0, "sample", "-m", "bare.safetensors", "--class", "1", "-s", "5", "--steps", "2",
           "--latent-only", "--latent-out", "one.npy");
    float *one = load_latent("one.npy", shape);
    g_assert_cmpint(shape[0], ==, 1);
    double difference = 0, size = 0;
    for (int i = 0; i < 1024; i++) {
        difference += pow(one[i] - three[2048 + i], 2);
        size += pow(one[i], 2);
    }
    g_assert_cmpfloat(sqrt(difference / size), <, 1e-2); /* bf16 at worst */
    g_assert_cmpfloat(size, >, 1);
    g_free(three);
    g_free(one);

    EXPECT(2, "sample", "--class", "1", "--latent-out", "one.npy"); /* exists */
    EXPECT(2, "sample", "--class", "1", "-n", "2", "--steps", "1", "-o", "apart-%d.png",
           "--latent-out", "apart-1.png", "--force"); /* where a picture goes */
    g_assert_false(program_exists("apart-1.png"));
    EXPECT(2, "sample", "--class", "1", "-n", "2", "--steps", "1", "--init-latent", "three.npy",
           "-o", "l%d.png");
    EXPECT(3, "sample", "--class", "1", "--init-latent", "r.png", "-o", "l.png");
    EXPECT(0, "sample", "--class", "1", "-s", "1", "-n", "3", "--steps", "1", "--init-latent",
           "three.npy", "-o", "l%d.png");
    EXPECT(0, "sample", "--class", "1", "-s", "1", "--steps", "1", "--init-latent", "one.npy", "-o",
           "l.png");
    char *record = program_record("l.png");
    g_assert_nonnull(strstr(record, "\"init_latent\":true"));
    g_free(record);
}

static void test_previews(void)
{
    EXPECT(0, "sample", "--class", "1", "-s", "1", "-n", "2", "--batch-size", "1", "--steps", "3",
           "--preview-dir", "previews", "-o", "p%d.png");
    for (int item = 0; item < 2; item++) {
        for (int step = 1; step <= 3; step++) {
            char *name = g_strdup_printf("previews/item-%03d-step-%03d.png", item, step);
            g_assert_true(program_exists(name));
            g_free(name);
        }
    }
    /* also where each is decoded, which takes longer than a tenth of a step */
    EXPECT(0, "sample", "-m", STICKERS, "--class", "1", "-s", "1", "--steps", "3", "--preview-dir",
           "painted", "-o", "q.png");
    for (int step = 1; step <= 3; step++) {
        g_autofree char *name = g_strdup_printf("painted/item-000-step-%03d.png", step);
        g_assert_true(program_exists(name));
    }
    EXPECT(2, "sample", "--class", "1", "--steps", "3", "--preview-dir", "previews", "-o", "p.png");
    g_assert_false(program_exists("p.png"));
}

/* ---- bench ---- */

/* A training step in the table of the others: all three parts of it count. */
static void test_bench_train(void)
{
    static const char *const parts[] = {"forward", "backward", "optimiser"};
    Outcome outcome =
        program_expect(0, NULL, "bench", "--train", "--sizes", "Ti", "--size", "16", "-n", "2",
                       "-r", "1", "--warm-up", "0", "--types", "f32", "--format", "json", NULL);
    GPtrArray *lines = json_lines(outcome.out);
    JsonObject *machine = find_event(lines, "machine", 0);
    g_assert_cmpfloat(json_object_get_double_member(machine, "FMA f32"), >, 0);
    g_assert_cmpfloat(json_object_get_double_member(machine, "memory"), >, 0);
    g_assert_cmpfloat(json_object_get_double_member(machine, "memory 2 MiB"), >, 0);
    g_assert_cmpfloat(json_object_get_double_member(machine, "share_of_cores"), >, 0);
    g_assert_cmpfloat(json_object_get_double_member(machine, "share_of_best"), ==,
                      1); /* the first */
    JsonObject *row = find_event(lines, "bench", 0);
    JsonArray *operations = json_object_get_array_member(row, "operations");
    double median = json_object_get_double_member(row, "median_ms"), sum = 0;
    g_assert_cmpstr(json_text(row, "work"), ==, "EDT-Ti/4 training");
    g_assert_cmpint(json_number(row, "pictures"), ==, 2);
    g_assert_true(json_object_get_boolean_member(row, "masked"));
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
        JsonObject *part = json_array_get_object_element(operations, i);
        g_assert_cmpstr(json_text(part, "what"), ==, parts[i]);
        g_assert_cmpstr(json_text(part, "limit"), ==, i < 2 ? "FMA f32" : "memory");
        g_assert_cmpfloat(json_object_get_double_member(part, "share_of_limit"), >, 0);
        sum += json_object_get_double_member(part, "ms");
    }
    g_assert_cmpfloat(fabs(sum / median - 1), <, 1e-3); /* one run: its parts are the whole */
    double samples = json_object_get_double_member(row, "samples_per_s");
    g_assert_cmpfloat(fabs(samples * median / 2e3 - 1), <, 1e-3);
    g_ptr_array_unref(lines);
    outcome_clear(&outcome);
    EXPECT(2, "bench", "--train", "--sizes", "VAE");
    EXPECT(2, "train", "--bench");
}

/* What stickers trains, and what it decodes and encodes with, can be measured. */
static void test_bench_stickers(void)
{
    static const char *const works[] = {"small VAE decode", "small VAE encode"};
    Outcome outcome =
        program_expect(0, NULL, "bench", "--sizes", "VAE-small,vae-small-encode", "--size", "64",
                       "-r", "1", "--warm-up", "0", "--types", "f32", "--format", "json", NULL);
    g_autoptr(GPtrArray) lines = json_lines(outcome.out);
    for (int i = 0; i < (int)G_N_ELEMENTS(works); i++)
        g_assert_cmpstr(json_text(find_event(lines, "bench", i), "work"), ==, works[i]);
    outcome_clear(&outcome);
    outcome =
        program_expect(0, NULL, "bench", "--train", "--sizes", "Ti/2", "--size", "64", "-n", "1",
                       "-r", "1", "--warm-up", "0", "--types", "f32", "--format", "json", NULL);
    g_autoptr(GPtrArray) training = json_lines(outcome.out);
    g_assert_cmpstr(json_text(find_event(training, "bench", 0), "work"), ==, "EDT-Ti/2 training");
    outcome_clear(&outcome);
    outcome = program_expect(2, NULL, "bench", "--sizes", "Ti/2", NULL);
    g_assert_nonnull(strstr(outcome.err,
                            "\"Ti/2\" is none of S, B, XL, VAE, VAE-encode, VAE-small, "
                            "VAE-small-encode."));
    outcome_clear(&outcome);
}

static Outcome bench_tiny(void)
{
    return program_expect(0, NULL, "bench", "--train", "--sizes", "Ti", "--size", "16", "-n", "1",
                          "-r", "1", "--warm-up", "0", "--types", "f32", "--breakdown", NULL);
}

/* What a unit gave at best is kept, and a machine that gives less is called busy. */
static void test_bench_busy(void)
{
    g_autofree char *path = program_path("home/state/edt/peaks.ini");
    g_autoptr(GKeyFile) best = g_key_file_new();
    Outcome outcome = bench_tiny();
    g_assert_nonnull(strstr(outcome.out, "% of FMA f32 |"));
    g_assert_nonnull(strstr(outcome.out, "% of memory |"));
    outcome_clear(&outcome);
    g_assert_true(g_key_file_load_from_file(best, path, G_KEY_FILE_NONE, NULL));
    g_auto(GStrv) machines = g_key_file_get_groups(best, NULL);
    g_assert_cmpuint(g_strv_length(machines), ==, 1);
    g_assert_cmpfloat(g_key_file_get_double(best, machines[0], "peak f32", NULL), >, 0);
    const double seen = g_key_file_get_double(best, machines[0], "FMA f32", NULL);
    g_assert_cmpfloat(seen, >, 0);
    g_key_file_set_double(best, machines[0], "FMA f32", 1e3 * seen);
    g_assert_true(g_key_file_save_to_file(best, path, NULL));
    outcome = bench_tiny();
    g_assert_nonnull(strstr(outcome.err, "The machine is busy: "));
    outcome_clear(&outcome);
    g_assert_true(g_key_file_load_from_file(best, path, G_KEY_FILE_NONE, NULL));
    g_assert_cmpfloat(g_key_file_get_double(best, machines[0], "FMA f32", NULL), ==, 1e3 * seen);
    g_assert_cmpint(g_unlink(path), ==, 0); /* of other tests' runs nothing is the best */
}

/* It says where the AMM can be. */
static void test_amm(void)
{
    g_autofree char *dit = program_data("dit_tiny_bare.pt");
    Outcome outcome;

    EXPECT(0, "import", dit, "--heads", "2", "-o", "dit.safetensors");
    outcome = program_expect(0, NULL, "info", "dit.safetensors", NULL);
    g_assert_nonnull(strstr(outcome.out, "AMM          none: official and automatic do nothing"));
    g_assert_nonnull(strstr(outcome.out, "reuse        none: the network has no inner stages"));
    outcome_clear(&outcome);
    outcome = program_expect(0, NULL, "info", "dit.safetensors", "--json", NULL);
    g_assert_nonnull(strstr(outcome.out, "\"amm_official\":false,\"amm_auto\":false"));
    g_assert_nonnull(strstr(outcome.out, "\"inner_stages\":false"));
    outcome_clear(&outcome);
    outcome =
        program_expect(0, NULL, "sample", "-m", "dit.safetensors", "--amm", "official", "--reuse",
                       "2", "--steps", "1", "--latent-only", "--latent-out", "dit.npy", NULL);
    g_assert_nonnull(strstr(outcome.err, "AMM official (nowhere)"));
    g_assert_nonnull(strstr(outcome.err, "at every 2 later steps (it has none)"));
    outcome_clear(&outcome);
}

/* One "start" event's settings, of a run with these options beside --speed fast. */
static void expect_speed(const char *option, const char *value, gint64 steps, const char *sampler,
                         const char *interval)
{
    Outcome outcome = program_expect(0, NULL, "sample", "-c", "3", "-s", "7", "--speed", "fast",
                                     "--json", "-f", "-o", "fast.png", option, value, NULL);
    g_autoptr(GPtrArray) lines = json_lines(outcome.out);
    JsonObject *start = find_event(lines, "start", 0);
    g_assert_cmpint(json_number(start, "steps"), ==, steps);
    g_assert_cmpstr(json_text(start, "sampler"), ==, sampler);
    g_assert_cmpint(json_number(start, "reuse"), ==, 2);
    g_assert_cmpstr(json_text(start, "cfg_interval"), ==, interval);
    outcome_clear(&outcome);
}

/* An option says more than a preset, and a preset more than the record of --from. */
static void test_speed(void)
{
    EXPECT(0, "sample", "-c", "3", "-s", "7", "--steps", "2", "-o", "slow.png");
    expect_speed(NULL, NULL, 12, "unipc", "0.3,1");
    expect_speed("--steps", "3", 3, "unipc", "0.3,1");
    expect_speed("--sampler", "ddim", 12, "ddim", "0.3,1");
    expect_speed("--cfg-interval", "0,1", 12, "unipc", "0,1");
    expect_speed("--from", "slow.png", 12, "unipc", "0.3,1");
    g_autofree char *record = program_record("fast.png");
    g_assert_nonnull(strstr(record, "\"cfg_interval\":\"0.3,1\",\"reuse\":2,"));
    EXPECT(2, "sample", "-c", "3", "--speed", "quick");
    program_remove("fast.png");
    program_remove("slow.png");
}

/* Every shortcut of the tiny model: itself is no way off, another one is some. */
static void test_bench_shortcuts(void)
{
    Outcome outcome = program_expect(0, NULL, "bench", "--shortcuts", "-n", "2", "-r", "1",
                                     "--steps", "4", "--format", "json", NULL);
    g_autoptr(GPtrArray) lines = json_lines(outcome.out);
    int n = count_events(lines, "shortcut"), presets = 0;
    for (int i = 0; i < n; i++) {
        JsonObject *row = find_event(lines, "shortcut", i);
        const char *name = json_text(row, "shortcut");
        const double picture = json_object_get_double_member(row, "picture_distance");
        const double way = json_object_get_double_member(row, "trajectory_distance");
        gboolean exact = g_str_has_suffix(name, "exact");
        presets += g_str_has_prefix(name, "--speed");
        g_assert_true(exact ? picture == 0 && way == 0 : picture > 0 && way > 0);
        g_assert_true(picture < 1 && way < 1);
        g_assert_cmpfloat(json_object_get_double_member(row, "ms"), >, 0);
        g_assert_cmpint(json_number(row, "steps"), ==,
                        !g_str_has_prefix(name, "--speed") ? 4 : json_number(row, "steps"));
    }
    g_assert_cmpint(presets, ==, 3);
    g_assert_cmpint(n, >=, 8);
    outcome_clear(&outcome);
    EXPECT(2, "bench", "--shortcuts", "--sizes", "S");
    EXPECT(2, "bench", "--shortcuts", "--steps", "0");
    EXPECT(2, "bench", "--shortcuts", "-n", "17");
    EXPECT(2, "bench", "--shortcuts", "--threads", "1,2");
    EXPECT(2, "bench", "--shortcuts", "--warm-up", "3");
    EXPECT(2, "bench", "--steps", "4");
}

static char *sha256_of(const char *model)
{
    Outcome outcome = program_expect(0, NULL, "info", "--json", model, NULL);
    g_autoptr(GPtrArray) lines = json_lines(outcome.out);
    char *sha256 = g_strdup(json_text(lines->pdata[0], "sha256"));
    outcome_clear(&outcome);
    return sha256;
}

/* What a draft saves is behind the steps; the others' times have no decoding in them. */
static void test_bench_draft(void)
{
    g_autofree char *checkpoint = program_data("edt_tiny_bare.pt");
    g_autofree char *vae = program_data("vae_small_modern.safetensors");
    g_autofree char *draft = program_path("taesd.safetensors");
    SmallVae *small = small_vae_new(&small_vae_taesd);
    small_vae_write(small, draft, FALSE, NULL);
    small_vae_free(small);
    EXPECT(0, "import", checkpoint, "--vae", vae, "--draft-vae", draft, "-o", "draft.safetensors");
    Outcome outcome =
        program_expect(0, NULL, "bench", "--shortcuts", "-m", "draft.safetensors", "-n", "1", "-r",
                       "1", "--steps", "2", "--format", "json", NULL);
    g_autoptr(GPtrArray) lines = json_lines(outcome.out);
    int decoding = 0;
    for (int i = 0; i < count_events(lines, "shortcut"); i++) {
        JsonObject *row = find_event(lines, "shortcut", i);
        const gboolean is_draft = g_str_equal(json_text(row, "shortcut"), "--vae draft");
        g_assert_cmpint(json_object_get_boolean_member(row, "decoding"), ==, is_draft);
        decoding += is_draft;
    }
    g_assert_cmpint(decoding, ==, 1);
    outcome_clear(&outcome);

    /* with another one it is another model */
    static const char *const note[] = {"note", "another", NULL};
    g_autofree char *first = sha256_of("draft.safetensors"), *second = NULL;
    small = small_vae_new(&small_vae_taesd);
    small_vae_write(small, draft, FALSE, note);
    small_vae_free(small);
    EXPECT(0, "import", checkpoint, "--vae", vae, "--draft-vae", draft, "-o", "draft.safetensors",
           "-f");
    second = sha256_of("draft.safetensors");
    g_assert_cmpstr(first, !=, second);
}

/* One small picture of a class in a style. */
static void make_styled(const char *style)
{
    float pixels[16 * 16 * 3] = {0};
    const EdtPicture picture = {.width = 16, .height = 16, .channels = 3, .pixels = pixels};
    g_autofree char *folder = g_build_filename("styled", "thing", style, NULL);
    g_autofree char *made = program_path(folder), *path = g_build_filename(made, "1.png", NULL);
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(g_mkdir_with_parents(made, 0755), ==, 0);
    edt_picture_save_png(&picture, path, NULL, &error);
    g_assert_no_error(error);
}

/* What is measured is what is painted where no style is asked for: the first one, not any. */
static void test_bench_style(void)
{
    make_styled("first");
    make_styled("second");
    EXPECT(0, "train", "styled", "-o", "styles", "--size", "16", "--batch", "2", "--micro", "2",
           "--steps", "1", "--type", "f32", "--sample-every", "0");
    Outcome outcome =
        program_expect(0, NULL, "bench", "--shortcuts", "-m", "styles/model.safetensors", "-n", "1",
                       "-r", "1", "--steps", "1", "--format", "json", NULL);
    g_autoptr(GPtrArray) lines = json_lines(outcome.out);
    g_assert_cmpstr(json_text(find_event(lines, "shortcut", 0), "style"), ==, "first");
    outcome_clear(&outcome);
}

/* A list of nothing, a number of nothing, and what would do nothing. */
static void test_bench_refused(void)
{
    static const char *const wrong[][4] = {
        {"--sizes", "", NULL},
        {"--types", "", NULL},
        {"--threads", "", NULL},
        {"-n", "0", NULL},
        {"-r", "0", NULL},
        {"-n", "1073741824", NULL},
        {"-r", "2000000000", NULL},
        {"--size", "0", NULL},
        {"--warm-up", "-1", NULL},
        {"--train", "--no-guidance", NULL},
        {"--no-mask", NULL},
        {"--sizes", "VAE,VAE-encode", "--no-guidance"},
        {"--sizes=VAE", "-n", "2"},
        {"--compare", "--sizes", ""},
        {"--compare", "--threads", ""},
        {"--compare", "--warm-up", "-1"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        Outcome outcome = program_expect(2, NULL, "bench", wrong[i][0], wrong[i][1],
                                         wrong[i][1] ? wrong[i][2] : NULL, NULL);
        g_assert_cmpstr(outcome.out, ==, "");
        outcome_clear(&outcome);
    }
}

/* A step's rate counts what its time has in it: the conditioning has a time of its own. */
static void test_bench_step(void)
{
    Outcome outcome = program_expect(0, NULL, "bench", "--sizes", "S", "--size", "64", "-r", "1",
                                     "--warm-up", "0", "--types", "f32", "--format", "json", NULL);
    g_autoptr(GPtrArray) lines = json_lines(outcome.out);
    JsonObject *row = find_event(lines, "bench", 0);
    const double macs = 164822112 - 11858496, ms = json_object_get_double_member(row, "median_ms");
    g_assert_cmpfloat(fabs(json_object_get_double_member(row, "gflops") * ms / (4e-6 * macs) - 1),
                      <, 1e-3);
    g_assert_cmpfloat(json_object_get_double_member(row, "conditioning_ms"), >, 0);
    outcome_clear(&outcome);
}

/* An autoencoder is measured with one picture, and nobody guides it. */
static void test_bench_vae(void)
{
    Outcome outcome =
        program_expect(0, NULL, "bench", "--sizes", "vae,S", "--size", "64", "-n", "2", "-r", "1",
                       "--warm-up", "0", "--types", "f32", "--format", "json", NULL);
    g_autoptr(GPtrArray) lines = json_lines(outcome.out);
    JsonObject *row = find_event(lines, "bench", 0);
    g_assert_cmpint(json_number(find_event(lines, "bench", 1), "pictures"), ==, 2); /* a step's */
    g_assert_cmpint(json_number(row, "pictures"), ==, 1);
    g_assert_false(json_object_get_boolean_member(row, "guided"));
    outcome_clear(&outcome);
}

/* The ratios of work are the paper's networks'; those of time are measured, so not judged. */
static void test_bench_compare(void)
{
    Outcome outcome = program_expect(0, NULL, "bench", "--compare", "--sizes", "S", "-r", "1",
                                     "--warm-up", "0", "--format", "json", NULL);
    g_autoptr(GPtrArray) lines = json_lines(outcome.out);
    static const struct {
        const char *network;
        gint64 parameters;
        double gmacs;
    } expected[] = {
        {"EDT-S/2", 38550458, 2.667}, {"DiT-S/2", 32963360, 6.056}, {"MDTv2-S/2", 35493440, 6.660}};
    g_assert_cmpint(count_events(lines, "compare"), ==, 3);
    for (int i = 0; i < 3; i++) {
        JsonObject *row = find_event(lines, "compare", i);
        g_assert_cmpstr(json_text(row, "network"), ==, expected[i].network);
        g_assert_cmpint(json_number(row, "parameters"), ==, expected[i].parameters);
        g_assert_cmpfloat_with_epsilon(json_object_get_double_member(row, "gmacs"),
                                       expected[i].gmacs, 1e-3);
        g_assert_cmpfloat(json_object_get_double_member(row, "f32_ms"), >, 0);
        g_assert_cmpfloat(json_object_get_double_member(row, "guided_ratio"), >, 0);
    }
    g_assert_cmpfloat_with_epsilon(
        json_object_get_double_member(find_event(lines, "compare", 2), "gmacs_ratio"), 2.497, 1e-3);
    outcome_clear(&outcome);
    outcome = program_expect(0, NULL, "bench", "--compare", "--sizes", "s", "--size", "64", "-r",
                             "1", "--warm-up", "0", NULL);
    g_assert_nonnull(strstr(outcome.out, "| **MDTv2 / EDT, S** (paper 2.29) |"));
    outcome_clear(&outcome);
    EXPECT(2, "bench", "--compare", "--sizes", "L");
    EXPECT(2, "bench", "--compare", "--size", "100");
    EXPECT(2, "bench", "--compare", "--threads", "1,2");
}

/* By definition a step is three forwards' multiply-adds, EDT's and MDTv2's of both passes; MDTv2
 * sees 9 of 16 tokens in the second. */
static void test_bench_compare_training(void)
{
    Outcome outcome =
        program_expect(0, NULL, "bench", "--compare", "--train", "--sizes", "S", "--size", "64",
                       "-n", "1", "-r", "1", "--warm-up", "0", "--format", "json", NULL);
    g_autoptr(GPtrArray) lines = json_lines(outcome.out);
    static const struct {
        const char *network;
        double gmacs;
    } expected[] = {{"EDT-S/2", 0.98893}, {"DiT-S/2", 1.06065}, {"MDTv2-S/2", 2.11070}};
    g_assert_cmpint(count_events(lines, "compare"), ==, 3);
    for (int i = 0; i < 3; i++) {
        JsonObject *row = find_event(lines, "compare", i);
        g_assert_cmpstr(json_text(row, "network"), ==, expected[i].network);
        g_assert_true(json_object_get_boolean_member(row, "training"));
        g_assert_cmpfloat_with_epsilon(json_object_get_double_member(row, "gmacs"),
                                       expected[i].gmacs, 1e-5);
        g_assert_cmpfloat(json_object_get_double_member(row, "f32_ms"), >, 0);
        g_assert_cmpfloat(json_object_get_double_member(row, "f32_ratio"), >, 0);
        g_assert_cmpint(json_number(row, "f32_bytes"), >, 28 * json_number(row, "parameters"));
        g_assert_false(json_object_has_member(row, "guided_ms"));
    }
    g_assert_cmpfloat(json_object_get_double_member(find_event(lines, "compare", 2), "paper_ratio"),
                      ==, 3.93);
    outcome_clear(&outcome);
    /* what does not fit is said and left out: a batch of a million pictures */
    outcome = program_expect(0, NULL, "bench", "--compare", "--train", "--sizes", "S", "--size",
                             "64", "-n", "1000000", NULL);
    g_assert_nonnull(strstr(outcome.err, "MDTv2-S/2 in f32 is left out"));
    g_assert_nonnull(strstr(outcome.out, "| **MDTv2 / EDT, S** (paper 3.93) | 0.92 | 2.13 | - |"));
    outcome_clear(&outcome);
    EXPECT(2, "bench", "--compare", "--train", "--no-mask");
    EXPECT(2, "bench", "--compare", "--train", "--size", "100");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/edt/commands", test_commands);
    g_test_add_func("/edt/manual", test_manual);
    g_test_add_func("/edt/output-full", test_output_full);
    g_test_add_func("/edt/environment", test_environment);
    g_test_add_func("/edt/unknown-command", test_unknown_command);
    g_test_add_func("/edt/usage", test_usage);
    g_test_add_func("/edt/without-model", test_without_model);
    g_test_add_func("/edt/import-refused", test_import_refused);
    g_test_add_func("/edt/import", test_import);
    g_test_add_func("/edt/import-name", test_import_name);
    g_test_add_func("/edt/info", test_info);
    g_test_add_func("/edt/info-devices", test_info_devices);
    g_test_add_func("/edt/doctor", test_doctor);
    g_test_add_func("/edt/classes", test_classes);
    g_test_add_func("/edt/names", test_names);
    g_test_add_func("/edt/plain-locale", test_plain_locale);
    g_test_add_func("/edt/output", test_output);
    g_test_add_func("/edt/wishes-refused", test_wishes_refused);
    g_test_add_func("/edt/random-seed", test_random_seed);
    g_test_add_func("/edt/events", test_events);
    g_test_add_func("/edt/record", test_record);
    g_test_add_func("/edt/latents", test_latents);
    g_test_add_func("/edt/previews", test_previews);
    g_test_add_func("/edt/bench-train", test_bench_train);
    g_test_add_func("/edt/bench-busy", test_bench_busy);
    g_test_add_func("/edt/amm", test_amm);
    g_test_add_func("/edt/speed", test_speed);
    g_test_add_func("/edt/bench-compare", test_bench_compare);
    g_test_add_func("/edt/bench-compare-training", test_bench_compare_training);
    g_test_add_func("/edt/bench-shortcuts", test_bench_shortcuts);
    g_test_add_func("/edt/bench-draft", test_bench_draft);
    g_test_add_func("/edt/bench-style", test_bench_style);
    g_test_add_func("/edt/bench-refused", test_bench_refused);
    g_test_add_func("/edt/bench-step", test_bench_step);
    g_test_add_func("/edt/bench-vae", test_bench_vae);
    g_test_add_func("/edt/bench-stickers", test_bench_stickers);
    return g_test_run();
}
