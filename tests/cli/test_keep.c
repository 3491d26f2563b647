/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Files of the user, from outside: nothing is replaced without leave, whoever put it there and
 * when; nothing that was computed is lost; what cannot be written is said before the first step.
 */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "edt.h"
#include "files/png.h"
#include "program.h"

#define THEIRS "somebody else's"

static void expect_text(const char *name, const char *text)
{
    g_autoptr(GBytes) bytes = program_contents(name);
    gsize size;
    const char *data = g_bytes_get_data(bytes, &size);
    g_assert_cmpmem(data, size, text, strlen(text));
}

static void expect_steps(const char *name, const char *member)
{
    g_autofree char *record = program_record(name);
    g_assert_nonnull(strstr(record, member));
}

/* Until a run has made its first step: then its plan is made. */
static void wait_for(const char *name)
{
    for (int i = 0; i < 1200 && !program_exists(name); i++)
        g_usleep(50000);
    g_assert_true(program_exists(name));
}

static void link_to(const char *target, const char *name)
{
    g_autofree char *path = program_path(name);
    g_assert_cmpint(symlink(target, path), ==, 0);
}

/* ---- decided at the moment of writing ---- */

static void test_meanwhile(void)
{
    GSubprocess *run =
        program_start("sample", "--class", "1", "-s", "5", "-n", "2", "--steps", "400", "-o",
                      "set/%03d.png", "--preview-dir", "seen", "--latent-out", "set.npy", NULL);
    wait_for("seen/item-000-step-001.png");
    program_write("set/000.png", THEIRS);
    program_write("set.npy", THEIRS);
    program_write("seen/item-001-step-400.png", THEIRS);
    Outcome outcome = program_finish(run, NULL);
    g_assert_cmpint(outcome.code, ==, 0);
    expect_text("set/000.png", THEIRS);
    expect_text("set.npy", THEIRS);
    expect_text("seen/item-001-step-400.png", THEIRS);
    g_assert_cmpstr(outcome.out, ==, "set/000-1.png\nset/001.png\nset-1.npy\n");
    g_assert_nonnull(strstr(outcome.err, "set/000.png was taken meanwhile"));
    expect_steps("set/000-1.png", "\"seed\":5,");
    expect_steps("set/001.png", "\"seed\":6,");
    outcome_clear(&outcome);
}

/* Two runs of one job file at once: the same picture is made once, another one stays beside. */
static void test_jobs_meanwhile(void)
{
    static const char lines[] = "{\"class\": 1, \"seed\": 5, \"output\": \"job-1.png\"}\n"
                                "{\"class\": 1, \"seed\": 6, \"output\": \"job-2.png\"}\n";
    program_write("two.jsonl", lines);
    GSubprocess *run = program_start("sample", "--jobs", "two.jsonl", "--steps", "400",
                                     "--preview-dir", "seen-jobs", NULL);
    wait_for("seen-jobs/item-000-step-001.png");
    program_write("job-2.png", THEIRS);
    EXPECT(0, "sample", "--class", "1", "-s", "5", "--steps", "400", "-o", "job-1.png");
    Outcome outcome = program_finish(run, NULL);
    g_autoptr(GPtrArray) events = json_lines(outcome.out);
    g_assert_cmpint(outcome.code, ==, 0);
    g_assert_false(program_exists("job-1-1.png"));
    expect_text("job-2.png", THEIRS);
    g_assert_cmpstr(
        json_text(find_event(events, "image", count_events(events, "image") - 1), "path"), ==,
        "job-2-1.png");
    outcome_clear(&outcome);
}

/* An archive that is whole is not lost either; what is no beginning of ours is not taken for one.
 */
static void test_archive(void)
{
    GSubprocess *run =
        program_start("sample", "--npz", "set.npz", "-n", "1", "--steps", "400", NULL);
    wait_for("set.npz.partial");
    program_write("set.npz", THEIRS);
    Outcome outcome = program_finish(run, NULL);
    g_assert_cmpint(outcome.code, ==, 0);
    g_assert_cmpstr(outcome.out, ==, "set-1.npz\n");
    g_assert_nonnull(strstr(outcome.err, "set.npz was taken meanwhile"));
    expect_text("set.npz", THEIRS);
    g_assert_false(program_exists("set.npz.partial"));
    outcome_clear(&outcome);
    program_write("odd.npz.partial", THEIRS);
    EXPECT(2, "sample", "--npz", "odd.npz", "-n", "1", "--steps", "1");
    expect_text("odd.npz.partial", THEIRS);
    EXPECT(2, "sample", "--npz", "-", "-n", "1", "--steps", "1");
    EXPECT(2, "sample", "--npz", "f.npz", "--frames", "3", "--mix", "4", "--steps", "1");
    g_assert_false(program_exists("f.npz.partial"));
}

