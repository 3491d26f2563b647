/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The lists that a folder of pictures may bring, as JSON: its classes and its styles.
 */
#pragma once

#include <json-glib/json-glib.h>

/* Adds what an element of the list says to `all`; FALSE: it says no such thing. */
typedef gboolean (*EdtListTake)(GPtrArray *all, JsonNode *element);

/* Reads {"name": [element, ...]}.  Errors: EDT_ERROR_BAD_FILE with the file's name and `like`, an
 * element as it is to be; and json-glib's own. */
gboolean edt_list_file_read(const char *path, const char *name, const char *like, EdtListTake take,
                            GPtrArray *all, GError **error);
