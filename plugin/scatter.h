/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * plug-in-edt-scatter: many pictures of a class in the selection, or on a seamless tile.
 */
#pragma once

#include <libgimp/gimp.h>

GimpValueArray *edt_plugin_scatter(GimpProcedure *procedure, GimpRunMode run_mode, GimpImage *image,
                                   GimpDrawable **drawables, GimpProcedureConfig *config);
/* The same with settings of its own kind; GEGL is there. */
GimpValueArray *edt_plugin_scatter_with(GimpProcedure *procedure, GimpRunMode run_mode,
                                        GimpImage *image, GimpProcedureConfig *config);
