/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The plan of `edt sample`: its tasks, and the noise of --init-latent.
 */
#pragma once

#include "cli/run.h"

/* Appends an EdtCliTask for every picture, with names that hurt no existing file. */
gboolean edt_cli_plan_tasks(const EdtCliSettings *settings, const EdtModelInfo *info, GArray *tasks,
                            GError **error);
/* FALSE: an option that would change nothing without another one that is not there. */
gboolean edt_cli_plan_needs(const EdtCliSettings *settings, const EdtModelInfo *info,
                            const EdtRequest *request, const EdtItem *item, GError **error);
/* What an item shows, for file names: "red fox", or "red fox flat" where it has a style.  g_free().
 */
char *edt_cli_plan_subject(const EdtModelInfo *info, const EdtItem *item);
/* --init-latent as n latents in a row, [n, C, h, w]; a single one serves all pictures. */
float *edt_cli_plan_latents(const EdtCliSettings *settings, const EdtModelInfo *info, guint n,
                            GError **error);
