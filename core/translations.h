/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Class names in the user's language, out of a model's own metadata.
 */
#pragma once

#include <glib.h>

/* json: {"de": [n names], ...}.  Puts the name in the first of these languages (NULL-terminated, as
 * g_get_language_names() ranks them) before each of the n names: "Hundegesicht, dog face", so that
 * both are found.  English names are left as they are; a language that is not there is passed over.
 * FALSE where json is something else; the names are whole then too. */
gboolean edt_class_names_translate(char **names, guint n, const char *json,
                                   const char *const *languages);
