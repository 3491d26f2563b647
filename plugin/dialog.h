/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Filters > Generate > EDT, on GIMP's procedure dialog.  It stays open over any number of
 * generations.  from: what is chosen at first to start from.
 */
#pragma once

#include "session/words.h"

#include <libgimp/gimp.h>

GimpValueArray *edt_dialog_run(GimpProcedure *procedure, GimpImage *image,
                               GimpProcedureConfig *config, EdtFrom from);
