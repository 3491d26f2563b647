/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `edt train` and `edt plot` from outside, on a handful of tiny pictures: what is in the folder of
 * a run and in its log, Ctrl-C and going on, mistakes.
 */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#include "machine.h"
#include "record.h"
#include "classes/typed.h"
#include "program.h"

#define TINY "--size", "16", "--batch", "2", "--micro", "2", "--type", "f32"

static char *contents(const char *name)
{
    char *path = program_path(name), *text = NULL;
    g_file_get_contents(path, &text, NULL, NULL);
    g_free(path);
    return text; /* NULL: not there */
}

/* Two classes of plain squares, and a file that is no picture. */
static void make_pictures(void)
{
    static const char *const classes[] = {"red", "blue"};
    for (int c = 0; c < 2; c++) {
        float pixels[16 * 16 * 3] = {0};
        EdtPicture picture = {.width = 16, .height = 16, .channels = 3, .pixels = pixels};
        GError *error = NULL;
        char *folder = g_build_filename("pictures", classes[c], NULL), *made = program_path(folder);
        char *path = g_build_filename(made, "1.png", NULL);
        for (int i = 0; i < 16 * 16; i++)
            pixels[3 * i + 2 * c] = 1;
        g_assert_cmpint(g_mkdir_with_parents(made, 0755), ==, 0);
        edt_picture_save_png(&picture, path, NULL, &error);
        g_assert_no_error(error);
        g_free(folder);
        g_free(made);
        g_free(path);
    }
    char *bad = program_path("pictures/red/bad.png");
    g_assert_true(g_file_set_contents(bad, "no picture", -1, NULL));
    g_free(bad);
}

static void test_run(void)
{
    Outcome outcome = program_expect(0, NULL, "train", "pictures", "-o", "run", TINY, "--steps",
                                     "4", "--log-every", "2", "--sample-every", "2",
                                     "--sample-steps", "2", "--json", NULL);
    GPtrArray *lines = json_lines(outcome.out);
    char *log = contents("run/log.jsonl");
    GPtrArray *logged = json_lines(log);

    g_assert_nonnull(strstr(outcome.err, "Skipped red/bad.png: "));
    g_assert_nonnull(strstr(outcome.err, "1 that cannot be read"));
    g_assert_cmpstr(log, ==, outcome.out);
    JsonObject *data = find_event(lines, "data", 0);
    g_assert_cmpint(json_number(data, "pictures"), ==, 2);
    g_assert_cmpint(json_number(data, "classes"), ==, 2);
    g_assert_cmpint(json_number(data, "skipped"), ==, 1);
    g_assert_cmpint(count_events(lines, "skipped"), ==, 1);
    g_assert_true(
        g_str_has_prefix(json_text(find_event(lines, "skipped", 0), "picture"), "red/bad.png: "));
    g_assert_cmpint(count_events(logged, "train"), ==, 2);
    g_assert_cmpint(json_number(find_event(logged, "train", 1), "step"), ==, 4);
    g_assert_cmpint(json_array_get_length(
                        json_object_get_array_member(find_event(logged, "train", 1), "x0_error")),
                    ==, 5);
    g_assert_true(program_exists("run/checkpoint.safetensors") &&
                  program_exists("run/model.safetensors"));
    g_assert_true(program_exists("run/samples-000002.png") &&
                  program_exists("run/samples-000004.png"));
    g_ptr_array_unref(lines);
    g_ptr_array_unref(logged);
    g_free(log);
    outcome_clear(&outcome);

    outcome = program_expect(2, NULL, "train", "pictures", "-o", "run", TINY, NULL);
    g_assert_nonnull(strstr(outcome.err, "--resume"));
    outcome_clear(&outcome);
    outcome = program_expect(0, NULL, "train", "--export", "run/checkpoint.safetensors", "-o",
                             "model.safetensors", NULL);
    g_assert_cmpstr(outcome.out, ==, "model.safetensors\n");
    outcome_clear(&outcome);
    outcome = program_expect(0, NULL, "train", "--export", "run/checkpoint.safetensors", "-o",
                             "model.safetensors", "--force", "--json", NULL);
    g_assert_cmpstr(outcome.out, ==, "{\"event\":\"model\",\"path\":\"model.safetensors\"}\n");
    outcome_clear(&outcome);
    /* what an export, a status or a run that goes on does not look at */
    static const char *const idle[][3] = {
        {"--export=run/checkpoint.safetensors", "--type=f32", "leave --type (--f32"},
        {"--export=run/checkpoint.safetensors", "--steps=50", "leave the options of a run out"},
        {"--export=run/checkpoint.safetensors", "pictures", "leave DATA out"},
        {"--export=run/checkpoint.safetensors", "--vae=nothing.pt", "no place for an autoencoder"},
        {"--status=run", "--resume", "leave the others out"},
        {"--status=run", "pictures", "leave the others out"}};
    for (gsize i = 0; i < G_N_ELEMENTS(idle); i++) {
        outcome =
            program_expect(2, NULL, "train", idle[i][0], idle[i][1], "-o", "no.safetensors", NULL);
        g_assert_nonnull(strstr(outcome.err, idle[i][2]));
        g_assert_false(program_exists("no.safetensors"));
        outcome_clear(&outcome);
    }
    EXPECT(0, "train", "--export", "run/checkpoint.safetensors", "-o", "titled.safetensors",
           "--title", "Three colours", "--licence", "CC0", "--cfg-scale", "2");
    outcome = program_expect(0, NULL, "info", "titled.safetensors", NULL);
    g_assert_nonnull(strstr(outcome.out, "Three colours"));
    outcome_clear(&outcome);
    program_remove("titled.safetensors");
    /* what begins a run does not stop one that goes on: a job that is started again says it, too */
    outcome = program_expect(0, NULL, "train", "-o", "run", "--resume", "--init",
                             "nothing.safetensors", "--open-gates", NULL);
    g_assert_nonnull(strstr(outcome.err, "--init has begun this run already"));
    outcome_clear(&outcome);
    /* a checkpoint is no model, and what makes one of it is told */
    outcome = program_expect(3, NULL, "info", "run/checkpoint.safetensors", NULL);
    g_assert_nonnull(strstr(outcome.err, "edt train --export"));
    outcome_clear(&outcome);
    outcome = program_expect(0, NULL, "sample", "-m", "model.safetensors", "--class", "blue",
                             "--steps", "2", "-o", "blue.png", NULL);
    outcome_clear(&outcome);
    /* of another model, which had red in the place of blue: the thing counts, not its number */
    for (int class = 0; class < 2; class ++) {
        g_autofree char *json =
            g_strdup_printf("{\"class\":%d,\"class_name\":\"red\",\"model_sha256\":\"0\","
                            "\"seed\":5,\"steps\":1}",
                            class);
        program_write("red.json", json);
        EXPECT(0, "sample", "-m", "model.safetensors", "--from", "red.json", "-o", "red.png", "-f");
        g_autofree char *record = program_record("red.png");
        g_assert_nonnull(strstr(record, "\"class_name\":\"red\""));
    }
    program_write("mixed.json", "{\"class\":0,\"class_name\":\"green\",\"model_sha256\":\"0\","
                                "\"seed\":5,\"steps\":1,\"mix\":[[1,0.5]]}");
    EXPECT(2, "sample", "-m", "model.safetensors", "--from", "mixed.json", "-o", "no.png");
}

