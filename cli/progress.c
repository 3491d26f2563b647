/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What happens between two steps, seen from the command line.  The engine counts items from 0 in
 * every call; the run knows how many pictures came before.
 */
#include "cli/progress.h"
#include "cli/event.h"
#include "cli/stop.h"
#include "cli/talk.h"
#include "cli/task.h"

/* "3 s", "12 min", "2.5 h" */
static void eta_text(char text[16], double seconds)
{
    if (seconds < 100)
        g_snprintf(text, 16, "%.0f s", seconds);
    else if (seconds < 100 * 60)
        g_snprintf(text, 16, "%.0f min", seconds / 60);
    else
        g_snprintf(text, 16, "%.1f h", seconds / 3600);
}

/* "12/25, 11.2 it/s, ETA 3 s": steps of this batch; the ETA is for all that is planned. */
static void show_steps(EdtCliRun *run, const EdtProgress *progress)
{
    double planned = (double)(run->pictures ? run->pictures : run->done + progress->total_items);
    double behind = run->done + progress->first_item +
                    progress->n_items * (double)progress->step / progress->steps;
    double elapsed = (double)(g_get_monotonic_time() - run->first_step) / 1e6;
    double per_picture = run->steps_done ? elapsed * progress->steps / (double)run->steps_done : 0;
    double rate = progress->step_seconds > 0 ? 1 / progress->step_seconds : 0;
    char text[96], eta[16];
    eta_text(eta, per_picture * (planned - behind));
    g_snprintf(text, sizeof text, "%d/%d, %.1f it/s, ETA %s", progress->step, progress->steps, rate,
               eta);
    edt_cli_bar_show(behind / planned, text);
}

static void send_step(const EdtCliRun *run, const EdtProgress *progress)
{
    GString *event = edt_cli_event_new("step");
    edt_cli_event_integer(event, "i", progress->step);
    edt_cli_event_integer(event, "n", progress->steps);
    edt_cli_event_number(event, "ms", progress->step_seconds * 1e3);
    edt_cli_event_integer(event, "first", run->done + progress->first_item);
    edt_cli_event_integer(event, "items", progress->n_items);
    edt_cli_event_send(event);
}

static void send_decode(const EdtCliRun *run, const EdtProgress *progress)
{
    GString *event = edt_cli_event_new("decode");
    edt_cli_event_integer(event, "item", run->done + progress->first_item + progress->step);
    edt_cli_event_send(event);
}

static void note_step(EdtCliRun *run, const EdtProgress *progress)
{
    if (!run->first_step)
        run->first_step =
            g_get_monotonic_time() - (gint64)(progress->step_seconds * 1e6 * progress->step);
    if (progress->step == 0)
        return;
    run->steps_done += progress->n_items;
    show_steps(run, progress);
    if (run->json)
        send_step(run, progress);
}

static EdtVerdict watch(const EdtProgress *progress, gpointer user_data)
{
    EdtCliRun *run = user_data;
    if (progress->phase == EDT_PHASE_DECODING) {
        edt_cli_bar_show(1, "decoding");
        if (run->json)
            send_decode(run, progress);
        return EDT_CONTINUE; /* the steps are paid for: the picture is kept */
    }
    if (progress->phase == EDT_PHASE_SAMPLING)
        note_step(run, progress);
    if (!edt_cli_stop_asked())
        return EDT_CONTINUE;
    gboolean something = progress->step > 0 || progress->first_item > 0;
    return something ? EDT_STOP_KEEP : EDT_STOP_DISCARD;
}

static gboolean save_preview(const EdtPreview *preview, const char *path, gboolean force,
                             GError **error)
{
    gsize n = (gsize)preview->width * preview->height * preview->channels;
    EdtPicture picture = {.width = preview->width,
                          .height = preview->height,
                          .channels = preview->channels,
                          .pixels = g_new(float, n)};
    for (gsize i = 0; i < n; i++)
        picture.pixels[i] = preview->pixels[i] / 255.0f;
    gboolean ok = edt_picture_save(&picture, path, NULL, force ? EDT_WRITE_REPLACE : EDT_WRITE_NEW,
                                   NULL, error);
    g_free(picture.pixels);
    return ok;
}

static void keep_preview(const EdtPreview *preview, gpointer user_data)
{
    EdtCliRun *run = user_data;
    if (!run->preview_dir)
        return;
    int item = run->done + preview->item;
    GError *error = NULL;
    char *name = g_strdup_printf("item-%03d-step-%03d.png", item, preview->step);
    char *path = g_build_filename(run->preview_dir, name, NULL);
    if (!save_preview(preview, path, run->force, &error)) {
        edt_cli_error("%s No more previews in this run.", error->message);
        g_error_free(error);
        g_clear_pointer(&run->preview_dir, g_free);
    } else if (run->json) {
        GString *event = edt_cli_event_new("preview");
        edt_cli_event_integer(event, "item", item);
        edt_cli_event_integer(event, "i", preview->step);
        edt_cli_event_text(event, "path", path);
        edt_cli_event_send(event);
    }
    g_free(path);
    g_free(name);
}

const EdtCallbacks edt_cli_progress = {.progress = watch, .preview = keep_preview};
