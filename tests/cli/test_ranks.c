/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `mpirun -n 2 edt sample --jobs`: two processes share a job file, each file has one maker, and
 * what comes out is what one process makes.  And --npz: two processes make one archive.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "program.h"

static const char jobs[] = "{\"class\": 1, \"seed\": 1, \"output\": \"OUT/1.png\"}\n"
                           "{\"class\": 2, \"seed\": 2, \"output\": \"OUT/2.png\"}\n"
                           "\n"
                           "{\"class\": 3, \"seed\": 3}\n"
                           "{\"class\": 3, \"seed\": 4, \"output\": \"OUT/4.png\"}\n"
                           "{\"class\": 3, \"seed\": 4, \"stepps\": 2}\n"
                           "{\"class\": 1, \"seed\": 1, \"output\": \"OUT/../OUT/1.png\"}\n"
                           "{\"class\": 3, \"seed\": 3}\n"
                           "{\"class\": 5, \"seed\": 5, \"output\": \"OUT/5.png\"}\n";
#define PICTURES 5
#define DOUBLES 2 /* found again: skipped */

/* The jobs into a folder of their own, which is made. */
static char *write_jobs(const char *folder)
{
    char **parts = g_strsplit(jobs, "OUT", -1);
    char *text = g_strjoinv(folder, parts), *name = g_strconcat(folder, ".jsonl", NULL);
    char *path = program_path(name), *made = program_path(folder);
    g_assert_cmpint(g_mkdir(made, 0755), ==, 0);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    g_strfreev(parts);
    g_free(text);
    g_free(path);
    g_free(made);
    return name;
}

static GPtrArray *run_jobs(const char *folder, const char *name)
{
    Outcome outcome = program_expect(1, NULL, "sample", "--jobs", name, "-o", folder, "--steps",
                                     "2", "--batch-size", "1", NULL);
    GPtrArray *lines = json_lines(outcome.out);
    outcome_clear(&outcome);
    return lines;
}

static void assert_counts(GPtrArray *lines, int images, int skipped)
{
    g_assert_cmpint(count_events(lines, "image"), ==, images);
    g_assert_cmpint(count_events(lines, "skipped"), ==, skipped);
    g_assert_cmpint(count_events(lines, "error"), ==, 1);
    g_assert_cmpint(count_events(lines, "end"), ==, 1);
    JsonObject *end = find_event(lines, "end", 0);
    g_assert_cmpint(json_number(end, "pictures"), ==, images);
    g_assert_cmpint(json_number(end, "skipped"), ==, skipped);
    g_assert_cmpint(json_number(end, "failed"), ==, 1);
}

static JsonObject *image_of_line(GPtrArray *lines, int line)
{
    JsonObject *image;
    for (int i = 0; (image = find_event(lines, "image", i)); i++)
        if (json_number(image, "line") == line)
            return image;
    g_assert_not_reached();
}

/* The alone ones were made before mpirun came into play. */
static void test_shared(gconstpointer alone)
{
    static const int made[PICTURES] = {1, 2, 4, 5, 9}, rank[PICTURES] = {0, 1, 0, 1, 1};
    char *name = write_jobs("two");
    GPtrArray *lines = run_jobs("two", name);

    assert_counts(lines, PICTURES, DOUBLES);
    for (int i = 0; i < PICTURES; i++) {
        JsonObject *ours = image_of_line(lines, made[i]);
        JsonObject *theirs = image_of_line((GPtrArray *)alone, made[i]);
        g_assert_cmpint(json_number(ours, "rank"), ==, rank[i]);
        g_assert_cmpstr(json_text(ours, "sha256"), ==, json_text(theirs, "sha256"));
    }
    g_ptr_array_unref(lines);

    lines = run_jobs("two", name); /* again: nothing is left to do, on either rank */
    assert_counts(lines, 0, PICTURES + DOUBLES);
    g_ptr_array_unref(lines);
    g_free(name);
}

