/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `edt train --status RUN`: where a run is, read from the files in its folder (training.h). Whether
 * it runs is told by the lock that it holds there (train_folder.c).
 */
#include "cli/event.h"
#include "cli/talk.h"
#include "cli/training.h"

#include <math.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

typedef struct {
    const char *folder;
    char *log, *checkpoint, *model;
    gboolean running;
    gint64 step, steps; /* done, and how far it is to go */
    double batch, loss, speed;
    gint64 pictures, classes, styles;
    char *sum; /* of the pictures; NULL: unknown */
} Status;

/* ---- the log ---- */

static gint64 whole(JsonObject *line, const char *key)
{
    return json_object_get_int_member_with_default(line, key, 0);
}

/* The data comes first, again where a run is resumed; then steps. */
static void take_line(gpointer status, JsonObject *line)
{
    Status *s = status;
    const char *event = json_object_get_string_member_with_default(line, "event", "");

    if (g_strcmp0(event, "data") == 0) {
        s->pictures = whole(line, "pictures");
        g_free(s->sum);
        s->sum = g_strdup(json_object_get_string_member_with_default(line, "names", NULL));
        s->classes = whole(line, "classes");
        s->styles = whole(line, "styles");
        s->step = whole(line, "done");
        s->steps = whole(line, "steps");
        s->batch = json_object_get_double_member_with_default(line, "batch", 0);
    } else if (g_strcmp0(event, "train") == 0) {
        s->step = whole(line, "step");
        s->loss = json_object_get_double_member_with_default(line, "loss", NAN);
        s->speed = json_object_get_double_member_with_default(line, "samples_per_s", 0);
    }
}

static gboolean read_log(Status *s, GError **error)
{
    if (edt_cli_train_read_log(s->folder, take_line, s))
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                "There is no run in “%s”, or none that has begun with its first step.", s->folder);
    return FALSE;
}

/* ---- telling ---- */

/* Seconds since a file was written, 0 where the clock was set back since; -1: there is none. */
static double age(const char *path)
{
    struct stat file;
    return stat(path, &file) == 0 ? MAX(difftime(time(NULL), file.st_mtime), 0) : -1;
}

/* -1: nobody knows. */
static double seconds_left(const Status *s)
{
    double left = (double)MAX(s->steps - s->step, 0) * s->batch;
    return left == 0 ? 0 : s->speed > 0 ? left / s->speed : -1;
}

static void tell_script(const Status *s)
{
    GString *event = edt_cli_event_new("status");
    edt_cli_event_text(event, "folder", s->folder);
    edt_cli_event_flag(event, "running", s->running);
    edt_cli_event_integer(event, "step", s->step);
    edt_cli_event_integer(event, "steps", s->steps);
    if (isnan(s->loss))
        edt_cli_event_raw(event, "loss", "null");
    else
        edt_cli_event_number(event, "loss", s->loss);
    edt_cli_event_number(event, "samples_per_s", s->speed);
    edt_cli_event_number(event, "seconds_left", seconds_left(s));
    edt_cli_event_integer(event, "pictures", s->pictures);
    edt_cli_event_integer(event, "classes", s->classes);
    edt_cli_event_integer(event, "styles", s->styles);
    edt_cli_event_number(event, "log_age", age(s->log));
    edt_cli_event_number(event, "checkpoint_age", age(s->checkpoint));
    edt_cli_event_text(event, "model", age(s->model) < 0 ? NULL : s->model);
    edt_cli_event_send(event);
}

static void tell_age(const char *what, const char *path)
{
    double seconds = age(path);
    if (seconds < 0)
        printf("%-12s none yet\n", what);
    else
        printf("%-12s %s, %.0f minutes old\n", what, path, seconds / 60);
}

static void tell_person(const Status *s)
{
    double left = seconds_left(s);
    printf("%-12s %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " (%.1f %%), %s\n", "steps", s->step,
           s->steps, s->steps ? 100.0 * (double)s->step / (double)s->steps : 0,
           s->running ? "running" : "not running");
    printf("%-12s %" G_GINT64_FORMAT ", classes %" G_GINT64_FORMAT ", styles %" G_GINT64_FORMAT
           "\n",
           "pictures", s->pictures, s->classes, s->styles);
    if (s->speed > 0)
        printf("%-12s loss %.4f, %.1f pictures/s, %.1f hours to go\n", "last", s->loss, s->speed,
               left / 3600);
    tell_age("checkpoint", s->checkpoint);
    tell_age("model", s->model);
}

void edt_cli_train_compare(const char *folder, const EdtTrainFacts *now)
{
    Status s = {.folder = folder, .pictures = -1};
    gboolean known = read_log(&s, NULL) && s.pictures >= 0;

    if (known && s.pictures != now->pictures)
        edt_cli_say("The data has changed: %" G_GINT64_FORMAT " pictures before, %d now.",
                    s.pictures, now->pictures);
    else if (known && s.sum && g_strcmp0(s.sum, now->pictures_sum) != 0)
        edt_cli_say("The data has changed: as many pictures as before, but not the same.");
    g_free(s.sum);
}

int edt_cli_train_status(const char *folder, gboolean json)
{
    g_autofree char *log = g_build_filename(folder, "log.jsonl", NULL);
    g_autofree char *checkpoint = edt_cli_train_file(folder, "checkpoint", FALSE);
    g_autofree char *model = edt_cli_train_file(folder, "model", FALSE);
    Status s = {
        .folder = folder, .log = log, .checkpoint = checkpoint, .model = model, .loss = NAN};
    GError *error = NULL;

    if (!read_log(&s, &error))
        return edt_cli_fail(error);
    s.running = edt_cli_train_running(folder);
    if (json)
        tell_script(&s);
    else
        tell_person(&s);
    g_free(s.sum);
    return 0;
}
