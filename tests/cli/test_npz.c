/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `edt sample --npz` from outside: what is in the archive, and that a stopped run goes on to the
 * very same file.
 */
#include "files/png.h"
#include "program.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Lines of read_npz.py, without its remarks. */
static char **read_archive(const char *name)
{
    g_autofree char *path = program_path(name), *out = NULL;
    const char *argv[] = {"python3", READER, path, NULL};
    GError *error = NULL;
    int status;

    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, NULL, &status,
                 &error);
    g_assert_no_error(error);
    g_assert_cmpint(status, ==, 0);
    return g_strsplit(*out == '#' ? strchr(out, '\n') + 1 : out, "\n", -1);
}

/* The checksum of a picture as bytes, height x width x 3. */
static char *png_checksum(const char *name)
{
    g_autofree char *path = program_path(name);
    int width, height, channels;
    g_autofree guint8 *pixels = edt_png_read(path, &width, &height, &channels, NULL);
    g_assert_cmpint(channels, ==, 3);
    return g_compute_checksum_for_data(G_CHECKSUM_SHA256, pixels, (gsize)(width * height * 3));
}

#define LIKE "--steps", "2", "--sampler", "ddim", "--type", "f32"

/* Twelve of ten classes: all in turn, and from the first again. */
static void test_contents(void)
{
    EXPECT(0, "sample", "--npz", "a.npz", "-n", "12", "-s", "40", LIKE);
    g_auto(GStrv) lines = read_archive("a.npz");
    g_assert_cmpstr(lines[0], ==, "12 128 128 3");
    g_assert_cmpstr(lines[1], ==, "0 1 2 3 4 5 6 7 8 9 0 1");
    g_assert_nonnull(strstr(lines[2], "\"seed\":40"));
    g_assert_nonnull(strstr(lines[2], "\"sampler\":\"ddim\""));
    EXPECT(0, "sample", "--class", "3", "-s", "43", "-o", "three.png", LIKE);
    g_autofree char *three = png_checksum("three.png");
    g_assert_cmpstr(lines[3 + 3], ==, three);
    EXPECT(0, "sample", "--class", "1", "-s", "51", "-o", "last.png", LIKE);
    g_autofree char *last = png_checksum("last.png");
    g_assert_cmpstr(lines[3 + 11], ==, last);
    g_assert_false(program_exists("a.npz.partial"));
    EXPECT(0, "sample", "--npz", "a.npz", "-n", "12", "-s", "40", LIKE); /* it is there, and this */
    EXPECT(2, "sample", "--npz", "a.npz", "-n", "12", "-s", "41", LIKE); /* another one */
    g_autofree char *path = program_path("a.npz");
    struct stat status;
    g_assert_cmpint(stat(path, &status), ==, 0);
    g_assert_cmpint(truncate(path, status.st_size - 1), ==, 0);
    EXPECT(2, "sample", "--npz", "a.npz", "-n", "12", "-s", "40", LIKE); /* not all of it */
    EXPECT(0, "sample", "--npz", "a.npz", "-n", "1", "-s", "40", "--force", LIKE);
}

static void test_classes(void)
{
    EXPECT(0, "sample", "--npz", "list.npz", "-n", "3", "-c", "7,2", LIKE);
    g_auto(GStrv) list = read_archive("list.npz");
    g_assert_cmpstr(list[1], ==, "7 2 7");
    EXPECT(0, "sample", "--npz", "drawn.npz", "-n", "6", "-c", "random", "--steps", "1");
    EXPECT(0, "sample", "--npz", "again.npz", "-n", "6", "-c", "random", "--steps", "1");
    EXPECT(0, "sample", "--npz", "other.npz", "-n", "6", "-c", "random", "--steps", "1", "-s",
           "100");
    g_auto(GStrv) drawn = read_archive("drawn.npz"), again = read_archive("again.npz"),
                  other = read_archive("other.npz");
    g_assert_cmpstr(drawn[1], ==, again[1]);
    g_assert_cmpstr(drawn[1], !=, other[1]);
    for (int i = 0; i < 2; i++) /* one of a list too */
        EXPECT(0, "sample", "--npz", i ? "mixed.npz" : "mixed-again.npz", "-n", "6", "-c",
               "7,random", "--steps", "1");
    g_autoptr(GBytes) mixed = program_contents("mixed.npz"),
                      same = program_contents("mixed-again.npz");
    g_assert_true(g_bytes_equal(mixed, same));
    EXPECT(2, "sample", "--npz", "none.npz", "-c", "", "--steps", "1");
}

