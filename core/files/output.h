/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An output file that exists whole or not at all: temporary name in the same folder, fsync, rename;
 * or a stream.  saving.h says which and what may be replaced.
 */
#pragma once

#include "saving.h"

#include <stdio.h>

typedef struct EdtOutput EdtOutput;

/* With EDT_WRITE_NEW an existing path is refused with EDT_ERROR_USAGE (also at commit time).  A
 * pipe is opened here, and so waits for its reader (edt_save_wait_until). */
EdtOutput *edt_output_open(const char *path, EdtWrite write, GError **error);
FILE *edt_output_stream(EdtOutput *output);
gboolean edt_output_commit(EdtOutput *output, GError **error); /* frees output either way */
/* The same; *written, unless it is NULL: where the file is, which EDT_WRITE_NEXT chose. */
gboolean edt_output_commit_as(EdtOutput *output, char **written, GError **error);
void edt_output_abandon(EdtOutput *output); /* removes the temporary file */
/* Gives a file in the folder of path, which is written and synced, its name as a commit does; where
 * that fails it keeps the one it has. */
gboolean edt_output_adopt(const char *file, const char *path, EdtWrite write, char **written,
                          GError **error);
/* Bytes that are free for us there; FALSE: a disk that does not say (of FUSE, some). */
struct statvfs;
gboolean edt_save_room(const struct statvfs *disk, guint64 *bytes);
/* The descriptor that "-", "/dev/stdout" or "/dev/fd/3" stands for; -1: another path. */
int edt_save_descriptor(const char *path);
