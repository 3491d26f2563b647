/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which classes a folder of pictures has: those of its classes.json, as tools/dataset-stamps writes
 * it, else its folders by name.
 */
#pragma once

#include <json-glib/json-glib.h>

typedef struct {
    char *name, *folder;
    gboolean mirror;   /* its pictures may be mirrored */
    JsonObject *names; /* {"de": "Hundegesicht", ...}, or NULL */
} EdtClassEntry;

/* EdtClassEntry in order, freed with the array.  Errors: EDT_ERROR_BAD_FILE, or of GIO. */
GPtrArray *edt_class_list_read(const char *folder, GError **error);

/* ["dog face", ...], as a checkpoint and a model's metadata have it; names is NULL-terminated. */
char *edt_class_names_to_json(char **names);
/* The same read, NULL where it is something else or NULL itself. */
char **edt_class_names_from_json(const char *json);

/* {"de": [a name for each class], ...} of the languages that name every class, as a model's
 * metadata has it; NULL where there is none. */
char *edt_class_list_translations(const GPtrArray *classes);
