/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Latents on disk: one flat file of records of one size, read through a map.  A record is there or
 * not, told by a sum over it, so an interrupted run goes on where it was, and what a disk has lost
 * is missed.  Several processes may write records of one file.
 */
#pragma once

#include <glib.h>

typedef struct EdtLatentFile EdtLatentFile;

/* Opens path, or makes it: room for so many records of `count` numbers each.  What it holds beyond
 * that is cut off.  Errors: EDT_ERROR_FAILED. */
EdtLatentFile *edt_latent_file_open(const char *path, gint64 records, gsize count, GError **error);
void edt_latent_file_close(EdtLatentFile *file); /* NULL is fine */

typedef enum {
    EDT_LATENT_MISSING,
    EDT_LATENT_GOOD,
    EDT_LATENT_BAD, /* of a picture that cannot be read */
} EdtLatentState;

/* Reads the record. */
EdtLatentState edt_latent_file_state(const EdtLatentFile *file, gint64 record);
/* Its numbers, or why it is bad (NUL-terminated); mapped, and only so good as its state. */
const float *edt_latent_file_numbers(const EdtLatentFile *file, gint64 record);
const char *edt_latent_file_why(const EdtLatentFile *file, gint64 record);

/* Errors: EDT_ERROR_FAILED. */
gboolean edt_latent_file_put(EdtLatentFile *file, gint64 record, const float *numbers,
                             GError **error);
gboolean edt_latent_file_put_bad(EdtLatentFile *file, gint64 record, const char *why,
                                 GError **error);
