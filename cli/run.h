/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A run: one open engine and the way from a batch of tasks to saved pictures.  `edt sample` runs
 * its pictures through it, and so does every line of a job file.
 */
#pragma once

#include "cli/task.h"

/* Opens the model at path and checks it against the settings. */
gboolean edt_cli_run_open(EdtCliRun *run, const EdtCliSettings *settings, const char *path,
                          GError **error);
void edt_cli_run_close(EdtCliRun *run);

/* How many tasks to hand over at once. */
int edt_cli_run_batch_size(const EdtCliSettings *settings);

void edt_cli_run_announce(EdtCliRun *run, const EdtRequest *request, guint64 seed);
/* Makes and saves the pictures of n tasks with the settings of request (its items are set here).
 * A picture that cannot be saved has the reason in its task and the rest goes on; FALSE: none was
 * made.  After Ctrl-C (edt_cli_stop_asked) what was there is saved, unless it was nothing
 * (EDT_ERROR_CANCELLED). */
gboolean edt_cli_run_batch(EdtCliRun *run, const EdtRequest *request, EdtCliTask *tasks, int n,
                           GError **error);
/* Event "error" of a task or of a whole run (line 0), for --json. */
void edt_cli_run_report(const EdtCliRun *run, int line, const GError *error);
/* Event "skipped": a job that is done already. */
void edt_cli_run_skip(EdtCliRun *run, const EdtCliTask *task);
/* Event "end". */
void edt_cli_run_finish(const EdtCliRun *run);
