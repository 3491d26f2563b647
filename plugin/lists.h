/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The two procedures that only answer questions.
 */
#pragma once

#include <libgimp/gimp.h>

GimpValueArray *edt_plugin_classes(GimpProcedure *procedure, GimpProcedureConfig *config);
GimpValueArray *edt_plugin_models(GimpProcedure *procedure, GimpProcedureConfig *config);
