/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The settings of a request as properties of an object, a GimpProcedureConfig or any other: every
 * property that is called like a row of core/settings.h, and "guidance" for cfg_scale.
 */
#pragma once

#include "edt.h"

#include <glib-object.h>

/* FALSE names the property that holds none of its setting's values (EDT_ERROR_USAGE). */
gboolean edt_properties_read(GObject *object, EdtRequest *request, GError **error);
void edt_properties_write(GObject *object, const EdtRequest *request);
