/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The small dialog of a procedure: rows of its settings and two buttons.  Progress is GIMP's then.
 */
#pragma once

#include <libgimp/gimp.h>

/* Asks for the settings called rows (NULL-terminated) where somebody looks on.  FALSE without an
 * error: it was cancelled. */
gboolean edt_ask(GimpProcedure *procedure, GimpRunMode run_mode, GimpProcedureConfig *config,
                 const char *title, const char *const *rows, GError **error);
