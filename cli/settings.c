/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From options (and the record of an earlier picture) to an engine and a request.  Every mistake
 * is found here, before a model is loaded; cli/sample.c goes on.
 */
#include "cli/settings.h"
#include "catalogue.h"
#include "cli/canvas.h"
#include "cli/name.h"
#include "cli/talk.h"
#include "core/canvas.h"
#include "core/settings.h"
#include "saving.h"

void edt_cli_settings_init(EdtCliSettings *settings)
{
    int n;
    edt_settings(&n);
    *settings =
        (EdtCliSettings){.said = g_new0(EdtCliSaid, n), .size = EDT_CLI_UNSAID, .batch_count = 1};
}

EdtCliSaid *edt_cli_settings_said(const EdtCliSettings *settings, const char *name)
{
    int n;
    const EdtSetting *first = edt_settings(&n);
    return &settings->said[edt_setting_named(name) - first];
}

void edt_cli_settings_clear(EdtCliSettings *settings)
{
    char *texts[] = {
        settings->model,       settings->output,     settings->classes,     settings->styles,
        settings->seed,        settings->backend,    settings->type,        settings->rng,
        settings->from,        settings->latent_out, settings->init_latent, settings->jobs,
        settings->preview_dir, settings->npz,        settings->image,       settings->mask,
        settings->paper,       settings->mix,        settings->vary,        settings->speed};
    int n;
    edt_settings(&n);
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    for (int i = 0; i < n; i++)
        g_free(settings->said[i].text);
    g_free(settings->said);
    edt_record_free(settings->record);
}

/* ---- the record of --from ---- */

/* A PNG of ours, or the record itself in a file. */
static EdtRecord *read_record(const char *path, GError **error)
{
    if (!g_str_has_suffix(path, ".json") && !g_str_has_suffix(path, ".JSON"))
        return edt_png_record(path, error);
    g_autofree char *text = NULL;
    g_autoptr(GError) cause = NULL;
    if (g_file_get_contents(path, &text, NULL, &cause))
        return edt_record_read(edt_text_begin(text), error);
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE, "%s.", cause->message);
    return NULL;
}

/* What makes another picture of the same settings. */
static void warn_of_another(const EdtCliSettings *settings)
{
    const EdtRecord *record = settings->record;
    int steps = record->request.steps;
    if (record->unknown)
        edt_cli_say("The record says \"%s\", which this version (%s) does not know: another "
                    "picture may come out.",
                    record->unknown, EDT_VERSION);
    if (record->foreign_noise && !settings->init_latent)
        edt_cli_say("That picture began from a latent of its own (--init-latent); without it "
                    "another picture comes out.");
    if (record->steps_done > 0 && record->steps_done < steps &&
        !edt_cli_settings_said(settings, "steps")->text)
        edt_cli_say("That picture was stopped after step %d of %d; all steps make another one.",
                    record->steps_done, steps);
}

static gboolean load_record(EdtCliSettings *settings, GError **error)
{
    settings->record = read_record(settings->from, error);
    if (settings->record)
        warn_of_another(settings);
    else
        g_prefix_error(error, "--from %s: ", settings->from);
    return settings->record != NULL;
}

/* ---- checks that need no model ---- */

static gboolean check_numbers(const EdtCliSettings *settings, GError **error)
{
    char text[32];
    g_snprintf(text, sizeof text, "%d", settings->batch_count);
    if (settings->batch_count < 1 || settings->batch_count > 100000)
        return edt_cli_refuse(error, "--batch-count", text, "1 to 100000");
    g_snprintf(text, sizeof text, "%d", settings->batch_size);
    if (settings->batch_size < 0 || settings->batch_size > 256)
        return edt_cli_refuse(error, "--batch-size", text, "1 to 256, or 0 for as many as fit");
    g_snprintf(text, sizeof text, "%d", settings->frames);
    if (settings->frames < 0 || settings->frames == 1 || settings->frames > 1000)
        return edt_cli_refuse(error, "--frames", text, "2 to 1000");
    g_snprintf(text, sizeof text, "%d", settings->threads);
    if (settings->threads < 0 || settings->threads > 1024)
        return edt_cli_refuse(error, "--threads", text, "1 to 1024, or 0 for all physical cores");
    if (settings->rng && g_strcmp0(settings->rng, "torch") != 0)
        return edt_cli_refuse(error, "--rng", settings->rng, "\"torch\", the only generator");
    return TRUE;
}

static gboolean is_preview(const EdtCliSettings *settings, const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path), *name = g_path_get_basename(path);
    return settings->preview_dir && edt_save_is_same(folder, settings->preview_dir) &&
           edt_cli_name_is_preview(name);
}

