/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A file as read-only memory that cannot kill the process: where a page cannot be had any more
 * (file truncated, disk gone), the kernel's SIGBUS is answered with a page of zeros and a mark.
 * Next: safetensors.c, torch_legacy.c, which read through it.
 */
#pragma once

#include <glib.h>

typedef struct EdtMapping EdtMapping;

/* Regular files only; a symbolic link that the user names is followed.
 * Errors: EDT_ERROR_FAILED for I/O, EDT_ERROR_BAD_FILE for what is no regular file. */
EdtMapping *edt_mapping_open(const char *path, GError **error);
void edt_mapping_close(EdtMapping *mapping); /* NULL is fine */

const guint8 *edt_mapping_data(const EdtMapping *mapping);
gsize edt_mapping_size(const EdtMapping *mapping); /* as it was when opened */
int edt_mapping_file(const EdtMapping *mapping);   /* descriptor, for pread(); borrowed */

/* The whole pages inside this range may go from memory; they are read again when touched. */
void edt_mapping_release(const EdtMapping *mapping, const void *data, gsize bytes);
/* TRUE and EDT_ERROR_BAD_FILE when a page was replaced by zeros, or the file was written
 * to since it was opened. */
gboolean edt_mapping_damaged(const EdtMapping *mapping, GError **error);

/* A descriptor for reading a regular file, by the same rules; -1 and error. */
int edt_mapping_open_file(const char *path, gsize *size, GError **error);