static void test_plot(void)
{
    Outcome outcome = program_expect(0, NULL, "plot", "run", NULL);
    char *svg = contents("run/loss.svg");
    g_assert_cmpstr(outcome.out, ==, "run/loss.svg\n");
    g_assert_nonnull(strstr(svg, "polyline"));
    g_free(svg);
    outcome_clear(&outcome);
    outcome = program_expect(0, NULL, "plot", "run/log.jsonl", "-o", "curve.svg", NULL);
    g_assert_true(program_exists("curve.svg"));
    outcome_clear(&outcome);
    outcome = program_expect(3, NULL, "plot", "pictures", NULL);
    outcome_clear(&outcome);
}

/* ---- --status ---- */

static JsonObject *status_of(const char *folder, GPtrArray **lines)
{
    Outcome outcome = program_expect(0, NULL, "train", "--status", folder, "--json", NULL);
    *lines = json_lines(outcome.out);
    outcome_clear(&outcome);
    g_assert_cmpuint((*lines)->len, ==, 1);
    return find_event(*lines, "status", 0);
}

static void set_time(const char *name, time_t when)
{
    g_autofree char *path = program_path(name);
    g_assert_cmpint(g_utime(path, &(struct utimbuf){when, when}), ==, 0);
}

/* Steps of something else are no curve. */
static void test_plot_nothing(void)
{
    program_write("other.jsonl", "{\"event\":\"step\",\"step\":1,\"steps\":2}\n");
    EXPECT(3, "plot", "other.jsonl", "-o", "other.svg");
    g_assert_false(program_exists("other.svg"));
}

static void test_status(void)
{
    GPtrArray *lines;
    JsonObject *status = status_of("run", &lines);
    g_assert_false(json_object_get_boolean_member(status, "running"));
    g_assert_cmpint(json_number(status, "step"), ==, 4);
    g_assert_cmpint(json_number(status, "steps"), ==, 4);
    g_assert_cmpint(json_number(status, "seconds_left"), ==, 0);
    g_assert_cmpint(json_number(status, "classes"), ==, 2);
    g_assert_cmpint(json_number(status, "checkpoint_age"), >=, 0);
    g_assert_cmpstr(json_object_get_string_member(status, "model"), ==, "run/model.safetensors");
    g_ptr_array_unref(lines);
    set_time("run/model.safetensors", time(NULL) + 86400); /* the clock was set back since */
    status = status_of("run", &lines);
    g_assert_cmpstr(json_object_get_string_member(status, "model"), ==, "run/model.safetensors");
    g_ptr_array_unref(lines);
    Outcome outcome = program_expect(0, NULL, "train", "--status", "run", NULL);
    g_assert_nonnull(strstr(outcome.out, "4 of 4 (100.0 %), not running"));
    outcome_clear(&outcome);
    outcome = program_expect(3, NULL, "train", "--status", "pictures", NULL);
    g_assert_nonnull(strstr(outcome.err, "There is no run in"));
    outcome_clear(&outcome);
}

