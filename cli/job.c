/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One line of a job file: a record (core/record.c) of what is wanted, plus "output"; what it does
 * not say comes from the command line.  cli/jobs.c runs the lines.
 */
#include "cli/job.h"

#include <json-glib/json-glib.h>

#include "cli/name.h"

/* ---- a line becomes a job ---- */

static gboolean is_known(const char *key)
{
    static const char *const keys[] = {"class", "seed", "steps", "sampler", "eta", "cfg_scale",
                                       "amm", "clip", "output",
                                       /* a record says more; that is no mistake */
                                       "edt", "model", "model_sha256", "class_name", "steps_done",
                                       "precision", "backend", "size", NULL};
    return g_strv_contains(keys, key);
}

static gboolean check_keys(JsonObject *line, GError **error)
{
    GList *keys = json_object_get_members(line);
    gboolean ok = TRUE;
    for (GList *key = keys; key && ok; key = key->next) {
        ok = is_known(key->data);
        if (!ok)
            g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                        "A job has no \"%s\": it may set class, seed, steps, sampler, eta, "
                        "cfg_scale, amm, clip and output.",
                        (const char *)key->data);
    }
    g_list_free(keys);
    return ok;
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
    char *class_text = NULL, *seed_text = NULL;
    gboolean ok =
        read_text(line, "class", &class_text, error) && read_text(line, "seed", &seed_text, error);
    if (ok && !class_text)
        class_text = g_strdup(settings->classes ? settings->classes : "random");
    if (ok && !seed_text)
        seed_text = g_strdup(settings->seed ? settings->seed : "-1");
    if (ok) {
        job->class_drawn = g_ascii_strcasecmp(class_text, "random") == 0;
        job->seed_drawn = g_ascii_strtoll(seed_text, NULL, 10) == -1;
    }
    ok = ok && edt_cli_class_parse(info, class_text, &item->class_index, error) &&
         edt_cli_seed_parse(seed_text, &item->seed, error);
    g_free(class_text);
    g_free(seed_text);
    return ok;
}

/* The settings, checked by the reader of records: class and seed are put in as numbers. */
static gboolean read_request(JsonObject *line, EdtCliJob *job, GError **error)
{
    json_object_set_int_member(line, "class", job->task.item.class_index);
    json_object_set_int_member(line, "seed", (gint64)job->task.item.seed);
    JsonNode *node = json_node_init_object(json_node_alloc(), line);
    char *record = json_to_string(node, FALSE);
    gboolean ok = edt_record_parse(record, &job->request, &job->task.item, error);
    g_free(record);
    json_node_unref(node);
    return ok;
}

static gboolean read_output(JsonObject *line, const EdtCliSettings *settings,
                            const EdtModelInfo *info, EdtCliJob *job, GError **error)
{
    EdtCliTask *task = &job->task;
    if (!read_text(line, "output", &task->output, error))
        return FALSE;
    job->drawn = (job->class_drawn || job->seed_drawn) && !task->output;
    if (!task->output) {
        char *class_name = edt_class_name(info, task->item.class_index);
        task->output =
            edt_cli_name_default(settings->output, info->path, class_name, task->item.seed);
        g_free(class_name);
    }
    return edt_cli_name_check(task->output, error);
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

/* Members that may differ between two makings of one picture, steps_done, which tells whether it
 * was finished, and what the job leaves to chance. */
static gboolean may_differ(const EdtCliJob *job, const char *key)
{
    static const char *const keys[] = {"edt", "model", "class_name", "backend", "steps_done", NULL};
    return g_strv_contains(keys, key) || (job->class_drawn && g_str_equal(key, "class")) ||
           (job->seed_drawn && g_str_equal(key, "seed"));
}

static EdtCliOutput compare_records(const EdtCliJob *job, JsonObject *found, JsonObject *wanted)
{
    JsonObjectIter iter;
    const char *key;
    JsonNode *value;
    json_object_iter_init(&iter, wanted);
    while (json_object_iter_next(&iter, &key, &value)) {
        JsonNode *other = json_object_get_member(found, key);
        if (!may_differ(job, key) && !(other && json_node_equal(value, other)))
            return EDT_CLI_OUTPUT_OTHER;
    }
    if (json_object_has_member(found, "init_latent"))
        return EDT_CLI_OUTPUT_OTHER;
    gint64 done = json_object_get_int_member_with_default(found, "steps_done", 0);
    gint64 steps = json_object_get_int_member_with_default(wanted, "steps", 0);
    return done == steps ? EDT_CLI_OUTPUT_SAME : EDT_CLI_OUTPUT_UNFINISHED;
}

EdtCliOutput edt_cli_job_output(const EdtCliJob *job, const EdtCliRun *run)
{
    if (!g_file_test(job->task.output, G_FILE_TEST_EXISTS))
        return EDT_CLI_OUTPUT_ABSENT;
    char *found_text = edt_png_read_record(job->task.output, NULL);
    if (!found_text)
        return run->metadata ? EDT_CLI_OUTPUT_OTHER : EDT_CLI_OUTPUT_SAME;
    EdtPicture picture = {.class_index = job->task.item.class_index,
                          .seed = job->task.item.seed,
                          .steps_done = job->request.steps};
    char *wanted_text = edt_record_new(run->engine, &job->request, &picture);
    JsonNode *wanted = json_from_string(wanted_text, NULL);
    JsonNode *found = json_from_string(found_text, NULL);
    EdtCliOutput state = EDT_CLI_OUTPUT_OTHER;
    if (wanted && found && JSON_NODE_HOLDS_OBJECT(found))
        state = compare_records(job, json_node_get_object(found), json_node_get_object(wanted));
    g_clear_pointer(&wanted, json_node_unref);
    g_clear_pointer(&found, json_node_unref);
    g_free(found_text);
    g_free(wanted_text);
    return state;
}
