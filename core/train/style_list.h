/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which styles a folder of pictures has, and which of them a picture is in: by the sub-folder of
 * its class, or by how its file name begins.  styles.json names them, in order:
 *
 *     {"styles": [{"name": "inks", "prefix": "ink", "share": 2, "labels": {"de": "Tusche"}}, ...]}
 *
 *     rose/inks/1.png       the sub-folder has the style's name
 *     rose/ink-2.png        or the file's name begins with its prefix (if none is given: its name)
 *     rose/3.png            of no style that is told: it teaches the class in any
 *
 * share (default 1): how often the style is drawn beside the others of a class, where classes are
 * drawn first (draw.h).  Without styles.json the sub-folders of all classes are the styles, by
 * name.
 */
#pragma once

#include <json-glib/json-glib.h>

typedef struct {
    char *name, *prefix;
    double share;
    JsonObject *labels; /* {"de": "Tusche", ...}, or NULL */
} EdtStyleEntry;

/* EdtStyleEntry in order, freed with the array; classes: EdtClassEntry.  Errors:
 * EDT_ERROR_BAD_FILE, or of GIO. */
GPtrArray *edt_style_list_read(const char *folder, const GPtrArray *classes, GError **error);
/* The style of a sub-folder, of a file in its class' folder; -1: none of them. */
int edt_style_of_folder(const GPtrArray *styles, const char *name);
int edt_style_of_file(const GPtrArray *styles, const char *name);
