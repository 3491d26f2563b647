/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How files are written, beside edt.h: the one way for every door.  A file is there whole or not at
 * all; whether something may be replaced is decided by the kernel at the moment of writing; nothing
 * but regular files is ever replaced.  "-", "/dev/stdout" and the like, and pipes that exist are
 * written as streams.
 */
#pragma once

#include "edt.h"

G_BEGIN_DECLS

typedef enum {
    EDT_WRITE_NEW,     /* what is there by then is left as it is: EDT_ERROR_USAGE */
    EDT_WRITE_REPLACE, /* a regular file that is there is replaced */
    EDT_WRITE_NEXT,    /* left as it is, and the file goes to the next free name: a-1.png */
} EdtWrite;

/* What must be right with a path before hours are spent on what goes there: its folder takes files,
 * its name is not too long and names nothing that may not be replaced, and there is room for about
 * `bytes`.  Makes no file.  Errors: EDT_ERROR_USAGE. */
gboolean edt_save_check(const char *path, EdtWrite write, guint64 bytes, GError **error);

/* Data as a file.  *written, unless written is NULL: where it is now, free with g_free(). */
gboolean edt_save_bytes(const char *path, const void *data, gsize bytes, EdtWrite write,
                        char **written, GError **error);

/* path, or for n > 0 path with -n before its extension: "a-1.png". */
char *edt_save_name(const char *path, int n);
/* Whether a path is written as a stream: nothing is left in its place that could be read again. */
gboolean edt_save_is_stream(const char *path);
gboolean edt_save_is_stdout(const char *path);
/* A pipe is waited for until somebody reads it, or asked() says to give it up. */
void edt_save_wait_until(gboolean (*asked)(void));
/* Whether both paths, links followed, are one file that is there: what is read is not to be written
 * over. */
gboolean edt_save_is_same(const char *a, const char *b);
/* Where a file of this path comes to lie, the same for all that name it: its folder, links
 * followed, and its name.  Free with g_free(). */
char *edt_save_place(const char *path);
/* Whether two paths lie in one place, or are one file by a link. */
gboolean edt_save_is_same_place(const char *a, const char *b);

G_END_DECLS
