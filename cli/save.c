/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where pictures end; see save.h.  Nothing is replaced without leave: what somebody else put there
 * since the plan was made stays, and ours goes to the next free name.  What cannot be written at
 * all goes to the folder of earlier pictures (history.h).
 */
#include "cli/save.h"
#include "cli/talk.h"
#include "core/settings.h"
#include "history.h"
#include "machine.h"

#include <string.h>

/* Noise is hardly smaller as PNG than its pixels; finished pictures are about half as large. */
guint64 edt_cli_save_bytes(const EdtModelInfo *info)
{
    guint64 side = (guint64)info->image_size;
    return side * side * (info->has_alpha ? 4 : 3) / 2 + 4096;
}

/* "Why.  What is kept at PATH.": after a failure; cause: of keeping it there. */
static void tell_kept(GError **error, const char *what, const char *path, GError *cause)
{
    g_autofree char *why = g_strdup((*error)->message);
    int code = (*error)->code;
    g_clear_error(error);
    g_set_error(error, EDT_ERROR, code, "%s %s %s %s", why, what,
                path ? "at" : "either:", path ? path : cause->message);
    g_clear_error(&cause);
}

static void keep_picture(const EdtPicture *picture, const EdtRecord *record, GError **error)
{
    GError *cause = NULL;
    g_autofree char *path = edt_history_keep(picture, record, &cause);
    tell_kept(error, path ? "The picture is kept" : "It cannot be kept in the history folder", path,
              cause);
}

/* ---- what a job finds in its place when it is done ---- */

static gboolean is_same(const EdtCliRun *run, const EdtRecord *a, const EdtRecord *b)
{
    int n;
    const EdtSetting *rows = edt_settings(&n);
    for (int i = 0; i < n; i++)
        if (!edt_setting_equal(&rows[i], edt_setting_field(&rows[i], &a->request, &a->item),
                               edt_setting_field(&rows[i], &b->request, &b->item)))
            return FALSE;
    return g_strcmp0(a->model_sha256, b->model_sha256) == 0 && a->size == b->size &&
           g_strcmp0(a->source, b->source) == 0 && g_strcmp0(a->mask, b->mask) == 0 &&
           (!run->type_said || a->precision == b->precision) && !a->foreign_noise &&
           !b->foreign_noise;
}

/* The steps of the same picture that is there; 0: it is another, or there is none, as in a stream.
 */
static int steps_there(const EdtCliRun *run, const char *path, const EdtRecord *record)
{
    g_autoptr(EdtRecord) found = edt_save_is_stream(path) ? NULL : edt_png_record(path, NULL);
    return found && is_same(run, found, record) ? found->steps_done : 0;
}

static gboolean write_to(EdtCliTask *task, const EdtPicture *picture, const EdtRecord *record,
                         EdtWrite write)
{
    g_autofree char *written = NULL;
    if (!edt_picture_save(picture, task->output, record, write, &written, &task->error))
        return FALSE;
    if (strcmp(written, task->output) != 0)
        edt_cli_say("%s was taken meanwhile: the picture is %s.", task->output, written);
    g_free(task->output);
    task->output = g_steal_pointer(&written);
    return TRUE;
}

EdtCliSaving edt_cli_save_picture(const EdtCliRun *run, EdtCliTask *task, const EdtPicture *picture,
                                  const EdtRecord *record)
{
    EdtWrite write = task->replace ? EDT_WRITE_REPLACE : EDT_WRITE_NEXT;
    int there = task->line && !task->replace ? steps_there(run, task->output, record) : 0;
    if (there >= picture->steps_done && there > 0)
        return EDT_CLI_MADE;
    if (there > 0) /* the same, stopped earlier than ours */
        write = EDT_WRITE_REPLACE;
    if (write_to(task, picture, run->metadata ? record : NULL, write))
        return EDT_CLI_SAVED;
    keep_picture(picture, record, &task->error);
    return EDT_CLI_UNSAVED;
}

/* ---- latents ---- */

gboolean edt_cli_save_latents(const EdtCliRun *run, const EdtCliSettings *settings, char **path,
                              GError **error)
{
    const EdtModelInfo *info = run->info;
    const float *values = (const float *)run->latents->data;
    gsize one = (gsize)info->channels * info->latent_size * info->latent_size;
    gint64 shape[] = {(gint64)(run->latents->len / one), info->channels, info->latent_size,
                      info->latent_size};
    GError *cause = NULL;
    if (edt_npy_save_as(settings->latent_out, values, 4, shape,
                        settings->force ? EDT_WRITE_REPLACE : EDT_WRITE_NEXT, path, &cause)) {
        if (strcmp(*path, settings->latent_out) != 0)
            edt_cli_say("%s was taken meanwhile: the latents are %s.", settings->latent_out, *path);
        return TRUE;
    }
    GError *again = NULL;
    g_autofree char *kept = edt_history_keep_latents(values, 4, shape, &again);
    tell_kept(&cause, kept ? "The latents are kept" : "They cannot be kept in the history folder",
              kept, again);
    g_propagate_error(error, cause);
    return FALSE;
}
