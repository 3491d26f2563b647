/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * plug-in-edt-generate, plug-in-edt-redraw and plug-in-edt-fill in their three run modes.
 */
#pragma once

#include <libgimp/gimp.h>

GimpValueArray *edt_plugin_generate(GimpProcedure *procedure, GimpRunMode run_mode,
                                    GimpImage *image, GimpDrawable **drawables,
                                    GimpProcedureConfig *config);
GimpValueArray *edt_plugin_redraw(GimpProcedure *procedure, GimpRunMode run_mode, GimpImage *image,
                                  GimpDrawable **drawables, GimpProcedureConfig *config);
GimpValueArray *edt_plugin_fill(GimpProcedure *procedure, GimpRunMode run_mode, GimpImage *image,
                                GimpDrawable **drawables, GimpProcedureConfig *config);
