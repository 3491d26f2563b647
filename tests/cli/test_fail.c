/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Every call of the writer fails once in turn (fail.c): what was there is there, what is there is
 * whole, nothing half-written lies about, and a computed picture is in its place or in the history
 * folder.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "edt.h"
#include "program.h"

#define OLD "what was there"
#define MOST 400 /* calls of a kind */

static const char *const calls[] = {"openat", "fdopen",    "fwrite", "fflush",
                                    "fsync",  "renameat2", "linkat", "renameat"};

static void import_model(void)
{
    g_autofree char *checkpoint = program_data("edt_tiny_bare.pt");
    g_autofree char *vae = program_data("vae_small_modern.safetensors");
    EXPECT(0, "import", checkpoint, "--vae", vae);
}

/* Names in a folder with this beginning or end. */
static int count_files(const char *folder, const char *prefix, const char *suffix)
{
    g_autofree char *path = program_path(folder);
    GDir *dir = g_dir_open(path, 0, NULL);
    const char *name;
    int n = 0;
    while (dir && (name = g_dir_read_name(dir)))
        n += g_str_has_prefix(name, prefix) && g_str_has_suffix(name, suffix);
    g_clear_pointer(&dir, g_dir_close);
    return n;
}

static gboolean is_old(const char *name)
{
    g_autoptr(GBytes) bytes = program_contents(name);
    return g_bytes_get_size(bytes) == strlen(OLD) &&
           memcmp(g_bytes_get_data(bytes, NULL), OLD, strlen(OLD)) == 0;
}

/* From now on the n-th call of this name fails, and a file "failed" says that there was one. */
static void fail_at(const char *call, int n)
{
    static char *words[6];
    g_autofree char *log = program_path("failed");
    for (gsize i = 1; i < G_N_ELEMENTS(words); i++)
        g_clear_pointer(&words[i], g_free);
    words[0] = "env";
    words[1] = g_strdup_printf("EDT_FAIL_CALL=%s", call);
    words[2] = g_strdup_printf("EDT_FAIL_AT=%d", n);
    words[3] = g_strdup_printf("EDT_FAIL_LOG=%s", log);
    words[4] = g_strdup_printf("LD_PRELOAD=%s", g_getenv("EDT_TEST_SHIM"));
    g_unlink(log);
    program_under((const char *const *)words);
}

/* FALSE: there was no n-th call. */
static gboolean run_failing(const char *call, int n, gboolean force, Outcome *outcome)
{
    fail_at(call, n);
    *outcome = program_finish(program_start("sample", "--class", "1", "-s", "4", "--steps", "1",
                                            "-o", "place/a.png", force ? "--force" : NULL, NULL),
                              NULL);
    program_under(NULL);
    return program_exists("failed");
}

static void check(const char *call, int n, gboolean force, const Outcome *outcome, int kept)
{
    gboolean done = outcome->code == 0;
    gboolean begun = strstr(outcome->err, "seed 4") != NULL; /* after the checks */
    g_test_message("%s %d: %d\n%s", call, n, outcome->code, outcome->err);
    g_assert_cmpint(outcome->code, >=, 0); /* no crash */
    g_assert_cmpint(count_files("place", ".edt-", ""), ==, 0);
    if (done) {
        g_autofree char *record = program_record("place/a.png");
        g_assert_nonnull(strstr(record, "\"seed\":4,"));
    } else if (force) {
        g_assert_true(is_old("place/a.png"));
    } else {
        g_assert_false(program_exists("place/a.png"));
    }
    if (!done && begun)
        g_assert_cmpint(count_files("home/state/edt/history", "", ".png"), ==, kept + 1);
    g_assert_true(done || strstr(outcome->err, "error"));
}

static void fail_each(const char *call, gboolean force)
{
    gboolean failed = TRUE;
    int n = 0;
    while (failed && n < MOST) {
        Outcome outcome;
        int kept = count_files("home/state/edt/history", "", ".png");
        g_autofree char *folder = program_path("place"), *path = program_path("place/a.png");
        g_mkdir(folder, 0755);
        g_unlink(path);
        if (force)
            program_write("place/a.png", OLD);
        failed = run_failing(call, ++n, force, &outcome);
        check(call, n, force, &outcome, kept);
        g_assert_true(failed || outcome.code == 0);
        outcome_clear(&outcome);
    }
    g_assert_cmpint(n, <, MOST);
}

static void test_new(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(calls); i++)
        fail_each(calls[i], FALSE);
}

static void test_replaced(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(calls); i++)
        fail_each(calls[i], TRUE);
}

/* ---- an archive, which grows in its place ---- */

#define ARCHIVE(name) "sample", "--npz", name, "-n", "2", "--steps", "1", "--batch-size", "1"

/* What a failed call leaves is completed by the same command, to the same bits. */
static gboolean archive_failing(const char *call, int n, GBytes *whole)
{
    fail_at(call, n);
    Outcome outcome = program_finish(program_start(ARCHIVE("a.npz"), NULL), NULL);
    gboolean failed = program_exists("failed"), done = program_exists("a.npz");
    program_under(NULL);
    g_test_message("%s %d: %d\n%s", call, n, outcome.code, outcome.err);
    g_assert_cmpint(outcome.code, ==, done ? 0 : 1);
    g_assert_true(done || failed); /* both: the folder, whose sync is not asked for more than EIO */
    outcome_clear(&outcome);
    if (!done)
        EXPECT(0, ARCHIVE("a.npz"));
    g_autoptr(GBytes) bytes = program_contents("a.npz");
    g_assert_true(g_bytes_equal(bytes, whole));
    g_assert_false(program_exists("a.npz.partial"));
    program_remove("a.npz");
    return failed;
}

static void test_archive(void)
{
    static const char *const writing[] = {"open", "pwrite", "fsync", "renameat2"};
    EXPECT(0, ARCHIVE("whole.npz"));
    g_autoptr(GBytes) whole = program_contents("whole.npz");
    for (gsize i = 0; i < G_N_ELEMENTS(writing); i++) {
        int n = 1;
        while (n < MOST && archive_failing(writing[i], n, whole))
            n++;
        g_assert_cmpint(n, >, 1);
        g_assert_cmpint(n, <, MOST);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    import_model();
    g_test_add_func("/fail/new", test_new);
    g_test_add_func("/fail/replaced", test_replaced);
    g_test_add_func("/fail/archive", test_archive);
    return g_test_run();
}
