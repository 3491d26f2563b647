/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Training by several processes: two ranks take the steps of one, cold and with a warm resampler;
 * a lost rank or Ctrl-C ends the run with words and a checkpoint to go on from; ranks that do not
 * begin alike are refused; pictures are encoded together.  Below mpirun this program is one of the
 * ranks ("steps", "encoding").
 */
#include "train/discs.h"
#include "folder.h"
#include "train/state.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define STEPS 6

static const char *folder;
static char *self;

static char *file(const char *name)
{
    return g_build_filename(folder, name, NULL);
}

/* ---- a rank ---- */

/* As after many steps: every timestep with ten losses, some far higher than others. */
static void warm_up(EdtTrainer *trainer)
{
    EdtResampler *r = trainer->resampler;
    for (int t = 0; t < r->timesteps; t++) {
        r->counts[t] = r->terms;
        for (int i = 0; i < r->terms; i++)
            r->history[t * r->terms + i] = 0.01 + 2.0 * (t % 7 == 0) + 0.1 * i;
    }
    edt_resampler_recount(r);
}

/* One line a step into `output`, and the checkpoint beside it. */
static gboolean take_steps(EdtTrainer *trainer, const char *output)
{
    g_autoptr(GString) lines = g_string_new(NULL);
    g_autofree char *checkpoint = g_strconcat(output, ".safetensors", NULL);
    EdtTrainReport r;

    for (int i = 0; i < STEPS; i++) {
        if (!edt_trainer_step(trainer, &r, NULL))
            return FALSE;
        g_string_append_printf(lines, "%.17g %.17g %.17g %.17g\n", r.loss, r.mse, r.masked_vb,
                               r.norm);
    }
    return edt_trainer_save(trainer, checkpoint, NULL) &&
           g_file_set_contents(output, lines->str, -1, NULL);
}

/* The same autoencoder in another place, but for its last weight. */
static char *another_vae(const char *root)
{
    char *path = g_build_filename(root, "another.safetensors", NULL), *bytes;
    gsize n;
    g_assert_true(g_file_get_contents(g_getenv("EDT_TEST_VAE"), &bytes, &n, NULL));
    bytes[n - 2] ^= 1;
    g_assert_true(g_file_set_contents(path, bytes, (gssize)n, NULL));
    g_free(bytes);
    return path;
}

/* argv: FOLDER NAME warm|cold [alone] [differ|another-vae]; every rank writes NAME.RANK. */
static int run_rank(char **argv)
{
    g_autofree char *pictures = g_build_filename(argv[0], "pictures", NULL);
    EdtTrainOptions o = discs_options(pictures);
    GError *error = NULL;

    o.batch = 8;
    o.threads = 1;
    if (edt_ranks_own() == 1 && g_strv_contains((const char *const *)argv, "differ"))
        o.rate = 2e-3;
    if (g_strv_contains((const char *const *)argv, "another-vae")) {
        o.vae = edt_ranks_own() == 1 ? another_vae(argv[0]) : g_getenv("EDT_TEST_VAE");
        o.variant = "EDT-S/2";
        o.image_size = 64;
    }
    if (!g_strv_contains((const char *const *)argv, "alone") && !edt_ranks_begin(&error))
        g_error("%s", error->message);
    g_autofree char *name = g_strdup_printf("%s.%d", argv[1], edt_ranks_own());
    g_autofree char *output = g_build_filename(argv[0], name, NULL);
    EdtTrainer *trainer = edt_trainer_new(&o, &error);
    if (trainer == NULL) {
        g_printerr("%s\n", error->message);
        return error->code;
    }
    if (!strcmp(argv[2], "warm"))
        warm_up(trainer);
    gboolean good = take_steps(trainer, output);
    edt_trainer_free(trainer);
    edt_ranks_end();
    return good ? 0 : 1;
}

static gboolean note_first(int done, int total, gpointer first)
{
    if (*(int *)first < 0)
        *(int *)first = done;
    return TRUE;
}

/* argv: FOLDER; encodes the pictures with the other ranks and writes latents.RANK: whose turn was
 * first, how many latents there are, and some of their numbers. */