gboolean edt_cli_settings_keep(const EdtCliSettings *settings, const char *reader, const char *path,
                               GError **error)
{
    if (!settings->force || !is_preview(settings, path))
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                "%s is what %s reads, and a preview may replace it: choose another folder for "
                "--preview-dir.",
                path, reader);
    return FALSE;
}

static gboolean check_previews(const EdtCliSettings *settings, GError **error)
{
    const char *const read[][2] = {
        {"--image", settings->image}, {"--mask", settings->mask}, {"--from", settings->from}};
    for (gsize i = 0; i < G_N_ELEMENTS(read); i++)
        if (read[i][1] && !edt_cli_settings_keep(settings, read[i][0], read[i][1], error))
            return FALSE;
    return TRUE;
}

gboolean edt_cli_settings_spare(const EdtCliSettings *settings, const char *option,
                                const char *path, GError **error)
{
    const EdtRecord *record = settings->record;
    g_autofree char *beside = settings->from ? g_path_get_dirname(settings->from) : NULL;
    const struct {
        const char *option, *text; /* a path, or the SHA-256 of a source or a mask */
    } all[] = {
        {"--image", settings->image},
        {"--mask", settings->mask},
        {"--from", settings->from},
        {"--from", record && !settings->image ? record->source : NULL},
        {"--from", record && !settings->mask ? record->mask : NULL},
        {"--init-latent", settings->init_latent},
        {"--jobs", settings->jobs},
    };
    if (is_preview(settings, path)) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "%s is the name of a preview in the folder of --preview-dir: choose another "
                    "name for %s.",
                    path, option);
        return FALSE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
        const char *text = all[i].text;
        if (!text || !(edt_save_is_same(text, path) || edt_canvas_is_at(text, beside, path)))
            continue;
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "%s is what %s reads: choose another name for %s.", path, all[i].option,
                    option);
        return FALSE;
    }
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
    if (settings->latent_only && settings->output) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "--latent-only makes no picture for -o %s: leave one of the two out.",
                    settings->output);
        return FALSE;
    }
    if (!settings->latent_out)
        return TRUE;
    if (g_file_test(settings->latent_out, G_FILE_TEST_IS_DIR)) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "--latent-out %s is a folder: give the name of a file.", settings->latent_out);
        return FALSE;
    }
    if (!settings->force && !edt_save_is_stream(settings->latent_out) &&
        g_file_test(settings->latent_out, G_FILE_TEST_EXISTS)) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "%s exists: choose another name for --latent-out, or replace it with --force.",
                    settings->latent_out);
        return FALSE;
    }
    return edt_cli_settings_spare(settings, "--latent-out", settings->latent_out, error) &&
           edt_cli_name_check_folder(settings->latent_out, "the latents", error) &&
           edt_save_check(settings->latent_out, settings->force ? EDT_WRITE_REPLACE : EDT_WRITE_NEW,
                          0, error);
}

/* One thing alone can go to stdout, or into a file. */
static gboolean check_streams(const EdtCliSettings *settings, GError **error)
{
    gboolean picture = settings->output && edt_save_is_stdout(settings->output);
    gboolean latents = settings->latent_out && edt_save_is_stdout(settings->latent_out);
    if (picture + latents + (settings->json != 0) < 2)
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                "Of -o, --latent-out and --json one alone can go to stdout.");
    return FALSE;
}

/* Lines and archives read them again for each picture. */
static gboolean check_pipes(const EdtCliSettings *settings, GError **error)
{
    const char *const options[][2] = {{"--image", settings->image}, {"--mask", settings->mask}};
    for (gsize i = 0; i < G_N_ELEMENTS(options) && (settings->jobs || settings->npz); i++)
        if (options[i][1] && edt_save_is_stream(options[i][1]))
            return edt_cli_refuse(error, options[i][0], options[i][1],
                                  "a file, which can be read again for each picture");
    return TRUE;
}

static gboolean check_jobs(const EdtCliSettings *settings, GError **error)
{
    const char *other = settings->from               ? "--from"
                        : settings->init_latent      ? "--init-latent"
                        : settings->latent_out       ? "--latent-out"
                        : settings->latent_only      ? "--latent-only"
                        : settings->batch_count != 1 ? "--batch-count"
                        : settings->frames           ? "--frames"
                                                     : NULL;
    if (!settings->jobs || !other)
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                "%s cannot go together with --jobs: every line of the job file is one picture.",
                other);
    return FALSE;
}

