/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * session/drafts.c at work in a studio, with the model that comes along: what is finished is what a
 * plain run of that seed makes, and drafts leave nothing in the history.
 */
#include "session/drafts.h"
#include "session/start.h"
#include "session/studio.h"
#include "canvas.h"
#include "history.h"
#include "session/settings_object.h"

#include <glib/gstdio.h>
#include <string.h>

#define STEPS 8
#define PIXELS (64 * 64 * 4 * sizeof(float))

static const char *stamps, *scratch;
static EdtStudio *studio;

static GObject *settings_of(int count, double seed)
{
    GObject *settings = settings_new(stamps);
    g_object_set(settings, "class", "fox", "count", count, "seed", seed, "steps", STEPS,
                 "precision", "f32", NULL);
    return settings;
}

static EdtOrder *drafts_of(int count, double seed)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GObject) settings = settings_of(count, seed);
    EdtOrder *order = edt_order_drafts(settings, 1, &error);
    g_assert_no_error(error);
    return order;
}

static EdtOrder *plain_of(double seed)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GObject) settings = settings_of(1, seed);
    EdtOrder *order = edt_order_new(settings, 1, &error);
    g_assert_no_error(error);
    return order;
}

static EdtOrder *finish(const EdtOrder *drafts, int chosen)
{
    g_autoptr(GError) error = NULL;
    EdtOrder *order = edt_drafts_finish(drafts, &chosen, 1, &error);
    g_assert_no_error(error);
    return order;
}

static EdtOrder *vary(const EdtOrder *drafts, int chosen, double amount)
{
    g_autoptr(GError) error = NULL;
    EdtOrder *order = edt_drafts_vary(drafts, chosen, amount, &error);
    g_assert_no_error(error);
    return order;
}

/* ---- at work ---- */

static void on_done(EdtJob *job, gpointer user_data)
{
    g_main_loop_quit(user_data);
}

static EdtJob *run(EdtOrder *order)
{
    static const EdtJobWatch watch = {NULL, on_done};
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    EdtJob *job = edt_studio_start(studio, order, &watch, loop);
    g_main_loop_run(loop);
    g_assert_no_error(edt_job_outcome(job)->error);
    return job;
}

static const EdtPicture *picture_of(const EdtJob *job, int i)
{
    const EdtPicture *picture = &edt_job_outcome(job)->pictures->pictures[i];
    g_assert_cmpuint(sizeof(float) * (gsize)(picture->width * picture->height * picture->channels),
                     ==, PIXELS);
    return picture;
}

static void expect_same(EdtOrder *a, EdtOrder *b)
{
    EdtJob *one = run(a), *other = run(b);
    g_assert_cmpmem(picture_of(one, 0)->pixels, PIXELS, picture_of(other, 0)->pixels, PIXELS);
    g_assert_cmpstr(edt_job_outcome(one)->records[0], ==, edt_job_outcome(other)->records[0]);
    edt_job_close(one);
    edt_job_close(other);
}

static guint count_history(void)
{
    g_auto(GStrv) paths = edt_history_list(G_MAXINT);
    return g_strv_length(paths);
}

/* ---- tests ---- */

static void test_count(void)
{
    g_autoptr(EdtOrder) one = drafts_of(1, 5), four = drafts_of(4, 5);
    g_assert_cmpint(one->request.n_items, ==, EDT_DRAFTS);
    g_assert_cmpint(four->request.n_items, ==, 4);
    for (int i = 0; i < 4; i++)
        g_assert_cmpuint(four->items[i].seed, ==, 5 + (guint64)i);
    g_assert_true(four->draft);
    g_assert_cmpint(four->request.steps, ==, EDT_DRAFT_STEPS);
    g_assert_cmpint(four->asked.steps, ==, STEPS);
}

/* Asked for fewer, they have no more. */
static void test_few_steps(void)
{
    g_autoptr(GObject) settings = settings_of(3, 5);
    g_object_set(settings, "steps", 2, NULL);
    g_autoptr(EdtOrder) drafts = edt_order_drafts(settings, 1, NULL);
    g_assert_cmpint(drafts->request.steps, ==, 2);
}

