/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Every call of the writer fails once in turn (fail.c): what was there is there, what is there is
 * whole, nothing half-written lies about, and a computed picture is in its place or in the history
 * folder.  Every large piece of memory is refused once, too: an error, or GLib's end by g_error(),
 * after which nothing is half-written, and the same jobs once more make the rest.
 *
 * Where there are many calls it is, after the first, one in so many, and MOST are the last; with
 * EDT_TEST_EVERY=1 it is every one.
 */
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "edt.h"
#include "machine.h"
#include "program.h"
#include "record.h"

#define OLD "what was there"
#define MOST 400 /* calls of a kind */

static const char *const calls[] = {"openat",    "open",      "fdopen",  "fwrite", "write",
                                    "pwrite",    "ftruncate", "fflush",  "fsync",  "mkdir",
                                    "renameat2", "linkat",    "renameat"};

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

/* A checkpoint is large: it is not copied. */
static GBytes *mapped(const char *name)
{
    g_autofree char *path = program_path(name);
    GError *error = NULL;
    g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, &error);
    g_assert_no_error(error);
    return g_mapped_file_get_bytes(file);
}

static gboolean is_same(const char *name, GBytes *whole)
{
    g_autoptr(GBytes) bytes = mapped(name);
    return g_bytes_equal(bytes, whole);
}

static gboolean is_old(const char *name)
{
    g_autoptr(GBytes) old = g_bytes_new_static(OLD, strlen(OLD));
    return is_same(name, old);
}

