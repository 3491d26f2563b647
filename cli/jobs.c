/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `edt sample --jobs`: one JSON object a line in (cli/job.c reads it), one event a line out.  A
 * picture that exists with the same record is not made again, so a run that was stopped is repeated
 * as it is; what a line leaves to chance need not be the same.  Neighbouring lines with equal
 * settings share a batch, as far as they are there: a program that waits for its picture before it
 * writes the next line gets it.
 *
 * Below `mpirun -n N` every rank reads the whole file and makes every N-th job.
 */
#include "cli/sample.h"
#include "cli/event.h"
#include "cli/job.h"
#include "cli/lines.h"
#include "cli/name.h"
#include "cli/stop.h"
#include "cli/talk.h"
#include "core/settings.h"
#include "saving.h"
#include "train.h"

#include <string.h>

typedef struct {
    EdtCliSettings *settings;
    EdtCliRun run;
    EdtRequest base;    /* the command line's, and what items begin as */
    EdtCliDrawn chance; /* of --mix and --vary */
    EdtItem item;
    EdtRequest request; /* of the waiting tasks */
    GArray *waiting;    /* of EdtCliTask */
    int read;           /* jobs read so far */
    GHashTable *makers; /* place of an output -> rank + 1, below mpirun */
    GHashTable *taken;  /* places of earlier lines: --force gives up what was there before alone */
} Jobs;

/* ---- whose job is it? ---- */

static int in_turn(const Jobs *jobs)
{
    return (jobs->read - 1) % edt_ranks_count();
}

/* A file has one maker, the one whose turn its first job is: all ranks see the same lines and agree
 * without a word.  A name that was drawn is known to the one that draws it alone. */
static gboolean is_own(Jobs *jobs, const EdtCliJob *job)
{
    if (edt_ranks_count() == 1)
        return TRUE;
    if (job->drawn)
        return in_turn(jobs) == edt_ranks_own();
    char *place = edt_save_place(job->task.output);
    gpointer maker = g_hash_table_lookup(jobs->makers, place);
    if (!maker)
        maker = GINT_TO_POINTER(in_turn(jobs) + 1);
    g_hash_table_insert(jobs->makers, place, maker);
    return GPOINTER_TO_INT(maker) - 1 == edt_ranks_own();
}

/* ---- the run ---- */

static void fail_line(Jobs *jobs, int line, const GError *error)
{
    jobs->run.failed++;
    edt_cli_run_report(&jobs->run, line, error);
    edt_cli_error("line %d: %s", line, error->message);
}

static void run_waiting(Jobs *jobs)
{
    GError *error = NULL;
    EdtCliTask *tasks = (EdtCliTask *)jobs->waiting->data;
    int n = (int)jobs->waiting->len;
    if (n == 0 || edt_cli_stop_asked())
        return;
    gboolean made = edt_cli_run_batch(&jobs->run, &jobs->request, tasks, n, &error);
    gboolean stopped = g_error_matches(error, EDT_ERROR, EDT_ERROR_CANCELLED);
    for (int i = 0; i < n && !stopped; i++) {
        if (!made)
            fail_line(jobs, tasks[i].line, error);
        else if (tasks[i].error) { /* counted where it failed to be saved */
            edt_cli_run_report(&jobs->run, tasks[i].line, tasks[i].error);
            edt_cli_error("line %d: %s", tasks[i].line, tasks[i].error->message);
        }
    }
    g_clear_error(&error);
    g_array_set_size(jobs->waiting, 0);
}

static gboolean is_taken(const Jobs *jobs, const char *output)
{
    g_autofree char *place = edt_save_place(output);
    return g_hash_table_contains(jobs->taken, place);
}

/* Takes the job over. */
static void add_job(Jobs *jobs, EdtCliJob *job)
{
    if (!edt_settings_equal(&job->request, &jobs->request))
        run_waiting(jobs);
    jobs->request = job->request;
    g_array_append_val(jobs->waiting, job->task);
    if ((int)jobs->waiting->len >= edt_cli_run_batch_size(jobs->settings))
        run_waiting(jobs);
}

