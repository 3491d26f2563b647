/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tasks in, pictures on disk out, one batch at a time so that nothing finished is ever lost.
 * cli/progress.c watches the steps, cli/stop.c listens to Ctrl-C.
 */
#include "cli/run.h"
#include "core/canvas.h"
#include "catalogue.h"
#include "cli/event.h"
#include "cli/name.h"
#include "cli/progress.h"
#include "cli/save.h"
#include "cli/stop.h"
#include "cli/talk.h"
#include "core/settings.h"
#include "saving.h"
#include "train.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BATCH_DEFAULT 8

/* ---- opening ---- */

static gboolean check_model(const EdtModelInfo *info, const EdtCliSettings *settings,
                            GError **error)
{
    if (settings->size != EDT_CLI_UNSAID && settings->size != info->image_size) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "--size %d: %s makes pictures of %dx%d and no other size; choose another "
                    "model with -m (\"edt info\" lists them).",
                    settings->size, info->path, info->image_size, info->image_size);
        return FALSE;
    }
    if (edt_model_info_makes(info) == EDT_MAKES_LATENTS_ONLY && !settings->latent_only) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "%s has no VAE, so only latents come out of it: import it again with --vae, "
                    "or add --latent-only --latent-out FILE.npy.",
                    info->path);
        return FALSE;
    }
    return TRUE;
}

static gboolean check_outputs(const EdtCliSettings *settings, const char *path, GError **error)
{
    const struct {
        const char *option, *path;
    } all[] = {
        {"-o", settings->output}, {"--latent-out", settings->latent_out}, {"--npz", settings->npz}};
    for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
        if (!all[i].path || !edt_save_is_same(all[i].path, path))
            continue;
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "%s is the model itself: choose another name for %s.", path, all[i].option);
        return FALSE;
    }
    return TRUE;
}

/* Previews of another run are not overwritten either. */
static gboolean prepare_previews(const EdtCliSettings *settings, GError **error)
{
    const char *folder = settings->preview_dir;
    if (g_mkdir_with_parents(folder, 0777) != 0) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "The folder %s of --preview-dir cannot be made: %s.", folder,
                    g_strerror(errno));
        return FALSE;
    }
    GDir *dir = g_dir_open(folder, 0, error);
    if (!dir)
        return FALSE;
    const char *name;
    gboolean used = FALSE;
    while (!used && (name = g_dir_read_name(dir)))
        used = edt_cli_name_is_preview(name);
    g_dir_close(dir);
    if (used && !settings->force) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "%s holds previews already: choose another --preview-dir, or replace them "
                    "with --force.",
                    folder);
        return FALSE;
    }
    g_autofree char *first = g_build_filename(folder, "item-000-step-000.png", NULL);
    return edt_save_check(first, settings->force ? EDT_WRITE_REPLACE : EDT_WRITE_NEW, 0, error);
}

gboolean edt_cli_run_open(EdtCliRun *run, const EdtCliSettings *settings, const char *path,
                          GError **error)
{
    EdtEngineOptions options;
    EdtModelInfo *info = edt_model_info_read(path, error);
    gboolean ok = info && check_model(info, settings, error) &&
                  check_outputs(settings, path, error) &&
                  (!settings->preview_dir || prepare_previews(settings, error)) &&
                  edt_cli_settings_engine(settings, &options, error);
    edt_model_info_free(info);
    if (!ok)
        return FALSE;
    run->engine = edt_engine_open(path, &options, error);
    if (!run->engine)
        return FALSE;
    if (edt_engine_bf16_in_f32(run->engine))
        edt_cli_say_bf16_in_f32();
    run->info = edt_engine_info(run->engine);
    run->json = settings->json;
    run->jobs = settings->jobs != NULL;
    run->metadata = !settings->no_metadata;
    run->preview_dir = g_strdup(settings->preview_dir);
    run->force = settings->force;
    run->type_said =
        settings->type && g_ascii_strcasecmp(settings->type, edt_precision_words[0]) != 0;
    if (settings->latent_out)
        run->latents = g_array_new(FALSE, FALSE, sizeof(float));
    if (isatty(STDOUT_FILENO) && (run->json || run->jobs))
        edt_cli_bar_forbid();
    run->began = g_get_monotonic_time();
    return TRUE;
}

void edt_cli_run_close(EdtCliRun *run)
{
    edt_engine_close(run->engine);
    g_free(run->preview_dir);
    g_clear_pointer(&run->records, g_hash_table_unref);
    if (run->latents)
        g_array_unref(run->latents);
}

int edt_cli_run_batch_size(const EdtCliSettings *settings)
{
    return settings->batch_size ? settings->batch_size : BATCH_DEFAULT;
}

/* ---- events ---- */

void edt_cli_run_announce(EdtCliRun *run, const EdtRequest *request, guint64 seed)
{
    if (!run->json)
        return;
    GString *event = edt_cli_event_new("start");
    edt_cli_event_text(event, "model", run->info->path);
    edt_cli_event_text(event, "variant", run->info->variant);
    edt_cli_event_text(event, "backend", edt_engine_backend(run->engine));
    edt_cli_event_text(event, "precision", edt_precision_words[edt_engine_precision(run->engine)]);
    edt_cli_event_integer(event, "threads", edt_engine_threads(run->engine));
    edt_cli_event_integer(event, "pictures", run->pictures);
    edt_cli_event_settings(event, request);
    edt_cli_event_integer(event, "seed", (gint64)seed);
    edt_cli_event_send(event);
}

void edt_cli_run_report(const EdtCliRun *run, int line, const GError *error)
{
    if (!run->json && !run->jobs)
        return;
    GString *event = edt_cli_event_new("error");
    edt_cli_event_line(event, line);
    edt_cli_event_integer(event, "code", edt_cli_exit_code(error));
    edt_cli_event_text(event, "message", error->message);
    edt_cli_event_send(event);
}

