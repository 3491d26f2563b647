/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The job layer under stress: jobs that are finished, kept, held, given up and closed at any
 * moment, 200 in one process; afterwards no thread, no file handle and no memory is left over. Runs
 * under ASan and TSan with the same programs.  EDT_TEST_CYCLES and EDT_TEST_PICTURES say how many;
 * tests/soak/README.md has the long run.
 */
#include "canvas.h"
#include "catalogue.h"
#include "folder.h"
#include "history.h"
#include "machine.h"
#include "session/studio.h"
#include "unit/tiny.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define SETTLED 60 /* jobs until nothing new is loaded or kept */

static const char *model;
static char *model_sha256;

typedef struct {
    GMainLoop *loop;
    int frames, steps_seen, stop_at, hold_at, close_at, held;
    int stop_from; /* the item in whose batch it is stopped */
    double fraction;
    gboolean keep, keep_decoding, done, previewed, bf16_in_f32;
    EdtJob *job;
} Watcher;

static EdtOrder *new_order(int steps, int n)
{
    EdtOrder *order = g_new0(EdtOrder, 1);
    order->model = g_strdup(model);
    order->model_sha256 = g_strdup(model_sha256);
    order->options.threads = 1;
    order->items = g_new0(EdtItem, n);
    for (int i = 0; i < n; i++)
        order->items[i] = (EdtItem){.class_index = 3, .seed = 42 + (guint64)i};
    edt_request_init(&order->request, NULL);
    order->request.steps = steps;
    order->request.items = order->items;
    order->request.n_items = n;
    order->request.want_previews = TRUE;
    return order;
}

static int count_history(void)
{
    char **paths = edt_history_list(G_MAXINT);
    int n = (int)g_strv_length(paths);
    g_strfreev(paths);
    return n;
}

static void empty_history(void)
{
    char **paths = edt_history_list(G_MAXINT);
    for (int i = 0; paths[i]; i++)
        g_assert_cmpint(g_unlink(paths[i]), ==, 0);
    g_strfreev(paths);
}

/* Where it stands, counted over all batches; all that is finished is in the history by then. */
static void check_place(const EdtFrame *frame)
{
    g_assert_cmpint(frame->total_items, ==, frame->n_tiles);
    g_assert_cmpint(frame->first_item + frame->n_items, <=, frame->total_items);
    if (frame->phase == EDT_PHASE_DECODING) {
        g_assert_cmpint(frame->step, >, 0);
        g_assert_nonnull(frame->tiles[frame->first_item].pixels);
    }
    if (frame->step < 1 || frame->fraction == 1)
        return;
    double done = frame->first_item + frame->n_items * (double)frame->step / frame->steps;
    g_assert_cmpfloat_with_epsilon(frame->fraction, done / frame->total_items, 1e-9);
    if (frame->first_item > 0)
        g_assert_cmpint(count_history(), >=, frame->first_item / 8 * 8);
}

static void on_frame(EdtJob *job, const EdtFrame *frame, gpointer user_data)
{
    Watcher *w = user_data;
    w->frames++;
    w->steps_seen = MAX(w->steps_seen, frame->step);
    w->previewed |= frame->tiles[0].pixels != NULL;
    w->bf16_in_f32 |= frame->bf16_in_f32;
    g_assert_cmpfloat(frame->fraction, >=, w->fraction);
    g_assert_cmpfloat(frame->fraction, <=, 1);
    w->fraction = frame->fraction;
    check_place(frame);
    if (w->keep_decoding && frame->phase == EDT_PHASE_DECODING)
        edt_job_stop(job, TRUE);
    if (w->stop_from && frame->first_item >= w->stop_from)
        edt_job_stop(job, FALSE);
    if (frame->held) {
        w->held++;
        edt_job_resume(job);
    }
    if (w->hold_at && frame->step >= w->hold_at) {
        edt_job_hold(job);
        w->hold_at = 0;
    }
    if (w->stop_at && frame->step >= w->stop_at) {
        edt_job_stop(job, w->keep);
        w->stop_at = 0;
    }
    if (w->close_at && frame->step >= w->close_at) {
        w->job = NULL;
        edt_job_close(job);
        g_main_loop_quit(w->loop);
    }
}

