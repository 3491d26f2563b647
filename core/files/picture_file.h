/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A picture as people have it: read whole and upright, or not at all.
 */
#pragma once

#include <gdk-pixbuf/gdk-pixbuf.h>

/* A side of any picture, at most. */
#define EDT_PICTURE_SIDE_MAX 16384

/* NULL and why (free it): it is no file, no picture, cut off, too large, or unreadable. */
GdkPixbuf *edt_picture_file_read(const char *path, char **why);
/* The same, also of a pipe. */
GdkPixbuf *edt_picture_stream_read(const char *path, char **why);
/* Whether a folder has one readable picture in it, or in a folder of it.  Names that begin with a
 * dot do not count, as nowhere.  *why, unless NULL: what is wrong with a file that is there; free
 * it. */
gboolean edt_picture_file_in(const char *folder, char **why);

/* Right in it, not in a folder of it. */
gboolean edt_picture_file_directly_in(const char *folder);
/* A name that is nobody's own: hidden, or left by an archive, a NAS, a trash or a file system. */
gboolean edt_picture_is_leaving(const char *name);

/* ---- for the tests: the bytes of a file ---- */

/* FALSE: the end of a JPEG, GIF, WebP, BMP or icon is missing, which their readers fill up. */
gboolean edt_picture_is_whole(const guint8 *data, gsize size);
/* picture_orientation.c.  The orientation (1 to 8) that a PNG, WebP or JPEG carries in its Exif or
 * XMP, a TIFF in its XMP alone; 0: none. */
int edt_picture_orientation(const guint8 *data, gsize size);
