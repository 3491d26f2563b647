/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Declares what the procedures take and return: once for dialog, scripts and last
 * values.
 */
#pragma once

#include "session/words.h"

#include <libgimp/gimp.h>

/* Of a procedure that makes new pictures, by what they start from. */
void edt_plugin_declare_making(GimpProcedure *procedure, EdtFrom from);
void edt_plugin_declare_morph(GimpProcedure *procedure);
void edt_plugin_declare_scatter(GimpProcedure *procedure);
void edt_plugin_declare_brush(GimpProcedure *procedure);
void edt_plugin_declare_pattern(GimpProcedure *procedure);
void edt_plugin_declare_again(GimpProcedure *procedure);
void edt_plugin_declare_classes(GimpProcedure *procedure);
void edt_plugin_declare_models(GimpProcedure *procedure);
