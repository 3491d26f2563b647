/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See series.h.  A picture without a job file is the job of an empty line: what a line leaves to
 * chance its number decides.
 */
#include "cli/series.h"
#include "catalogue.h"
#include "cli/plan.h"
#include "cli/stop.h"
#include "core/settings.h"

#include <string.h>

/* ---- what chance decides ---- */

#define DRAWN (-1) /* in the cycle of classes */

/* A number without pattern out of a seed (splitmix64). */
static guint64 scatter(guint64 z)
{
    z += G_GUINT64_CONSTANT(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static int class_of(const EdtCliSeries *s, int i)
{
    const int class = g_array_index(s->cycle, int, (guint)i % s->cycle->len);
    return class != DRAWN ? class
                          : (int)(scatter(s->seed + (guint64)i) % (guint64)s->info->n_classes);
}

static int style_of(const EdtCliSeries *s, int i)
{
    return (int)(scatter(~(s->seed + (guint64)i)) % (guint64)s->info->n_styles);
}

/* All classes in turn, or those of a list. */
static gboolean plan_classes(EdtCliSeries *s, const char *text, GError **error)
{
    if (!text) {
        for (int i = 0; i < s->info->n_classes; i++)
            g_array_append_val(s->cycle, i);
        return TRUE;
    }
    g_auto(GStrv) names = edt_class_split(s->info, text);
    for (char **name = names; *name; name++) {
        gboolean drawn;
        int found = edt_class_choose(s->info, *name, &drawn, error);
        if (found < 0)
            return FALSE;
        if (drawn)
            found = DRAWN;
        g_array_append_val(s->cycle, found);
    }
    return TRUE;
}

/* ---- pictures ---- */

/* The same command goes on with it, and all of its pictures have as many channels. */
static gboolean suits_archive(const EdtCliSeries *s, const EdtCliJob *job, GError **error)
{
    if (edt_cli_is_drawn(&job->chance)) {
        g_set_error_literal(error, EDT_ERROR, EDT_ERROR_USAGE,
                            "With --npz a mix names its classes and styles, and a variation its "
                            "seeds, so that the same command can go on with it.");
        return FALSE;
    }
    if (job->task.item.fill != EDT_FILL_SHAPE || s->info->has_alpha)
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                "Pictures of %s have no alpha, so all of an archive has three channels, and a "
                "shape has four: leave --fill shape out, or make files with -o.",
                s->info->path);
    return FALSE;
}

static gboolean read_job(const EdtCliSeries *s, int i, const char *line, EdtCliJob *job,
                         GError **error)
{
    *job = (EdtCliJob){.archived = TRUE,
                       .task.item = s->item,
                       .engine = s->engine,
                       .chance = s->drawn,
                       .request = s->request};
    if (!edt_cli_job_read(job, line, &s->chance, s->info, error) || !suits_archive(s, job, error)) {
        edt_cli_task_clear(&job->task);
        return FALSE;
    }
    if (job->class_drawn)
        job->task.item.class_index = class_of(s, i);
    if (job->style_drawn) {
        job->task.item.style = style_of(s, i);
        job->task.item.mix = job->mix;
        edt_cli_mix_settle(&job->task.item);
    }
    if (job->seed_drawn)
        job->task.item.seed = s->seed + (guint64)i;
    return TRUE;
}

/* The next line that is a job; NULL behind the last, or with an error. */
static const char *next_line(EdtCliSeries *s, GError **error)
{
    GError *failure = NULL;
    const char *wrong;
    const char *line;

    do
        line = edt_cli_lines_next(s->lines, &wrong, &failure);
    while (line && !wrong && !line[strspn(line, " \t\r")]);
    if (failure)
        g_propagate_error(error, failure);
    else if (line && wrong)
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE, "line %d: %s",
                    edt_cli_lines_number(s->lines), wrong);
    else if (!line && edt_cli_stop_asked())
        g_set_error(error, EDT_ERROR, EDT_ERROR_CANCELLED, "Stopped while jobs were read.");
    s->next++;
    return wrong ? NULL : line;
}

gboolean edt_cli_series_job(EdtCliSeries *s, int i, EdtCliJob *job, GError **error)
{
    GError *failure = NULL;
    const char *line = "{}";

    while (s->lines && line && s->next <= i)
        line = next_line(s, &failure);
    if (!line && !failure)
        g_set_error(&failure, EDT_ERROR, EDT_ERROR_USAGE,
                    "The job file %s has changed: it has no %d lines any more.", s->path, s->n);
    if (failure) {
        g_propagate_error(error, failure);
        return FALSE;
    }
    if (read_job(s, i, line, job, error))
        return TRUE;
    if (s->lines)
        g_prefix_error(error, "line %d: ", edt_cli_lines_number(s->lines));
    return FALSE;
}

