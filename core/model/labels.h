/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Class names in the user's language, out of a model's own metadata.
 */
#pragma once

#include <glib.h>

/* json: {"de": [n names], ...}.  *labels: the n names in the first of these languages that is there
 * (NULL-terminated, as g_get_language_names() ranks them), or NULL where it is English or none.
 * FALSE where json is something else. */
gboolean edt_class_labels_read(const char *json, guint n, const char *const *languages,
                               char ***labels);
