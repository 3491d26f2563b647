/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * plug-in-edt-brush and plug-in-edt-pattern: pictures as GIMP's own brushes and patterns, in the
 * user's folders.
 */
#pragma once

#include <libgimp/gimp.h>

GimpValueArray *edt_plugin_brush(GimpProcedure *procedure, GimpRunMode run_mode, GimpImage *image,
                                 GimpDrawable **drawables, GimpProcedureConfig *config);
GimpValueArray *edt_plugin_pattern(GimpProcedure *procedure, GimpRunMode run_mode, GimpImage *image,
                                   GimpDrawable **drawables, GimpProcedureConfig *config);