int edt_cli_series_class(const EdtCliSeries *s, int i)
{
    return s->labels ? g_array_index(s->labels, int, i) : class_of(s, i);
}

/* ---- opening ---- */

static gboolean open_lines(EdtCliSeries *s, GError **error)
{
    edt_cli_lines_close(s->lines);
    s->lines = edt_cli_lines_open(s->path, error);
    s->next = 0;
    return s->lines != NULL;
}

/* What is in a source or a mask counts, not how it is called. */
static void add_numbers(GChecksum *sha256, GBytes *numbers)
{
    gsize length = 0;
    const guchar *bytes = numbers ? g_bytes_get_data(numbers, &length) : NULL;
    if (bytes)
        g_checksum_update(sha256, bytes, (gssize)length);
}

/* Every line is looked at; what is kept of it is its class. */
static gboolean read_all(EdtCliSeries *s, GError **error)
{
    g_autoptr(GChecksum) sha256 = g_checksum_new(G_CHECKSUM_SHA256);
    GError *failure = NULL;
    const char *line;

    s->labels = g_array_new(FALSE, FALSE, sizeof(int));
    while ((line = next_line(s, &failure))) {
        EdtCliJob job;
        g_checksum_update(sha256, (const guchar *)line, (gssize)strlen(line) + 1);
        if (!read_job(s, s->next - 1, line, &job, error)) {
            g_prefix_error(error, "line %d: ", edt_cli_lines_number(s->lines));
            return FALSE;
        }
        g_array_append_val(s->labels, job.task.item.class_index);
        add_numbers(sha256, job.task.canvas.source);
        add_numbers(sha256, job.task.canvas.mask);
        edt_cli_task_clear(&job.task);
    }
    s->n = (int)s->labels->len;
    s->sha256 = g_strdup(g_checksum_get_string(sha256));
    if (!failure && s->n == 0)
        g_set_error(&failure, EDT_ERROR, EDT_ERROR_USAGE, "The job file %s has no jobs.", s->path);
    if (failure)
        g_propagate_error(error, failure);
    return !failure;
}

static gboolean open_jobs(EdtCliSeries *s, GError **error)
{
    if (edt_save_is_stream(s->path)) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "With --npz the jobs are read twice: give a file, no stdin and no pipe.");
        return FALSE;
    }
    return open_lines(s, error) && read_all(s, error) && open_lines(s, error);
}

static gboolean check_first(const EdtCliSeries *s, GError **error)
{
    EdtCliJob job;
    if (!read_job(s, 0, "{}", &job, error))
        return FALSE;
    gboolean ok = edt_cli_plan_needs(&s->chance, s->info, &job.request, &job.task.item, error);
    edt_cli_task_clear(&job.task);
    return ok;
}

/* Seeds count up from the first. */
static gboolean check_last(const EdtCliSeries *s, const char *seed, GError **error)
{
    return s->seed <= (guint64)(G_MAXINT64 - s->n) ||
           edt_cli_refuse(error, "--seed", seed, "a smaller one, from which all can count up");
}

/* An archive that was not finished goes on with the same command, and so with the same seed. */
static gboolean check_repeats(const char *seed, GError **error)
{
    gint64 number;
    return !seed || !edt_whole_parse(seed, -1, -1, &number) ||
           edt_cli_refuse(error, "--seed", seed,
                          "a number with --npz, so that the same command can go on with it");
}

gboolean edt_cli_series_open(EdtCliSeries *s, const EdtCliSettings *settings, EdtEngine *engine,
                             GError **error)
{
    *s = (EdtCliSeries){.engine = engine,
                        .info = edt_engine_info(engine),
                        .chance = *settings,
                        .cycle = g_array_new(FALSE, FALSE, sizeof(int)),
                        .n = settings->batch_count,
                        .path = settings->jobs};
    s->chance.classes = s->chance.seed = NULL;
    edt_request_init(&s->request, engine);
    edt_item_init(&s->item);
    return check_repeats(settings->seed, error) &&
           edt_cli_seed_parse(settings->seed ? settings->seed : "0", &s->seed, error) &&
           edt_cli_settings_apply(settings, &s->request, &s->item, error) &&
           (!settings->vary || /* once more: what of it is drawn */
            edt_cli_variation_parse(settings->vary, &s->item.variation, &s->drawn, error)) &&
           (!settings->mix ||
            edt_cli_mix_parse(s->info, settings->mix, 0.5, &s->item.mix, &s->drawn, error)) &&
           plan_classes(s, settings->classes, error) &&
           (s->path ? open_jobs(s, error) : check_first(s, error)) &&
           check_last(s, settings->seed, error);
}

void edt_cli_series_close(EdtCliSeries *s)
{
    edt_cli_lines_close(s->lines);
    g_clear_pointer(&s->cycle, g_array_unref);
    g_clear_pointer(&s->labels, g_array_unref);
    g_free(s->sha256);
}
