/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An output file that exists whole or not at all: temporary name in the same folder, fsync, rename.
 */
#pragma once

#include <glib.h>
#include <stdio.h>

typedef struct EdtOutput EdtOutput;

/* With force FALSE an existing path is refused with EDT_ERROR_USAGE (also at commit time). */
EdtOutput *edt_output_open(const char *path, gboolean force, GError **error);
FILE *edt_output_stream(EdtOutput *output);
gboolean edt_output_commit(EdtOutput *output, GError **error); /* frees output either way */
void edt_output_abandon(EdtOutput *output);                    /* removes the temporary file */
