/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * plug-in-edt-morph: frames from one picture to another.
 */
#pragma once

#include "plugin/layer.h"

GimpValueArray *edt_plugin_morph(GimpProcedure *procedure, GimpRunMode run_mode, GimpImage *image,
                                 GimpDrawable **drawables, GimpProcedureConfig *config);

/* In parts, for who makes the pictures otherwise: the dialog, with RUN-INTERACTIVE (FALSE: given
 * up, or an error), the order of its frames with their place (NULL: an error), and the layers of
 * all of them (NULL, too). */
gboolean edt_morph_ask(GimpProcedure *procedure, GimpRunMode run_mode, GimpProcedureConfig *config,
                       GError **error);
EdtOrder *edt_morph_plan(GimpProcedureConfig *config, GimpImage *image, EdtPlace *place,
                         GError **error);
/* Whether it goes between two layers: the model is theirs. */
gboolean edt_morph_is_of_layers(GimpProcedureConfig *config);
GimpImage *edt_morph_insert(const EdtPlace *place, const EdtOutcome *outcome,
                            GimpProcedureConfig *config, GimpLayer ***layers, GError **error);
