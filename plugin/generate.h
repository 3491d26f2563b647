/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * generate.h: plug-in-edt-generate in its three run modes, and what the run modes share.
 */
#pragma once

#include <libgimp/gimp.h>

#include "plugin/job.h"

GimpValueArray *edt_plugin_generate(GimpProcedure *procedure, GimpRunMode run_mode,
                                    GimpImage *image, GimpProcedureConfig *config);

/* The process's one studio, made when first asked for. */
EdtStudio *edt_plugin_studio(void);
/* Threads the user allows in GIMP's preferences; 0: as the engine likes. */
int edt_plugin_threads(void);

/* All that went wrong in a job and in inserting its pictures (NULL: GIMP took them) as one error;
 * NULL: nothing did. */
GError *edt_plugin_sum_up(const EdtOutcome *outcome, const GError *refused);
/* Error values for a script or GIMP's message dialog; takes the error. */
GimpValueArray *edt_plugin_failed(GimpProcedure *procedure, GError *error);
/* Success with the image and layers (NULL-terminated array, taken; NULL: none). */
GimpValueArray *edt_plugin_succeeded(GimpProcedure *procedure, GimpImage *image,
                                     GimpLayer **layers);
