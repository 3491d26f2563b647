/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which classes a folder of pictures has: those of its classes.json, as tools/dataset-stamps writes
 * it, else its folders by name.
 */
#pragma once

#include <json-glib/json-glib.h>

typedef struct {
    char *name, *folder;
    gboolean mirror, recolour; /* its pictures may be mirrored, have their hue turned */
    JsonObject *names;         /* {"de": "Hundegesicht", ...}, or NULL */
} EdtClassEntry;

/* EdtClassEntry in order, freed with the array.  A folder without one readable picture is no class;
 * passed gets "name: why".  Errors: EDT_ERROR_BAD_FILE, or of GIO. */
GPtrArray *edt_class_list_read(const char *folder, GPtrArray *passed, GError **error);

/* Their names in other languages as a model's metadata has them (model/names.h), or NULL. */
char *edt_class_list_translations(const GPtrArray *classes);