static void test_plot(void)
{
    program_write("log.jsonl", "{\"step\":1,\"mse\":0.5}\n{\"step\":2,\"mse\":0.25}\n");
    program_write("curve.svg", THEIRS);
    EXPECT(2, "plot", "log.jsonl", "-o", "curve.svg");
    expect_text("curve.svg", THEIRS);
    EXPECT(0, "plot", "log.jsonl", "-o", "curve.svg", "--force");
    Outcome outcome = program_expect(0, NULL, "plot", "log.jsonl", "-o", "-", NULL);
    g_autoptr(GBytes) svg = program_contents("curve.svg");
    g_assert_cmpmem(outcome.out, strlen(outcome.out), g_bytes_get_data(svg, NULL),
                    g_bytes_get_size(svg));
    outcome_clear(&outcome);
}

/* What is read is not written over, whatever is allowed; and one name is one file. */
static void test_read(void)
{
    static const char log[] = "{\"step\":1,\"mse\":0.5}\n{\"step\":2,\"mse\":0.25}\n";
    program_write("own.jsonl", log);
    EXPECT(2, "plot", "own.jsonl", "-o", "./own.jsonl", "--force");
    expect_text("own.jsonl", log);
    EXPECT(2, "sample", "--class", "1", "--steps", "1", "-o", "one.png", "--latent-out",
           "./one.png");
    g_assert_false(program_exists("one.png"));
    program_write("m.safetensors", "{}"); /* not looked into: its name is refused before */
    EXPECT(2, "train", "--export", "m.safetensors", "-o", "./m.safetensors", "--force");
    expect_text("m.safetensors", "{}");
}

/* ---- a run that is one step long ---- */

/* DATA with one picture, run/ with its step; a second one on latents of vae.safetensors. */
static void make_runs(void)
{
    g_autofree char *folder = program_path("data/one"), *vae = program_path("vae.safetensors");
    g_autofree char *golden = program_data("vae_small_modern.safetensors"), *bytes = NULL;
    gsize size;
    if (program_exists("data"))
        return;
    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
    g_assert_true(g_file_get_contents(golden, &bytes, &size, NULL));
    g_assert_true(g_file_set_contents(vae, bytes, (gssize)size, NULL));
    EXPECT(0, "sample", "--class", "1", "-s", "3", "--steps", "1", "-o", "data/one/1.png");
    EXPECT(0, "train", "data", "-o", "run", "--size", "16", "-b", "1", "--micro", "1", "--type",
           "f32", "--steps", "1", "--sample-steps", "1");
    EXPECT(0, "train", "data", "-o", "latent", "--variant", "EDT-Ti/2", "--size", "64", "--vae",
           "vae.safetensors", "-b", "1", "--micro", "1", "--type", "f32", "--steps", "1",
           "--sample-steps", "1");
}

/* Of an autoencoder that has moved is said how to tell where it is. */
static void test_vae_moved(void)
{
    make_runs();
    g_autofree char *vae = program_path("vae.safetensors"),
                    *moved = program_path("moved.safetensors");
    g_assert_cmpint(g_rename(vae, moved), ==, 0);
    Outcome outcome =
        program_expect(2, NULL, "train", "-o", "latent", "--resume", "--steps", "2", NULL);
    g_assert_nonnull(strstr(outcome.err, "edt train -o latent --resume --vae FILE"));
    outcome_clear(&outcome);
    outcome = program_expect(2, NULL, "train", "--export", "latent/checkpoint.safetensors", "-o",
                             "latent.safetensors", NULL);
    g_assert_nonnull(strstr(outcome.err, "give it anew (--vae)"));
    outcome_clear(&outcome);
    EXPECT(0, "train", "--export", "latent/checkpoint.safetensors", "-o", "latent.safetensors",
           "--vae", "moved.safetensors");
    EXPECT(0, "train", "-o", "latent", "--resume", "--steps", "2", "--sample-steps", "1", "--vae",
           "moved.safetensors");
}

/* ---- nothing but regular files ---- */

