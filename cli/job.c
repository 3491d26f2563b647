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
#include "core/canvas.h"
#include "core/settings.h"
#include "saving.h"

#include <json-glib/json-glib.h>
#include <math.h>

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

/* Which of the two was meant?  And what stands behind a NUL is not to be lost. */
static gboolean check_text(const char *json, GError **error)
{
    if (edt_record_has_nul(json)) {
        g_set_error_literal(error, EDT_ERROR, EDT_ERROR_USAGE,
                            "The job has \\u0000 in it, which no name and no path may have.");
        return FALSE;
    }
    g_autofree char *key = edt_record_repeated(json);
    if (key)
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "The job says \"%s\" twice: leave one of them out.", key);
    return !key;
}

static gboolean check_keys(JsonObject *line, GError **error)
{
    g_autoptr(GList) keys = json_object_get_members(line);
    for (GList *key = keys; key; key = key->next) {
        if (is_known(key->data))
            continue;
        g_autofree char *settings = list_settings();
        g_set_error(
            error, EDT_ERROR, EDT_ERROR_USAGE,
            "A job has no \"%s\": it may set %s, source (a picture to start from), mask and "
            "output.",
            (const char *)key->data, settings);
        return FALSE;
    }
    return TRUE;
}

/* What was said, as it was written. */
static gboolean refuse(const char *json, const char *key, const char *expected, GError **error)
{
    g_autofree char *written = edt_record_written(json, key);
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE, "The job's \"%s\" must be %s, not %s.", key,
                expected, written ? written : "this");
    return FALSE;
}

/* null is nothing said. */
static JsonNode *member(JsonObject *line, const char *key)
{
    JsonNode *node = json_object_get_member(line, key);
    return node && !JSON_NODE_HOLDS_NULL(node) ? node : NULL;
}

/* Whole numbers, 25.0 among them; from 2^53 on that may have been another one. */
static gboolean read_number(JsonNode *node, gint64 *number)
{
    GType type = node && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_value_type(node) : 0;
    double value = type == G_TYPE_DOUBLE ? json_node_get_double(node) : 0.5;
    if (type == G_TYPE_INT64)
        *number = json_node_get_int(node);
    else if (value == floor(value) && fabs(value) < 9007199254740992.0)
        *number = (gint64)value;
    else
        return FALSE;
    return TRUE;
}

/* A text or a whole number as text; FALSE when it is something else.  Absent: *text stays NULL. */
static gboolean read_text(JsonObject *line, const char *json, const char *key, char **text,
                          GError **error)
{
    JsonNode *node = member(line, key);
    gint64 number;
    if (node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING)
        *text = json_node_dup_string(node);
    else if (read_number(node, &number))
        *text = g_strdup_printf("%" G_GINT64_FORMAT, number);
    else if (node)
        return refuse(json, key, "a text or a whole number", error);
    return TRUE;
}

/* A record's name beside the number: of another model that number is another thing.  Takes here,
 * the name in this one. */
static gboolean agrees(JsonObject *line, const char *json, const char *key, char *here,
                       GError **error)
{
    g_autofree char *said = NULL, *name = here;
    if (!read_text(line, json, key, &said, error))
        return FALSE;
    if (!said || g_strcmp0(said, name) == 0)
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                "The job's \"%s\" is “%s”, but its number is “%s” in this model: give the name "
                "instead of the number, or leave \"%s\" out.",
                key, said, name, key);
    return FALSE;
}

/* A number is one, whatever names there are; a text is what `--class` takes. */
static gboolean read_class(JsonObject *line, const char *json, const EdtCliSettings *settings,
                           const EdtModelInfo *info, EdtCliJob *job, GError **error)
{
    EdtItem *item = &job->task.item;
    g_autofree char *text = NULL;
    gint64 number;
    if (read_number(member(line, "class"), &number)) {
        g_autofree char *range = g_strdup_printf("a class from 0 to %d", info->n_classes - 1);
        item->class_index = (int)CLAMP(number, 0, info->n_classes); /* n_classes: of none */
        if (item->class_index != number)
            return refuse(json, "class", range, error);
        return agrees(line, json, "class_name", edt_class_name(info, item->class_index), error);
    }
    if (!read_text(line, json, "class", &text, error))
        return FALSE;
    item->class_index =
        edt_class_choose(info, text ? text : settings->classes, &job->class_drawn, error);
    return item->class_index >= 0;
}