/* What a run that was killed in its third picture has left: no checksum yet, no end. */
static void write_partial(const char *whole, const char *name)
{
    g_autoptr(GBytes) bytes = program_contents(whole);
    gsize size;
    g_autofree char *path = program_path(name);
    const char *data = g_bytes_get_data(bytes, &size);
    g_autofree char *copy = g_memdup2(data, size);
    char *entry = memmem(copy, size, "arr_0.npy", strlen("arr_0.npy"));
    const gsize one = 128 * 128 * 3;
    GError *error = NULL;

    memset(entry - 30 + 14, 0, 4);
    g_file_set_contents(path, copy, (gssize)((gsize)(entry - copy) + 200 + 2 * one + one / 3),
                        &error);
    g_assert_no_error(error);
}

static void test_resumed(void)
{
    EXPECT(0, "sample", "--npz", "whole.npz", "-n", "5", "--batch-size", "5", LIKE);
    write_partial("whole.npz", "cut.npz.partial");
    Outcome outcome = program_expect(0, NULL, "sample", "--npz", "cut.npz", "-n", "5",
                                     "--batch-size", "2", LIKE, NULL);
    g_assert_nonnull(strstr(outcome.err, "2 of 5 pictures are there already"));
    outcome_clear(&outcome);
    g_autoptr(GBytes) whole = program_contents("whole.npz"), cut = program_contents("cut.npz");
    g_assert_true(g_bytes_equal(whole, cut));
    write_partial("whole.npz",
                  "strange.npz.partial"); /* with other settings it is not this run's */
    outcome =
        program_expect(2, NULL, "sample", "--npz", "strange.npz", "-n", "5", "--steps", "3", NULL);
    g_assert_nonnull(strstr(outcome.err, "another run"));
    outcome_clear(&outcome);
}

/* The lines are the pictures; what they leave open follows from their numbers. */
static void test_jobs(void)
{
    program_write("jobs.jsonl", "{\"class\": 5, \"seed\": 9, \"output\": \"no/such/folder.png\"}\n"
                                "\n"
                                "{\"class\": \"random\"}\n"
                                "{\"steps\": 3}\n"
                                "{\"class\": 4}\n");
    EXPECT(0, "sample", "--npz", "jobs.npz", "--jobs", "jobs.jsonl", "-s", "40", LIKE);
    g_auto(GStrv) lines = read_archive("jobs.npz");
    g_assert_cmpstr(lines[0], ==, "4 128 128 3");
    g_assert_cmpstr(lines[1], ==, "5 1 2 4");
    EXPECT(0, "sample", "--class", "5", "-s", "9", "-o", "first.png", LIKE);
    g_autofree char *first = png_checksum("first.png");
    g_assert_cmpstr(lines[3], ==, first);
    EXPECT(0, "sample", "--class", "2", "-s", "42", "-o", "third.png", LIKE, "--steps", "3");
    g_autofree char *third = png_checksum("third.png");
    g_assert_cmpstr(lines[3 + 2], ==, third);
    EXPECT(0, "sample", "--npz", "other.npz", "--jobs", "jobs.jsonl", "-s", "40", "-c", "7",
           "--batch-size", "1", "--force", LIKE);
    g_auto(GStrv) other = read_archive("other.npz");
    g_assert_cmpstr(other[1], ==, "5 7 7 4");
    g_assert_cmpstr(other[3 + 3], ==, lines[3 + 3]);
}

/* Styles that are drawn follow from the seed, too, and so does what is mixed in the same style. */
static void test_styles(void)
{
    const char *const names[] = {"styles.npz", "styles-again.npz"};
    program_write("styles.jsonl", "{}\n{\"mix\": \"5:0.5\"}\n{}\n{\"mix\": \"6:0.5\"}\n");
    for (int i = 0; i < 2; i++) {
        EXPECT(0, "sample", "-m", STICKERS, "--npz", names[i], "--jobs", "styles.jsonl", "--style",
               "random", "--mix", "4:0.5", "--steps", "1", "--force");
    }
    g_autoptr(GBytes) one = program_contents(names[0]), two = program_contents(names[1]);
    g_assert_true(g_bytes_equal(one, two));
}

