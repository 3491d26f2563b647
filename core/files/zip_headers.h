/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the headers of a zip archive say, after the check that they all say the same: end records,
 * central directory and the header before each entry's bytes.  A zip archive tells everything two
 * or three times, and programs differ in whom they believe; here nobody may have to choose.
 * Next: torch_zip.c, which compares with what libzip sees and reads the entries through it.
 */
#pragma once

#include <glib.h>

typedef struct {
    char *name;     /* plain text of at most 512 bytes */
    guint64 bytes;  /* of its contents */
    guint64 stored; /* the same after compression */
    guint32 crc;
} EdtZipHeader;

/* EdtZipHeader by EdtZipHeader in the order of the central directory, which must be that of the
 * file; 1 to 100000 of them.  Free with g_array_unref().  Errors: EDT_ERROR_BAD_FILE. */
GArray *edt_zip_headers_read(int fd, guint64 file_bytes, GError **error);
