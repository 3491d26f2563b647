/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Values of options as they stand on the command line, and the sentence for one that cannot be.
 */
#pragma once

#include "edt.h"

/* "OPTION VALUE cannot be: give ADVICE."  FALSE. */
gboolean edt_cli_refuse(GError **error, const char *option, const char *value, const char *advice);
/* The place of an option's word; text NULL: *place stays. */
gboolean edt_cli_word(const char *option, const char *text, const char *const *words, int *place,
                      GError **error);
/* A whole number, or -1 for a random 32-bit one. */
gboolean edt_cli_seed_parse(const char *text, guint64 *seed, GError **error);
