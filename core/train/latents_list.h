/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What stands in a folder of latents (latents.c) once it is complete: how many there are, and which
 * pictures were skipped.
 */
#pragma once

#include <glib.h>

/* bad: name -> "name: reason". */
gboolean edt_latents_list_write(const char *folder, GHashTable *bad, GError **error);
/* Adds what was skipped to `skipped`, unless that is NULL; FALSE: the folder is not complete. */
gboolean edt_latents_list_read(const char *folder, GPtrArray *skipped);
