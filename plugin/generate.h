/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * plug-in-edt-generate in its three run modes.
 */
#pragma once

#include <libgimp/gimp.h>

GimpValueArray *edt_plugin_generate(GimpProcedure *procedure, GimpRunMode run_mode,
                                    GimpImage *image, GimpProcedureConfig *config);
