/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The thumbnails of a model as one PNG, 25 in a row, which says whose they are and which
 * of them are there.
 */
#pragma once

#include <gtk/gtk.h>

#define EDT_SHEET_SIDE 64

/* Fills pictures (n, owned by the caller) from a file; FALSE where it is no sheet of this model. */
gboolean edt_sheet_load(const char *path, const char *sha256, GdkPixbuf **pictures, int n);
/* NULL pictures are left empty. */
gboolean edt_sheet_save(const char *path, const char *sha256, GdkPixbuf *const *pictures, int n);