static int run_encoding(char **argv)
{
    g_autofree char *pictures = g_build_filename(argv[0], "pictures", NULL);
    g_autofree char *cache = g_build_filename(argv[0], "cache", NULL);
    float x[4 * 8 * 8];
    int first = -1;
    EdtSampleLabels labels;
    EdtRandom random;
    GError *error = NULL;
    EdtLatentOptions o = {.pictures = pictures,
                          .vae = g_getenv("EDT_TEST_VAE"),
                          .cache = cache,
                          .image_size = 64,
                          .latent_size = 8,
                          .channels = 4,
                          .threads = 1,
                          .progress = note_first,
                          .data = &first};

    if (!edt_ranks_begin(&error))
        g_error("%s", error->message);
    EdtDataset *dataset = edt_latents_open(&o, &error);
    if (dataset == NULL)
        g_error("%s", error->message);
    edt_random_seed(&random, 1);
    g_assert_true(edt_dataset_get(dataset, 3, &random, x, &labels, NULL));
    g_autofree char *name = g_strdup_printf("latents.%d", edt_ranks_own());
    g_autofree char *output = g_build_filename(argv[0], name, NULL);
    g_autofree char *text =
        g_strdup_printf("%d %d %d %.9g %.9g\n", first, dataset->count, (int)dataset->skipped->len,
                        (double)x[0], (double)x[100]);
    gboolean good = g_file_set_contents(output, text, -1, NULL);
    edt_dataset_free(dataset);
    edt_ranks_end();
    return good ? 0 : 1;
}

/* ---- starting them ---- */

/* Loopback only, no core of its own for each, as root too: what a test may have. */
static GSubprocess *start(const char *ranks, const char *const *more)
{
    g_autoptr(GSubprocessLauncher) launcher =
        g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
    const char *const how[] = {g_getenv("EDT_TEST_MPIRUN"),
                               "--oversubscribe",
                               "--bind-to",
                               "none",
                               "--mca",
                               "btl",
                               "self,sm",
                               "-n",
                               ranks};
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    GError *error = NULL;

    g_subprocess_launcher_setenv(launcher, "OMPI_ALLOW_RUN_AS_ROOT", "1", TRUE);
    g_subprocess_launcher_setenv(launcher, "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", TRUE);
    for (gsize i = 0; i < G_N_ELEMENTS(how); i++)
        g_ptr_array_add(words, (gpointer)how[i]);
    for (; *more; more++)
        g_ptr_array_add(words, (gpointer)*more);
    g_ptr_array_add(words, NULL);
    GSubprocess *process =
        g_subprocess_launcher_spawnv(launcher, (const char *const *)words->pdata, &error);
    g_assert_no_error(error);
    return process;
}

/* Exit code; *err: what was said. */
static int wait_for(GSubprocess *process, char **err)
{
    g_autofree char *out = NULL;
    GError *error = NULL;
    g_subprocess_communicate_utf8(process, NULL, NULL, &out, err, &error);
    g_assert_no_error(error);
    int code = g_subprocess_get_if_exited(process) ? g_subprocess_get_exit_status(process) : -1;
    g_object_unref(process);
    g_test_message("exit code %d; %s", code, *err);
    return code;
}

static void run_ranks(const char *ranks, const char *name, const char *resampler)
{
    const char *const words[] = {self, "steps", folder, name, resampler, NULL};
    g_autofree char *err = NULL;
    g_assert_cmpint(wait_for(start(ranks, words), &err), ==, 0);
}

/* ---- the same steps ---- */

static void read_numbers(const char *name, double *numbers)
{
    g_autofree char *path = file(name), *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    char *at = text;
    for (int i = 0; i < 4 * STEPS; i++)
        numbers[i] = g_ascii_strtod(at, &at);
}

/* Relative to the largest of its kind: the variational term of a step may be next to nothing. */
static void assert_close(const char *a, const char *b)
{
    double x[4 * STEPS], y[4 * STEPS], largest[4] = {0}, worst = 0;
    read_numbers(a, x);
    read_numbers(b, y);
    for (int i = 0; i < 4 * STEPS; i++)
        largest[i % 4] = MAX(largest[i % 4], fabs(x[i]));
    for (int i = 0; i < 4 * STEPS; i++)
        worst = MAX(worst, fabs(x[i] - y[i]) / largest[i % 4]);
    g_test_message("%s and %s: %g apart", a, b, worst);
    g_assert_cmpfloat(worst, <, 1e-6);
}