static void test_finish(void)
{
    EdtJob *job = run(drafts_of(3, 5));
    const EdtOrder *drafts = edt_job_outcome(job)->order;
    g_assert_cmpint(edt_job_outcome(job)->pictures->n_pictures, ==, 3);
    g_assert_cmpint(picture_of(job, 2)->steps_done, ==, EDT_DRAFT_STEPS);
    g_assert_cmpuint(count_history(), ==, 0);
    EdtOrder *order = finish(drafts, 2);
    g_assert_false(order->draft);
    g_assert_cmpstr(order->label, ==, "fox");
    edt_job_close(job); /* it needs nothing of them */
    expect_same(order, plain_of(7));
    g_assert_cmpuint(count_history(), ==, 2);
}

/* Several, in the order in which they were chosen. */
static void test_several(void)
{
    const int chosen[] = {2, 0};
    g_autoptr(EdtOrder) drafts = drafts_of(3, 5);
    g_autoptr(EdtOrder) order = edt_drafts_finish(drafts, chosen, 2, NULL);
    g_assert_cmpint(order->request.n_items, ==, 2);
    g_assert_cmpuint(order->items[0].seed, ==, 7);
    g_assert_cmpuint(order->items[1].seed, ==, 5);
    g_assert_cmpint(order->request.steps, ==, STEPS);
    g_assert_cmpstr(order->class_names[1], ==, "fox");
}

/* The chosen one stays, the others lie near it; what is varied is varied again. */
static void test_vary(void)
{
    g_autoptr(EdtOrder) drafts = drafts_of(4, 5), order = vary(drafts, 1, 0.2);
    g_assert_true(order->draft);
    g_assert_cmpint(order->request.n_items, ==, 4);
    g_assert_cmpint(order->request.steps, ==, EDT_DRAFT_STEPS);
    g_assert_cmpint(order->items[0].variation.n, ==, 0);
    for (int i = 1; i < 4; i++) {
        g_assert_cmpuint(order->items[i].seed, ==, 6);
        g_assert_cmpint(order->items[i].variation.n, ==, 1);
        g_assert_cmpfloat(order->items[i].variation.of[0].amount, ==, 0.2);
        g_assert_cmpuint(order->items[i].variation.of[0].seed, !=,
                         order->items[i - 1].variation.of[0].seed);
    }
    g_autoptr(EdtOrder) again = vary(order, 2, 0.1);
    g_assert_cmpint(again->items[0].variation.n, ==, 1);
    g_assert_cmpint(again->items[3].variation.n, ==, 2);
    g_assert_cmpuint(again->items[3].variation.of[0].seed, ==,
                     order->items[2].variation.of[0].seed);
}

static void test_vary_finished(void)
{
    g_autoptr(EdtOrder) drafts = drafts_of(2, 5), order = vary(drafts, 1, 0.2);
    EdtOrder *plain = plain_of(6);
    plain->items[0].variation = order->items[1].variation;
    expect_same(finish(order, 1), plain);
}

/* Near in pixels, too: nearer than another seed. */
static double distance(const EdtPicture *a, const EdtPicture *b)
{
    double sum = 0;
    for (gsize i = 0; i < PIXELS / sizeof(float); i++)
        sum += ((double)a->pixels[i] - b->pixels[i]) * ((double)a->pixels[i] - b->pixels[i]);
    return sum;
}

static void test_near(void)
{
    EdtJob *job = run(drafts_of(2, 5));
    EdtJob *near = run(vary(edt_job_outcome(job)->order, 0, 0.1));
    double other = distance(picture_of(job, 0), picture_of(job, 1));
    g_assert_cmpfloat(distance(picture_of(near, 0), picture_of(near, 1)), <, other / 2);
    g_assert_cmpfloat(distance(picture_of(near, 0), picture_of(near, 1)), >, 0);
    edt_job_close(job);
    edt_job_close(near);
}