/* Lines of somebody else in the log say nothing, whatever they hold. */
static void test_odd_log(void)
{
    g_autofree char *path = program_path("run/log.jsonl");
    g_autofree char *text = NULL;
    GPtrArray *lines;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_autofree char *odd = g_strconcat(text,
                                       "{\"event\": 5, \"step\": []}\n{\"event\": \"train\", "
                                       "\"step\": {}}\n{\"step\": \"9\"}\n[]\n7\n",
                                       NULL);
    g_assert_true(g_file_set_contents(path, odd, -1, NULL));
    JsonObject *status = status_of("run", &lines);
    g_assert_cmpint(json_number(status, "steps"), ==, 4);
    g_ptr_array_unref(lines);
    Outcome outcome = program_expect(0, NULL, "plot", "run", "-o", "odd.svg", NULL);
    outcome_clear(&outcome);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* While it trains that shows, and nobody else may train there: not anew, and not further. */
static void check_running(const char *folder, gboolean resumed)
{
    GPtrArray *lines;
    JsonObject *status = status_of(folder, &lines);
    g_assert_true(json_object_get_boolean_member(status, "running"));
    g_assert_cmpint(json_number(status, "steps"), ==, 100000);
    g_assert_cmpint(json_number(status, "seconds_left"), >, 0);
    g_ptr_array_unref(lines);
    Outcome outcome = program_expect(EDT_ERROR_USAGE, NULL, "train", "pictures", "-o", folder, TINY,
                                     "--force", NULL);
    g_assert_nonnull(strstr(outcome.err, "Another process trains"));
    outcome_clear(&outcome);
    if (!resumed)
        return;
    outcome = program_expect(EDT_ERROR_USAGE, NULL, "train", "-o", folder, "--resume", NULL);
    g_assert_nonnull(strstr(outcome.err, "Another process trains"));
    outcome_clear(&outcome);
}

/* Ends it after step `least` or later; the step that was saved. */
static int stop_by(GSubprocess *process, int signal, int least)
{
    g_autofree char *word = g_strdup_printf("\"step\":%d,", least);
    for (gboolean there = FALSE; !there;) {
        g_assert_nonnull(g_subprocess_get_identifier(process)); /* it has not ended */
        g_usleep(50000);
        g_autofree char *log = contents("long/log.jsonl");
        there = log && strstr(log, word);
    }
    check_running("long", program_exists("long/checkpoint.safetensors"));
    g_subprocess_send_signal(process, signal);
    Outcome outcome = program_finish(process, NULL);
    g_assert_cmpint(outcome.code, ==, EDT_ERROR_CANCELLED);
    const char *at = strstr(outcome.err, "Step ");
    g_assert_nonnull(at);
    int step = (int)g_ascii_strtoll(at + strlen("Step "), NULL, 10);
    g_assert_nonnull(strstr(at, "--resume goes on"));
    outcome_clear(&outcome);
    return step;
}

/* styled/: one class in two styles, by folders of it. */
static void make_styles(void)
{
    static const char *const styles[] = {"flat", "ink"};
    for (int k = 0; k < 2; k++) {
        float pixels[16 * 16 * 3] = {0};
        EdtPicture picture = {.width = 16, .height = 16, .channels = 3, .pixels = pixels};
        GError *error = NULL;
        g_autofree char *name = g_build_filename("styled", "square", styles[k], NULL);
        g_autofree char *folder = program_path(name);
        g_autofree char *path = g_build_filename(folder, "1.png", NULL);
        pixels[k] = 1;
        g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
        edt_picture_save_png(&picture, path, NULL, &error);
        g_assert_no_error(error);
    }
    g_autofree char *list = program_path("styled/styles.json");
    g_assert_true(g_file_set_contents(
        list, "{\"styles\": [{\"name\": \"flat\"}, {\"name\": \"ink\"}]}", -1, NULL));
}

/* The style that a record tells; EDT_STYLE_ANY where it tells none. */
static int style_of(const char *picture)
{
    g_autofree char *path = program_path(picture);
    GError *error = NULL;
    g_autoptr(EdtRecord) record = edt_png_record(path, &error);
    g_assert_no_error(error);
    return record->item.style;
}

static int mixed_style_of(const char *picture)
{
    g_autofree char *path = program_path(picture);
    GError *error = NULL;
    g_autoptr(EdtRecord) record = edt_png_record(path, &error);
    g_assert_no_error(error);
    g_assert_cmpint(record->item.mix.n, ==, 1);
    return record->item.mix.of[0].style;
}

/* Styles from the folders of pictures to pictures of a style: list, combinations, jobs, again. */
static void test_styles(void)
{
    make_styles();
    EXPECT(0, "train", "styled", "-o", "styled-run", TINY, "--steps", "1");
    char *model = "styled-run/model.safetensors";
    EXPECT(0, "sample", "-m", model, "--class", "square", "--style", "flat,ink", "--steps", "1",
           "--seed", "1", "-o", "styled-%d.png");
    g_assert_cmpint(style_of("styled-0.png"), ==, 0);
    g_assert_cmpint(style_of("styled-1.png"), ==, 1);
    EXPECT_INPUT(
        0, "{\"class\": \"square\", \"seed\": 2, \"style\": \"ink\", \"output\": \"job.png\"}\n",
        "sample", "-m", model, "--steps", "1", "--jobs", "-");
    g_assert_cmpint(style_of("job.png"), ==, 1);
    EXPECT(0, "sample", "-m", model, "--from", "job.png", "-o", "again.png");
    g_assert_cmpint(style_of("again.png"), ==, 1);
    EXPECT(0, "sample", "-m", model, "--class", "0", "--steps", "1", "-o", "first.png");
    g_assert_cmpint(style_of("first.png"), ==, 0);
    EXPECT(0, "sample", "-m", model, "--class", "0", "--style", "any", "--steps", "1", "-o",
           "any.png");
    g_assert_cmpint(style_of("any.png"), ==, EDT_STYLE_ANY);
    EXPECT(0, "sample", "-m", model, "--from", "any.png", "-o", "any-again.png");
    g_assert_cmpint(style_of("any-again.png"), ==, EDT_STYLE_ANY);
    EXPECT(0, "sample", "-m", model, "--class", "0", "--style", "ink", "--mix", "square:0.4",
           "--steps", "1", "-o", "mixed.png");
    g_assert_cmpint(mixed_style_of("mixed.png"), ==, 1);
    EXPECT(EDT_ERROR_USAGE, "sample", "-m", model, "--class", "0", "--style", "oil");
    EXPECT(EDT_ERROR_USAGE, "sample", "-m", "run/model.safetensors", "--class", "0", "--style",
           "ink");
    Outcome told = program_expect(0, NULL, "info", model, NULL);
    g_assert_nonnull(strstr(told.out, "styles       2: flat, ink\n"));
    outcome_clear(&told);
    Outcome listed = program_expect(0, NULL, "classes", "-m", model, "--styles", NULL);
    g_assert_cmpstr(listed.out, ==, "   0  flat\n   1  ink\n");
    outcome_clear(&listed);
}

/* Ctrl-C saves after the running step, and so does a terminal that is closed; --resume goes on from
 * there, to where it was to go, with what it was told. */
static void test_interrupt(void)
{
    struct sigaction hang_up;
    g_assert_cmpint(sigaction(SIGHUP, NULL, &hang_up), ==, 0);
    int step = stop_by(program_start("train", "pictures", "-o", "long", TINY, "--steps", "100000",
                                     "--log-every", "1", "--title", "Long", NULL),
                       SIGINT, 2);
    g_assert_cmpint(step, >=, 2);
    int further =
        stop_by(program_start("train", "-o", "long", "--resume", "--log-every", "1", NULL),
                hang_up.sa_handler == SIG_IGN ? SIGTERM : SIGHUP, /* below nohup */
                step + 1);
    g_assert_cmpint(further, >, step);

    g_autofree char *end = g_strdup_printf("%d", further + 1);
    Outcome outcome = program_expect(0, NULL, "train", "-o", "long", "--resume", "--steps", end,
                                     "--sample-steps", "1", NULL);
    g_autofree char *goes_on = g_strdup_printf("Goes on at step %d.", further);
    g_assert_nonnull(strstr(outcome.err, goes_on));
    outcome_clear(&outcome);
    outcome = program_expect(0, NULL, "info", "long/model.safetensors", NULL);
    g_assert_nonnull(strstr(outcome.out, "Long"));
    outcome_clear(&outcome);
}

/* ---- data that moves ---- */

/* One feature of the official code's folders, of class 0. */
static void make_feature(void)
{
    float latent[4 * 8 * 8] = {0.5f}, class = 0;
    GError *error = NULL;
    for (int label = 0; label < 2; label++) {
        g_autofree char *of =
            g_strconcat("features/imagenet_", label ? "labels" : "features", NULL);
        g_autofree char *made = program_path(of), *path = g_build_filename(made, "0.npy", NULL);
        g_assert_cmpint(g_mkdir_with_parents(made, 0755), ==, 0);
        edt_npy_save(path, label ? &class : latent, label ? 1 : 4,
                     label ? (gint64[]){1} : (gint64[]){1, 4, 8, 8}, &error);
        g_assert_no_error(error);
    }
}

/* Data that go away under a run end it after a whole step, which is saved.  (Pictures stay in
 * memory.) */
static void test_gone(void)
{
    g_autofree char *there = program_path("features"), *away = program_path("features-away");
    make_feature();
    GSubprocess *process =
        program_start("train", "features", "--features", "-o", "gone", "--variant", "EDT-Ti/2",
                      "--size", "64", "--batch", "2", "--micro", "2", "--type", "f32", "--steps",
                      "100000", "--log-every", "1", NULL);
    for (gboolean learns = FALSE; !learns;) {
        g_assert_nonnull(g_subprocess_get_identifier(process)); /* it has not ended */
        g_usleep(50000);
        g_autofree char *log = contents("gone/log.jsonl");
        learns = log && strstr(log, "\"step\":2,");
    }
    g_assert_cmpint(g_rename(there, away), ==, 0);
    Outcome outcome = program_finish(process, NULL);
    g_assert_cmpint(g_rename(away, there), ==, 0);
    g_assert_cmpint(outcome.code, >, 0);
    g_assert_nonnull(strstr(outcome.err, "features"));
    outcome_clear(&outcome);
    g_autofree char *log = contents("gone/log.jsonl");
    const char *last = g_strrstr(log, "\"event\":\"train\",\"step\":");
    const int step = atoi(last + strlen("\"event\":\"train\",\"step\":"));
    g_autofree char *end = g_strdup_printf("%d", step + 1), *from = NULL;
    outcome = program_expect(0, NULL, "train", "-o", "gone", "--resume", "--steps", end,
                             "--sample-every", "0", NULL);
    from = g_strdup_printf("Goes on at step %d.", step);
    g_assert_nonnull(strstr(outcome.err, from));
    outcome_clear(&outcome);
}

static void test_data(void)
{
    EXPECT(2, "train", "pictures", "-o", "pictures/run", TINY, "--steps", "1");
    g_assert_false(program_exists("pictures/run"));
    g_autofree char *away = program_path("away"), *link_in = program_path("pictures/white");
    g_assert_cmpint(g_mkdir(away, 0755) | symlink("../away", link_in), ==, 0);
    Outcome linked =
        program_expect(2, NULL, "train", "pictures", "-o", "away", TINY, "--steps", "1", NULL);
    g_assert_nonnull(strstr(linked.err, "lies in the data"));
    outcome_clear(&linked);
    g_assert_cmpint(g_unlink(link_in), ==, 0);
    EXPECT(0, "train", "pictures", "-o", "moved-run", TINY, "--steps", "1", "--sample-steps", "1");
    /* from another folder: what was said relatively is known absolutely */
    static const char *const words[] = {"bash", "-c", "cd / && exec \"$@\"", "bash", NULL};
    g_autofree char *run = program_path("moved-run");
    g_autofree char *from = program_path("pictures"), *to = program_path("elsewhere");
    program_under(words);
    EXPECT(0, "train", "-o", run, "--resume", "--steps", "2", "--sample-steps", "1");
    program_under(NULL);
    g_assert_cmpint(g_rename(from, to), ==, 0);
    Outcome outcome = program_expect(2, NULL, "train", "-o", "moved-run", "--resume", NULL);
    g_assert_nonnull(strstr(outcome.err, "edt train DATA -o moved-run --resume"));
    outcome_clear(&outcome);
    g_assert_cmpint(g_rename(to, from), ==, 0);
    g_autofree char *first = program_path("pictures/red/1.png");
    g_autofree char *more = program_path("pictures/red/2.png"), *bytes = NULL;
    gsize size;
    g_assert_true(g_file_get_contents(first, &bytes, &size, NULL));
    g_assert_true(g_file_set_contents(more, bytes, (gssize)size, NULL));
    outcome = program_expect(0, NULL, "train", "-o", "moved-run", "--resume", "--steps", "3",
                             "--sample-steps", "1", NULL);
    g_assert_nonnull(strstr(outcome.err, "2 pictures before, 3 now"));
    outcome_clear(&outcome);
    g_autofree char *another = program_path("pictures/red/3.png"); /* one came, one went */
    g_assert_cmpint(g_rename(more, another), ==, 0);
    for (int i = 0; i < 2; i++) {
        outcome = program_expect(0, NULL, "train", "-o", "moved-run", "--resume", "--steps",
                                 i ? "5" : "4", "--sample-steps", "1", NULL);
        g_assert_cmpint(strstr(outcome.err, "as many pictures as before, but not the same") != NULL,
                        ==, i == 0);
        outcome_clear(&outcome);
    }
    g_assert_cmpint(g_unlink(another), ==, 0);
}

/* Many files of one kind are one line. */
static void test_passed(void)
{
    g_autofree char *folder = program_path("notes/red"),
                    *first = program_path("pictures/red/1.png");
    g_autofree char *copy = program_path("notes/red/1.png"), *bytes = NULL;
    gsize size;
    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
    g_assert_true(g_file_get_contents(first, &bytes, &size, NULL));
    g_assert_true(g_file_set_contents(copy, bytes, (gssize)size, NULL));
    for (int i = 0; i < 9; i++) {
        g_autofree char *name = g_strdup_printf("notes/red/%d.bad", i);
        program_write(name, "no picture at all");
    }
    Outcome outcome = program_expect(0, NULL, "train", "notes", "-o", "notes-run", TINY, "--steps",
                                     "1", "--sample-steps", "1", NULL);
    const char *line = strstr(outcome.err, "Skipped red/0.bad, red/1.bad, red/2.bad and 6 more: ");
    g_assert_nonnull(line);
    g_assert_null(strstr(line + 1, "Skipped"));
    g_assert_nonnull(strstr(line, "begin their names with a dot"));
    outcome_clear(&outcome);
}

/* ---- names of classes ---- */

static void make_named(void)
{
    for (int i = 0; typed_names[i]; i++) {
        float pixels[16 * 16 * 3] = {0};
        EdtPicture picture = {.width = 16, .height = 16, .channels = 3, .pixels = pixels};
        g_autofree char *name = g_build_filename("named", typed_names[i], NULL);
        g_autofree char *folder = program_path(name), *path = g_strconcat(folder, "/1.png", NULL);
        g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
        g_assert_true(edt_picture_save_png(&picture, path, NULL, NULL));
    }
}

/* Job files and --class by the same table; what a line writes as a number is one. */
static void test_typed(void)
{
    const char *model = "named-run/model.safetensors";
    GString *jobs = g_string_new("{\"class\":7.0,\"output\":\"number.png\"}\n");
    make_named();
    EXPECT(0, "train", "named", "-o", "named-run", TINY, "--steps", "1", "--sample-steps", "1");
    for (gsize i = 0; i < G_N_ELEMENTS(typed); i++)
        g_string_append_printf(jobs, "{\"class\":\"%s\"}\n", typed[i].text);
    Outcome outcome = program_expect(1, jobs->str, "sample", "-m", model, "--jobs", "-", "--steps",
                                     "1", "-o", "typed/", NULL);
    g_autoptr(GPtrArray) lines = json_lines(outcome.out);
    int image = 0, failed = 0;
    g_assert_cmpint(json_number(find_event(lines, "image", image++), "class"), ==, 7);
    for (gsize i = 0; i < G_N_ELEMENTS(typed); i++) {
        gboolean good = typed[i].class_index >= 0;
        JsonObject *event =
            good ? find_event(lines, "image", image++) : find_event(lines, "error", failed++);
        g_assert_cmpint(json_number(event, "line"), ==, (gint64)i + 2);
        if (good)
            g_assert_cmpint(json_number(event, "class"), ==, typed[i].class_index);
    }
    g_string_free(jobs, TRUE);
    outcome_clear(&outcome);
    outcome = program_expect(0, NULL, "sample", "-m", model, "--class", "fish, dried,random,7",
                             "--steps", "1", "-o", "listed/%d.png", "--json", NULL);
    g_autoptr(GPtrArray) listed = json_lines(outcome.out);
    static const int expected[] = {4, 6, 1};
    for (int i = 0; i < 3; i++)
        g_assert_cmpint(json_number(find_event(listed, "image", i), "class"), ==, expected[i]);
    g_assert_null(find_event(listed, "image", 3));
    outcome_clear(&outcome);
}

/* ---- the folder is somebody's ---- */

static gboolean refuses(const char *folder, const char *file, const char *why)
{
    g_autofree char *name = g_build_filename(folder, file, NULL), *path = program_path(folder);
    g_mkdir_with_parents(path, 0755);
    program_write(name, "precious");
    Outcome outcome = program_expect(EDT_ERROR_USAGE, NULL, "train", "pictures", "-o", folder, TINY,
                                     "--steps", "1", NULL);
    g_autofree char *text = contents(name);
    gboolean good = strstr(outcome.err, why) && g_strcmp0(text, "precious") == 0;
    program_remove(name);
    outcome_clear(&outcome);
    return good;
}

static void rename_to(const char *from, const char *to)
{
    g_autofree char *old = program_path(from), *new = program_path(to);
    g_assert_cmpint(g_rename(old, new), ==, 0);
}

/* All that it would write is looked for, not its checkpoint alone. */
static void test_remains(void)
{
    g_assert_true(refuses("theirs", "model.safetensors", "--force"));
    g_assert_true(refuses("theirs", "log.jsonl", "--force"));
    g_assert_true(refuses("theirs", "samples-000001.png", "--force"));
    g_assert_true(refuses("theirs", "checkpoint.safetensors", "--resume"));
    EXPECT(0, "train", "pictures", "-o", "theirs", TINY, "--steps", "1", "--sample-steps", "1");
    rename_to("theirs/checkpoint.safetensors", "theirs/checkpoint-1.safetensors");
    g_autofree char *log = contents("theirs/log.jsonl");
    g_auto(GStrv) parts = g_strsplit(log, "\"checkpoint.safetensors\"", -1);
    g_autofree char *renamed = g_strjoinv("\"checkpoint-1.safetensors\"", parts);
    program_write("theirs/log.jsonl", renamed);
    Outcome outcome = program_expect(EDT_ERROR_USAGE, NULL, "train", "pictures", "-o", "theirs",
                                     TINY, "--steps", "1", NULL);
    g_assert_nonnull(strstr(outcome.err, "--resume"));
    outcome_clear(&outcome);
}

/* Goes on for one step; what it said. */
static char *go_on(const char *folder, int from)
{
    g_autofree char *end = g_strdup_printf("%d", from + 1);
    g_autofree char *said = g_strdup_printf("Goes on at step %d.", from);
    Outcome outcome = program_expect(0, NULL, "train", "-o", folder, "--resume", "--steps", end,
                                     "--sample-steps", "1", NULL);
    g_assert_nonnull(strstr(outcome.err, said));
    char *err = g_steal_pointer(&outcome.err);
    outcome_clear(&outcome);
    return err;
}

static void assert_text(const char *name, const char *text)
{
    g_autofree char *there = contents(name);
    g_assert_cmpstr(there, ==, text);
}

static void copy(const char *from, const char *to)
{
    g_autoptr(GBytes) bytes = program_contents(from);
    g_autofree char *path = program_path(to);
    gsize size;
    const char *data = g_bytes_get_data(bytes, &size);
    g_assert_true(g_file_set_contents(path, data, (gssize)size, NULL));
}

/* What comes into the folder of a run meanwhile stays, too; the run goes on from its own
 * checkpoint, whatever lies under the usual name. */
static void test_meanwhile(void)
{
    GSubprocess *run = program_start("train", "pictures", "-o", "shared", TINY, "--steps", "100000",
                                     "--log-every", "1", NULL);
    for (gboolean there = FALSE; !there; g_usleep(50000)) {
        g_autofree char *log = contents("shared/log.jsonl");
        there = log && strstr(log, "\"step\":1,");
    }
    program_write("shared/checkpoint.safetensors", "precious");
    Outcome second =
        program_expect(EDT_ERROR_USAGE, NULL, "train", "-o", "shared", "pictures", TINY, NULL);
    g_autofree char *holder = g_strdup_printf("process %s on", g_subprocess_get_identifier(run));
    g_assert_nonnull(strstr(second.err, holder));
    outcome_clear(&second);
    g_subprocess_send_signal(run, SIGTERM);
    Outcome outcome = program_finish(run, NULL);
    g_autofree char *kept = contents("shared/checkpoint.safetensors");
    g_assert_cmpint(outcome.code, ==, EDT_ERROR_CANCELLED);
    g_assert_cmpstr(kept, ==, "precious");
    g_assert_nonnull(strstr(outcome.err, "checkpoint-1.safetensors"));
    g_assert_true(program_exists("shared/checkpoint-1.safetensors"));
    int step = (int)g_ascii_strtoll(strstr(outcome.err, "Step ") + strlen("Step "), NULL, 10);
    outcome_clear(&outcome);
    g_free(go_on("shared", step++));
    assert_text("shared/checkpoint.safetensors", "precious");
    outcome = program_expect(0, NULL, "train", "--status", "shared", NULL);
    g_assert_nonnull(strstr(outcome.out, "shared/checkpoint-1.safetensors"));
    outcome_clear(&outcome);
    copy("run/checkpoint.safetensors", "shared/checkpoint.safetensors"); /* one that fits */
    g_free(go_on("shared", step++));
    rename_to("shared/checkpoint-1.safetensors", "shared/checkpoint.safetensors");
    g_free(go_on("shared", step++));
    g_assert_false(program_exists("shared/checkpoint-1.safetensors"));
    g_assert_false(program_exists("shared/checkpoint-1-1.safetensors"));
}

/* --resume replaces what its run wrote, which the log tells, and nothing else. */
static void test_resume_spares(void)
{
    EXPECT(0, "train", "pictures", "-o", "goes-on", TINY, "--steps", "1", "--sample-steps", "1");
    program_remove("goes-on/model.safetensors");
    program_remove("goes-on/log.jsonl");
    program_write("goes-on/log.jsonl", "{\"event\": \"file\", \"what\": \"checkpoint\", \"name\": "
                                       "\"checkpoint.safetensors\", \"own\": true}\n");
    program_write("goes-on/model.safetensors", "precious");
    program_write("goes-on/samples-000002.png", "precious");
    g_autofree char *err = go_on("goes-on", 1);
    assert_text("goes-on/model.safetensors", "precious");
    assert_text("goes-on/samples-000002.png", "precious");
    g_assert_nonnull(strstr(err, "model.safetensors was taken meanwhile: this run writes "
                                 "goes-on/model-1.safetensors"));
    g_assert_nonnull(strstr(err, "goes-on/samples-000002-1.png"));
    g_assert_true(program_exists("goes-on/samples-000002-1.png"));
    g_free(go_on("goes-on", 2));
    g_assert_false(program_exists("goes-on/model-1-1.safetensors"));
    g_assert_false(program_exists("goes-on/checkpoint-1.safetensors"));
    GPtrArray *lines;
    JsonObject *status = status_of("goes-on", &lines);
    g_assert_cmpstr(json_text(status, "model"), ==, "goes-on/model-1.safetensors");
    g_ptr_array_unref(lines);
}

/* --force replaces what is there by then, and --resume after it, too; so does it in a run of an
 * older version, whose log tells no files. */
static void test_resume_adopts(void)
{
    g_autofree char *folder = program_path("forced");
    g_assert_cmpint(g_mkdir(folder, 0755), ==, 0);
    program_write("forced/model.safetensors", "leave was given");
    program_write("forced/samples-000002.png", "leave was given");
    EXPECT(0, "train", "pictures", "-o", "forced", TINY, "--force", "--steps", "1",
           "--sample-steps", "1");
    g_free(go_on("forced", 1));
    g_assert_false(program_exists("forced/model-1.safetensors"));
    g_assert_false(program_exists("forced/samples-000002-1.png"));
    program_remove("forced/log.jsonl");
    program_write("forced/log.jsonl", "{\"event\": \"train\", \"step\": 2}\n");
    g_free(go_on("forced", 2));
    g_assert_false(program_exists("forced/model-1.safetensors"));
}

/* Nothing is written through a link. */
static void test_force_log(void)
{
    g_autofree char *folder = program_path("linked"), *log = program_path("linked/log.jsonl");
    g_autofree char *target = program_path("precious.txt");
    g_assert_cmpint(g_mkdir(folder, 0755), ==, 0);
    program_write("precious.txt", "precious");
    for (int hard = 0; hard < 2; hard++) {
        g_assert_cmpint(hard ? link(target, log) : symlink("../precious.txt", log), ==, 0);
        EXPECT(0, "train", "pictures", "-o", "linked", TINY, "--force", "--steps", "1",
               "--sample-steps", "1");
        assert_text("precious.txt", "precious");
        g_assert_true(g_file_test(log, G_FILE_TEST_IS_REGULAR));
        g_assert_false(g_file_test(log, G_FILE_TEST_IS_SYMLINK));
        program_remove("linked/log.jsonl");
    }
    g_assert_cmpint(mkfifo(log, 0600), ==, 0);
    Outcome outcome = program_expect(EDT_ERROR_FAILED, NULL, "train", "pictures", "-o", "linked",
                                     TINY, "--force", "--steps", "1", NULL);
    g_assert_nonnull(strstr(outcome.err, "it is no file"));
    outcome_clear(&outcome);
    program_remove("linked/log.jsonl");
}

/* Begun anew and lost before its first checkpoint is due: there is no going on with the run before.
 */
static void test_force_lost(void)
{
    EXPECT(0, "train", "pictures", "-o", "lost", TINY, "--steps", "3", "--sample-steps", "1");
    GSubprocess *process = program_start("train", "pictures", "-o", "lost", TINY, "--force",
                                         "--steps", "100000", "--log-every", "1", NULL);
    for (gboolean there = FALSE; !there;) {
        g_assert_nonnull(g_subprocess_get_identifier(process)); /* it has not ended */
        g_usleep(50000);
        g_autofree char *log = contents("lost/log.jsonl");
        there = log && strstr(log, "\"steps\":100000") && strstr(log, "\"step\":1,");
    }
    g_subprocess_force_exit(process);
    g_subprocess_wait(process, NULL, NULL);
    g_object_unref(process);
    Outcome outcome = program_expect(0, NULL, "train", "-o", "lost", "--resume", "--steps", "1",
                                     "--sample-steps", "1", NULL);
    g_assert_null(strstr(outcome.err, "Goes on at step 3"));
    g_assert_nonnull(strstr(outcome.err, "Step 1 is saved"));
    outcome_clear(&outcome);
}

/* Whoever read the events goes away: as Ctrl-C. */
static void test_reader(void)
{
    static const char *const words[] = {
        "bash", "-c", "\"$@\" | head -n 4 >/dev/null; exit ${PIPESTATUS[0]}", "bash", NULL};
    program_under(words);
    EXPECT(EDT_ERROR_CANCELLED, "train", "pictures", "-o", "unread", TINY, "--steps", "100000",
           "--log-every", "1", "--json");
    program_under(NULL);
    g_assert_true(program_exists("unread/checkpoint.safetensors"));
}

/* A folder comes in the place of a file, at once. */
static void block(const char *name)
{
    g_autofree char *file = program_path(name), *folder = g_strconcat(file, ".folder", NULL);
    g_assert_cmpint(g_mkdir(folder, 0755), ==, 0);
    g_assert_cmpint(renameat2(AT_FDCWD, folder, AT_FDCWD, file, RENAME_EXCHANGE), ==, 0);
}

/* What takes nothing on the way does not end a run, only its end does. */
static void test_unwritable(void)
{
    GSubprocess *run =
        program_start("train", "pictures", "-o", "blocked", TINY, "--steps", "20", "--log-every",
                      "1", "--save-every", "0", "--sample-every", "1", "--sample-steps", "1", NULL);
    while (!program_exists("blocked/samples-000001.png"))
        g_usleep(20000);
    block("blocked/checkpoint.safetensors");
    block("blocked/model.safetensors");
    Outcome outcome = program_finish(run, NULL);
    g_assert_cmpint(outcome.code, ==, EDT_ERROR_FAILED);
    g_assert_nonnull(strstr(outcome.err, "No checkpoint yet: "));
    g_assert_nonnull(strstr(outcome.err, "No samples at step "));
    char *log = contents("blocked/log.jsonl");
    g_assert_nonnull(strstr(log, "\"step\":20,"));
    g_free(log);
    outcome_clear(&outcome);
}

/* What its authors do is what a run of their network does where nothing else is said. */
static void check_strategy(const char *variant, const char *option, const char *const *words)
{
    Outcome outcome =
        program_expect(0, NULL, "train", "features", "--features", "-o", "other", "--force",
                       "--variant", variant, "--classes", "1", "--size", "64", "-b", "1", "--micro",
                       "1", "--type", "f32", "--steps", "1", "--sample-every", "0", option, NULL);
    g_autofree char *checkpoint = contents("other/checkpoint.safetensors"), *head = NULL;
    g_autofree char *plain = NULL;

    head = g_strndup(checkpoint + 8, 4096);
    g_auto(GStrv) pieces = g_strsplit(head, "\\", -1); /* options are JSON in JSON */
    plain = g_strjoinv("", pieces);
    for (; *words; words++)
        if (!strstr(plain, *words))
            g_error("%s: no %s in %s", variant, *words, plain);
    outcome_clear(&outcome);
}

static void test_strategies(void)
{
    make_feature();
    check_strategy("MDTv2-Ti/2", "--flip",
                   (const char *const[]){"\"uniform\":true", "\"masked\":true", "\"prediction\":0",
                                         "\"schedule\":0", "\"weighting\":0", "\"clip\":1", NULL});
    check_strategy("DiT-Ti/2", "--by-loss",
                   (const char *const[]){"\"uniform\":false", "\"masked\":false", "\"weighting\":2",
                                         "\"variant\":\"DiT-Ti/2\"", NULL});
}

/* A file of somebody else's of the lock's name stays as it is. */
static void test_lock(void)
{
    static const char theirs[] = "package manager, do not touch\n";
    g_autofree char *folder = program_path("locked");
    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
    program_write("locked/.lock", theirs);
    EXPECT(0, "train", "pictures", "-o", "locked", TINY, "--steps", "1", "--sample-every", "0");
    g_autofree char *there = contents("locked/.lock");
    g_assert_cmpstr(there, ==, theirs);
}

/* What would show after hours, or be taken for something else, is said at once; what is read is
 * not written over. */
static void test_checks(void)
{
    static const char *const wrong[][2] = {
        {"--steps", "-1"},          {"--time-limit", "-5"},        {"--save-every", "-1"},
        {"--log-every", "0"},       {"--sample-every", "-1"},      {"--sample-steps", "0"},
        {"--sample-steps", "1001"}, {"--sample-guidance", "1001"}, {"--threads", "-1"},
        {"--save-every", "nan"}};
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        Outcome outcome = program_expect(2, NULL, "train", "pictures", "-o", "bad", TINY,
                                         wrong[i][0], wrong[i][1], NULL);
        g_assert_nonnull(strstr(outcome.err, wrong[i][0]));
        outcome_clear(&outcome);
    }
    Outcome outcome = program_expect(2, NULL, "train", "pictures", "-o", "run", TINY, "--force",
                                     "--init", "run/model.safetensors", NULL);
    g_assert_nonnull(strstr(outcome.err, "is what --init reads"));
    outcome_clear(&outcome);
    g_autofree char *folder = program_path("odd/model.safetensors");
    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
    outcome = program_expect(2, NULL, "train", "pictures", "-o", "odd", TINY, "--force", "--steps",
                             "1", NULL);
    g_assert_nonnull(strstr(outcome.err, "it is a folder"));
    g_assert_false(program_exists("odd/log.jsonl"));
    outcome_clear(&outcome);
    g_assert_false(program_exists("bad"));
}