static void assert_same_files(const char *a, const char *b)
{
    g_autofree char *path_a = file(a), *path_b = file(b), *x = NULL, *y = NULL;
    gsize n = 0, m = 0;
    g_assert_true(g_file_get_contents(path_a, &x, &n, NULL));
    g_assert_true(g_file_get_contents(path_b, &y, &m, NULL));
    g_assert_cmpmem(x, n, y, m);
}

static void test_cold(void)
{
    char *alone[] = {(char *)folder, (char *)"alone", (char *)"cold", (char *)"alone", NULL};
    g_assert_cmpint(run_rank(alone), ==, 0);
    run_ranks("2", "two", "cold");
    assert_close("alone.0", "two.0");
    assert_same_files("two.0", "two.1");
    assert_same_files("two.0.safetensors", "two.1.safetensors");
}

static void test_warm(void)
{
    char *alone[] = {(char *)folder, (char *)"lone", (char *)"warm", (char *)"alone", NULL};
    g_assert_cmpint(run_rank(alone), ==, 0);
    run_ranks("1", "one", "warm");
    run_ranks("3", "three", "warm"); /* four parts: the first rank has two */
    assert_same_files("lone.0", "one.0");
    assert_close("lone.0", "three.0");
    assert_same_files("three.0.safetensors", "three.2.safetensors");
}

static void test_differ(void)
{
    static const char *const how[][2] = {{"differ", "their options differ"},
                                         {"another-vae", "their autoencoders (--vae) differ"}};
    for (gsize i = 0; i < G_N_ELEMENTS(how); i++) {
        const char *const words[] = {self, "steps", folder, "differ", "cold", how[i][0], NULL};
        g_autofree char *err = NULL;
        g_assert_cmpint(wait_for(start("2", words), &err), !=, 0);
        g_assert_nonnull(strstr(err, how[i][1]));
    }
}

static void test_encoding(void)
{
    const char *const words[] = {self, "encoding", folder, NULL};
    g_autofree char *err = NULL;
    char *paths[2] = {file("latents.0"), file("latents.1")}, *texts[2];
    g_assert_cmpint(wait_for(start("2", words), &err), ==, 0);
    for (int i = 0; i < 2; i++) {
        g_assert_true(g_file_get_contents(paths[i], &texts[i], NULL, NULL));
        g_assert_cmpint(texts[i][0], ==, '0' + i);
    }
    g_autofree char *counts = g_strdup_printf("0 %d 1 ", 2 * DISCS_PICTURES);
    g_assert_true(g_str_has_prefix(texts[0], counts));
    g_assert_cmpstr(texts[0] + 1, ==, texts[1] + 1); /* both have the same of all */
    for (int i = 0; i < 2; i++) {
        g_free(texts[i]);
        g_free(paths[i]);
    }
}

/* ---- the end of a run, on the built program ---- */

static GSubprocess *start_training(const char *run, const char *save_minutes)
{
    g_autofree char *pictures = file("pictures");
    const char *const words[] = {g_getenv("EDT_TEST_PROGRAM"),
                                 "train",
                                 pictures,
                                 "-o",
                                 run,
                                 "--size",
                                 "16",
                                 "--batch",
                                 "8",
                                 "--micro",
                                 "2",
                                 "--type",
                                 "f32",
                                 "--threads",
                                 "1",
                                 "--steps",
                                 "1000000",
                                 "--log-every",
                                 "1",
                                 "--sample-every",
                                 "0",
                                 "--save-every",
                                 save_minutes,
                                 NULL};
    return start("2", words);
}

static int steps_taken(const char *run)
{
    g_autofree char *path = g_build_filename(run, "log.jsonl", NULL), *text = NULL;
    int steps = 0;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return 0;
    for (const char *c = text; (c = strstr(c, "\"event\":\"train\"")); c++)
        steps++;
    return steps;
}

static void wait_for_steps(GSubprocess *mpirun, const char *run, int steps)
{
    while (steps_taken(run) < steps) {
        g_assert_nonnull(g_subprocess_get_identifier(mpirun)); /* it has not ended */
        g_usleep(50000);
    }
}