static EdtCliOutput look(Jobs *jobs, EdtCliJob *job)
{
    if (is_taken(jobs, job->task.output)) /* by an earlier line, which may wait: look afterwards */
        run_waiting(jobs);
    return edt_cli_job_output(job, &jobs->run);
}

static gboolean is_given_up(const Jobs *jobs, const char *output)
{
    return jobs->settings->force && !is_taken(jobs, output);
}

/* Also what an earlier line has made, and chance decided for that one. */
static gboolean is_anothers(const Jobs *jobs, const EdtCliJob *job, EdtCliOutput state)
{
    return state == EDT_CLI_OUTPUT_OTHER ||
           (state == EDT_CLI_OUTPUT_SAME && edt_cli_is_drawn(&job->chance) &&
            is_taken(jobs, job->task.output));
}

/* A name that we have made goes on to the next where another picture has it: that of other
 * settings, or of a class whose name looks the same in ASCII. */
static EdtCliOutput find_place(Jobs *jobs, EdtCliJob *job)
{
    g_autofree char *first = g_strdup(job->task.output);
    EdtCliOutput state = look(jobs, job);
    for (int n = 1;
         is_anothers(jobs, job, state) && job->unnamed && !is_given_up(jobs, job->task.output);
         n++) {
        g_free(job->task.output);
        job->task.output = edt_save_name(first, n);
        state = look(jobs, job);
    }
    return state;
}

static void refuse_other(Jobs *jobs, const EdtCliTask *task)
{
    g_autoptr(GError) error = NULL;
    g_set_error(&error, EDT_ERROR, EDT_ERROR_USAGE,
                is_taken(jobs, task->output)
                    ? "%s is for the picture of an earlier line: choose another output."
                    : "%s exists and is another picture: choose another output, or replace it with "
                      "--force.",
                task->output);
    fail_line(jobs, task->line, error);
}

/* What is there is left, or given up and made anew; what is not whole is made to its end. */
static void take_job(Jobs *jobs, EdtCliJob *job)
{
    EdtCliOutput state = find_place(jobs, job);
    gboolean there = state == EDT_CLI_OUTPUT_SAME || state == EDT_CLI_OUTPUT_OTHER;
    gboolean given_up = is_given_up(jobs, job->task.output);
    if (state == EDT_CLI_OUTPUT_OTHER && !given_up) {
        refuse_other(jobs, &job->task);
        edt_cli_task_clear(&job->task);
        return;
    }
    g_hash_table_add(jobs->taken, edt_save_place(job->task.output));
    if (there && !given_up) {
        edt_cli_run_skip(&jobs->run, &job->task);
        edt_cli_task_clear(&job->task);
    } else {
        add_job(jobs, job);
    }
}

static void take_line(Jobs *jobs, const char *text, const char *wrong, int number)
{
    GError *error = NULL;
    EdtCliJob job = {.task.line = number,
                     .task.replace = jobs->settings->force,
                     .task.item = jobs->item,
                     .engine = jobs->run.engine,
                     .chance = jobs->chance,
                     .request = jobs->base};
    if (!wrong && !text[strspn(text, " \t\r")])
        return; /* an empty line is no job */
    jobs->read++;
    if (wrong)
        g_set_error_literal(&error, EDT_ERROR, EDT_ERROR_USAGE, wrong);
    if (wrong || !edt_cli_job_read(&job, text, jobs->settings, jobs->run.info, &error)) {
        if (in_turn(jobs) == edt_ranks_own())
            fail_line(jobs, number, error);
        g_error_free(error);
        edt_cli_task_clear(&job.task);
    } else if (is_own(jobs, &job)) {
        take_job(jobs, &job);
    } else {
        edt_cli_task_clear(&job.task);
    }
}

