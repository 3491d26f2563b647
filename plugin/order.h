/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * order.h: from settings (the properties of a GimpProcedureConfig, or of any object with the same
 * ones) to an order for job.h.  Everything that can be wrong without loading weights is found here.
 */
#pragma once

#include <glib-object.h>

#include "plugin/job.h"

/* threads: 0 leaves the choice to the engine.  Errors of domain EDT_ERROR. */
EdtOrder *edt_order_new(GObject *settings, int threads, GError **error);

/* A class by name, synonym or number; "" is one at random. */
int edt_order_class(const EdtModelInfo *info, const char *text, GError **error);

/* The model file of a setting, "" being the first one found. */
char *edt_order_model(const char *text, GError **error);
