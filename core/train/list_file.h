/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The lists that a folder of pictures may bring, as JSON: its classes and its styles.
 */
#pragma once

#include "files/json_text.h"

/* A member that an element may have; null is as good as none.  What is not in the table is somebody
 * else's and passed over. */
typedef struct {
    const char *name;
    EdtJsonKind kind;
    gboolean needed;
} EdtListMember;

typedef struct {
    const char *name, *like;      /* of the list; an element as it is to be */
    const EdtListMember *members; /* ends with one without a name */
    /* Adds what an element with such members says to `all`; FALSE: it says no such thing. */
    gboolean (*take)(GPtrArray *all, JsonObject *element);
} EdtListKind;

/* A copy of a member, NULL where there is none. */
JsonObject *edt_list_file_object(JsonObject *element, const char *member);

/* Reads {"name": [element, ...]}.  Errors: EDT_ERROR_BAD_FILE with the file's name and what an
 * element is to be, its member, or why the file cannot be read. */
gboolean edt_list_file_read(const char *path, const EdtListKind *kind, GPtrArray *all,
                            GError **error);
