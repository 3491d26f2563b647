/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Runs of many pictures from outside, on the tiny model of test_edt.c: job files, and Ctrl-C in the
 * middle.
 */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "program.h"
#include "record.h"

/* ---- jobs ---- */

static const char job_text[] =
    "{\"class\": 1, \"seed\": 1, \"output\": \"jobs/1.png\"}\n"
    " \t\r\n"
    "{\"class\": 2, \"seed\": 2, \"output\": \"jobs/2.png\", \"steps\": 3}\n"
    "this is no JSON\n"
    "{\"class\": 3, \"seed\": 3, \"output\": \"jobs/3.png\", \"stepps\": 3}\n"
    "{\"class\": 3, \"seed\": 3, \"output\": \"jobs/3.png\", \"steps\": 0}\n"
    "{\"class\": \"wolpertinger\", \"seed\": 3, \"output\": \"jobs/3.png\"}\n"
    "{\"class\": 3, \"seed\": 3, \"output\": \"nowhere/3.png\"}\n"
    "{\"class\": 4, \"seed\": 4}\n"
    "{\"class\": 1, \"seed\": 1, \"output\": \"jobs/1.png\"}\n";

static Outcome run_jobs(int code)
{
    return program_expect(code, job_text, "sample", "--jobs", "-", "--steps", "2", "-o", "jobs/",
                          NULL);
}

static void test_jobs(void)
{
    Outcome outcome = run_jobs(1);
    GPtrArray *lines = json_lines(outcome.out);
    static const int good[] = {1, 3, 9}, bad[] = {4, 5, 6, 7, 8};
    g_assert_cmpint(count_events(lines, "image"), ==, 3);
    for (int i = 0; i < 3; i++)
        g_assert_cmpint(json_number(find_event(lines, "image", i), "line"), ==, good[i]);
    g_assert_cmpint(count_events(lines, "error"), ==, 5);
    for (int i = 0; i < 5; i++)
        g_assert_cmpint(json_number(find_event(lines, "error", i), "line"), ==, bad[i]);
    g_assert_cmpint(json_number(find_event(lines, "skipped", 0), "line"), ==, 10);
    g_assert_true(program_exists("jobs/edt-tiny-bare-class-4-4.png"));
    char *record = program_record("jobs/2.png");
    g_assert_nonnull(strstr(record, "\"steps\":3,")); /* the line's, over the command line's */
    g_free(record);
    g_ptr_array_unref(lines);
    outcome_clear(&outcome);
}

/* Again: what is there is skipped, what is missing or was stopped early is made. */
static void test_jobs_again(void)
{
    GBytes *before = program_contents("jobs/1.png");
    program_remove("jobs/2.png");
    Outcome outcome = run_jobs(1);
    GPtrArray *lines = json_lines(outcome.out);
    g_assert_cmpint(count_events(lines, "image"), ==, 1);
    g_assert_cmpint(count_events(lines, "skipped"), ==, 3);
    g_assert_cmpint(json_number(find_event(lines, "end", 0), "failed"), ==, 5);
    GBytes *after = program_contents("jobs/1.png");
    g_assert_true(g_bytes_equal(before, after));
    g_bytes_unref(before);
    g_bytes_unref(after);
    g_ptr_array_unref(lines);
    outcome_clear(&outcome);
}

/* A picture of other settings is neither taken for this one nor lost. */
static void test_jobs_other(void)
{
    const char *job = "{\"class\": 1, \"seed\": 1, \"output\": \"jobs/1.png\", \"cfg_scale\": 2}\n";
    GBytes *before = program_contents("jobs/1.png");
    Outcome outcome = program_expect(1, job, "sample", "--jobs", "-", "--steps", "2", NULL);
    outcome_clear(&outcome);
    GBytes *after = program_contents("jobs/1.png");
    g_assert_true(g_bytes_equal(before, after));
    outcome = program_expect(0, job, "sample", "--jobs", "-", "--steps", "2", "--force", NULL);
    outcome_clear(&outcome);
    char *record = program_record("jobs/1.png");
    g_assert_nonnull(strstr(record, "\"cfg_scale\":2,"));
    /* a record is a job, too; with its own output it is done already */
    char *line = g_strdup_printf("{\"output\":\"jobs/1.png\",%s\n", record + 1);
    outcome = program_expect(0, line, "sample", "--jobs", "-", NULL);
    g_assert_nonnull(strstr(outcome.out, "\"skipped\""));
    outcome_clear(&outcome);
    g_bytes_unref(before);
    g_bytes_unref(after);
    g_free(line);
    g_free(record);
}