static void test_nodes(void)
{
    static const char *const names[] = {"node.npy", "node.svg", "node.safetensors",
                                        "node.png", "node.npz", "node-run.safetensors"};
    g_autofree char *checkpoint = program_data("edt_tiny_bare.pt");
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        link_to("/dev/null", names[i]);
    EXPECT(2, "sample", "--class", "1", "--steps", "1", "--latent-only", "--latent-out", names[0],
           "--force");
    EXPECT(2, "plot", "log.jsonl", "-o", names[1], "--force");
    EXPECT(2, "import", checkpoint, "-o", names[2], "--force");
    EXPECT(2, "sample", "--class", "1", "--steps", "1", "-o", names[3], "--force");
    EXPECT(2, "sample", "--npz", names[4], "-n", "1", "--steps", "1", "--force");
    make_runs();
    EXPECT(2, "train", "--export", "run/checkpoint.safetensors", "-o", names[5], "--force");
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = program_path(names[i]), *target = g_file_read_link(path, NULL);
        g_assert_cmpstr(target, ==, "/dev/null");
    }
}

/* ---- streams ---- */

static const char *const with_shell[] = {"bash", "-c", NULL, "bash", NULL};

/* The program's arguments are the shell's "$@". */
static void under_shell(const char *script)
{
    static const char *words[5];
    memcpy(words, with_shell, sizeof with_shell);
    words[2] = script;
    program_under(script ? words : NULL);
}

static void expect_picture(const char *name)
{
    expect_steps(name, "\"seed\":3,");
}

#define ONE "sample", "--class", "1", "-s", "3", "--steps", "1"

static void make_pipe(const char *name)
{
    g_autofree char *path = program_path(name);
    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
}

static void test_streams(void)
{
    g_autofree char *pipe = program_path("pipe.png");
    make_pipe("pipe.png");
    under_shell("\"$@\" >stdout.png");
    EXPECT(0, ONE, "-o", "-");
    expect_picture("stdout.png");
    EXPECT(0, ONE, "-o", "/dev/stdout", "--force");
    expect_picture("stdout.png");
    EXPECT(0, ONE, "-o", "set.png", "--latent-out", "-");
    under_shell("cat pipe.png >got.png & \"$@\" && wait");
    EXPECT(0, ONE, "-o", "pipe.png", "--json");
    expect_picture("got.png");
    under_shell(NULL);
    g_assert_true(g_file_test(pipe, G_FILE_TEST_EXISTS));
    g_assert_false(g_file_test(pipe, G_FILE_TEST_IS_REGULAR));
    EXPECT(2, ONE, "-o", "-", "--json");
    EXPECT(2, ONE, "-o", "-", "--latent-out", "-");
    EXPECT(2, ONE, "-o", "-", "-n", "2");
}

/* A pipe that nobody reads is waited for, until the run is asked to end: then what is made is kept.
 */
static void test_no_reader(void)
{
    make_pipe("alone.png");
    make_pipe("alone.npy");
    GSubprocess *run = program_start(ONE, "-o", "alone.png", "--latent-out", "alone.npy",
                                     "--preview-dir", "seen-alone", NULL);
    wait_for("seen-alone/item-000-step-001.png");
    g_subprocess_send_signal(run, SIGTERM);
    Outcome outcome = program_finish(run, NULL);
    g_assert_cmpint(outcome.code, ==, 130);
    g_assert_nonnull(strstr(outcome.err, "nobody reads it"));
    g_assert_nonnull(strstr(outcome.err, "The picture is kept at "));
    g_assert_nonnull(strstr(outcome.err, "The latents are kept at "));
    outcome_clear(&outcome);
    g_autofree char *folder = program_path("seen-pipe");
    g_assert_cmpint(g_mkdir(folder, 0755), ==, 0);
    make_pipe("seen-pipe/item-000-step-002.png");
    run = program_start("sample", "--class", "1", "--steps", "1000", "-o", "seen-pipe.png",
                        "--preview-dir", "seen-pipe", "--force", NULL);
    wait_for("seen-pipe/item-000-step-001.png");
    g_subprocess_send_signal(run, SIGTERM);
    outcome = program_finish(run, NULL);
    g_assert_cmpint(outcome.code, ==, 130);
    expect_steps("seen-pipe.png", "\"steps\":1000,");
    outcome_clear(&outcome);
}

/* An archive goes on in a file, and puts nothing into anything else. */
static void test_piped_archive(void)
{
    make_pipe("pipe.npz.partial");
    Outcome outcome =
        program_expect(2, NULL, "sample", "--npz", "pipe.npz", "-n", "1", "--steps", "1", NULL);
    g_assert_nonnull(strstr(outcome.err, "is no file"));
    outcome_clear(&outcome);
}

