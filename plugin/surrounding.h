/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * surrounding.h: what lies around a selection, with its outline: where a picture will come.
 */
#pragma once

#include "plugin/layer.h"

#include <gdk-pixbuf/gdk-pixbuf.h>

/* All of an image, no side longer than so many pixels; NULL: GIMP does not hand it out. */
GdkPixbuf *edt_surrounding_image(GimpImage *image, int side);
/* Around the area of a place, which is the selection's; NULL, too. */
GdkPixbuf *edt_surrounding_picture(const EdtPlace *place);