/* Lines that name no output and make the same name stay beside each other, each once. */
static void test_jobs_beside(void)
{
    static const char jobs[] = "{\"class\": 5, \"seed\": 5, \"steps\": 1}\n"
                               "{\"class\": 5, \"seed\": 5, \"steps\": 2}\n"
                               "{\"class\": 5, \"seed\": 5, \"steps\": 1}\n";
    static const char *const names[] = {"beside/edt-tiny-bare-class-5-5.png",
                                        "beside/edt-tiny-bare-class-5-5-1.png"};
    for (int i = 0; i < 2; i++) {
        Outcome outcome = program_expect(0, jobs, "sample", "--jobs", "-", "-o", "beside/", NULL);
        g_autoptr(GPtrArray) lines = json_lines(outcome.out);
        g_assert_cmpint(count_events(lines, "image"), ==, i ? 0 : 2);
        g_assert_cmpint(count_events(lines, "skipped"), ==, i ? 3 : 1);
        outcome_clear(&outcome);
    }
    for (int i = 0; i < 2; i++) {
        g_autofree char *record = program_record(names[i]);
        g_assert_nonnull(strstr(record, i ? "\"steps\":2," : "\"steps\":1,"));
    }
    g_assert_false(program_exists("beside/edt-tiny-bare-class-5-5-2.png"));
    /* --force gives up what was there before, not what the run itself has made */
    Outcome outcome = program_expect(0, jobs, "sample", "--jobs", "-", "-o", "beside/", "-f", NULL);
    g_autoptr(GPtrArray) lines = json_lines(outcome.out);
    g_assert_cmpint(count_events(lines, "image"), ==, 2);
    g_assert_cmpint(count_events(lines, "skipped"), ==, 1);
    outcome_clear(&outcome);
    for (int i = 0; i < 2; i++) {
        g_autofree char *record = program_record(names[i]);
        g_assert_nonnull(strstr(record, i ? "\"steps\":2," : "\"steps\":1,"));
    }
}

/* A repeated run leaves in peace what it cannot compare: a seed or a class that was drawn, and
 * pictures without records. */
static void test_jobs_drawn(void)
{
    static const char jobs[] = "{\"class\": 1, \"output\": \"jobs/drawn-1.png\"}\n"
                               "{\"class\": \"Random\", \"output\": \"jobs/drawn-2.png\"}\n";
    static const char *const metadata[] = {NULL, "--no-metadata"};
    for (int i = 0; i < 2; i++) {
        EXPECT_INPUT(0, jobs, "sample", "--jobs", "-", "--steps", "1", "--force", metadata[i]);
        Outcome outcome =
            program_expect(0, jobs, "sample", "--jobs", "-", "--steps", "1", metadata[i], NULL);
        GPtrArray *lines = json_lines(outcome.out);
        g_assert_cmpint(count_events(lines, "skipped"), ==, 2);
        g_assert_cmpint(count_events(lines, "image"), ==, 0);
        g_ptr_array_unref(lines);
        outcome_clear(&outcome);
    }
    /* the record that is there tells more than its absence elsewhere */
    EXPECT_INPUT(1, jobs, "sample", "--jobs", "-", "--steps", "1");
    EXPECT_INPUT(0, jobs, "sample", "--jobs", "-", "--steps", "1", "--force");
    EXPECT_INPUT(1, jobs, "sample", "--jobs", "-", "--steps", "2", "--no-metadata");
}

/* How many files of a folder have a name that begins so. */
static int count_files(const char *folder, const char *prefix)
{
    g_autofree char *path = program_path(folder);
    GDir *dir = g_dir_open(path, 0, NULL);
    int n = 0;
    for (const char *name; (name = g_dir_read_name(dir));)
        n += g_str_has_prefix(name, prefix);
    g_dir_close(dir);
    return n;
}