/* Nothing is begun where the last line is wrong, and another file's beginning is not taken. */
static void test_wrong_jobs(void)
{
    program_write("wrong.jsonl", "{\"class\": 5}\n{\"class\": 5}\n\n{\"class\": 55}\n");
    Outcome outcome =
        program_expect(2, NULL, "sample", "--npz", "w.npz", "--jobs", "wrong.jsonl", NULL);
    g_assert_nonnull(strstr(outcome.err, "line 4: "));
    outcome_clear(&outcome);
    g_assert_false(program_exists("w.npz.partial"));
    program_write("empty.jsonl", "\n");
    EXPECT(2, "sample", "--npz", "w.npz", "--jobs", "empty.jsonl");
    EXPECT(2, "sample", "--npz", "w.npz", "--jobs", "-");
    program_write("five.jsonl", "{}\n{}\n{}\n{}\n{}\n");
    program_write("like.jsonl", "{}\n{}\n{}\n{}\n{ }\n");
    EXPECT(0, "sample", "--npz", "five.npz", "--jobs", "five.jsonl", LIKE);
    write_partial("five.npz", "six.npz.partial");
    outcome =
        program_expect(2, NULL, "sample", "--npz", "six.npz", "--jobs", "like.jsonl", LIKE, NULL);
    g_assert_nonnull(strstr(outcome.err, "another run"));
    outcome_clear(&outcome);
    EXPECT(0, "sample", "--npz", "six.npz", "--jobs", "five.jsonl", LIKE);
    g_autoptr(GBytes) five = program_contents("five.npz"), six = program_contents("six.npz");
    g_assert_true(g_bytes_equal(five, six));
}

/* What options say of every picture is part of the run. */
static void test_other_options(void)
{
    EXPECT(0, "sample", "-c", "3", "-s", "7", "--steps", "1", "-o", "start.png");
    EXPECT(0, "sample", "--npz", "free.npz", "-n", "3", "--image", "start.png", "--freedom", "0.5",
           LIKE);
    static const char *const others[] = {"0.9", "1", NULL};
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
        write_partial("free.npz", "bound.npz.partial");
        Outcome outcome =
            program_expect(2, NULL, "sample", "--npz", "bound.npz", "-n", "3", "--image",
                           "start.png", LIKE, others[i] ? "--freedom" : NULL, others[i], NULL);
        g_assert_nonnull(strstr(outcome.err, "another run"));
        outcome_clear(&outcome);
    }
    EXPECT(0, "sample", "--npz", "bound.npz", "-n", "3", "--image", "start.png", "--freedom", "0.5",
           LIKE);
    g_autoptr(GBytes) one = program_contents("free.npz"), two = program_contents("bound.npz");
    g_assert_true(g_bytes_equal(one, two));
    write_partial("free.npz", "moved.npz.partial");
    EXPECT(0, "sample", "-c", "4", "-s", "8", "--steps", "1", "-f", "-o", "start.png");
    Outcome outcome = program_expect(2, NULL, "sample", "--npz", "moved.npz", "-n", "3", "--image",
                                     "start.png", "--freedom", "0.5", LIKE, NULL);
    g_assert_nonnull(strstr(outcome.err, "another run"));
    outcome_clear(&outcome);
}