static gboolean run_lines(Jobs *jobs, EdtCliLines *lines, GError **error)
{
    GError *failure = NULL;
    const char *text;
    const char *wrong;
    while (!edt_cli_stop_asked()) {
        if (jobs->waiting->len && !edt_cli_lines_ready(lines))
            run_waiting(jobs);
        text = edt_cli_lines_next(lines, &wrong, &failure);
        if (!text)
            break;
        take_line(jobs, text, wrong, edt_cli_lines_number(lines));
    }
    run_waiting(jobs);
    if (failure)
        g_propagate_error(error, failure);
    return !failure;
}

static gboolean have_folder(const char *folder, GError **error)
{
    if (g_str_has_suffix(folder, "/"))
        return edt_cli_name_make_folder(folder, error);
    if (g_file_test(folder, G_FILE_TEST_IS_DIR))
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                "With --jobs, -o is the folder for pictures whose line has no \"output\": "
                "there is no folder %s.",
                folder);
    return FALSE;
}

static gboolean open_jobs(Jobs *jobs, EdtCliLines **lines, GError **error)
{
    EdtCliSettings *settings = jobs->settings;
    if (!edt_cli_settings_check(settings, error))
        return FALSE;
    if (edt_ranks_count() > 1 && edt_save_is_stream(settings->jobs)) {
        g_set_error(
            error, EDT_ERROR, EDT_ERROR_USAGE,
            "Below mpirun every process reads all jobs: give a file, no stdin and no pipe.");
        return FALSE;
    }
    if (settings->output && !have_folder(settings->output, error))
        return FALSE;
    *lines = edt_cli_lines_open(settings->jobs, error);
    char *path = *lines ? edt_cli_settings_model(settings, error) : NULL;
    gboolean ok = path && edt_cli_run_open(&jobs->run, settings, path, error);
    g_free(path);
    if (!ok)
        return FALSE;
    edt_request_init(&jobs->base, jobs->run.engine);
    edt_item_init(&jobs->item);
    return edt_cli_settings_apply(settings, &jobs->base, &jobs->item, error) &&
           (!settings->vary || /* once more: what of it is drawn */
            edt_cli_variation_parse(settings->vary, &jobs->item.variation, &jobs->chance, error)) &&
           (!settings->mix || edt_cli_mix_parse(jobs->run.info, settings->mix, 0.5, &jobs->item.mix,
                                                &jobs->chance, error));
}

/* All ranks together: one count, and one exit code. */
static int sum_up(Jobs *jobs, int code)
{
    EdtCliRun *run = &jobs->run;
    double sums[] = {run->saved, run->failed, run->skipped};
    edt_ranks_sum(sums, G_N_ELEMENTS(sums));
    run->saved = (int)sums[0];
    run->failed = (int)sums[1];
    run->skipped = (int)sums[2];
    return (int)edt_ranks_most(code ? code : run->failed ? EDT_ERROR_FAILED : 0);
}

int edt_cli_jobs(EdtCliSettings *settings)
{
    Jobs jobs = {.settings = settings};
    jobs.run = (EdtCliRun){.json = settings->json, .jobs = TRUE, .began = g_get_monotonic_time()};
    EdtCliLines *lines = NULL;
    GError *error = NULL;
    int code = 0;
    jobs.waiting = g_array_new(FALSE, FALSE, sizeof(EdtCliTask));
    g_array_set_clear_func(jobs.waiting, (GDestroyNotify)edt_cli_task_clear);
    jobs.makers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    jobs.taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (!open_jobs(&jobs, &lines, &error) || !run_lines(&jobs, lines, &error)) {
        edt_cli_run_report(&jobs.run, 0, error);
        jobs.run.failed++;
        code = edt_cli_fail(error);
    }
    code = sum_up(&jobs, code);
    edt_cli_run_finish(&jobs.run);
    edt_cli_lines_close(lines);
    g_array_unref(jobs.waiting);
    g_hash_table_unref(jobs.makers);
    g_hash_table_unref(jobs.taken);
    edt_cli_run_close(&jobs.run);
    return code;
}