/* One file is for one picture of a run, however lines spell it, and also where what was there
 * before is given up. */
static void test_jobs_one_file(void)
{
    static const char *const others[] = {"one/a.png", "./one/../one/a.png", "alias/a.png"};
    g_autofree char *folder = program_path("one"), *alias = program_path("alias");
    g_assert_cmpint(g_mkdir(folder, 0755), ==, 0);
    g_assert_cmpint(symlink("one", alias), ==, 0);
    for (gsize i = 0; i < 2 * G_N_ELEMENTS(others); i++) {
        const char *force = i % 2 ? "--force" : NULL;
        g_autofree char *jobs = g_strdup_printf("{\"class\":1,\"seed\":1,\"output\":\"%s\"}\n"
                                                "{\"class\":2,\"seed\":2,\"output\":\"%s\"}\n",
                                                others[0], others[i / 2]);
        Outcome outcome =
            program_expect(1, jobs, "sample", "--jobs", "-", "--steps", "1", force, NULL);
        g_autoptr(GPtrArray) lines = json_lines(outcome.out);
        JsonObject *refused = find_event(lines, "error", 0);
        g_assert_cmpint(json_number(refused, "line"), ==, 2);
        g_assert_nonnull(strstr(json_text(refused, "message"), "earlier line"));
        g_autofree char *record = program_record(others[0]);
        g_assert_nonnull(strstr(record, "\"seed\":1,"));
        g_assert_cmpint(count_files("one", ""), ==, 1);
        outcome_clear(&outcome);
        program_remove(others[0]);
    }
}

/* What is mixed follows a style that was drawn; what a record does not say is any style. */
static void test_styles(void)
{
    static const char jobs[] =
        "{\"class\":1,\"seed\":1,\"style\":\"random\",\"mix\":\"4:0.5\",\"output\":\"s1.png\"}\n"
        "{\"class\":1,\"seed\":1,\"output\":\"s2.png\"}\n"
        "{\"edt\":\"0\",\"class\":1,\"seed\":1,\"output\":\"s3.png\"}\n";
    EXPECT_INPUT(0, jobs, "sample", "-m", STICKERS, "--jobs", "-", "--steps", "1");
    for (int i = 0; i < 8; i++)
        EXPECT_INPUT(0, jobs, "sample", "-m", STICKERS, "--jobs", "-", "--steps", "1");
    g_autofree char *said = program_record("s2.png"), *record = program_record("s3.png");
    g_assert_nonnull(strstr(said, "\"style\":0,"));
    g_assert_nonnull(strstr(record, "\"style\":-1,"));
}

/* A program that sends a line and waits for its picture gets it before it sends another. */
static void test_jobs_dialogue(void)
{
    GSubprocess *process = program_start("sample", "--jobs", "-", "--steps", "1", NULL);
    GOutputStream *in = g_subprocess_get_stdin_pipe(process);
    GDataInputStream *out = g_data_input_stream_new(g_subprocess_get_stdout_pipe(process));
    g_filter_input_stream_set_close_base_stream(G_FILTER_INPUT_STREAM(out), FALSE);
    for (int i = 0; i < 2; i++) {
        GError *error = NULL;
        char *job = g_strdup_printf("{\"class\":1,\"seed\":%d,\"output\":\"talk%d.png\"}\n", i, i);
        g_output_stream_write_all(in, job, strlen(job), NULL, NULL, &error);
        g_assert_no_error(error);
        char *line = g_data_input_stream_read_line(out, NULL, NULL, &error);
        g_assert_no_error(error);
        g_assert_nonnull(strstr(line, "\"image\""));
        char *name = g_strdup_printf("talk%d.png", i);
        g_assert_true(program_exists(name));
        g_free(name);
        g_free(line);
        g_free(job);
    }
    g_object_unref(out);
    Outcome outcome = program_finish(process, NULL);
    g_assert_cmpint(outcome.code, ==, 0);
    outcome_clear(&outcome);
}

/* ---- Ctrl-C ---- */