void edt_cli_run_finish(const EdtCliRun *run)
{
    edt_cli_bar_clear();
    if ((!run->json && !run->jobs) || edt_ranks_own() > 0)
        return;
    GString *event = edt_cli_event_new("end");
    edt_cli_event_integer(event, "pictures", run->saved);
    edt_cli_event_integer(event, "failed", run->failed);
    edt_cli_event_integer(event, "skipped", run->skipped);
    edt_cli_event_number(event, "seconds", (double)(g_get_monotonic_time() - run->began) / 1e6);
    edt_cli_event_flag(event, "cancelled", edt_cli_stop_asked());
    edt_cli_event_send(event);
}

void edt_cli_run_skip(EdtCliRun *run, const EdtCliTask *task)
{
    run->skipped++;
    GString *event = edt_cli_event_new("skipped");
    edt_cli_event_line(event, task->line);
    edt_cli_event_text(event, "path", task->output);
    edt_cli_event_send(event);
}

/* NULL of a pipe, which whoever reads it has. */
static char *file_sha256(const char *path)
{
    char *bytes = NULL;
    gsize length = 0;
    if (edt_save_is_stream(path) || !g_file_get_contents(path, &bytes, &length, NULL))
        return NULL;
    char *sha256 = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)bytes, length);
    g_free(bytes);
    return sha256;
}

static void send_image(const EdtCliTask *task, const EdtPicture *picture, const EdtRecord *record)
{
    g_autofree char *sha256 = task->output ? file_sha256(task->output) : NULL;
    g_autofree char *json = edt_record_write(record);
    GString *event = edt_cli_event_new("image");
    edt_cli_event_line(event, task->line);
    edt_cli_event_text(event, "path", task->output);
    edt_cli_event_integer(event, "class", picture->item.class_index);
    edt_cli_event_text(event, "class_name", record->class_name);
    edt_cli_event_integer(event, "seed", (gint64)picture->item.seed);
    edt_cli_event_integer(event, "steps_done", picture->steps_done);
    edt_cli_event_integer(event, "width", picture->width);
    edt_cli_event_integer(event, "height", picture->height);
    edt_cli_event_text(event, "sha256", sha256);
    edt_cli_event_raw(event, "record", json);
    edt_cli_event_send(event);
}

/* ---- saving ---- */

static void tell_picture(EdtCliRun *run, const EdtCliTask *task, const EdtPicture *picture,
                         int steps, const EdtRecord *record)
{
    const char *class_name = record->class_name;
    edt_cli_say("%s (%d of %d), seed %" G_GUINT64_FORMAT "%s", class_name,
                picture->item.class_index, run->info->n_classes, picture->item.seed,
                picture->steps_done < steps ? ", stopped early" : "");
    if (run->json || run->jobs)
        send_image(task, picture, record);
    else if (task->output)
        edt_cli_event_path(task->output);
}

/* A record names what a picture started from: without it the picture cannot be made again. */
static void keep_canvas(const EdtCliRun *run, const EdtPicture *picture)
{
    g_autoptr(GError) error = NULL;
    if (run->metadata && !edt_canvas_keep(run->info, &picture->item, &error))
        edt_cli_say("What the picture starts from could not be kept for --from: %s",
                    error->message);
}

static void save_picture(EdtCliRun *run, const EdtRequest *request, EdtCliTask *task,
                         const EdtPicture *picture)
{
    g_autoptr(EdtRecord) record = edt_record_new(run->engine, request, picture);
    EdtCliSaving saving = EDT_CLI_SAVED;
    keep_canvas(run, picture);
    if (task->output)
        saving = edt_cli_save_picture(run, task, picture, record);
    if (run->latents) {
        int side = run->info->latent_size;
        g_array_append_vals(run->latents, picture->latent,
                            (guint)(run->info->channels * side * side));
    }
    run->failed += saving == EDT_CLI_UNSAVED;
    run->saved += saving == EDT_CLI_SAVED;
    edt_cli_bar_clear();
    if (saving == EDT_CLI_SAVED)
        tell_picture(run, task, picture, request->steps, record);
    else if (saving == EDT_CLI_MADE)
        edt_cli_run_skip(run, task);
}

/* 0 steps: stopped before its turn.  And a job's picture without a record cannot say that it was
 * cut short: it would pass for a finished one when the run is repeated. */
static gboolean is_worth_saving(const EdtCliRun *run, const EdtPicture *picture, int steps)
{
    return picture->steps_done > 0 && (picture->steps_done == steps || run->metadata || !run->jobs);
}

gboolean edt_cli_run_batch(EdtCliRun *run, const EdtRequest *request, EdtCliTask *tasks, int n,
                           GError **error)
{
    EdtRequest batch = *request;
    EdtItem *items = g_new(EdtItem, n);
    for (int i = 0; i < n; i++)
        items[i] = tasks[i].item;
    batch.items = items;
    batch.n_items = n;
    EdtPictures *pictures = edt_generate(run->engine, &batch, &edt_cli_progress, run, error);
    for (int i = 0; pictures && i < pictures->n_pictures; i++) {
        if (is_worth_saving(run, &pictures->pictures[i], batch.steps))
            save_picture(run, &batch, &tasks[i], &pictures->pictures[i]);
    }
    for (int i = pictures && pictures->error ? pictures->n_pictures : n; i < n; i++) {
        tasks[i].error = g_error_copy(pictures->error);
        run->failed++;
    }
    run->done += n;
    gboolean ok = pictures != NULL;
    edt_pictures_free(pictures);
    g_free(items);
    return ok;
}