static gboolean read_style(JsonObject *line, const char *json, const EdtCliSettings *settings,
                           const EdtModelInfo *info, EdtCliJob *job, GError **error)
{
    EdtItem *item = &job->task.item;
    g_autofree char *text = NULL;
    gint64 number;
    if (info->n_styles && read_number(member(line, "style"), &number)) {
        g_autofree char *range = g_strdup_printf("a style from 0 to %d", info->n_styles - 1);
        item->style = (int)CLAMP(number, EDT_STYLE_ANY, info->n_styles - 1);
        if (item->style != number)
            return refuse(json, "style", range, error);
        return number < 0 ||
               agrees(line, json, "style_name", edt_style_name(info, item->style), error);
    }
    if (!read_text(line, json, "style", &text, error))
        return FALSE;
    item->style = EDT_STYLE_ANY;
    if (g_strcmp0(text, "-1") == 0) /* as records write it */
        return TRUE;
    if (!text && !settings->styles && member(line, "edt")) /* it is one */
        return TRUE;
    return edt_style_choose(info, text ? text : settings->styles, &item->style, &job->style_drawn,
                            error);
}

static gboolean read_seed(JsonObject *line, const char *json, const EdtCliSettings *settings,
                          EdtCliJob *job, GError **error)
{
    g_autofree char *text = NULL;
    if (!read_text(line, json, "seed", &text, error))
        return FALSE;
    const char *wanted = text ? text : settings->seed ? settings->seed : "-1";
    job->seed_drawn = g_ascii_strtoll(wanted, NULL, 10) == -1;
    if (!text)
        return edt_cli_seed_parse(wanted, &job->task.item.seed, error);
    return edt_cli_seed_parse(wanted, &job->task.item.seed, NULL) ||
           refuse(json, "seed", "a whole number from 0 on, or -1 for a random one", error);
}

static gboolean read_item(JsonObject *line, const char *json, const EdtCliSettings *settings,
                          const EdtModelInfo *info, EdtCliJob *job, GError **error)
{
    return read_class(line, json, settings, info, job, error) &&
           read_style(line, json, settings, info, job, error) &&
           read_seed(line, json, settings, job, error);
}

/* The line as a record: its settings as they were written, class and seed as numbers. */
static char *to_record(JsonObject *line, const char *json, const EdtItem *item)
{
    static const char *const own[] = {"class", "style", "seed", "output", NULL};
    GString *record = g_string_new(NULL);
    g_autoptr(GList) keys = json_object_get_members(line);
    g_string_printf(record, "{\"class\":%d,\"style\":%d,\"seed\":%" G_GUINT64_FORMAT,
                    item->class_index, item->style, item->seed);
    for (GList *key = keys; key; key = key->next) {
        g_autofree char *value = edt_record_written(json, key->data);
        if (value && !g_str_equal(value, "null") && !g_strv_contains(own, key->data))
            g_string_append_printf(record, ",\"%s\":%s", (const char *)key->data, value);
    }
    g_string_append_c(record, '}');
    return g_string_free(record, FALSE);
}

/* Checked by the reader of records. */
static gboolean read_request(JsonObject *line, const char *json, EdtCliJob *job, GError **error)
{
    g_autofree char *text = to_record(line, json, &job->task.item), *expected = NULL;
    const char *wrong = edt_record_wrong(text, &expected);
    if (wrong)
        return refuse(json, wrong, expected, error);
    g_autoptr(EdtRecord) record = edt_record_read(text, error);
    if (record)
        edt_record_apply(record, &job->request, &job->task.item);
    return record != NULL;
}

/* A mix or variations as they are said at the command line; as lists they are the record's. */
static gboolean read_lists(JsonObject *line, const EdtModelInfo *info, EdtCliJob *job,
                           GError **error)
{
    const char *names[] = {"mix", "variation"};
    EdtItem *item = &job->task.item;
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        JsonNode *node = member(line, names[i]);
        if (node && i == 0) /* not what the options draw */
            memset(job->chance.mix, 0, sizeof job->chance.mix);
        else if (node)
            memset(job->chance.variation, 0, sizeof job->chance.variation);
        if (!node || !JSON_NODE_HOLDS_VALUE(node) ||
            json_node_get_value_type(node) != G_TYPE_STRING)
            continue;
        g_autofree char *text = json_node_dup_string(node);
        json_object_remove_member(line, names[i]);
        if (i == 0 ? !edt_cli_mix_parse(info, text, 0.5, &item->mix, &job->chance, error)
                   : !edt_cli_variation_parse(text, &item->variation, &job->chance, error))
            return FALSE;
    }
    return TRUE;
}

