/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A computed picture to its place, whatever happened there meanwhile: what was paid for with steps
 * is not lost.
 */
#pragma once

#include "cli/task.h"

typedef enum {
    EDT_CLI_SAVED,   /* task->output says where, now */
    EDT_CLI_MADE,    /* of a job file: another run has made the very same meanwhile */
    EDT_CLI_UNSAVED, /* task->error says why, and where the picture is kept */
} EdtCliSaving;

EdtCliSaving edt_cli_save_picture(const EdtCliRun *run, EdtCliTask *task, const EdtPicture *picture,
                                  const EdtRecord *record);
/* All latents of a run, [n, C, h, w].  *path: where they are, free with g_free(). */
gboolean edt_cli_save_latents(const EdtCliRun *run, const EdtCliSettings *settings, char **path,
                              GError **error);
/* About how many bytes a picture of this model takes. */
guint64 edt_cli_save_bytes(const EdtModelInfo *info);