/* Of a line of jobs, too; what went into it is made again by the next run. */
static void test_piped_jobs(void)
{
    make_pipe("jobs.png");
    program_write("piped.jsonl", "{\"class\":1,\"seed\":3,\"output\":\"jobs.png\"}\n");
    under_shell("cat jobs.png >got.png 2>/dev/null & \"$@\" && wait || { kill %%; exit 1; }");
    for (int i = 0; i < 2; i++) {
        Outcome outcome =
            program_expect(0, NULL, "sample", "--jobs", "piped.jsonl", "--steps", "1", NULL);
        g_autoptr(GPtrArray) events = json_lines(outcome.out);
        g_assert_cmpint(count_events(events, "image"), ==, 1);
        expect_picture("got.png");
        program_remove("got.png");
        outcome_clear(&outcome);
    }
    under_shell(NULL);
}

/* A closed one is nobody else's: what is said there goes into no file, and is missed. */
static void test_closed(void)
{
    under_shell("exec \"$@\" >&-");
    EXPECT(130, ONE, "-o", "closed.png");
    g_autofree char *path = program_path("closed.png");
    int width, height, channels;
    g_autofree guint8 *pixels = edt_png_read(path, &width, &height, &channels, NULL);
    g_assert_nonnull(pixels);
    expect_picture("closed.png");
    EXPECT(2, ONE, "-o", "-");
    under_shell("exec \"$@\" <&-");
    EXPECT(1, "sample", "--jobs", "-", "--steps", "1");
    under_shell(NULL);
    EXPECT(2, ONE, "-o", "/dev/fd/99");
}

/* ---- before the first step ---- */

static void expect_refused(const char *option, const char *path, const char *why)
{
    Outcome outcome = program_expect(2, NULL, ONE, "--latent-out", "spare.npy", option, path, NULL);
    g_assert_nonnull(strstr(outcome.err, why));
    g_assert_null(strstr(outcome.err, "seed 3")); /* it has not begun */
    outcome_clear(&outcome);
}

static void test_names(void)
{
    g_autofree char *long_name = g_strnfill(300, 'x');
    g_autofree char *picture = g_strconcat(long_name, ".png", NULL);
    g_autofree char *latents = g_strconcat(long_name, ".npy", NULL);
    expect_refused("-o", picture, "too long");
    expect_refused("--latent-out", latents, "too long");
    expect_refused("-o", "/proc/x.png", "/proc/x.png");
    expect_refused("-o", "no/such/x.png", "no/such");
    expect_refused("-o", "/dev/fd/99", "/dev/fd/99");
    expect_refused("--preview-dir", "/proc", "/proc");
    Outcome outcome = program_expect(2, NULL, "train", "seen", "-o", "/proc/run", NULL);
    g_assert_nonnull(strstr(outcome.err, "/proc/run"));
    outcome_clear(&outcome);
    g_autofree char *line = g_strdup_printf("{\"class\":1,\"output\":\"%s\"}\n", picture);
    EXPECT_INPUT(1, line, "sample", "--jobs", "-", "--steps", "1");
}

/* ---- what is computed is kept ---- */

/* The place of a picture is taken away while it is made. */
static void test_rescue(void)
{
    g_autofree char *folder = program_path("gone");
    g_assert_cmpint(g_mkdir(folder, 0755), ==, 0);
    GSubprocess *run =
        program_start("sample", "--class", "1", "-s", "9", "--steps", "400", "-o", "gone/1.png",
                      "--latent-out", "gone/1.npy", "--preview-dir", "seen-gone", NULL);
    wait_for("seen-gone/item-000-step-001.png");
    g_assert_cmpint(g_rmdir(folder), ==, 0);
    Outcome outcome = program_finish(run, NULL);
    const char *at = strstr(outcome.err, "The picture is kept at ");
    g_assert_cmpint(outcome.code, ==, 1);
    g_assert_nonnull(at);
    at += strlen("The picture is kept at ");
    g_autofree char *kept = g_strndup(at, strcspn(at, "\n"));
    g_autofree char *history = program_path("home/state/edt/history/");
    g_assert_true(g_str_has_prefix(kept, history));
    expect_steps(kept + strlen(program_folder()) + 1, "\"seed\":9,");
    g_autofree char *latents = g_strconcat("ls ", history, "*-latents.npy >/dev/null", NULL);
    g_assert_cmpint(system(latents), ==, 0);
    outcome_clear(&outcome);
}