static void wait_for_file(GSubprocess *mpirun, const char *run, const char *name)
{
    g_autofree char *path = g_build_filename(run, name, NULL);
    while (!g_file_test(path, G_FILE_TEST_EXISTS)) {
        g_assert_nonnull(g_subprocess_get_identifier(mpirun)); /* it has not ended */
        g_usleep(20000);
    }
}

/* The process of that rank which trains in `run`. */
static pid_t find_rank(const char *run, int rank)
{
    g_autofree char *wanted = g_strdup_printf("OMPI_COMM_WORLD_RANK=%d", rank);
    GDir *proc = g_dir_open("/proc", 0, NULL);
    const char *name;
    pid_t found = 0;

    while (!found && (name = g_dir_read_name(proc))) {
        g_autofree char *line_path = g_build_filename("/proc", name, "cmdline", NULL), *line = NULL;
        g_autofree char *env_path = g_build_filename("/proc", name, "environ", NULL), *env = NULL;
        gsize n = 0, m = 0;
        if (g_file_get_contents(line_path, &line, &n, NULL) &&
            g_file_get_contents(env_path, &env, &m, NULL) && memmem(line, n, run, strlen(run)) &&
            memmem(env, m, wanted, strlen(wanted) + 1))
            found = atoi(name);
    }
    g_dir_close(proc);
    g_assert_cmpint(found, >, 0);
    return found;
}

/* The checkpoint of a run loads and stands at that step or later. */
static void assert_saved_as(const char *run, const char *name, int step)
{
    g_autofree char *path = g_build_filename(run, name, NULL);
    EdtTrainOptions o;
    GError *error = NULL;

    while (!g_file_test(path, G_FILE_TEST_EXISTS)) /* its writer may be slower than mpirun */
        g_usleep(50000);
    g_assert_true(edt_train_options_read(&o, path, &error));
    g_assert_no_error(error);
    EdtTrainer *trainer = edt_trainer_resume(&o, path, &error);
    g_assert_no_error(error);
    g_assert_cmpint(edt_trainer_facts(trainer)->step, >=, step);
    edt_trainer_free(trainer);
}

static void assert_saved(const char *run, int step)
{
    assert_saved_as(run, "checkpoint.safetensors", step);
}

/* Who writes a run down outlives mpirun, with the lock on its folder. */
static void wait_left(const char *run)
{
    g_autofree char *path = g_build_filename(run, ".lock", NULL);
    int lock = open(path, O_RDONLY | O_CLOEXEC);
    g_assert_cmpint(flock(lock, LOCK_EX), ==, 0);
    close(lock);
}

/* One process goes on from what was saved there as `name`, at that step or later, and somebody
 * else's checkpoint stays. */
static void assert_beside(const char *run, const char *name, int step)
{
    g_autofree char *theirs = g_build_filename(run, "checkpoint.safetensors", NULL);
    g_autofree char *command =
        g_strdup_printf("'%s' train -o '%s' --resume --steps 0 --sample-steps 1 -t 1",
                        g_getenv("EDT_TEST_PROGRAM"), run);
    int status;
    for (int resumed = 0; resumed < 2; resumed++) {
        g_autofree char *text = NULL;
        g_assert_true(g_file_get_contents(theirs, &text, NULL, NULL));
        g_assert_cmpstr(text, ==, "theirs");
        assert_saved_as(run, name, step);
        g_assert_true(resumed || g_spawn_command_line_sync(command, NULL, NULL, &status, NULL));
        g_assert_cmpint(status, ==, 0);
    }
}

static void put_theirs(const char *run)
{
    g_autofree char *path = g_build_filename(run, "checkpoint.safetensors", NULL);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    g_assert_cmpint(file, >=, 0); /* the run has saved nothing yet */
    g_assert_cmpint(write(file, "theirs", 6), ==, 6);
    close(file);
}

