/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Few colours: the setting "palette", and what it does to a picture on its way into an image.  In
 * an image with indexed colours there are no others than its own.
 */
#pragma once

#include "plugin/layer.h"

/* place gets what the setting says: "" is all colours, "image" those of the image, "active" those
 * of GIMP's active palette, anything else the name of a palette of GIMP.  Errors: EDT_ERROR_USAGE,
 * a sentence: there is no such palette. */
gboolean edt_colours_take(EdtPlace *place, GimpProcedureConfig *config, GError **error);
/* Whether what a place took can still be had in an image.  FALSE: GIMP does not say. */
gboolean edt_colours_check(const char *colours, GimpImage *image, GError **error);
/* few: a copy of a picture as large as there, in the colours that a place took; its pixels are to
 * be freed.  They are NULL where all colours are allowed.  FALSE: GIMP does not say which ones are.
 */
gboolean edt_colours_limit(const EdtPicture *picture, const EdtArea *there, const char *colours,
                           GimpImage *image, EdtPicture *few, GError **error);
