/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Lines of a job file or of a pipe, read so that one can ask whether the next line is there yet: a
 * program that waits for the answer to its only line must not wait for a full batch.
 */
#pragma once

#include "cli/command.h"

typedef struct EdtCliLines EdtCliLines;

EdtCliLines *edt_cli_lines_open(const char *path, GError **error); /* "-": stdin */
void edt_cli_lines_close(EdtCliLines *lines);
/* The next line without its end, or NULL: at the end of the file, or with an error where the file
 * cannot be read on.  *wrong: NULL, or why what is given out is not all of it: a sentence.  The
 * line is valid until the next call. */
const char *edt_cli_lines_next(EdtCliLines *lines, const char **wrong, GError **error);
int edt_cli_lines_number(const EdtCliLines *lines); /* of the line given last, from 1 */
gboolean edt_cli_lines_ready(EdtCliLines *lines);   /* _next() would not wait */