/* So is what is in the sources of job lines, and a source that is named by its SHA-256. */
static void test_other_sources(void)
{
    static const char *const classes[] = {"3", "4"};
    char *sha256[2];
    g_autofree char *lines = program_path("sources.jsonl");
    g_assert_true(g_file_set_contents(lines,
                                      "{\"class\": 1, \"source\": \"source.png\"}\n"
                                      "{\"class\": 2, \"source\": \"source.png\"}\n"
                                      "{\"class\": 3, \"source\": \"source.png\"}\n",
                                      -1, NULL));
    for (int i = 0; i < 2; i++) {
        EXPECT(0, "sample", "-c", classes[i], "-s", "8", "--steps", "1", "-f", "-o", "source.png");
        EXPECT(0, "sample", "-c", "1", "--image", "source.png", "--steps", "1", "-f", "-o",
               "of-source.png");
        g_autofree char *record = program_record("of-source.png");
        const char *at = strstr(record, "\"source\":\"");
        g_assert_nonnull(at);
        sha256[i] = g_strndup(at + strlen("\"source\":\""), 64);
        if (i == 0) {
            EXPECT(0, "sample", "--npz", "first.npz", "--jobs", "sources.jsonl", LIKE);
            EXPECT(0, "sample", "--npz", "third.npz", "-n", "3", "--image", sha256[0], LIKE);
        }
    }
    g_assert_cmpstr(sha256[0], !=, sha256[1]);
    write_partial("first.npz", "second.npz.partial");
    write_partial("third.npz", "fourth.npz.partial");
    EXPECT(2, "sample", "--npz", "second.npz", "--jobs", "sources.jsonl", LIKE);
    EXPECT(2, "sample", "--npz", "fourth.npz", "-n", "3", "--image", sha256[1], LIKE);
    EXPECT(0, "sample", "--npz", "fourth.npz", "-n", "3", "--image", sha256[0], LIKE);
    for (int i = 0; i < 2; i++)
        g_free(sha256[i]);
}

/* Archives and jobs read a source again for each picture. */
static void test_pipes(void)
{
    g_autofree char *pipe = program_path("pipe");
    g_assert_cmpint(mkfifo(pipe, 0600), ==, 0);
    static const char *const options[][3] = {{"--npz", "piped.npz", "--image"},
                                             {"--npz", "piped.npz", "--mask"},
                                             {"--jobs", "sources.jsonl", "--image"}};
    for (gsize i = 0; i < G_N_ELEMENTS(options); i++) {
        Outcome outcome = program_expect(2, NULL, "sample", options[i][0], options[i][1],
                                         options[i][2], "pipe", NULL);
        g_assert_nonnull(strstr(outcome.err, "read again"));
        outcome_clear(&outcome);
    }
}

static void test_refused(void)
{
    EXPECT(2, "sample", "--npz", "x.npz", "--seed", "-1"); /* it could not go on */
    EXPECT_INPUT(2, "{\"class\":1}\n", "sample", "--npz", "x.npz", "--jobs", "/dev/stdin");
    EXPECT(2, "sample", "--npz", "x.npz", "--vary", "7:1", "--frames", "4");
    EXPECT(2, "sample", "--npz", "x.npz", "--mix-how", "shape");
    EXPECT(2, "sample", "--npz", "x.npz", "--freedom", "0.5");
    EXPECT(2, "sample", "--npz", "x.npz", "--cfg-scale", "1", "--cfg-interval", "0.3,1");
    EXPECT(2, "sample", "--npz", "x.npz", "-o", "x.png");
    EXPECT(2, "sample", "--npz", "missing/x.npz", "--steps", "1");
    EXPECT(2, "sample", "--npz", "x.npz", "-c", "no such class");
    EXPECT(2, "sample", "--npz", "x.npz", "--mix", "random:0.5"); /* it could not go on */
    EXPECT(2, "sample", "--npz", "x.npz", "--vary", "-1:0.5");
    program_write("mask.pgm", "P2 2 2 255 255 255 255 255\n");
    Outcome outcome = program_expect(2, NULL, "sample", "--npz", "x.npz", "--mask", "mask.pgm",
                                     "--fill", "shape", NULL); /* a fourth channel */
    g_assert_nonnull(strstr(outcome.err, "has four"));
    outcome_clear(&outcome);
    EXPECT(2, "sample", "--npz", "folder/");
    g_assert_false(program_exists("x.npz.partial"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    program_import_tiny();
    g_test_add_func("/npz/contents", test_contents);
    g_test_add_func("/npz/classes", test_classes);
    g_test_add_func("/npz/resumed", test_resumed);
    g_test_add_func("/npz/jobs", test_jobs);
    g_test_add_func("/npz/styles", test_styles);
    g_test_add_func("/npz/wrong-jobs", test_wrong_jobs);
    g_test_add_func("/npz/other-options", test_other_options);
    g_test_add_func("/npz/other-sources", test_other_sources);
    g_test_add_func("/npz/pipes", test_pipes);
    g_test_add_func("/npz/refused", test_refused);
    return g_test_run();
}