#define ARCHIVE(name, ...)                                                                         \
    EXPECT(0, "sample", "--npz", name, "-s", "3", "--steps", "2", "--batch-size", "2", __VA_ARGS__)

static void assert_same(const char *one, const char *other)
{
    g_autoptr(GBytes) a = program_contents(one), b = program_contents(other);
    g_assert_true(g_bytes_equal(a, b));
}

/* What one process makes, from the beginning and where it was stopped. */
static void test_archive(void)
{
    ARCHIVE("two.npz", "-n", "7");
    assert_same("one.npz", "two.npz");
    ARCHIVE("two-jobs.npz", "--jobs", "archive.jsonl");
    assert_same("one-jobs.npz", "two-jobs.npz");

    g_autoptr(GBytes) whole = program_contents("one.npz");
    gsize size;
    g_autofree char *path = program_path("cut.npz.partial");
    g_autofree char *copy = g_memdup2(g_bytes_get_data(whole, &size), g_bytes_get_size(whole));
    memset((char *)memmem(copy, size, "arr_0.npy", 9) - 30 + 14, 0, 4); /* no checksum yet */
    g_assert_true(g_file_set_contents(path, copy, (gssize)(size / 2), NULL));
    ARCHIVE("cut.npz", "-n", "7");
    assert_same("one.npz", "cut.npz");
    g_assert_false(program_exists("cut.npz.partial"));
}

/* One rank alone can see what is wrong: all end. */
static void test_archive_refused(void)
{
    EXPECT(2, "sample", "--npz", "one.npz", "-n", "7", "--steps", "2");
    EXPECT(2, "sample", "--npz", "missing/x.npz", "-n", "7", "--steps", "2");
}

static void test_refused(void)
{
    Outcome outcome = program_expect(2, NULL, "sample", "--class", "1", "-o", "x.png", NULL);
    g_assert_nonnull(strstr(outcome.err, "--jobs"));
    g_assert_nonnull(strstr(outcome.err, "--npz"));
    outcome_clear(&outcome);
    outcome = program_expect(2, "", "sample", "--jobs", "-", NULL);
    g_assert_nonnull(strstr(outcome.err, "no stdin"));
    outcome_clear(&outcome);
}

int main(int argc, char **argv)
{
    const char *const mpirun[] = {g_getenv("EDT_TEST_MPIRUN"),
                                  "--oversubscribe",
                                  "--bind-to",
                                  "none",
                                  "--mca",
                                  "btl",
                                  "self,sm",
                                  "-n",
                                  "2",
                                  NULL};
    g_test_init(&argc, &argv, NULL);
    g_setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", TRUE);
    g_setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", TRUE);
    char *checkpoint = g_build_filename(g_getenv("EDT_TEST_DATA"), "edt_tiny_bare.pt", NULL);
    char *vae = g_build_filename(g_getenv("EDT_TEST_DATA"), "vae_small_modern.safetensors", NULL);
    Outcome outcome = program_expect(0, NULL, "import", checkpoint, "--vae", vae, NULL);
    outcome_clear(&outcome);
    char *name = write_jobs("one");
    GPtrArray *alone = run_jobs("one", name);
    assert_counts(alone, PICTURES, DOUBLES);
    ARCHIVE("one.npz", "-n", "7");
    program_write("archive.jsonl",
                  "{\"class\": 5}\n{}\n{\"steps\": 1}\n{}\n{\"class\": \"random\"}\n");
    ARCHIVE("one-jobs.npz", "--jobs", "archive.jsonl");
    program_under(mpirun);
    g_test_add_data_func("/ranks/shared", alone, test_shared);
    g_test_add_func("/ranks/archive", test_archive);
    g_test_add_func("/ranks/archive-refused", test_archive_refused);
    g_test_add_func("/ranks/refused", test_refused);
    int code = g_test_run();
    g_ptr_array_unref(alone);
    g_free(checkpoint);
    g_free(vae);
    g_free(name);
    return code;
}