/* Sends SIGINT after the first step and answers what the rest of stdout says. */
static GPtrArray *interrupt(GSubprocess *process, int *code)
{
    GError *error = NULL;
    GDataInputStream *out = g_data_input_stream_new(g_subprocess_get_stdout_pipe(process));
    GString *rest = g_string_new(NULL);
    gboolean sent = FALSE;
    char *line;
    while ((line = g_data_input_stream_read_line(out, NULL, NULL, &error))) {
        if (!sent && strstr(line, "\"step\"")) {
            g_subprocess_send_signal(process, SIGINT);
            sent = TRUE;
        }
        g_string_append_printf(rest, "%s\n", line);
        g_free(line);
    }
    g_assert_no_error(error);
    g_assert_true(sent);
    g_object_unref(out);
    g_assert_true(g_subprocess_wait(process, NULL, NULL));
    *code = g_subprocess_get_if_exited(process) ? g_subprocess_get_exit_status(process) : -1;
    g_object_unref(process);
    GPtrArray *lines = json_lines(rest->str);
    g_string_free(rest, TRUE);
    return lines;
}

static void test_interrupt(void)
{
    int code;
    GPtrArray *lines = interrupt(program_start("sample", "--class", "1", "-s", "1", "--steps",
                                               "1000", "--sampler", "ddpm", "-n", "40", "--json",
                                               "--batch-size", "4", "-o", "int%d.png", NULL),
                                 &code);
    g_assert_cmpint(code, ==, 130);
    g_assert_cmpint(count_events(lines, "image"), ==, 4); /* the running batch, no other */
    JsonObject *image = find_event(lines, "image", 0);
    g_assert_cmpint(json_number(image, "steps_done"), >, 0);
    g_assert_cmpint(json_number(image, "steps_done"), <, 1000);
    g_assert_true(json_object_get_boolean_member(find_event(lines, "end", 0), "cancelled"));
    g_assert_true(program_exists("int3.png"));
    g_assert_false(program_exists("int4.png"));
    g_ptr_array_unref(lines);
}

/* A stopped run of jobs, repeated, makes what was cut short again. */
static void test_interrupt_jobs(void)
{
    int code;
    /* a batch of eight: the tiny model takes long enough to be interrupted */
    GString *jobs = g_string_new(NULL);
    for (int i = 0; i < 8; i++)
        g_string_append_printf(
            jobs, "{\"class\":1,\"seed\":%d,\"output\":\"long%d.png\",\"steps\":1000}\n", i, i);
    g_string_append(jobs, "{\"class\":1,\"seed\":2,\"output\":\"late.png\",\"steps\":2}\n");
    program_write("long.jsonl", jobs->str);
    g_string_free(jobs, TRUE);
    GPtrArray *lines = interrupt(
        program_start("sample", "--jobs", "long.jsonl", "--json", "--no-metadata", NULL), &code);
    g_assert_cmpint(code, ==, 130);
    g_assert_false(program_exists("long0.png")); /* nothing could say that it is not finished */
    g_ptr_array_unref(lines);
    lines = interrupt(program_start("sample", "--jobs", "long.jsonl", "--json", NULL), &code);
    g_assert_cmpint(code, ==, 130);
    g_assert_cmpint(count_events(lines, "image"), ==, 8);
    g_assert_cmpint(json_number(find_event(lines, "image", 0), "steps_done"), <, 1000);
    g_assert_false(program_exists("late.png"));
    g_ptr_array_unref(lines);

    Outcome outcome = program_expect(0, NULL, "sample", "--jobs", "long.jsonl", NULL);
    lines = json_lines(outcome.out);
    g_assert_cmpint(count_events(lines, "image"), ==, 9);
    g_assert_cmpint(json_number(find_event(lines, "image", 0), "steps_done"), ==, 1000);
    g_ptr_array_unref(lines);
    outcome_clear(&outcome);
}

