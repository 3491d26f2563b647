/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From options (and the record of an earlier picture) to an engine and a request.  Every mistake
 * is found here, before a model is loaded; cli/sample.c goes on.
 */
#include "cli/settings.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#include "cli/name.h"
#include "cli/talk.h"

void edt_cli_settings_init(EdtCliSettings *settings)
{
    *settings = (EdtCliSettings){.steps = EDT_CLI_UNSAID,
                                 .size = EDT_CLI_UNSAID,
                                 .batch_count = 1,
                                 .eta = NAN,
                                 .cfg_scale = NAN};
}

void edt_cli_settings_clear(EdtCliSettings *settings)
{
    char *texts[] = {settings->model,   settings->output,      settings->classes,
                     settings->seed,    settings->sampler,     settings->amm,
                     settings->backend, settings->type,        settings->rng,
                     settings->from,    settings->latent_out,  settings->init_latent,
                     settings->jobs,    settings->preview_dir, settings->record,
                     settings->vae};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
}

static gboolean refuse(GError **error, const char *option, const char *value, const char *advice)
{
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE, "%s %s cannot be: give %s.", option, value,
                advice);
    return FALSE;
}

/* ---- the record of --from ---- */

/* A PNG of ours, or the record itself in a file. */
static char *read_record(const char *path, GError **error)
{
    char *text = NULL;
    gsize length = 0;
    if (g_str_has_suffix(path, ".json") || g_str_has_suffix(path, ".JSON")) {
        GError *cause = NULL;
        if (g_file_get_contents(path, &text, &length, &cause))
            return text;
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE, "--from: %s.", cause->message);
        g_error_free(cause);
        return NULL;
    }
    return edt_png_read_record(path, error);
}

/* A member of the record; the caller unrefs it.  NULL when there is none. */
static JsonNode *record_member(const char *record, const char *key)
{
    JsonNode *root = json_from_string(record, NULL);
    JsonObject *object = root && JSON_NODE_HOLDS_OBJECT(root) ? json_node_get_object(root) : NULL;
    JsonNode *member = object ? json_object_dup_member(object, key) : NULL;
    g_clear_pointer(&root, json_node_unref);
    return member;
}

static char *record_text(const char *record, const char *key)
{
    JsonNode *member = record_member(record, key);
    char *text = member && JSON_NODE_HOLDS_VALUE(member) ? json_node_dup_string(member) : NULL;
    g_clear_pointer(&member, json_node_unref);
    return text;
}

/* What makes another picture of the same settings. */
static void warn_of_another(const EdtCliSettings *settings, int steps)
{
    JsonNode *latent = record_member(settings->record, "init_latent");
    if (latent && !settings->init_latent)
        edt_cli_say("That picture began from a latent of its own (--init-latent); without it "
                    "another picture comes out.");
    JsonNode *member = record_member(settings->record, "steps_done");
    gint64 done = member && JSON_NODE_HOLDS_VALUE(member) ? json_node_get_int(member) : 0;
    if (done > 0 && done < steps && settings->steps == EDT_CLI_UNSAID)
        edt_cli_say("That picture was stopped after step %d of %d; all steps make another one.",
                    (int)done, steps);
    g_clear_pointer(&member, json_node_unref);
    g_clear_pointer(&latent, json_node_unref);
}

static gboolean load_record(EdtCliSettings *settings, GError **error)
{
    EdtRequest scratch;
    settings->record = read_record(settings->from, error);
    if (!settings->record)
        return FALSE;
    edt_request_init(&scratch, NULL);
    if (!edt_record_parse(settings->record, &scratch, &settings->recorded, error)) {
        g_prefix_error(error, "--from %s: ", settings->from);
        return FALSE;
    }
    warn_of_another(settings, scratch.steps);
    return TRUE;
}

/* ---- checks that need no model ---- */

