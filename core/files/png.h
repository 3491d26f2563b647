/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * PNG out (8-bit RGB or RGBA, sRGB chunk, texts) and the text of a PNG in.  By libpng.
 */
#pragma once

#include "saving.h"

/* keys/values: n_texts pairs, written as iTXt when a value is not Latin-1 or longer than 1 KiB.
 * saving.h says how. */
gboolean edt_png_write_as(const char *path, int width, int height, int channels,
                          const guint8 *pixels, const char *const *keys, const char *const *values,
                          int n_texts, EdtWrite write, char **written, GError **error);
/* In place of what is there. */
gboolean edt_png_write(const char *path, int width, int height, int channels, const guint8 *pixels,
                       const char *const *keys, const char *const *values, int n_texts,
                       GError **error);
/* The text under key (tEXt, zTXt, iTXt) as UTF-8, or NULL and EDT_ERROR_BAD_FILE; g_free() it. */
char *edt_png_read_text(const char *path, const char *key, GError **error);
/* 8-bit sRGB pixels in 3 or 4 channels, at most 16384 a side; free with g_free(). */
guint8 *edt_png_read(const char *path, int *width, int *height, int *channels, GError **error);