/* Source and mask: files, or what a record's SHA-256 names. */
static gboolean read_canvas(JsonObject *line, const char *json, const EdtCliSettings *settings,
                            const EdtModelInfo *info, EdtCliJob *job, GError **error)
{
    g_autofree char *source = NULL, *mask = NULL;
    EdtCliTask *task = &job->task;
    if (!read_text(line, json, "source", &source, error) ||
        !read_text(line, json, "mask", &mask, error) ||
        !edt_cli_canvas_take(&task->canvas, settings, info, source ? source : settings->image,
                             mask ? mask : settings->mask, NULL, error))
        return FALSE;
    edt_cli_canvas_lay(&task->canvas, &task->item);
    edt_cli_canvas_suit(&task->item,
                        member(line, "freedom") || edt_cli_settings_says(settings, "freedom"),
                        member(line, "fill") || edt_cli_settings_says(settings, "fill"));
    job->mix = task->item.mix;
    edt_cli_mix_settle(&task->item);
    if (task->item.mask && task->item.fill == EDT_FILL_NONE) {
        g_set_error(
            error, EDT_ERROR, EDT_ERROR_USAGE,
            "\"mask\" does nothing with \"fill\": \"none\": give shape or missing, or leave "
            "one of the two out.");
        return FALSE;
    }
    return edt_item_check(info, &job->request, &task->item, error);
}

/* As of options.  A record of ours tells what did nothing, too. */
static gboolean check_needs(JsonObject *line, const EdtRequest *request, const EdtItem *item,
                            GError **error)
{
    const char *guidance = "guidance (\"cfg_scale\" other than 1)";
    const struct {
        const char *key, *needs;
        gboolean there;
    } all[] = {
        {"freedom", "\"source\"", item->freedom == 1 || item->source},
        {"careful", "\"fill\": \"missing\"", !item->careful || item->fill == EDT_FILL_MISSING},
        {"mix_how", "\"mix\"", item->mix_how == EDT_MIX_BLEND || item->mix.n > 0},
        {"eta", "\"sampler\": \"ddim\"", request->eta <= 0 || request->sampler == EDT_SAMPLER_DDIM},
        {"cfg_pow", guidance, request->cfg_pow <= 0 || request->cfg_scale != 1},
        {"cfg_interval", guidance,
         (request->cfg_interval.from <= 0 && request->cfg_interval.to >= 1) ||
             request->cfg_scale != 1},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(all) && !member(line, "edt"); i++)
        if (member(line, all[i].key) && !all[i].there) {
            g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                        "The job's \"%s\" does nothing without %s: give that too, or leave it out.",
                        all[i].key, all[i].needs);
            return FALSE;
        }
    return TRUE;
}

/* What the line reads, or what all lines do, is not replaced by its picture. */
static gboolean spare(JsonObject *line, const char *json, const char *output,
                      const EdtCliSettings *settings, GError **error)
{
    const char *const names[] = {"source", "mask"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = NULL;
        if (!read_text(line, json, names[i], &path, error))
            return FALSE;
        g_autofree char *reader = g_strdup_printf("\"%s\"", names[i]);
        if (path && !edt_cli_settings_keep(settings, reader, path, error))
            return FALSE;
        if (!path || !(edt_save_is_same(path, output) || edt_canvas_is_at(path, NULL, output)))
            continue;
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "%s is what \"%s\" reads: choose another output.", output, names[i]);
        return FALSE;
    }
    return edt_cli_settings_spare(settings, "output", output, error);
}

/* Events have stdout to themselves, and the jobs are not to be replaced by their pictures. */
static gboolean check_output(const char *output, const EdtCliSettings *settings, GError **error)
{
    gboolean out = edt_save_is_stdout(output);
    if (!out && !(settings->jobs && edt_save_is_same(output, settings->jobs)))
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                out ? "%s is where the events of a job file go: choose another output."
                    : "%s is the job file itself: choose another output.",
                output);
    return FALSE;
}

static gboolean read_output(JsonObject *line, const char *json, const EdtCliSettings *settings,
                            const EdtModelInfo *info, EdtCliJob *job, GError **error)
{
    EdtCliTask *task = &job->task;
    if (job->archived)
        return TRUE;
    if (!read_text(line, json, "output", &task->output, error))
        return FALSE;
    job->unnamed = !task->output;
    job->drawn = (job->class_drawn || job->style_drawn || job->seed_drawn ||
                  edt_cli_is_mix_drawn(&job->chance)) &&
                 job->unnamed;
    if (!task->output) {
        g_autofree char *subject = edt_cli_plan_subject(info, &task->item);
        task->output = edt_cli_name_default(settings->output, info->path, subject, task->item.seed);
    }
    return check_output(task->output, settings, error) &&
           spare(line, json, task->output, settings, error) &&
           edt_cli_name_check(task->output, error) &&
           edt_save_check(task->output, EDT_WRITE_NEXT, edt_cli_save_bytes(info), error);
}