static gboolean check_numbers(const EdtCliSettings *settings, GError **error)
{
    char text[32];
    g_snprintf(text, sizeof text, "%d", settings->batch_count);
    if (settings->batch_count < 1 || settings->batch_count > 100000)
        return refuse(error, "--batch-count", text, "1 to 100000");
    g_snprintf(text, sizeof text, "%d", settings->batch_size);
    if (settings->batch_size < 0 || settings->batch_size > 256)
        return refuse(error, "--batch-size", text, "1 to 256, or 0 for as many as fit");
    if (settings->rng && g_strcmp0(settings->rng, "torch") != 0)
        return refuse(error, "--rng", settings->rng, "\"torch\", the only generator");
    return TRUE;
}

static gboolean check_latents(const EdtCliSettings *settings, GError **error)
{
    if (settings->latent_only && !settings->latent_out && !settings->jobs) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "--latent-only makes no picture: say with --latent-out FILE.npy where the "
                    "latents go.");
        return FALSE;
    }
    if (!settings->latent_out)
        return TRUE;
    if (g_file_test(settings->latent_out, G_FILE_TEST_IS_DIR)) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "--latent-out %s is a folder: give the name of a file.", settings->latent_out);
        return FALSE;
    }
    if (!settings->force && g_file_test(settings->latent_out, G_FILE_TEST_EXISTS)) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "%s exists: choose another name for --latent-out, or replace it with --force.",
                    settings->latent_out);
        return FALSE;
    }
    return edt_cli_name_check_folder(settings->latent_out, "the latents", error);
}

static gboolean check_jobs(const EdtCliSettings *settings, GError **error)
{
    const char *other = settings->from               ? "--from"
                        : settings->init_latent      ? "--init-latent"
                        : settings->latent_out       ? "--latent-out"
                        : settings->latent_only      ? "--latent-only"
                        : settings->batch_count != 1 ? "--batch-count"
                                                     : NULL;
    if (!settings->jobs || !other)
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                "%s cannot go together with --jobs: every line of the job file is one picture.",
                other);
    return FALSE;
}

gboolean edt_cli_settings_check(EdtCliSettings *settings, GError **error)
{
    EdtRequest request;
    EdtEngineOptions options;
    edt_request_init(&request, NULL);
    return check_jobs(settings, error) && (!settings->from || load_record(settings, error)) &&
           check_numbers(settings, error) && check_latents(settings, error) &&
           edt_cli_settings_apply(settings, &request, error) &&
           edt_cli_settings_engine(settings, &options, error);
}

/* ---- model and engine ---- */

static char *find_recorded(const char *sha256)
{
    char **models = edt_models_list();
    char *found = NULL;
    for (int i = 0; models[i] && !found; i++) {
        EdtModelInfo *info = edt_model_info_read(models[i], NULL);
        if (info && g_strcmp0(info->sha256, sha256) == 0)
            found = g_strdup(models[i]);
        edt_model_info_free(info);
    }
    g_strfreev(models);
    return found;
}

char *edt_cli_settings_model(const EdtCliSettings *settings, GError **error)
{
    char *sha256 = settings->record ? record_text(settings->record, "model_sha256") : NULL;
    char *found = sha256 && !settings->model ? find_recorded(sha256) : NULL;
    if (sha256 && !found && !settings->model)
        edt_cli_say("The model of that picture (%.10s) is not here; another one makes another "
                    "picture.",
                    sha256);
    g_free(sha256);
    return found ? found : edt_models_find(settings->model, error);
}

gboolean edt_cli_backend_parse(const char *name, EdtBackendKind *kind)
{
    static const char *const names[] = {"auto", "cpu", "cuda"}; /* in the order of the enum */
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_ascii_strcasecmp(name, names[i]) == 0) {
            *kind = (EdtBackendKind)i;
            return TRUE;
        }
    }
    return FALSE;
}

gboolean edt_cli_precision_parse(const char *name, EdtPrecision *precision)
{
    static const char *const names[] = {"auto", "f32", "bf16"}; /* in the order of the enum */
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_ascii_strcasecmp(name, names[i]) == 0) {
            *precision = (EdtPrecision)i;
            return TRUE;
        }
    }
    return FALSE;
}

