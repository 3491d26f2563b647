/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The folder of finished pictures, $XDG_STATE_HOME/edt/history.  Every picture of the dialog but
 * drafts goes there as a PNG with its record before GIMP is touched, so that a finished run is
 * never lost; one of the command line, and latents, only where it cannot be written to its own
 * place. The folder is bounded: the oldest files go.  May be used from any thread.
 */
#pragma once

#include "record.h"

#define EDT_HISTORY_FILES_MAX 1000 /* several of the longest morphs */
#define EDT_HISTORY_SHOWN 200      /* the newest ones */
#define EDT_HISTORY_BYTES_MAX (500ull << 20)

char *edt_history_folder(void); /* made if it can be */

/* Returns the new file's path; free with g_free(). */
char *edt_history_add(const EdtPicture *picture, const EdtRecord *record, GError **error);
/* The same without removing others: for what its own place does not take. */
char *edt_history_keep(const EdtPicture *picture, const EdtRecord *record, GError **error);
char *edt_history_keep_latents(const float *values, int rank, const gint64 *shape, GError **error);

/* Paths of pictures, newest first, NULL-terminated, at most `most`; free with g_strfreev(). */
char **edt_history_list(int most);

/* Removes the oldest files until both bounds hold; the newest stays in any case. */
void edt_history_trim(int files_max, guint64 bytes_max);
