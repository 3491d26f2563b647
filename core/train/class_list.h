/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which classes a folder of pictures has: those of its classes.json, as tools/dataset-stickers
 * writes it, else its folders by name.
 */
#pragma once

#include <json-glib/json-glib.h>

typedef struct {
    char *name, *folder;
    gboolean mirror, recolour; /* its pictures may be mirrored, have their hue turned */
    JsonObject *names;         /* {"de": "Hundegesicht", ...}, or NULL */
} EdtClassEntry;

/* EdtClassEntry in order, freed with the array.  Without a list a folder that has
 * no readable picture, or is that of a run, is no class; passed gets "name: why".  Errors:
 * EDT_ERROR_BAD_FILE, or of GIO. */
GPtrArray *edt_class_list_read(const char *folder, GPtrArray *passed, GError **error);

/* Whether a folder is that of a run of `edt train`: its sample grids are no pictures to learn. */
gboolean edt_is_run(const char *folder);

/* Their names in other languages as a model's metadata has them (model/names.h), or NULL. */
char *edt_class_list_translations(const GPtrArray *classes);