static gboolean check_npz(const EdtCliSettings *settings, GError **error)
{
    const char *other = settings->from          ? "--from"
                        : settings->output      ? "-o"
                        : settings->init_latent ? "--init-latent"
                        : settings->latent_out  ? "--latent-out"
                        : settings->latent_only ? "--latent-only"
                        : settings->preview_dir ? "--preview-dir"
                        : settings->no_metadata ? "--no-metadata"
                        : settings->frames      ? "--frames"
                                                : NULL;
    if (!settings->npz)
        return TRUE;
    if (!*settings->npz || edt_save_is_stream(settings->npz))
        return edt_cli_refuse(error, "--npz", settings->npz, "the name of a file");
    if (!other)
        return edt_cli_settings_spare(settings, "--npz", settings->npz, error);
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                "%s cannot go together with --npz, which holds plain pictures and their classes.",
                other);
    return FALSE;
}

gboolean edt_cli_settings_check(EdtCliSettings *settings, GError **error)
{
    EdtRequest request;
    EdtItem item;
    EdtEngineOptions options;
    edt_request_init(&request, NULL);
    edt_item_init(&item);
    return check_npz(settings, error) && check_jobs(settings, error) &&
           (!settings->from || load_record(settings, error)) && check_numbers(settings, error) &&
           check_latents(settings, error) && check_streams(settings, error) &&
           check_pipes(settings, error) && check_previews(settings, error) &&
           edt_cli_settings_apply(settings, &request, &item, error) &&
           edt_cli_settings_engine(settings, &options, error);
}

/* ---- model and engine ---- */

char *edt_cli_settings_model(const EdtCliSettings *settings, GError **error)
{
    const char *sha256 = settings->record ? settings->record->model_sha256 : NULL;
    char *found = sha256 && !settings->model ? edt_models_find_sha256(sha256) : NULL;
    if (sha256 && !found && !settings->model)
        edt_cli_say("The model of that picture (%.10s) is not here; another one makes another "
                    "picture.",
                    sha256);
    return found ? found : edt_models_find(settings->model, error);
}

gboolean edt_cli_settings_engine(const EdtCliSettings *settings, EdtEngineOptions *options,
                                 GError **error)
{
    int backend = EDT_BACKEND_AUTO;
    int precision = settings->record ? (int)settings->record->precision : EDT_PRECISION_AUTO;
    if (!edt_cli_word("--backend", settings->backend, edt_backend_words, &backend, error) ||
        !edt_cli_word("--type", settings->type, edt_precision_words, &precision, error))
        return FALSE;
    *options = (EdtEngineOptions){.threads = settings->threads,
                                  .backend = (EdtBackendKind)backend,
                                  .precision = (EdtPrecision)precision};
    return TRUE;
}

/* ---- the request ---- */

static gboolean refuse_setting(const EdtSetting *setting, const char *text, GError **error)
{
    g_autofree char *option = g_strdelimit(g_strconcat("--", setting->name, NULL), "_", '-');
    g_autofree char *expected = edt_setting_expected(setting);
    return edt_cli_refuse(error, option, text, expected);
}

/* Options come later, and say more. */
static gboolean apply_speed(const EdtCliSettings *settings, EdtRequest *request, GError **error)
{
    int speed = EDT_SPEED_NONE;
    if (!edt_cli_word("--speed", settings->speed, edt_speed_words, &speed, error))
        return FALSE;
    edt_speed_apply((EdtSpeed)speed, request);
    return TRUE;
}

gboolean edt_cli_settings_apply(const EdtCliSettings *settings, EdtRequest *request, EdtItem *item,
                                GError **error)
{
    int n;
    const EdtSetting *rows = edt_settings(&n);
    if (settings->record)
        edt_record_apply(settings->record, request, item);
    if (!apply_speed(settings, request, error))
        return FALSE;
    for (int i = 0; i < n; i++) {
        const char *text = settings->said[i].on ? "true" : settings->said[i].text;
        if (text && !edt_setting_read(&rows[i], edt_setting_field(&rows[i], request, item), text))
            return refuse_setting(&rows[i], text, error);
    }
    EdtCliDrawn drawn;
    if (settings->vary && !edt_cli_variation_parse(settings->vary, &item->variation, &drawn, error))
        return FALSE;
    request->latent_only = settings->latent_only;
    request->want_previews = request->every_preview = settings->preview_dir != NULL;
    request->batch = settings->batch_size;
    return TRUE;
}

gboolean edt_cli_settings_says(const EdtCliSettings *settings, const char *name)
{
    int n;
    const EdtSetting *first = edt_settings(&n), *setting = edt_setting_named(name);
    const EdtCliSaid *said = &settings->said[setting - first];
    const guint64 bit = (guint64)1 << (setting - first);
    return said->on || said->text || (settings->record && settings->record->named & bit);
}
