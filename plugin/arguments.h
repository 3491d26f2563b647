/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * arguments.h: declares what the procedures take and return: once for dialog, scripts and last
 * values.
 */
#pragma once

#include <libgimp/gimp.h>

void edt_plugin_declare_generate(GimpProcedure *procedure);
void edt_plugin_declare_classes(GimpProcedure *procedure);
void edt_plugin_declare_models(GimpProcedure *procedure);
