/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which operations take how long, as every backend counts it.  Part of the seam (backend.h).
 */
#pragma once

#include <glib.h>

typedef enum {
    EDT_PROFILE_LINEAR,
    EDT_PROFILE_ATTENTION,
    EDT_PROFILE_ROWS,
    EDT_PROFILE_CONV,
    EDT_PROFILE_NORM,
    EDT_PROFILE_OTHER,
    EDT_PROFILE_COUNT,
} EdtProfileKind;

/* One row of a profile; filled when profiling is on. */
typedef struct {
    const char *what; /* "linear", "attention", ... */
    double seconds;
    double flops; /* multiply-adds counted twice; 0 for memory-bound operations */
    guint64 calls;
} EdtProfileRow;

/* A row for each kind, with nothing in it, and one without a name that ends them. */
static inline void edt_profile_begin(EdtProfileRow rows[EDT_PROFILE_COUNT + 1])
{
    static const char *const names[EDT_PROFILE_COUNT + 1] = {"linear", "attention",  "rows",
                                                             "conv",   "group norm", "other"};
    for (int i = 0; i <= EDT_PROFILE_COUNT; i++) {
        rows[i].what = names[i];
        rows[i].seconds = rows[i].flops = 0;
        rows[i].calls = 0;
    }
}

static inline void edt_profile_add(EdtProfileRow *row, double seconds, double flops)
{
    row->seconds += seconds;
    row->flops += flops;
    row->calls++;
}
