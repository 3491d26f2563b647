/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * "EDT Settings of This Layer...": the dialog that makes such a layer, with the settings of this
 * one.
 */
#pragma once

#include <libgimp/gimp.h>

GimpValueArray *edt_plugin_settings(GimpProcedure *procedure, GimpRunMode run_mode,
                                    GimpImage *image, GimpDrawable **drawables,
                                    GimpProcedureConfig *config);
