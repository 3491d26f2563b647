/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * --json: one object a line on stdout.  The events of `edt sample`:
 *
 *   start    model variant backend precision threads pictures seed, and all settings of a record
 *   step     i n ms first items          after every step of a batch of `items` pictures
 *   decode   item                        its pixels are being made
 *   preview  item i path                 with --preview-dir
 *   image    path class class_name seed steps_done width height sha256 record   one saved picture
 *   latent   path shape                  with --latent-out
 *   npz      path pictures               with --npz, at the end
 *   skipped  path                        a job that was done before
 *   error    code message
 *   end      pictures failed skipped seconds cancelled
 *
 * image, skipped and error carry "line" in a run of jobs, which has no start: its lines may differ;
 * and "rank" where mpirun started several processes, which share the jobs and have one end.
 */
#pragma once

#include "cli/command.h"
#include "core/settings.h"

/* name NULL: an object that is no event. */
GString *edt_cli_event_new(const char *name);
void edt_cli_event_text(GString *event, const char *key, const char *value); /* NULL: null */
void edt_cli_event_integer(GString *event, const char *key, gint64 value);
void edt_cli_event_number(GString *event, const char *key, double value); /* 6 digits */
void edt_cli_event_flag(GString *event, const char *key, gboolean value);
void edt_cli_event_setting(GString *event, const EdtSetting *setting, gconstpointer field);
void edt_cli_event_settings(GString *event, const EdtRequest *request); /* all of them */
void edt_cli_event_raw(GString *event, const char *key, const char *json);
void edt_cli_event_line(GString *event, int line); /* of a job file, and the rank; 0: neither */
void edt_cli_event_path(const char *path);         /* no event: a line for people's pipes, unless
                                                      what was made went to stdout itself */
void edt_cli_event_send(GString *event);           /* prints the line and frees event */
