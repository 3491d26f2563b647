/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Filters > Generate > EDT, on GIMP's procedure dialog.  It stays open over any number of
 * generations.
 */
#pragma once

#include <libgimp/gimp.h>

GimpValueArray *edt_dialog_run(GimpProcedure *procedure, GimpImage *image,
                               GimpProcedureConfig *config);