/* What was drawn for a picture that was stopped stays: the same one is finished, in its place. */
static void test_interrupt_drawn(void)
{
    static const char line[] = "{\"class\":\"random\",\"output\":\"half.png\",\"steps\":1000}\n";
    int code;
    program_write("drawn.jsonl", line);
    g_ptr_array_unref(
        interrupt(program_start("sample", "--jobs", "drawn.jsonl", "--json", NULL), &code));
    g_assert_cmpint(code, ==, 130);
    g_autofree char *text = program_record("half.png");
    g_autoptr(EdtRecord) half = edt_record_read(text, NULL);
    g_assert_cmpint(half->steps_done, <, 1000);
    for (int i = 0; i < 2; i++) {
        Outcome outcome = program_expect(0, NULL, "sample", "--jobs", "drawn.jsonl", NULL);
        g_autoptr(GPtrArray) lines = json_lines(outcome.out);
        g_assert_cmpint(count_events(lines, i ? "skipped" : "image"), ==, 1);
        g_assert_null(strstr(outcome.err, "meanwhile"));
        outcome_clear(&outcome);
    }
    g_assert_cmpint(count_files(".", "half"), ==, 1);
    g_autofree char *again = program_record("half.png");
    g_autoptr(EdtRecord) whole = edt_record_read(again, NULL);
    g_assert_cmpint(whole->steps_done, ==, 1000);
    g_assert_cmpint(whole->item.class_index, ==, half->item.class_index);
    g_assert_cmpuint(whole->item.seed, ==, half->item.seed);
}

/* ---- what a line says ---- */

static char *refusal(const char *line)
{
    Outcome outcome =
        program_expect(1, line, "sample", "--jobs", "-", "--steps", "2", "-o", "said/", NULL);
    g_autoptr(GPtrArray) lines = json_lines(outcome.out);
    JsonObject *refused = find_event(lines, "error", 0);
    char *message = g_strdup(json_text(refused, "message"));
    g_assert_cmpint(json_number(refused, "code"), ==, 2);
    outcome_clear(&outcome);
    return message;
}

static void test_values(void)
{
    static const char good[] =
        "{\"class\":1.0,\"seed\":3.0,\"steps\":2.0,\"size\":128,\"output\":\"said/1.png\"}\n"
        "{\"class\":1,\"seed\":4,\"style\":null,\"steps\":null,\"sampler\":null,\"output\":null}\n"
        "{\"class\":null,\"seed\":null,\"model_sha256\":null,\"output\":\"said/3.png\"}\n"
        "{\"class\":1,\"seed\":5,\"precision\":\"auto\",\"backend\":\"CPU\"}\n"
        "{\"edt\":\"0\",\"class\":1,\"seed\":6,\"precision\":\"int8\",\"backend\":\"cuda\"}\n";
    static const char *const bad[][2] = {
        {"{\"class\":1,\"seed\":1.50}\n", "1.50"},
        {"{\"class\":1,\"seed\":99999999999999999999}\n", "99999999999999999999"},
        {"{\"class\":1,\"seed\":\"7x\"}\n", "\"7x\""},
        {"{\"class\":1,\"steps\":2.50}\n", "2.50"},
        {"{\"class\":[1],\"seed\":1}\n", "[1]"},
        {"{\"class\":11,\"seed\":1}\n", "11"},
        {"{\"class\":1,\"seed\":1,\"seed\":2}\n", "\"seed\" twice"},
        {"{\"class\":1,\"s\\u0065ed\":1,\"seed\":2}\n", "\"seed\" twice"},
        {"{\"class\":1,\"seed\":1}{\"class\":2,\"seed\":2}\n", "not a JSON object"},
        {"{\"class\":1,\"seed\":1,\"output\":\"said/nul.png\\u0000x\"}\n", "\\u0000"},
        {"{\"class\":1,\"seed\":9007199254740993.0}\n", "9007199254740993.0"},
        {"{\"class\":1,\"seed\":1,\"output\":\"-\"}\n", "events"},
        {"{\"class_name\":\"class 3\",\"seed\":1}\n", "chooses nothing without \"class\""},
        {"{\"class\":null,\"class_name\":\"class 3\"}\n", "chooses nothing without \"class\""},
        {"{\"class\":1,\"class_name\":\"owl\",\"seed\":1}\n",
         "is “owl”, but its number is “class 1”"},
        {"{\"class\":1,\"seed\":1,\"size\":64}\n", "128, as all pictures of this model, not 64"},
        {"{\"class\":1,\"seed\":1,\"output\":\"/proc/self/fd/1\"}\n", "events"},
        {"{\"class\":1,\"seed\":1,\"sampler\":\"euler\"}\n", "The job's \"sampler\" must be"},
        {"{\"class\":1,\"seed\":1,\"precision\":\"int8\"}\n", "The job's \"precision\" must be"},
        {"{\"class\":1,\"seed\":1,\"backend\":\"cuda\"}\n", "must be cpu, as for all of this run"},
        {"{\"class\":1,\"seed\":1,\"variant\":\"DiT-XL/2\"}\n", "The job's \"variant\" must be"},
        {"{\"class\":1,\"seed\":1,\"model\":\"another\"}\n", "The job's \"model\" must be"},
    };
    EXPECT_INPUT(0, good, "sample", "--jobs", "-", "--steps", "2", "-o", "said/");
    g_assert_true(program_exists("said/1.png") && program_exists("said/3.png"));
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *message = refusal(bad[i][0]);
        g_test_message("%s", message);
        g_assert_nonnull(strstr(message, bad[i][1]));
    }
}