gboolean edt_cli_settings_engine(const EdtCliSettings *settings, EdtEngineOptions *options,
                                 GError **error)
{
    *options = (EdtEngineOptions){.threads = MAX(settings->threads, 0)};
    if (settings->backend && !edt_cli_backend_parse(settings->backend, &options->backend))
        return refuse(error, "--backend", settings->backend, "auto, cpu or cuda");
    if (settings->type)
        return edt_cli_precision_parse(settings->type, &options->precision) ||
               refuse(error, "--type", settings->type, "auto, f32 or bf16");
    char *recorded = settings->record ? record_text(settings->record, "precision") : NULL;
    if (recorded && !edt_cli_precision_parse(recorded, &options->precision))
        options->precision = EDT_PRECISION_AUTO;
    g_free(recorded);
    return TRUE;
}

/* ---- the request ---- */

static gboolean apply_numbers(const EdtCliSettings *settings, EdtRequest *request, GError **error)
{
    char text[32];
    g_snprintf(text, sizeof text, "%d", settings->steps);
    if (settings->steps != EDT_CLI_UNSAID && (settings->steps < 1 || settings->steps > 1000))
        return refuse(error, "--steps", text, "1 to 1000");
    g_snprintf(text, sizeof text, "%g", settings->eta);
    if (!isnan(settings->eta) && !(settings->eta >= 0 && settings->eta <= 1))
        return refuse(error, "--eta", text, "0 to 1");
    g_snprintf(text, sizeof text, "%g", settings->cfg_scale);
    if (fabs(settings->cfg_scale) > 1000)
        return refuse(error, "--cfg-scale", text, "a number from -1000 to 1000");
    if (settings->steps != EDT_CLI_UNSAID)
        request->steps = settings->steps;
    if (!isnan(settings->eta))
        request->eta = settings->eta;
    if (!isnan(settings->cfg_scale))
        request->cfg_scale = settings->cfg_scale;
    return TRUE;
}

gboolean edt_cli_settings_apply(const EdtCliSettings *settings, EdtRequest *request, GError **error)
{
    EdtItem item = {0};
    if (settings->record && !edt_record_parse(settings->record, request, &item, error))
        return FALSE;
    if (!apply_numbers(settings, request, error))
        return FALSE;
    if (settings->sampler && !edt_sampler_parse(settings->sampler, &request->sampler))
        return refuse(error, "--sampler", settings->sampler, "ddpm, ddim or dpm++2m");
    if (settings->amm && !edt_amm_parse(settings->amm, &request->amm))
        return refuse(error, "--amm", settings->amm, "off, official or auto");
    if (settings->vae && !edt_decode_parse(settings->vae, &request->vae))
        return refuse(error, "--vae", settings->vae, "full or draft");
    request->clip_denoised |= settings->clip;
    request->latent_only = settings->latent_only;
    request->want_previews = settings->preview_dir != NULL;
    request->batch = settings->batch_size;
    return TRUE;
}

/* ---- class and seed ---- */

gboolean edt_cli_class_parse(const EdtModelInfo *info, const char *text, int *class_index,
                             GError **error)
{
    if (g_ascii_strcasecmp(text, "random") == 0)
        *class_index = g_random_int_range(0, MAX(info->n_classes, 1));
    else if (g_ascii_strcasecmp(text, "null") == 0)
        *class_index = info->n_classes;
    else
        *class_index = edt_class_find(info, text, error);
    return *class_index >= 0;
}

gboolean edt_cli_seed_parse(const char *text, guint64 *seed, GError **error)
{
    gint64 value = 0;
    char *end = NULL;
    if (text && *text)
        value = g_ascii_strtoll(text, &end, 10);
    if (!end || end == text || *end || value < -1 || value == G_MAXINT64)
        return refuse(error, "--seed", text, "a whole number from 0 on, or -1 for a random one");
    *seed = value == -1 ? g_random_int() : (guint64)value;
    return TRUE;
}
