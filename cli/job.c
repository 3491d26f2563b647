/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One line of a job file: a record (core/record.c) of what is wanted, plus "output"; what it does
 * not say comes from the command line.  cli/jobs.c runs the lines.
 */
#include "cli/job.h"
#include "catalogue.h"
#include "cli/name.h"
#include "cli/plan.h"
#include "cli/save.h"
#include "core/settings.h"

#include <json-glib/json-glib.h>

/* ---- a line becomes a job ---- */

/* What a job may set, for a person. */
static char *list_settings(void)
{
    int n;
    const EdtSetting *settings = edt_settings(&n);
    GString *list = g_string_new(NULL);
    for (int i = 0; i < n; i++)
        g_string_append_printf(list, "%s%s", i ? ", " : "", settings[i].name);
    return g_string_free(list, FALSE);
}

/* A record says more than settings; that is no mistake.  But a latent of its own cannot be had
 * again. */
static gboolean is_known(const char *key)
{
    return g_str_equal(key, "output") ||
           (edt_record_knows(key) && !g_str_equal(key, "init_latent"));
}

static gboolean check_keys(JsonObject *line, GError **error)
{
    g_autoptr(GList) keys = json_object_get_members(line);
    for (GList *key = keys; key; key = key->next) {
        if (is_known(key->data))
            continue;
        g_autofree char *settings = list_settings();
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "A job has no \"%s\": it may set %s and output.", (const char *)key->data,
                    settings);
        return FALSE;
    }
    return TRUE;
}

/* A text or a whole number as text; FALSE when it is something else.  Absent: *text stays NULL. */
static gboolean read_text(JsonObject *line, const char *key, char **text, GError **error)
{
    JsonNode *node = json_object_get_member(line, key);
    GType type = node && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_value_type(node) : 0;
    if (type == G_TYPE_STRING)
        *text = json_node_dup_string(node);
    else if (type == G_TYPE_INT64)
        *text = g_strdup_printf("%" G_GINT64_FORMAT, json_node_get_int(node));
    else if (node) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "The job's \"%s\" must be a text or a whole number.", key);
        return FALSE;
    }
    return TRUE;
}

static gboolean read_item(JsonObject *line, const EdtCliSettings *settings,
                          const EdtModelInfo *info, EdtCliJob *job, GError **error)
{
    EdtItem *item = &job->task.item;
    char *class_text = NULL, *seed_text = NULL, *style_text = NULL;
    gboolean ok = read_text(line, "class", &class_text, error) &&
                  read_text(line, "style", &style_text, error) &&
                  read_text(line, "seed", &seed_text, error);
    if (ok && !class_text)
        class_text = g_strdup(settings->classes ? settings->classes : "random");
    if (ok && !seed_text)
        seed_text = g_strdup(settings->seed ? settings->seed : "-1");
    if (ok && !style_text)
        style_text = g_strdup(settings->styles ? settings->styles : "any");
    if (ok) {
        job->class_drawn = g_ascii_strcasecmp(class_text, "random") == 0;
        job->style_drawn = g_ascii_strcasecmp(style_text, "random") == 0;
        job->seed_drawn = g_ascii_strtoll(seed_text, NULL, 10) == -1;
    }
    ok = ok && edt_cli_class_parse(info, class_text, &item->class_index, error) &&
         edt_cli_style_parse(info, style_text, &item->style, error) &&
         edt_cli_seed_parse(seed_text, &item->seed, error);
    g_free(class_text);
    g_free(style_text);
    g_free(seed_text);
    return ok;
}

/* The settings, checked by the reader of records: class and seed are put in as numbers. */
static gboolean read_request(JsonObject *line, EdtCliJob *job, GError **error)
{
    json_object_set_int_member(line, "class", job->task.item.class_index);
    json_object_set_int_member(line, "style", job->task.item.style);
    json_object_set_int_member(line, "seed", (gint64)job->task.item.seed);
    g_autoptr(JsonNode) node = json_node_init_object(json_node_alloc(), line);
    g_autofree char *text = json_to_string(node, FALSE);
    g_autoptr(EdtRecord) record = edt_record_read(text, error);
    if (record)
        edt_record_apply(record, &job->request, &job->task.item);
    return record != NULL;
}

