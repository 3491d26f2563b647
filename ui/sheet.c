/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sheets of thumbnails as files; see sheet.h.
 */
#include "ui/sheet.h"
#include "saving.h"

#include <string.h>

#define COLUMNS 25
#define KEY_MODEL "tEXt::edt-model"
#define KEY_MADE "tEXt::edt-made" /* "1101...": a picture or none for each class */

static void place_of(int i, int *x, int *y)
{
    *x = i % COLUMNS * EDT_SHEET_SIDE;
    *y = i / COLUMNS * EDT_SHEET_SIDE;
}

static gboolean is_sheet(GdkPixbuf *sheet, const char *sha256, int n)
{
    const char *model = gdk_pixbuf_get_option(sheet, KEY_MODEL);
    const char *made = gdk_pixbuf_get_option(sheet, KEY_MADE);
    int x, y;
    place_of(n - 1, &x, &y);
    return g_strcmp0(model, sha256) == 0 && made && strlen(made) == (gsize)n &&
           gdk_pixbuf_get_width(sheet) == COLUMNS * EDT_SHEET_SIDE &&
           gdk_pixbuf_get_height(sheet) >= y + EDT_SHEET_SIDE;
}

gboolean edt_sheet_load(const char *path, const char *sha256, GdkPixbuf **pictures, int n)
{
    g_autoptr(GdkPixbuf) sheet = gdk_pixbuf_new_from_file(path, NULL);
    if (!sheet || !is_sheet(sheet, sha256, n))
        return FALSE;
    const char *made = gdk_pixbuf_get_option(sheet, KEY_MADE);
    for (int i = 0; i < n; i++) {
        int x, y;
        place_of(i, &x, &y);
        if (made[i] == '1')
            pictures[i] = gdk_pixbuf_new_subpixbuf(sheet, x, y, EDT_SHEET_SIDE, EDT_SHEET_SIDE);
    }
    return TRUE;
}

static GdkPixbuf *compose(GdkPixbuf *const *pictures, int n, char *made)
{
    int x, y;
    place_of(n - 1, &x, &y);
    GdkPixbuf *sheet =
        gdk_pixbuf_new(GDK_COLORSPACE_RGB, TRUE, 8, COLUMNS * EDT_SHEET_SIDE, y + EDT_SHEET_SIDE);
    gdk_pixbuf_fill(sheet, 0);
    for (int i = 0; i < n; i++) {
        made[i] = pictures[i] ? '1' : '0';
        place_of(i, &x, &y);
        if (pictures[i])
            gdk_pixbuf_copy_area(pictures[i], 0, 0, EDT_SHEET_SIDE, EDT_SHEET_SIDE, sheet, x, y);
    }
    return sheet;
}

gboolean edt_sheet_save(const char *path, const char *sha256, GdkPixbuf *const *pictures, int n)
{
    g_autofree char *made = g_malloc0((gsize)n + 1), *folder = g_path_get_dirname(path);
    g_autofree char *bytes = NULL;
    gsize length;
    g_autoptr(GdkPixbuf) sheet = compose(pictures, n, made);
    g_mkdir_with_parents(folder, 0700);
    return gdk_pixbuf_save_to_buffer(sheet, &bytes, &length, "png", NULL, "compression", "6",
                                     KEY_MODEL, sha256, KEY_MADE, made, NULL) &&
           edt_save_bytes(path, bytes, length, EDT_WRITE_REPLACE, NULL, NULL);
}
