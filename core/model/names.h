/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Names of classes and styles as JSON, as a model's metadata, a checkpoint and a data set have
 * them: a list, and the same list in other languages.
 */
#pragma once

#include <json-glib/json-glib.h>

/* What the entries of a list are called. */
typedef struct {
    char **names;       /* NULL-terminated; NULL: unknown */
    char *translations; /* JSON, see below; or NULL */
} EdtNaming;
EdtNaming edt_naming_copy(const EdtNaming *naming);
void edt_naming_clear(EdtNaming *naming);

gboolean edt_is_name(const char *name); /* 1 to EDT_CLASS_NAME_MAX bytes of plain text */

/* ["dog face", ...]; names is NULL-terminated, or NULL: none. */
char *edt_names_to_json(char *const *names);
/* The same read, NULL-terminated; NULL where there are none, or json is something else or NULL. */
char **edt_names_from_json(const char *json);

/* {"de": [a name for each], ...} of the languages that name every one, English left out; NULL where
 * there is none.  names[i]: {"de": "Hundegesicht", ...}, or NULL. */
char *edt_translations_to_json(JsonObject *const *names, guint n);
/* What lists call the language of a locale: "zh_Hant" of "zh_TW.UTF-8", else the same. */
const char *edt_language_listed(const char *language);
/* *labels: the n names in the first of these languages that is there (NULL-terminated, as
 * g_get_language_names() ranks them), or NULL where it is English or none.  FALSE where json is
 * something else. */
gboolean edt_translations_read(const char *json, guint n, const char *const *languages,
                               char ***labels);
