/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Declares what the procedures take and return: once for dialog, scripts and last
 * values.
 */
#pragma once

#include <libgimp/gimp.h>

void edt_plugin_declare_generate(GimpProcedure *procedure);
void edt_plugin_declare_redraw(GimpProcedure *procedure);
void edt_plugin_declare_fill(GimpProcedure *procedure);
void edt_plugin_declare_again(GimpProcedure *procedure);
void edt_plugin_declare_classes(GimpProcedure *procedure);
void edt_plugin_declare_models(GimpProcedure *procedure);