/* A record names its model: another one would make another picture. */
static gboolean check_model(JsonObject *line, const char *json, const EdtModelInfo *info,
                            GError **error)
{
    char *sha256 = NULL;
    if (!read_text(line, json, "model_sha256", &sha256, error))
        return FALSE;
    gboolean ok = !sha256 || g_strcmp0(sha256, info->sha256) == 0;
    if (!ok) {
        g_autofree char *shown = g_utf8_substring(sha256, 0, MIN(g_utf8_strlen(sha256, -1), 10));
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "The job is for the model %s, but %s is %.10s: choose the model with -m, or "
                    "leave \"model_sha256\" out.",
                    shown, info->path, info->sha256);
    }
    g_free(sha256);
    return ok;
}

/* What a record tells beside class and style chooses neither. */
static gboolean check_names(JsonObject *line, GError **error)
{
    static const char *const names[][2] = {{"class_name", "class"}, {"style_name", "style"}};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (!member(line, names[i][0]) || member(line, names[i][1]))
            continue;
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "The job's \"%s\" chooses nothing without \"%s\": say that, it takes names, "
                    "too.",
                    names[i][0], names[i][1]);
        return FALSE;
    }
    return TRUE;
}

/* All pictures of a model are of one size: a line that wants another is not made in this one. */
static gboolean check_size(JsonObject *line, const char *json, const EdtModelInfo *info,
                           GError **error)
{
    gint64 size;
    JsonNode *node = member(line, "size");
    if (!node || (read_number(node, &size) && size == info->image_size))
        return TRUE;
    g_autofree char *only = g_strdup_printf("%d, as all pictures of this model", info->image_size);
    return refuse(json, "size", only, error);
}

/* All pictures of a run are made by one model in one way.  What a record of ours tells of its own
 * making is no wish. */
static gboolean check_run(JsonObject *line, const char *json, const EdtModelInfo *info,
                          EdtCliJob *job, GError **error)
{
    const EdtEngine *engine = job->engine;
    const struct {
        const char *key, *option, *is;
    } all[] = {
        {"model", "-m", edt_model_info_title(info)},
        {"variant", "-m", info->variant},
        {"precision", "--type", engine ? edt_precision_words[edt_engine_precision(engine)] : NULL},
        {"backend", "--backend", engine ? edt_engine_backend(engine) : NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(all) && !member(line, "edt"); i++) {
        g_autofree char *text = NULL;
        if (!read_text(line, json, all[i].key, &text, error))
            return FALSE;
        job->type_said |=
            text && g_str_equal(all[i].key, "precision") && g_ascii_strcasecmp(text, "auto") != 0;
        if (!text || !all[i].is || g_ascii_strcasecmp(text, all[i].is) == 0 ||
            g_ascii_strcasecmp(text, "auto") == 0)
            continue;
        g_autofree char *only =
            g_strdup_printf("%s, as for all of this run (%s)", all[i].is, all[i].option);
        return refuse(json, all[i].key, only, error);
    }
    return TRUE;
}

gboolean edt_cli_job_read(EdtCliJob *job, const char *text, const EdtCliSettings *settings,
                          const EdtModelInfo *info, GError **error)
{
    GError *cause = NULL;
    JsonNode *root = json_from_string(text, &cause);
    if (!root || !JSON_NODE_HOLDS_OBJECT(root) || !edt_record_is_object(text)) {
        /* json-glib quotes the line, and cuts it at any byte */
        g_autofree char *why = cause ? g_utf8_make_valid(cause->message, -1) : NULL;
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE, "The line is not a JSON object%s%s.",
                    why ? ": " : "", why ? why : "");
        g_clear_error(&cause);
        g_clear_pointer(&root, json_node_unref);
        return FALSE;
    }
    JsonObject *line = json_node_get_object(root);
    gboolean ok = check_text(text, error) && check_keys(line, error) && check_names(line, error) &&
                  check_model(line, text, info, error) && check_size(line, text, info, error) &&
                  check_run(line, text, info, job, error) &&
                  read_item(line, text, settings, info, job, error) &&
                  read_lists(line, info, job, error) && read_request(line, text, job, error) &&
                  read_canvas(line, text, settings, info, job, error) &&
                  check_needs(line, &job->request, &job->task.item, error) &&
                  read_output(line, text, settings, info, job, error);
    json_node_unref(root);
    return ok;
}
