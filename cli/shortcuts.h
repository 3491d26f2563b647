/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `edt bench` with --shortcuts: what each way to a quicker picture leaves of it.
 */
#pragma once

#include "cli/command.h"

typedef struct {
    const char *model; /* NULL: the first one found */
    int threads, pictures, repetitions;
    const char *steps; /* of the rows that have none of their own; NULL: as usual */
    gboolean json;
} EdtCliShortcuts;

/* Measures and prints; answers the exit code. */
int edt_cli_shortcuts(const EdtCliShortcuts *options);