/* The rescue replaces nothing either. */
static void test_taken(void)
{
    g_autofree char *run = file("taken"), *err = NULL;
    GSubprocess *mpirun = start_training(run, "1000");
    wait_for_steps(mpirun, run, 3);
    put_theirs(run);
    g_subprocess_send_signal(mpirun, SIGINT);
    g_assert_cmpint(wait_for(mpirun, &err), >, 0);
    wait_left(run);
    assert_beside(run, "checkpoint-1.safetensors", 3);
}

/* It knows the name that the run has taken since.  (Of this length malloc() puts the new one
 * elsewhere.) */
static void test_renamed(void)
{
    g_autofree char *run = file("second-name"), *err = NULL;
    g_autofree char *odd = g_build_filename(run, "checkpoint-2.safetensors", NULL);
    GSubprocess *mpirun = start_training(run, "0.2");
    wait_for_file(mpirun, run, "log.jsonl"); /* soon: twelve seconds later it saves */
    put_theirs(run);
    wait_for_file(mpirun, run, "checkpoint-1.safetensors");
    const int steps = steps_taken(run) + 3;
    wait_for_steps(mpirun, run, steps);
    g_subprocess_send_signal(mpirun, SIGINT);
    g_assert_cmpint(wait_for(mpirun, &err), >, 0);
    wait_left(run);
    assert_beside(run, "checkpoint-1.safetensors", steps);
    g_assert_false(g_file_test(odd, G_FILE_TEST_EXISTS));
}

static void test_lost(void)
{
    g_autofree char *run = file("lost"), *err = NULL;
    GSubprocess *mpirun = start_training(run, "1000");
    wait_for_steps(mpirun, run, 3);
    kill(find_rank(run, 1), SIGKILL);
    g_assert_cmpint(wait_for(mpirun, &err), >, 0);
    g_assert_nonnull(strstr(err, "a process was lost"));
    assert_saved(run, 3);
}

/* Nobody is left to save: what was saved before is whole. */
static void test_lost_first(void)
{
    g_autofree char *run = file("lost-first"), *err = NULL;
    GSubprocess *mpirun = start_training(run, "0");
    wait_for_steps(mpirun, run, 3);
    kill(find_rank(run, 0), SIGKILL);
    g_assert_cmpint(wait_for(mpirun, &err), >, 0);
    g_assert_nonnull(strstr(err, "a process was lost"));
    assert_saved(run, 2);
}

static void test_interrupt(void)
{
    g_autofree char *run = file("interrupt"), *err = NULL;
    GSubprocess *mpirun = start_training(run, "1000");
    wait_for_steps(mpirun, run, 3);
    g_subprocess_send_signal(mpirun, SIGINT);
    g_assert_cmpint(wait_for(mpirun, &err), >, 0);
    assert_saved(run, 3);
}

/* The gentle way: all ranks stop after the same step. */
static void test_asked(void)
{
    g_autofree char *run = file("asked"), *err = NULL;
    GSubprocess *mpirun = start_training(run, "1000");
    wait_for_steps(mpirun, run, 3);
    g_subprocess_send_signal(mpirun, SIGUSR1);
    g_assert_cmpint(wait_for(mpirun, &err), ==, EDT_ERROR_CANCELLED);
    g_assert_nonnull(strstr(err, "is saved; --resume goes on"));
    assert_saved(run, 3);
}

int main(int argc, char **argv)
{
    if (argc > 4 && !strcmp(argv[1], "steps"))
        return run_rank(argv + 2);
    if (argc > 2 && !strcmp(argv[1], "encoding"))
        return run_encoding(argv + 2);
    g_test_init(&argc, &argv, NULL);
    folder = test_folder();
    self = g_file_read_link("/proc/self/exe", NULL);
    g_free(discs_make(folder));
    g_test_add_func("/ranks/cold", test_cold);
    g_test_add_func("/ranks/warm", test_warm);
    g_test_add_func("/ranks/differ", test_differ);
    g_test_add_func("/ranks/encoding", test_encoding);
    g_test_add_func("/ranks/lost", test_lost);
    g_test_add_func("/ranks/lost/first", test_lost_first);
    g_test_add_func("/ranks/interrupt", test_interrupt);
    g_test_add_func("/ranks/taken", test_taken);
    g_test_add_func("/ranks/renamed", test_renamed);
    g_test_add_func("/ranks/asked", test_asked);
    return g_test_run();
}
