/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `edt bench` with --compare: other networks beside EDT.
 */
#pragma once

#include "cli/command.h"

typedef struct {
    const char *sizes; /* of S, B, XL, with commas; NULL: all */
    int threads, image_size, pictures, repetitions, warm_up;
    gboolean train, json;
} EdtCliCompare;

/* Measures and prints; answers the exit code. */
int edt_cli_compare(const EdtCliCompare *options);
