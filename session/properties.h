/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The settings of a request as properties of an object, a GimpProcedureConfig or any other: every
 * property that is called like a row of core/settings.h, and "guidance" for cfg_scale.
 */
#pragma once

#include "record.h"
#include "settings.h"

#include <glib-object.h>

/* FALSE names the property that holds none of its setting's values (EDT_ERROR_USAGE). */
gboolean edt_properties_read(GObject *object, EdtRequest *request, GError **error);
void edt_properties_write(GObject *object, const EdtRequest *request);
/* All that a record says, of class and style in the words of a model (NULL: by number); where that
 * is another model, which means other things by the numbers, what has their names in it: class ""
 * is none.  What was made of nothing starts from nothing.  FALSE: the object has not all of its
 * mixes and variations, or has no room for them. */
gboolean edt_properties_restore(GObject *object, const EdtModelInfo *info, const EdtRecord *record);
/* A variation is of one class and one seed; with another one it is none. */
void edt_properties_end_variation(GObject *object);
/* All that a restored record may leave behind and no widget of the dialog shows. */
void edt_properties_forget_unseen(GObject *object);
/* What a preset sets, into the object's properties ... */
void edt_properties_set_speed(GObject *object, EdtSpeed speed);
/* ... or, of the preset that its property "speed" names, into the request: but for those whose
 * property is not as it begins.  FALSE: there is no such preset (EDT_ERROR_USAGE). */
gboolean edt_properties_read_speed(GObject *object, EdtRequest *request, GError **error);