/* Each mistake has its code and leaves no folder behind. */
static void test_mistakes(void)
{
    Outcome outcome = program_expect(3, NULL, "train", "nothing", "-o", "bad", TINY, NULL);
    g_assert_nonnull(strstr(outcome.err, "nothing"));
    outcome_clear(&outcome);
    outcome = program_expect(3, NULL, "train", "nothing", "--features", "-o", "bad", "--variant",
                             "EDT-S/2", "--size", "64", NULL);
    outcome_clear(&outcome);
    outcome = program_expect(2, NULL, "train", "pictures", "-o", "bad", "--variant", "EDT-S/2",
                             "--size", "64", NULL);
    g_assert_nonnull(strstr(outcome.err, "autoencoder"));
    outcome_clear(&outcome);
    outcome = program_expect(2, NULL, "train", "pictures", "-o", "bad", TINY, "--vae", "x", NULL);
    outcome_clear(&outcome);
    outcome = program_expect(2, NULL, "train", "pictures", "-o", "bad", "--variant", "EDT-S/2",
                             "--size", "64", "--vae", "x", "--flip", "--affine", "0.05",
                             "--codings", "2", NULL); /* the picture and its mirror image */
    g_assert_nonnull(strstr(outcome.err, "at least 3 with --flip"));
    outcome_clear(&outcome);
    outcome =
        program_expect(2, NULL, "train", "pictures", "-o", "bad", TINY, "--weighting", "snr", NULL);
    g_assert_nonnull(strstr(outcome.err, "min-snr"));
    outcome_clear(&outcome);
    outcome = program_expect(2, NULL, "train", "pictures", "-o", "bad", TINY, "--weighting",
                             "velocity", "--predict", "noise", NULL);
    g_assert_nonnull(strstr(outcome.err, "velocity"));
    outcome_clear(&outcome);
    outcome =
        program_expect(2, NULL, "train", "pictures", "-o", "bad", TINY, "--variant", "U", NULL);
    g_assert_nonnull(strstr(outcome.err, "MDTv2-S/2 and the like on latents"));
    outcome_clear(&outcome);
    outcome =
        program_expect(2, NULL, "train", "pictures", "-o", "bad", TINY, "--cfg-scale", "101", NULL);
    g_assert_nonnull(strstr(outcome.err, "from 0 to 100"));
    outcome_clear(&outcome);
    outcome = program_expect(2, NULL, "train", "pictures", "-o", "bad", TINY, "-t", "-1", NULL);
    g_assert_nonnull(strstr(outcome.err, "threads must be"));
    outcome_clear(&outcome);
    static const char *const idle[] = {"--raw", "--f32", "--vae-mean"}; /* here they do nothing */
    for (gsize i = 0; i < G_N_ELEMENTS(idle); i++) {
        outcome = program_expect(2, NULL, "train", "pictures", "-o", "bad", TINY, idle[i], NULL);
        g_assert_nonnull(strstr(outcome.err, idle[i]));
        outcome_clear(&outcome);
    }
    g_assert_false(program_exists("bad"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    make_pictures();
    g_test_add_func("/train/run", test_run);
    g_test_add_func("/train/plot", test_plot);
    g_test_add_func("/train/plot-nothing", test_plot_nothing);
    g_test_add_func("/train/status", test_status);
    g_test_add_func("/train/odd-log", test_odd_log);
    g_test_add_func("/train/lock", test_lock);
    g_test_add_func("/train/checks", test_checks);
    g_test_add_func("/train/styles", test_styles);
    g_test_add_func("/train/interrupt", test_interrupt);
    g_test_add_func("/train/gone", test_gone);
    g_test_add_func("/train/data", test_data);
    g_test_add_func("/train/passed", test_passed);
    g_test_add_func("/train/typed", test_typed);
    g_test_add_func("/train/remains", test_remains);
    g_test_add_func("/train/meanwhile", test_meanwhile);
    g_test_add_func("/train/resume-spares", test_resume_spares);
    g_test_add_func("/train/resume-adopts", test_resume_adopts);
    g_test_add_func("/train/force-log", test_force_log);
    g_test_add_func("/train/force-lost", test_force_lost);
    g_test_add_func("/train/reader", test_reader);
    g_test_add_func("/train/unwritable", test_unwritable);
    g_test_add_func("/train/strategies", test_strategies);
    g_test_add_func("/train/mistakes", test_mistakes);
    return g_test_run();
}
