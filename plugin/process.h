/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the plug-in's process has once: the studio, whose engine stays loaded between runs, and the
 * threads that it may take.
 */
#pragma once

#include "session/studio.h"

#include <libgimp/gimp.h>

/* As GTK and window managers know it. */
#define PRGNAME "edt-generate"

/* Made when first asked for. */
EdtStudio *edt_process_studio(void);
/* Runs an order to its end with GIMP's progress bar, under a main loop that keeps GIMP's wire
 * alive: should GIMP go away, libgimp ends this process.  Takes the order; close the job. */
EdtJob *edt_process_run(EdtOrder *order);
/* The same for what takes all of its pictures or none: NULL where it failed. */
EdtJob *edt_process_make(EdtOrder *order, GError **error);
/* Threads the user allows in GIMP's preferences; 0: as the engine likes. */
int edt_process_threads(void);
/* Another procedure of ours, to ask with its dialog.  To be unreferenced. */
GimpProcedure *edt_process_procedure(const char *name);
/* Whether there is one for a dialog: GTK ends the process where it finds none. */
gboolean edt_process_display(GError **error);
/* Stops what runs and joins its thread; safe at any time. */
void edt_process_quit(void);
/* Signals end the process without a clean-up of libgimp's. */
void edt_process_end_when_told(void);