static EdtRecord *record_of(EdtJob *job)
{
    g_autoptr(GError) error = NULL;
    EdtRecord *record = edt_record_read(edt_job_outcome(job)->records[0], &error);
    g_assert_no_error(error);
    return record;
}

/* A finished picture is varied as its draft would be, and finished is the same again. */
static void test_like(void)
{
    g_autoptr(GError) error = NULL;
    EdtJob *job = run(plain_of(6));
    g_autoptr(EdtRecord) record = record_of(job);
    g_autoptr(EdtOrder) order = edt_drafts_like(record, 0.2, 1, &error);
    g_assert_no_error(error);
    g_assert_true(order->draft && order->request.want_previews);
    g_assert_cmpint(order->request.n_items, ==, EDT_DRAFTS);
    g_assert_cmpint(order->request.steps, ==, EDT_DRAFT_STEPS);
    for (int i = 0; i < EDT_DRAFTS; i++) {
        g_assert_cmpuint(order->items[i].seed, ==, 6);
        g_assert_cmpint(order->items[i].variation.n, ==, i > 0);
    }
    EdtJob *other = run(finish(order, 0));
    g_assert_cmpmem(picture_of(job, 0)->pixels, PIXELS, picture_of(other, 0)->pixels, PIXELS);
    edt_job_close(job);
    edt_job_close(other);
}

/* From the seeds behind its own, though they are larger than a double can tell apart. */
static void test_again(void)
{
    g_autoptr(GError) error = NULL;
    EdtJob *job = run(plain_of(6));
    g_autoptr(EdtRecord) record = record_of(job);
    record->item.seed = (1ull << 60) + 1;
    g_autoptr(EdtOrder) order = edt_drafts_again(record, 1, &error);
    g_assert_no_error(error);
    g_assert_true(order->draft);
    g_assert_cmpint(order->request.n_items, ==, EDT_DRAFTS);
    g_assert_cmpint(order->asked.steps, ==, STEPS);
    for (int i = 0; i < EDT_DRAFTS; i++)
        g_assert_cmpuint(order->items[i].seed, ==, (1ull << 60) + 2 + (guint64)i);
    edt_job_close(job);
}