/* The jobs are not replaced by a picture of theirs; the mark of UTF-8 before them is no line. */
static void test_own_file(void)
{
    static const char line[] = "\xef\xbb\xbf{\"class\":1,\"seed\":1,\"output\":\"own.png\"}\n";
    program_write("own.png", line);
    Outcome outcome = program_expect(1, NULL, "sample", "--jobs", "own.png", "--force", NULL);
    g_assert_nonnull(strstr(outcome.out, "the job file itself"));
    outcome_clear(&outcome);
    g_autoptr(GBytes) bytes = program_contents("own.png");
    g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), line, strlen(line));
    program_remove("own.png");
    program_write("marked.jsonl", line);
    EXPECT(0, "sample", "--jobs", "marked.jsonl", "--steps", "1");
    g_assert_true(program_exists("own.png"));
}

/* A precision that nobody asked for does not make it another picture. */
static void test_precision(void)
{
    static const char line[] = "{\"class\":1,\"seed\":8,\"output\":\"typed.png\"}\n";
    static const char *const types[] = {"f32", "bf16"};
    int codes[2] = {0};
    EXPECT_INPUT(0, line, "sample", "--jobs", "-", "--steps", "2", "--type", "bf16");
    EXPECT_INPUT(0, line, "sample", "--jobs", "-", "--steps", "2", "--batch-size", "1");
    for (int i = 0; i < 2; i++) {
        Outcome outcome = program_finish(
            program_start("sample", "--jobs", "-", "--steps", "2", "--type", types[i], NULL), line);
        codes[i] = outcome.code;
        outcome_clear(&outcome);
    }
    g_assert_cmpint(codes[0], ==, 1); /* that one was asked for */
    g_assert_cmpint(codes[1], ==, 0);
    EXPECT_INPUT(0, line, "sample", "--jobs", "-", "--steps", "2", "--type", "auto");
    EXPECT_INPUT(1, /* the line asks, too */
                 "{\"class\":1,\"seed\":8,\"precision\":\"f32\",\"output\":\"typed.png\"}\n",
                 "sample", "--jobs", "-", "--steps", "2", "--type", "f32");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    program_import_tiny();
    g_test_add_func("/jobs/all", test_jobs);
    g_test_add_func("/jobs/again", test_jobs_again);
    g_test_add_func("/jobs/other", test_jobs_other);
    g_test_add_func("/jobs/beside", test_jobs_beside);
    g_test_add_func("/jobs/drawn", test_jobs_drawn);
    g_test_add_func("/jobs/one-file", test_jobs_one_file);
    g_test_add_func("/jobs/styles", test_styles);
    g_test_add_func("/jobs/dialogue", test_jobs_dialogue);
    g_test_add_func("/jobs/interrupt-plain", test_interrupt);
    g_test_add_func("/jobs/interrupt", test_interrupt_jobs);
    g_test_add_func("/jobs/interrupt-drawn", test_interrupt_drawn);
    g_test_add_func("/jobs/values", test_values);
    g_test_add_func("/jobs/own-file", test_own_file);
    g_test_add_func("/jobs/precision", test_precision);
    return g_test_run();
}
