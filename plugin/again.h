/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Layers that EDT made, made again from their records: with other seeds or steps, in place or
 * above.
 */
#pragma once

#include <libgimp/gimp.h>

GimpValueArray *edt_plugin_again(GimpProcedure *procedure, GimpRunMode run_mode, GimpImage *image,
                                 GimpDrawable **drawables, GimpProcedureConfig *config);