static gboolean read_output(JsonObject *line, const EdtCliSettings *settings,
                            const EdtModelInfo *info, EdtCliJob *job, GError **error)
{
    EdtCliTask *task = &job->task;
    if (!read_text(line, "output", &task->output, error))
        return FALSE;
    job->drawn = (job->class_drawn || job->style_drawn || job->seed_drawn) && !task->output;
    if (!task->output) {
        g_autofree char *subject = edt_cli_plan_subject(info, &task->item);
        task->output = edt_cli_name_default(settings->output, info->path, subject, task->item.seed);
    }
    return edt_cli_name_check(task->output, error) &&
           edt_save_check(task->output, EDT_WRITE_NEXT, edt_cli_save_bytes(info), error);
}

/* A record names its model: another one would make another picture. */
static gboolean check_model(JsonObject *line, const EdtModelInfo *info, GError **error)
{
    char *sha256 = NULL;
    if (!read_text(line, "model_sha256", &sha256, error))
        return FALSE;
    gboolean ok = !sha256 || g_strcmp0(sha256, info->sha256) == 0;
    if (!ok)
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "The job is for the model %.10s, but %s is %.10s: choose the model with -m, or "
                    "leave \"model_sha256\" out.",
                    sha256, info->path, info->sha256);
    g_free(sha256);
    return ok;
}

gboolean edt_cli_job_read(EdtCliJob *job, const char *text, const EdtCliSettings *settings,
                          const EdtModelInfo *info, GError **error)
{
    GError *cause = NULL;
    JsonNode *root = json_from_string(text, &cause);
    if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE, "The line is not a JSON object%s%s.",
                    cause ? ": " : "", cause ? cause->message : "");
        g_clear_error(&cause);
        g_clear_pointer(&root, json_node_unref);
        return FALSE;
    }
    JsonObject *line = json_node_get_object(root);
    gboolean ok = check_keys(line, error) && check_model(line, info, error) &&
                  read_item(line, settings, info, job, error) &&
                  read_output(line, settings, info, job, error) && read_request(line, job, error);
    json_node_unref(root);
    return ok;
}

/* ---- is it done already? ---- */

/* What the job leaves to chance. */
static gboolean may_differ(const EdtCliJob *job, const EdtSetting *setting)
{
    return (job->class_drawn && g_str_equal(setting->name, "class")) ||
           (job->style_drawn && g_str_equal(setting->name, "style")) ||
           (job->seed_drawn && g_str_equal(setting->name, "seed"));
}

static gboolean same_settings(const EdtCliJob *job, const EdtRecord *found)
{
    int n;
    const EdtSetting *settings = edt_settings(&n);
    for (int i = 0; i < n; i++) {
        gpointer wanted = edt_setting_field(&settings[i], &job->request, &job->task.item);
        gpointer there = edt_setting_field(&settings[i], &found->request, &found->item);
        if (!may_differ(job, &settings[i]) && !edt_setting_equal(&settings[i], wanted, there))
            return FALSE;
    }
    return TRUE;
}

/* Version and backend may differ between two makings of one picture. */
static EdtCliOutput compare(const EdtCliJob *job, const EdtCliRun *run, const EdtRecord *found)
{
    if (found->foreign_noise || !same_settings(job, found) ||
        g_strcmp0(found->model_sha256, run->info->sha256) != 0 ||
        found->size != run->info->image_size ||
        found->precision != edt_engine_precision(run->engine))
        return EDT_CLI_OUTPUT_OTHER;
    return found->steps_done == job->request.steps ? EDT_CLI_OUTPUT_SAME
                                                   : EDT_CLI_OUTPUT_UNFINISHED;
}

EdtCliOutput edt_cli_job_output(const EdtCliJob *job, const EdtCliRun *run)
{
    if (!g_file_test(job->task.output, G_FILE_TEST_EXISTS))
        return EDT_CLI_OUTPUT_ABSENT;
    g_autofree char *text = edt_png_record_text(job->task.output, NULL);
    if (!text)
        return run->metadata ? EDT_CLI_OUTPUT_OTHER : EDT_CLI_OUTPUT_SAME;
    g_autoptr(EdtRecord) found = edt_record_read(text, NULL);
    return found ? compare(job, run, found) : EDT_CLI_OUTPUT_OTHER;
}