static void test_too_often(void)
{
    EdtOrder *order = drafts_of(2, 5);
    g_autoptr(GError) error = NULL;
    for (int i = 0; i < EDT_VARIATIONS_MAX; i++) {
        EdtOrder *next = vary(order, 1, 0.1);
        edt_order_free(order);
        order = next;
    }
    g_assert_null(edt_drafts_vary(order, 1, 0.1, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_autoptr(EdtOrder) first = vary(order, 0, 0.1); /* which is one less */
    g_assert_cmpint(first->items[1].variation.n, ==, EDT_VARIATIONS_MAX);
    edt_order_free(order);
}

/* Noise in every step: six of them show nothing of what twenty make. */
static void test_ddpm(void)
{
    g_autoptr(GObject) settings = settings_of(2, 5);
    g_object_set(settings, "sampler", "ddpm", NULL);
    g_autoptr(EdtOrder) drafts = edt_order_drafts(settings, 1, NULL), order = finish(drafts, 0);
    g_assert_cmpint(drafts->request.sampler, ==, EDT_SAMPLER_DPMPP_2M);
    g_assert_cmpint(order->request.sampler, ==, EDT_SAMPLER_DPMPP_2M);
}

static void lay_sketch(EdtOrder *order)
{
    g_autoptr(GError) error = NULL;
    guint8 *source = g_malloc(16 * 16 * 4);
    memset(source, 200, 16 * 16 * 4);
    EdtStart start = {16, 16, source, NULL, 0.8, EDT_FILL_NONE, FALSE};
    g_assert_true(edt_start_lay(&start, order, &error));
    g_free(source);
}

/* A sketch is what it was when the drafts were made. */
static void test_sketch(void)
{
    EdtOrder *drafts = drafts_of(2, 5), *plain = plain_of(6);
    lay_sketch(drafts);
    lay_sketch(plain);
    EdtOrder *order = finish(drafts, 1);
    edt_order_free(drafts);
    g_assert_nonnull(order->items[0].source);
    expect_same(order, plain);
}

/* ---- further ones ---- */

/* What is shown of it are the numbers that the network is given; of what is yet to be made nothing
 * is seen. */
static void test_seen(void)
{
    EdtTile seen;
    g_autoptr(EdtOrder) order = drafts_of(2, 5);
    g_assert_false(edt_start_seen(order, &seen));
    lay_sketch(order);
    g_assert_true(edt_start_seen(order, &seen));
    g_assert_cmpint(seen.width * seen.height * seen.channels * (int)sizeof(float), ==, PIXELS);
    EdtModelInfo *info = edt_model_info_read(stamps, NULL);
    g_autofree float *numbers =
        edt_canvas_from_bytes(info, EDT_CANVAS_SOURCE, g_bytes_get_data(seen.pixels, NULL));
    g_assert_cmpmem(numbers, PIXELS, order->source, PIXELS);
    g_bytes_unref(seen.pixels);
    order->mask = g_new0(float, PIXELS / 4 / sizeof(float));
    order->mask[64 * 32 + 32] = 1;
    g_assert_true(edt_start_seen(order, &seen));
    const guint8 *bytes = g_bytes_get_data(seen.pixels, NULL);
    g_assert_cmpuint(bytes[4 * (64 * 32 + 32) + 3], ==, 0);
    g_assert_cmpuint(bytes[4 * (64 * 32 + 33) + 3], ==, 200);
    g_bytes_unref(seen.pixels);
    edt_model_info_free(info);
}

/* From the seeds behind theirs; of variations, further variations of the same picture. */
static void test_more(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(EdtOrder) drafts = drafts_of(4, 11);
    g_autoptr(EdtOrder) more = edt_drafts_more(drafts, &error);
    g_assert_no_error(error);
    g_assert_true(more->draft && more->request.steps == drafts->request.steps);
    g_assert_cmpint(more->request.n_items, ==, 4);
    for (int i = 0; i < 4; i++)
        g_assert_cmpuint(more->items[i].seed, ==, 15 + (guint64)i);
    g_autoptr(EdtOrder) near = vary(drafts, 2, 0.25);
    g_autoptr(EdtOrder) others = edt_drafts_more(near, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(others->items[0].seed, ==, 13);
    g_assert_cmpint(others->items[0].variation.n, ==, 0);
    g_assert_cmpint(others->items[3].variation.n, ==, 1);
    g_assert_cmpfloat(others->items[3].variation.of[0].amount, ==, 0.25);
    g_assert_cmpuint(others->items[3].variation.of[0].seed, !=,
                     near->items[3].variation.of[0].seed);
}

/* One picture of two colours, and others that have so much of another one. */
static gboolean are_alike(const EdtOrder *order, float apart)
{
    float pixels[2][64] = {{0}};
    EdtPicture two[] = {{.width = 4, .height = 4, .channels = 4, .pixels = pixels[0]},
                        {.width = 4, .height = 4, .channels = 4, .pixels = pixels[1]}};
    const EdtPictures pictures = {.pictures = two, .n_pictures = 2};
    for (int i = 0; i < 64; i++) {
        pixels[0][i] = 1;
        pixels[1][i] = 1 - (i % 4 < 3 ? apart : 0);
    }
    return edt_drafts_are_alike(order, &pictures);
}

static void test_alike(void)
{
    g_autoptr(EdtOrder) drafts = drafts_of(2, 11);
    g_autoptr(EdtOrder) little = vary(drafts, 0, 0.1), enough = vary(drafts, 0, 0.25);
    g_assert_true(are_alike(enough, 0.02f));
    g_assert_false(are_alike(enough, 0.1f));
    g_assert_false(are_alike(little, 0.02f)); /* nothing else was asked for */
    g_assert_false(are_alike(drafts, 0.02f)); /* not varied */
}

/* ---- a model that is replaced ---- */

/* The model that comes along at a path of its own, after so many steps of training. */
static void put_model(const char *path, const char *steps)
{
    g_autofree char *bytes = NULL;
    gsize n;
    g_assert_true(g_file_get_contents(stamps, &bytes, &n, NULL));
    const char *key = "\"edt.trained_steps\":\"";
    char *value = g_strstr_len(bytes + 8, (gssize)n - 8, key); /* behind the header's length */
    g_assert_nonnull(value);
    memcpy(value + strlen(key), steps, strlen(steps));
    g_assert_true(g_file_set_contents(path, bytes, (gssize)n, NULL));
}

static void expect_another(GError *error)
{
    g_assert_error(error, EDT_ERROR, EDT_ERROR_FAILED);
    g_assert_true(g_str_has_prefix(error->message, "The model is another one now"));
    g_error_free(error);
}

/* Another one at the same path: what lies in the sheet is none of its pictures, and what was asked
 * of the one before is not made with it. */
static void test_replaced(void)
{
    static const EdtJobWatch watch = {NULL, on_done};
    const int chosen = 1;
    GError *error = NULL;
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autofree char *path = g_build_filename(scratch, "replaced.safetensors", NULL);
    g_autoptr(GObject) settings = settings_of(2, 5);
    put_model(path, "11300");
    g_object_set(settings, "model", path, NULL);
    g_autoptr(EdtOrder) drafts = edt_order_drafts(settings, 1, &error);
    g_assert_no_error(error);
    EdtOrder *queued = finish(drafts, 1);
    put_model(path, "11301");
    g_assert_null(edt_drafts_finish(drafts, &chosen, 1, &error));
    expect_another(g_steal_pointer(&error));
    g_assert_null(edt_drafts_vary(drafts, 1, 0.2, &error));
    expect_another(g_steal_pointer(&error));
    g_assert_null(edt_drafts_more(drafts, &error));
    expect_another(g_steal_pointer(&error));
    EdtJob *job = edt_studio_start(studio, queued, &watch, loop);
    g_main_loop_run(loop);
    g_assert_null(edt_job_outcome(job)->pictures);
    expect_another(g_error_copy(edt_job_outcome(job)->error));
    edt_job_close(job);
    job = run(edt_order_drafts(settings, 1, NULL)); /* the studio goes on, with the new one */
    edt_job_close(job);
    g_assert_cmpint(g_unlink(path), ==, 0);
}

int main(int argc, char **argv)
{
    g_autofree char *folder = g_dir_make_tmp("edt-drafts-XXXXXX", NULL);
    scratch = folder;
    g_setenv("XDG_STATE_HOME", scratch, TRUE);
    g_setenv("LANGUAGE", "en", TRUE);
    g_test_init(&argc, &argv, NULL);
    stamps = argv[1];
    g_setenv("EDT_MODEL_PATH", stamps, TRUE); /* where models of records are found */
    studio = edt_studio_new();
    g_test_add_func("/session/drafts/count", test_count);
    g_test_add_func("/session/drafts/few-steps", test_few_steps);
    g_test_add_func("/session/drafts/finish", test_finish);
    g_test_add_func("/session/drafts/several", test_several);
    g_test_add_func("/session/drafts/vary", test_vary);
    g_test_add_func("/session/drafts/vary-finished", test_vary_finished);
    g_test_add_func("/session/drafts/near", test_near);
    g_test_add_func("/session/drafts/more", test_more);
    g_test_add_func("/session/drafts/alike", test_alike);
    g_test_add_func("/session/drafts/like", test_like);
    g_test_add_func("/session/drafts/again", test_again);
    g_test_add_func("/session/drafts/too-often", test_too_often);
    g_test_add_func("/session/drafts/ddpm", test_ddpm);
    g_test_add_func("/session/drafts/sketch", test_sketch);
    g_test_add_func("/session/drafts/seen", test_seen);
    g_test_add_func("/session/drafts/replaced", test_replaced);
    int code = g_test_run();
    edt_studio_free(studio);
    char *remove[] = {"rm", "-rf", folder, NULL};
    g_spawn_sync(NULL, remove, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
    return code;
}
