/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * surrounding.h: what lies around a selection, with its outline: where a picture will come.
 */
#pragma once

#include "plugin/layer.h"

#include <gdk-pixbuf/gdk-pixbuf.h>

/* All of an image, no side longer than so many pixels; NULL: GIMP does not hand it out. */
GdkPixbuf *edt_surrounding_image(GimpImage *image, int side);
/* Tells a place in a selection from every other one that looks otherwise; NULL, too. */
char *edt_surrounding_print(const EdtPlace *place);
/* Around the area of such a place, once for each step of the outline that marches around what is
 * selected; NULL, too.  Of GdkPixbuf. */
GPtrArray *edt_surrounding_pictures(const EdtPlace *place);