static void on_done(EdtJob *job, gpointer user_data)
{
    Watcher *w = user_data;
    g_assert_false(w->done); /* once */
    w->done = TRUE;
    g_main_loop_quit(w->loop);
}

static const EdtJobWatch watch = {on_frame, on_done};

static void run(EdtStudio *studio, EdtOrder *order, Watcher *w)
{
    w->loop = g_main_loop_new(NULL, FALSE);
    w->job = edt_studio_start(studio, order, &watch, w);
    g_main_loop_run(w->loop);
    g_main_loop_unref(w->loop);
}

static int count_files(const char *folder)
{
    int n = 0;
    GDir *dir = g_dir_open(folder, 0, NULL);
    g_assert_nonnull(dir);
    while (g_dir_read_name(dir))
        n++;
    g_dir_close(dir);
    return n;
}

static long resident_kb(void)
{
    char *text = NULL;
    g_assert_true(g_file_get_contents("/proc/self/statm", &text, NULL, NULL));
    long pages = atol(strchr(text, ' ') + 1);
    g_free(text);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* ---- tests ---- */

static void test_finish(void)
{
    EdtStudio *studio = edt_studio_new();
    Watcher w = {0};
    char **before = edt_history_list(G_MAXINT);
    run(studio, new_order(6, 2), &w);
    const EdtOutcome *outcome = edt_job_outcome(w.job);
    g_assert_no_error(outcome->error);
    g_assert_cmpint(outcome->pictures->n_pictures, ==, 2);
    g_assert_nonnull(outcome->pictures->pictures[1].pixels);
    g_assert_nonnull(strstr(outcome->records[1], "\"seed\":43"));
    g_assert_null(outcome->records[2]);
    g_assert_true(w.previewed);
    char **after = edt_history_list(G_MAXINT);
    g_assert_cmpuint(g_strv_length(after), ==, g_strv_length(before) + 2);
    char *record = edt_png_record_text(after[0], NULL); /* the newest */
    g_assert_cmpstr(record, ==, outcome->records[1]);
    g_free(record);
    g_strfreev(before);
    g_strfreev(after);
    edt_job_close(w.job);
    edt_studio_free(studio);
}

/* What a picture started from is kept with it, and again makes the same. */
static void test_canvas(void)
{
    EdtStudio *studio = edt_studio_new();
    Watcher w = {0}, v = {0};
    GError *error = NULL;
    EdtModelInfo *info = edt_model_info_read(model, &error);
    g_assert_no_error(error);
    g_autofree guint8 *bytes = g_malloc(3 * 128 * 128);
    for (int i = 0; i < 3 * 128 * 128; i++)
        bytes[i] = (guint8)(i / 700);
    EdtOrder *order = new_order(3, 1);
    float *mask = edt_canvas_from_bytes(info, EDT_CANVAS_MASK, bytes);
    g_assert_false(edt_order_lay(order, NULL, mask, 1, EDT_FILL_MISSING, FALSE, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_clear_error(&error);
    float *source = edt_canvas_from_bytes(info, EDT_CANVAS_SOURCE, bytes);
    mask = edt_canvas_from_bytes(info, EDT_CANVAS_MASK, bytes + 3000);
    g_assert_true(edt_order_lay(order, source, mask, 0.9, EDT_FILL_MISSING, TRUE, &error));
    run(studio, order, &w);
    const EdtOutcome *outcome = edt_job_outcome(w.job);
    g_assert_no_error(outcome->error);
    g_assert_no_error(outcome->history_error);
    g_assert_nonnull(strstr(outcome->records[0], "\"fill\":\"missing\",\"careful\":true"));
    g_autoptr(EdtRecord) record = edt_record_read(outcome->records[0], NULL);
    g_setenv("EDT_MODEL_PATH", model, TRUE);
    EdtOrder *again = edt_order_again(record, 42, 0, 1, &error);
    g_assert_no_error(error);
    again->request.want_previews = TRUE;
    run(studio, again, &v);
    const EdtPicture *a = &outcome->pictures->pictures[0];
    const EdtPicture *b = &edt_job_outcome(v.job)->pictures->pictures[0];
    g_assert_cmpmem(a->pixels, 3 * 128 * 128 * 4, b->pixels, 3 * 128 * 128 * 4);
    edt_job_close(w.job);
    edt_job_close(v.job);
    edt_model_info_free(info);
    edt_studio_free(studio);
}

/* On a processor without bf16 the dialog can say what becomes of it. */
static void test_bf16(void)
{
    EdtStudio *studio = edt_studio_new();
    for (int precision = EDT_PRECISION_AUTO; precision <= EDT_PRECISION_BF16; precision++) {
        Watcher w = {0};
        EdtOrder *order = new_order(2, 1);
        order->options.precision = (EdtPrecision)precision;
        run(studio, order, &w);
        g_assert_no_error(edt_job_outcome(w.job)->error);
        g_assert_cmpint(w.bf16_in_f32, ==, precision == EDT_PRECISION_BF16 && !edt_cpu_has_bf16());
        edt_job_close(w.job);
    }
    edt_studio_free(studio);
}

static void test_keep(void)
{
    EdtStudio *studio = edt_studio_new();
    Watcher w = {.stop_at = 3, .keep = TRUE};
    run(studio, new_order(1000, 1), &w);
    const EdtOutcome *outcome = edt_job_outcome(w.job);
    g_assert_no_error(outcome->error);
    int done = outcome->pictures->pictures[0].steps_done;
    g_assert_cmpint(done, >=, 3);
    g_assert_cmpint(done, <, 1000);
    edt_job_close(w.job);
    edt_studio_free(studio);
}

static void test_discard(void)
{
    EdtStudio *studio = edt_studio_new();
    Watcher w = {.stop_at = 2};
    run(studio, new_order(1000, 1), &w);
    g_assert_error(edt_job_outcome(w.job)->error, EDT_ERROR, EDT_ERROR_CANCELLED);
    g_assert_null(edt_job_outcome(w.job)->pictures);
    g_assert_cmpint(w.steps_seen, <, 1000);
    edt_job_close(w.job);
    edt_studio_free(studio);
}

static void test_hold(void)
{
    EdtStudio *studio = edt_studio_new();
    Watcher w = {.hold_at = 2};
    run(studio, new_order(300, 1), &w);
    g_assert_no_error(edt_job_outcome(w.job)->error);
    g_assert_cmpint(w.held, ==, 1);
    g_assert_cmpint(edt_job_outcome(w.job)->pictures->pictures[0].steps_done, ==, 300);
    edt_job_close(w.job);
    edt_studio_free(studio);
}

/* n pictures came out of a job, in the order of their seeds, and are in the history. */
static void expect_pictures(const EdtOutcome *outcome, int n)
{
    g_assert_nonnull(outcome->pictures);
    g_assert_cmpint(outcome->pictures->n_pictures, ==, n);
    g_assert_cmpuint(g_strv_length(outcome->records), ==, n);
    for (int i = 0; i < n; i++) {
        char *seed = g_strdup_printf("\"seed\":%d,", 42 + i);
        g_assert_cmpuint(outcome->pictures->pictures[i].item.seed, ==, 42 + (guint64)i);
        g_assert_nonnull(outcome->pictures->pictures[i].pixels);
        g_assert_nonnull(strstr(outcome->records[i], seed));
        g_free(seed);
    }
    g_assert_cmpint(count_history(), ==, n);
}

/* How many depends on how soon the main loop has heard of the batch. */
static void expect_whole_batches(const EdtOutcome *outcome)
{
    g_assert_nonnull(outcome->pictures);
    g_assert_cmpint(outcome->pictures->n_pictures, <, 64);
    expect_pictures(outcome, outcome->pictures->n_pictures);
}

static void test_batches(void)
{
    EdtStudio *studio = edt_studio_new();
    Watcher w = {0};
    empty_history();
    run(studio, new_order(20, 10), &w);
    g_assert_no_error(edt_job_outcome(w.job)->error);
    expect_pictures(edt_job_outcome(w.job), 10);
    g_assert_cmpfloat(w.fraction, ==, 1);
    edt_job_close(w.job);
    edt_studio_free(studio);
}

/* What an earlier batch has made outlives whatever becomes of a later one. */
static void test_later_batch(void)
{
    EdtStudio *studio = edt_studio_new();
    EdtOrder *order = new_order(2, 10);
    Watcher w = {0};
    empty_history();
    order->items[9].class_index = 9999;
    run(studio, order, &w);
    g_assert_error(edt_job_outcome(w.job)->error, EDT_ERROR, EDT_ERROR_USAGE);
    expect_pictures(edt_job_outcome(w.job), 8);
    edt_job_close(w.job);

    w = (Watcher){.stop_from = 8};
    empty_history();
    run(studio, new_order(20, 64), &w);
    g_assert_error(edt_job_outcome(w.job)->error, EDT_ERROR, EDT_ERROR_CANCELLED);
    expect_whole_batches(edt_job_outcome(w.job));
    edt_job_close(w.job);
    edt_studio_free(studio);
}

/* Kept while its pictures are decoded: the batch becomes whole, the next one is not begun. */
static void test_keep_decoding(void)
{
    EdtStudio *studio = edt_studio_new();
    Watcher w = {.keep_decoding = TRUE};
    empty_history();
    run(studio, new_order(1, 64), &w);
    g_assert_no_error(edt_job_outcome(w.job)->error);
    expect_whole_batches(edt_job_outcome(w.job));
    edt_job_close(w.job);
    edt_studio_free(studio);
}

static void test_wrong_model(void)
{
    EdtStudio *studio = edt_studio_new();
    EdtOrder *order = new_order(2, 1);
    Watcher w = {0};
    g_free(order->model);
    order->model = g_strdup("/nowhere/at-all.safetensors");
    run(studio, order, &w);
    g_assert_nonnull(edt_job_outcome(w.job)->error);
    g_assert_nonnull(strstr(edt_job_outcome(w.job)->error->message, "at-all.safetensors"));
    edt_job_close(w.job);
    w = (Watcher){0}; /* and the studio goes on */
    run(studio, new_order(2, 1), &w);
    g_assert_no_error(edt_job_outcome(w.job)->error);
    edt_job_close(w.job);
    edt_studio_free(studio);
}

/* The picture stays when the disk cannot take it. */
static void test_full_disk(void)
{
    char *folder = edt_history_folder();
    char *away = g_strconcat(folder, ".away", NULL);
    g_assert_cmpint(g_rename(folder, away), ==, 0);
    g_assert_true(g_file_set_contents(folder, "no folder", -1, NULL));
    EdtStudio *studio = edt_studio_new();
    Watcher w = {0};
    run(studio, new_order(2, 1), &w);
    g_assert_no_error(edt_job_outcome(w.job)->error);
    g_assert_nonnull(edt_job_outcome(w.job)->pictures);
    g_assert_nonnull(edt_job_outcome(w.job)->history_error);
    edt_job_close(w.job);
    edt_studio_free(studio);
    g_assert_cmpint(g_unlink(folder), ==, 0);
    g_assert_cmpint(g_rename(away, folder), ==, 0);
    g_free(away);
    g_free(folder);
}

/* The studio goes while its job runs: as when the window is closed or GIMP quits. */
static void test_gone_while_running(void)
{
    for (int i = 0; i < 5; i++) {
        EdtStudio *studio = edt_studio_new();
        Watcher w = {0};
        EdtJob *job = edt_studio_start(studio, new_order(1000, 1), &watch, &w);
        g_usleep((gulong)i * 20000);
        edt_job_close(job);
        edt_studio_free(studio);
        while (g_main_context_iteration(NULL, FALSE))
            continue;
        g_assert_false(w.done);
    }
}

/* What is made in the background gives way to whoever comes, and leaves nothing behind. */
static void test_background(void)
{
    EdtStudio *studio = edt_studio_new();
    GMainLoop *loop = g_main_loop_new(NULL, FALSE);
    Watcher first = {.loop = loop}, second = {0};
    EdtOrder *behind = new_order(1000, 8);
    behind->background = TRUE;
    empty_history();
    first.job = edt_studio_start(studio, behind, &watch, &first);
    while (first.steps_seen < 2)
        g_main_context_iteration(NULL, TRUE);
    run(studio, new_order(2, 1), &second);
    g_assert_null(edt_job_outcome(second.job)->error);
    g_assert_true(first.done);
    g_assert_error(edt_job_outcome(first.job)->error, EDT_ERROR, EDT_ERROR_CANCELLED);
    g_assert_cmpint(count_history(), ==, 1);
    edt_job_close(first.job);
    edt_job_close(second.job);
    behind = new_order(2, 1); /* undisturbed it is finished, and still not kept */
    behind->background = TRUE;
    first = (Watcher){0};
    run(studio, behind, &first);
    g_assert_nonnull(edt_job_outcome(first.job)->pictures);
    g_assert_cmpint(count_history(), ==, 1);
    edt_job_close(first.job);
    edt_studio_free(studio);
    g_main_loop_unref(loop);
}

static void one_cycle(EdtStudio *studio, int i)
{
    Watcher w = {0};
    if (i % 4 == 0)
        w.close_at = 1 + i % 3;
    else
        w.stop_at = 1 + i % 5;
    w.keep = i % 4 == 1;
    run(studio, new_order(i % 20 == 19 ? 3 : 1000, 1 + i % 2), &w);
    edt_job_close(w.job);
}

/* Two of the background do not give way to each other. */
static void test_two_behind(void)
{
    EdtStudio *studio = edt_studio_new();
    EdtJob *jobs[2];
    for (int i = 0; i < 2; i++) {
        EdtOrder *order = new_order(3, 1);
        order->background = TRUE;
        jobs[i] = edt_studio_start(studio, order, &(EdtJobWatch){0}, NULL);
    }
    Watcher last = {0};
    EdtOrder *order = new_order(3, 1);
    order->background = TRUE;
    run(studio, order, &last);
    for (int i = 0; i < 2; i++) {
        g_assert_no_error(edt_job_outcome(jobs[i])->error);
        edt_job_close(jobs[i]);
    }
    edt_job_close(last.job);
    edt_studio_free(studio);
}

/* A studio that ends, as when GIMP does, does not go on with what waits for its turn. */
static void test_waiting(void)
{
    EdtStudio *studio = edt_studio_new();
    EdtJob *jobs[3];
    Watcher w = {0};
    empty_history();
    for (int i = 0; i < 3; i++)
        jobs[i] = edt_studio_start(studio, new_order(i ? 2 : 1000, 1), &watch, &w);
    edt_studio_free(studio);
    for (int i = 0; i < 3; i++)
        edt_job_close(jobs[i]);
    g_assert_cmpint(count_history(), ==, 0);
    g_assert_false(w.done);
}

/* As many as the long run wants, or n. */
static int wanted(const char *variable, int n)
{
    const char *text = g_getenv(variable);
    return text ? MAX(atoi(text), n) : n;
}

/* under a sanitizer freed memory is kept for a while */
static void expect_flat(const char *what, int n, long settled)
{
    g_test_message("%ld KiB after %d %s, %ld after %d", settled, SETTLED, what, resident_kb(), n);
    if (!g_getenv("EDT_TEST_SANITIZED"))
        g_assert_cmpint(resident_kb(), <, settled + 4096);
}

static char *fingerprint(const EdtPicture *picture)
{
    gsize bytes = (gsize)picture->width * (gsize)picture->height * (gsize)picture->channels * 4;
    return g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)picture->pixels, bytes);
}

/* One after the other on one studio: what was asked for comes, each time to the same bits. */
static void test_pictures(void)
{
    enum { KINDS = 10 };
    char *first[KINDS] = {0};
    EdtStudio *studio = edt_studio_new();
    long settled = 0;
    int n = wanted("EDT_TEST_PICTURES", 100);
    for (int i = 0; i < n; i++) {
        Watcher w = {0};
        EdtOrder *order = new_order(2, 1);
        order->items[0] = (EdtItem){.class_index = i % KINDS / 2, .seed = (guint64)(i % KINDS)};
        run(studio, order, &w);
        const EdtOutcome *outcome = edt_job_outcome(w.job);
        g_assert_no_error(outcome->error);
        g_assert_no_error(outcome->history_error);
        g_autofree char *seed = g_strdup_printf("\"seed\":%d,", i % KINDS);
        g_assert_nonnull(strstr(outcome->records[0], seed));
        g_autofree char *sum = fingerprint(&outcome->pictures->pictures[0]);
        for (int kind = 0; kind < MIN(i, KINDS); kind++)
            g_assert_true((strcmp(first[kind], sum) == 0) == (kind == i % KINDS));
        if (i < KINDS)
            first[i] = g_steal_pointer(&sum);
        edt_job_close(w.job);
        if (i == SETTLED)
            settled = resident_kb();
    }
    expect_flat("pictures", n, settled);
    edt_studio_free(studio);
    for (int kind = 0; kind < KINDS; kind++)
        g_free(first[kind]);
}

static void test_cycles(void)
{
    EdtStudio *studio = edt_studio_new();
    long settled = 0;
    int files = 0, threads = 0, n = wanted("EDT_TEST_CYCLES", 200);
    for (int i = 0; i < n; i++) {
        one_cycle(studio, i);
        if (i == SETTLED) {
            settled = resident_kb();
            files = count_files("/proc/self/fd");
            threads = count_files("/proc/self/task");
        }
    }
    g_assert_cmpint(count_files("/proc/self/fd"), <=, files);
    g_assert_cmpint(count_files("/proc/self/task"), <=, threads);
    expect_flat("cycles", n, settled);
    edt_studio_free(studio);
    while (g_main_context_iteration(NULL, FALSE))
        continue;
    while (count_files("/proc/self/task") > threads - 1) /* it ends by itself */
        g_usleep(10000);
}

static void import(void)
{
    GError *error = NULL;
    model = tiny_model();
    EdtModelInfo *info = edt_model_info_read(model, &error);
    g_assert_no_error(error);
    model_sha256 = g_strdup(info->sha256);
    edt_model_info_free(info);
}

int main(int argc, char **argv)
{
    g_setenv("XDG_STATE_HOME", test_folder(), TRUE);
    g_test_init(&argc, &argv, NULL);
    import();
    g_test_add_func("/session/job/finish", test_finish);
    g_test_add_func("/session/job/bf16", test_bf16);
    g_test_add_func("/session/job/canvas", test_canvas);
    g_test_add_func("/session/job/keep", test_keep);
    g_test_add_func("/session/job/discard", test_discard);
    g_test_add_func("/session/job/hold", test_hold);
    g_test_add_func("/session/job/batches", test_batches);
    g_test_add_func("/session/job/later-batch", test_later_batch);
    g_test_add_func("/session/job/keep-decoding", test_keep_decoding);
    g_test_add_func("/session/job/wrong-model", test_wrong_model);
    g_test_add_func("/session/job/full-disk", test_full_disk);
    g_test_add_func("/session/job/gone-while-running", test_gone_while_running);
    g_test_add_func("/session/job/background", test_background);
    g_test_add_func("/session/job/two-behind", test_two_behind);
    g_test_add_func("/session/job/waiting", test_waiting);
    g_test_add_func("/session/job/pictures", test_pictures);
    g_test_add_func("/session/job/cycles", test_cycles);
    int code = g_test_run();
    g_free(model_sha256);
    return code;
}