/* Of several pictures each says where it is. */
static void test_rescues(void)
{
    g_autofree char *folder = program_path("all-gone");
    g_assert_cmpint(g_mkdir(folder, 0755), ==, 0);
    GSubprocess *run =
        program_start("sample", "--class", "1", "-s", "90", "-n", "3", "--steps", "400", "-o",
                      "all-gone/%d.png", "--json", "--preview-dir", "seen-all", NULL);
    wait_for("seen-all/item-000-step-001.png");
    g_assert_cmpint(g_rmdir(folder), ==, 0);
    Outcome outcome = program_finish(run, NULL);
    g_assert_cmpint(outcome.code, ==, 1);
    g_auto(GStrv) parts = g_strsplit(outcome.err, "The picture is kept at ", -1);
    g_assert_cmpuint(g_strv_length(parts), ==, 4);
    for (int i = 1; i < 4; i++) {
        g_autofree char *kept = g_strndup(parts[i], strcspn(parts[i], "\n"));
        g_assert_true(g_file_test(kept, G_FILE_TEST_IS_REGULAR));
    }
    GPtrArray *lines = json_lines(outcome.out);
    g_assert_cmpint(count_events(lines, "error"), ==, 3);
    g_ptr_array_unref(lines);
    outcome_clear(&outcome);
}

/* Whoever read our output goes away: what was being made is kept, as with Ctrl-C. */
static void test_reader(void)
{
    under_shell("\"$@\" | head -n 4 >/dev/null; exit ${PIPESTATUS[0]}");
    EXPECT(130, "sample", "--class", "1", "-s", "3", "--steps", "1000", "-o", "read.png", "--json");
    expect_steps("read.png", "\"steps\":1000,");
    under_shell("\"$@\" | head -n 1 >/dev/null; exit ${PIPESTATUS[0]}");
    EXPECT(130, "sample", "--class", "1", "-s", "3", "--steps", "60", "-n", "40", "--batch-size",
           "1", "-o", "many/%d.png");
    g_assert_false(program_exists("many/39.png"));
    under_shell(NULL);
}

/* Nobody reads from the first word on: an error as any, and no death. */
static void test_unread(void)
{
    make_runs();
    under_shell("exec 3> >(exit 0); wait $!; exec \"$@\" >&3");
    EXPECT(1, "--help");
    EXPECT(1, "sample", "--help");
    EXPECT(1, "info", "run/model.safetensors");
    EXPECT(1, "classes", "-m", "run/model.safetensors");
    EXPECT(1, "plot", "run", "-o", "unread.svg");
    EXPECT(1, "train", "--status", "run");
    EXPECT(1, "train", "--export", "run/checkpoint.safetensors", "-o", "unread.safetensors");
    under_shell(NULL);
    g_assert_true(program_exists("unread.safetensors"));
}

/* A closed terminal sends several signals, and none of them is a second Ctrl-C. */
static void test_signals(void)
{
    static const int all[] = {SIGHUP, SIGTERM, SIGHUP, SIGTERM};
    GSubprocess *run = program_start("sample", "--class", "1", "-s", "3", "--steps", "1000", "-o",
                                     "signals.png", "--preview-dir", "seen-signals", NULL);
    wait_for("seen-signals/item-000-step-002.png");
    for (gsize i = 0; i < G_N_ELEMENTS(all); i++)
        g_subprocess_send_signal(run, all[i]);
    Outcome outcome = program_finish(run, NULL);
    g_assert_cmpint(outcome.code, ==, 130);
    expect_steps("signals.png", "\"steps\":1000,");
    outcome_clear(&outcome);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    program_import_tiny();
    g_test_add_func("/keep/meanwhile", test_meanwhile);
    g_test_add_func("/keep/jobs-meanwhile", test_jobs_meanwhile);
    g_test_add_func("/keep/archive", test_archive);
    g_test_add_func("/keep/plot", test_plot);
    g_test_add_func("/keep/read", test_read);
    g_test_add_func("/keep/nodes", test_nodes);
    g_test_add_func("/keep/streams", test_streams);
    g_test_add_func("/keep/no-reader", test_no_reader);
    g_test_add_func("/keep/piped-archive", test_piped_archive);
    g_test_add_func("/keep/piped-jobs", test_piped_jobs);
    g_test_add_func("/keep/closed", test_closed);
    g_test_add_func("/keep/names", test_names);
    g_test_add_func("/keep/rescue", test_rescue);
    g_test_add_func("/keep/rescues", test_rescues);
    g_test_add_func("/keep/reader", test_reader);
    g_test_add_func("/keep/unread", test_unread);
    g_test_add_func("/keep/vae-moved", test_vae_moved);
    g_test_add_func("/keep/signals", test_signals);
    return g_test_run();
}