/* 0: that was the last. */
static int next_call(int n, int one_in)
{
    const int next = n + 1 + n / one_in;
    return g_getenv("EDT_TEST_EVERY") ? n + 1 : next < MOST ? next : 0;
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

/* ---- one file, by each command that writes one ---- */

#define PLACE "place/out"

typedef struct {
    const char *name, *words[10];
    gboolean computed; /* what has no place goes to the history folder */
} Writer;

static const Writer writers[] = {
    {"import", {"import", "tiny.pt", "--vae", "vae.safetensors", "-o", PLACE}, FALSE},
    {"export", {"train", "--export", "base/checkpoint.safetensors", "-o", PLACE}, FALSE},
    {"plot", {"plot", "base/log.jsonl", "-o", PLACE}, FALSE},
    {"latents",
     {"sample", "--class", "1", "--steps", "1", "-s", "4", "--latent-only", "--latent-out", PLACE},
     TRUE},
};

static Outcome run_words(const char *const *w, const char *more)
{
    const char *all[11] = {NULL};
    int n = 0;
    for (; n < 10 && w[n]; n++)
        all[n] = w[n];
    all[n] = more;
    return program_finish(program_start(all[0], all[1], all[2], all[3], all[4], all[5], all[6],
                                        all[7], all[8], all[9], all[10], NULL),
                          NULL);
}

static gboolean write_failing(const Writer *w, const char *call, int n, gboolean force,
                              GBytes *whole)
{
    const int kept = count_files("home/state/edt/history", "", ".npy");
    g_autofree char *folder = program_path("place"), *path = program_path(PLACE);
    g_mkdir(folder, 0755);
    g_unlink(path);
    if (force)
        program_write(PLACE, OLD);
    fail_at(call, n);
    Outcome outcome = run_words(w->words, force ? "--force" : NULL);
    program_under(NULL);
    const gboolean done = outcome.code == 0, failed = program_exists("failed");
    g_test_message("%s: %s %d: %d\n%s", w->name, call, n, outcome.code, outcome.err);
    g_assert_cmpint(outcome.code, >=, 0); /* no crash */
    g_assert_cmpint(count_files("place", ".", ""), ==, 0);
    g_assert_true(done ? is_same(PLACE, whole) : force ? is_old(PLACE) : !program_exists(PLACE));
    g_assert_true(done || (failed && strstr(outcome.err, "error")));
    if (!done && w->computed && strstr(outcome.err, "kept at"))
        g_assert_cmpint(count_files("home/state/edt/history", "", ".npy"), ==, kept + 1);
    else if (!done && w->computed) /* it failed before anything was computed */
        g_assert_null(strstr(outcome.err, "class 1"));
    outcome_clear(&outcome);
    return failed;
}

static void test_writer(gconstpointer data)
{
    const Writer *w = data;
    g_autofree char *folder = program_path("place");
    g_mkdir(folder, 0755);
    Outcome outcome = run_words(w->words, "--force");
    g_assert_cmpint(outcome.code, ==, 0);
    outcome_clear(&outcome);
    g_autoptr(GBytes) whole = program_contents(PLACE);
    for (gsize i = 0; i < G_N_ELEMENTS(calls); i++)
        for (int force = 0; force < 2; force++)
            for (int n = 1; n < MOST && write_failing(w, calls[i], n, force, whole);)
                n = next_call(n, 3);
}

/* ---- previews: the picture is what counts ---- */

static gboolean preview_failing(const char *call, int n, GBytes *whole)
{
    static const char *const words[] = {"sample", "--class", "1",        "--steps", "1", "-s",
                                        "4",      "-o",      "seen.png", "-f",      NULL};
    fail_at(call, n);
    Outcome outcome = run_words(words, "--preview-dir=previews");
    program_under(NULL);
    const gboolean failed = program_exists("failed");
    g_test_message("%s %d: %d\n%s", call, n, outcome.code, outcome.err);
    g_assert_cmpint(outcome.code, >=, 0);
    g_assert_cmpint(count_files("previews", ".", ""), ==, 0);
    g_assert_true(!program_exists("previews/item-000-step-001.png") ||
                  is_same("previews/item-000-step-001.png", whole));
    g_assert_true(outcome.code == 0 || strstr(outcome.err, "error"));
    if (outcome.code == 0 && !program_exists("previews/item-000-step-001.png"))
        g_assert_nonnull(strstr(outcome.err, "No more previews"));
    outcome_clear(&outcome);
    return failed;
}

static void remove_previews(void)
{
    g_autofree char *path = program_path("previews/item-000-step-001.png");
    g_autofree char *folder = program_path("previews");
    g_unlink(path);
    g_rmdir(folder);
}

static void test_previews(void)
{
    EXPECT(0, "sample", "--class", "1", "--steps", "1", "-s", "4", "-o", "seen.png", "-f",
           "--preview-dir", "previews");
    g_autoptr(GBytes) whole = program_contents("previews/item-000-step-001.png");
    for (gsize i = 0; i < G_N_ELEMENTS(calls); i++)
        for (int n = 1; n; n = next_call(n, 3)) {
            remove_previews();
            if (!preview_failing(calls[i], n, whole))
                break;
        }
}

/* ---- a run of training ---- */

#define TRAIN(folder, steps)                                                                       \
    "train", "pictures", "-o", folder, "--size", "16", "--batch", "2", "--micro", "2", "--type",   \
        "f32", "--log-every", "1", "--sample-steps", "1", "--steps", steps
#define N_RUN_FILES 2

static const char *const run_files[N_RUN_FILES] = {"checkpoint.safetensors", "model.safetensors"};

static void make_picture(void)
{
    float pixels[16 * 16 * 3] = {0};
    EdtPicture picture = {.width = 16, .height = 16, .channels = 3, .pixels = pixels};
    GError *error = NULL;
    g_autofree char *folder = program_path("pictures/black");
    g_autofree char *path = g_build_filename(folder, "1.png", NULL);
    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
    edt_picture_save_png(&picture, path, NULL, &error);
    g_assert_no_error(error);
}

static void shell(const char *command)
{
    g_autofree char *line = g_strdup_printf("cd '%s' && %s", program_folder(), command);
    g_assert_cmpint(system(line), ==, 0);
}

/* The run of one step, to go on from.  Only its log and its .lock are written where they are, and
 * nobody reads what the lock of base says. */
static void copy_base(void)
{
    shell("rm -rf run && cp -al base run && cp --remove-destination base/log.jsonl run");
}

/* Whole lines; those that were there come first. */
static void check_log(const char *before)
{
    g_autoptr(GBytes) bytes = program_contents("run/log.jsonl");
    g_autofree char *text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    g_assert_true(g_str_has_prefix(text, before));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    int broken = 0;
    for (int i = 0; lines[i]; i++) {
        g_autoptr(JsonNode) node = json_from_string(lines[i], NULL);
        broken += *lines[i] && !node;
    }
    g_assert_cmpint(broken, ==, 0);
}

/* Done: it is there.  Else it may be missing, or, of a run that goes on, the one that was there. */
static void check_run_file(const char *name, gboolean done, gboolean resume, GBytes *whole)
{
    g_autofree char *path = g_build_filename("run", name, NULL);
    g_autofree char *before = g_build_filename("base", name, NULL);
    const gboolean there = program_exists(path);
    g_assert_true(there || (!done && !resume));
    if (there && !is_same(path, whole)) {
        g_autoptr(GBytes) old = mapped(before);
        g_assert_true(!done && resume && is_same(path, old));
    }
}

/* What was lost is said; what is there is whole. */
static gboolean train_failing(const char *call, int n, gboolean resume, GBytes *const *whole)
{
    g_autoptr(GBytes) log = resume ? program_contents("base/log.jsonl") : NULL;
    g_autofree char *before =
        log ? g_strndup(g_bytes_get_data(log, NULL), g_bytes_get_size(log)) : g_strdup("");
    if (resume)
        copy_base();
    else
        shell("rm -rf run");
    fail_at(call, n);
    Outcome outcome = program_finish(resume ? program_start(TRAIN("run", "2"), "--resume", NULL)
                                            : program_start(TRAIN("run", "2"), NULL),
                                     NULL);
    program_under(NULL);
    const gboolean failed = program_exists("failed"), done = outcome.code == 0;
    g_test_message("%s %d%s: %d\n%s", call, n, resume ? " of a run that goes on" : "", outcome.code,
                   outcome.err);
    g_assert_cmpint(outcome.code, >=, 0);
    g_assert_true(done || (failed && strstr(outcome.err, "error")));
    g_assert_cmpint(count_files("run", ".edt-", ""), ==, 0);
    if (program_exists("run/log.jsonl"))
        check_log(before);
    for (int i = 0; i < N_RUN_FILES; i++)
        check_run_file(run_files[i], done, resume, whole[i]);
    if (done && !program_exists("run/samples-000002.png"))
        g_assert_nonnull(strstr(outcome.err, "No samples"));
    outcome_clear(&outcome);
    return failed;
}

/* The files of a run whose calls all did what they should. */
static void read_whole(GBytes **whole)
{
    copy_base();
    EXPECT(0, TRAIN("run", "2"), "--resume");
    for (int i = 0; i < N_RUN_FILES; i++) {
        g_autofree char *path = g_build_filename("run", run_files[i], NULL);
        whole[i] = mapped(path);
    }
}

static void test_train(gconstpointer resume)
{
    GBytes *whole[N_RUN_FILES];
    read_whole(whole);
    for (gsize i = 0; i < G_N_ELEMENTS(calls); i++)
        for (int n = 1; n && train_failing(calls[i], n, resume != NULL, whole);)
            n = next_call(n, strcmp(calls[i], "fwrite") == 0 ? 1 : 2);
    for (int i = 0; i < N_RUN_FILES; i++)
        g_bytes_unref(whole[i]);
}

/* ---- memory ---- */

/* An error, or GLib's word before it ends the process. */
static void check_end(const Outcome *outcome, int n)
{
    g_test_message("memory %d: %d\n%s", n, outcome->code, outcome->err);
    g_assert_true(outcome->code == 0 || (outcome->code > 0 && strstr(outcome->err, "error")) ||
                  (outcome->code < 0 && strstr(outcome->err, "failed to allocate")));
    g_assert_null(strstr(outcome->err, "status 1")); /* oneDNN's number for it */
}

static void clear_place(void)
{
    shell("rm -rf place && mkdir place");
}

static gboolean sample_without_memory(int n, gboolean force)
{
    Outcome outcome;
    clear_place();
    if (force)
        program_write("place/a.png", OLD);
    const gboolean failed = run_failing("memory", n, force, &outcome);
    check_end(&outcome, n);
    g_assert_cmpint(count_files("place", ".", ""), ==, 0);
    if (outcome.code == 0) {
        g_autofree char *record = program_record("place/a.png");
        g_assert_nonnull(strstr(record, "\"seed\":4,"));
    } else {
        g_assert_true(force ? is_old("place/a.png") : !program_exists("place/a.png"));
    }
    outcome_clear(&outcome);
    return failed;
}

static void test_memory_sample(void)
{
    for (int n = 1; n && sample_without_memory(n, n % 2);)
        n = next_call(n, 6);
}

#define JOBS                                                                                       \
    "{\"class\":1,\"seed\":1,\"output\":\"place/1.png\"}\n"                                        \
    "{\"class\":2,\"seed\":2,\"output\":\"place/2.png\"}\n"
#define N_JOBS 2

/* What is there is whole, and the same jobs once more make the rest. */
static gboolean jobs_without_memory(int n)
{
    clear_place();
    fail_at("memory", n);
    Outcome outcome =
        program_finish(program_start("sample", "--jobs", "-", "--steps", "1", NULL), JOBS);
    program_under(NULL);
    const gboolean failed = program_exists("failed");
    check_end(&outcome, n);
    g_assert_cmpint(count_files("place", ".", ""), ==, 0);
    for (int again = outcome.code == 0; again < 2; again++) {
        if (again)
            EXPECT_INPUT(0, JOBS, "sample", "--jobs", "-", "--steps", "1");
        for (int i = 1; i <= N_JOBS; i++) {
            g_autofree char *name = g_strdup_printf("place/%d.png", i);
            g_autofree char *seed = g_strdup_printf("\"seed\":%d,", i);
            if (!again && !program_exists(name))
                continue;
            g_autofree char *record = program_record(name);
            g_assert_nonnull(strstr(record, seed));
        }
    }
    g_assert_cmpint(count_files("place", "", ""), ==, N_JOBS);
    outcome_clear(&outcome);
    return failed;
}

static void test_memory_jobs(void)
{
    for (int n = 1; n && jobs_without_memory(n);)
        n = next_call(n, 6);
}

/* The checkpoint that was there is, or the next one. */
static gboolean train_without_memory(int n, GBytes *const *whole)
{
    g_autoptr(GBytes) old = mapped("base/checkpoint.safetensors");
    copy_base();
    fail_at("memory", n);
    Outcome outcome = program_finish(program_start(TRAIN("run", "2"), "--resume", NULL), NULL);
    program_under(NULL);
    const gboolean failed = program_exists("failed");
    check_end(&outcome, n);
    g_assert_cmpint(count_files("run", ".edt-", ""), ==, 0);
    g_assert_true(is_same("run/checkpoint.safetensors", whole[0]) ||
                  (outcome.code != 0 && is_same("run/checkpoint.safetensors", old)));
    outcome_clear(&outcome);
    return failed;
}

static void test_memory_train(void)
{
    GBytes *whole[N_RUN_FILES];
    read_whole(whole);
    for (int n = 1; n && train_without_memory(n, whole);)
        n = next_call(n, 6);
    for (int i = 0; i < N_RUN_FILES; i++)
        g_bytes_unref(whole[i]);
}

/* What the commands read. */
static void prepare(void)
{
    g_autofree char *checkpoint = program_data("edt_tiny_bare.pt");
    g_autofree char *vae = program_data("vae_small_modern.safetensors");
    g_autofree char *a = program_path("tiny.pt"), *b = program_path("vae.safetensors");
    g_assert_cmpint(symlink(checkpoint, a), ==, 0);
    g_assert_cmpint(symlink(vae, b), ==, 0);
    program_import_tiny();
    make_picture();
    EXPECT(0, TRAIN("base", "1"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    prepare();
    g_test_add_func("/fail/new", test_new);
    g_test_add_func("/fail/replaced", test_replaced);
    g_test_add_func("/fail/archive", test_archive);
    for (gsize i = 0; i < G_N_ELEMENTS(writers); i++) {
        g_autofree char *path = g_strconcat("/fail/writer/", writers[i].name, NULL);
        g_test_add_data_func(path, &writers[i], test_writer);
    }
    g_test_add_func("/fail/memory/sample", test_memory_sample);
    g_test_add_func("/fail/memory/jobs", test_memory_jobs);
    g_test_add_func("/fail/memory/train", test_memory_train);
    g_test_add_func("/fail/previews", test_previews);
    g_test_add_data_func("/fail/train/new", NULL, test_train);
    g_test_add_data_func("/fail/train/resumed", "resumed", test_train);
    return g_test_run();
}
