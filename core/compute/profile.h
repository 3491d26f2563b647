/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which operations take how long, as every backend counts it.  Part of the seam (backend.h).
 */
#pragma once

#include "machine.h"

#include <string.h>

typedef enum {
    EDT_PROFILE_LINEAR,
    EDT_PROFILE_ATTENTION,
    EDT_PROFILE_ROWS,
    EDT_PROFILE_CONV,
    EDT_PROFILE_NORM,
    EDT_PROFILE_OTHER,
    EDT_PROFILE_COUNT,
} EdtProfileKind;

/* What a call has to do, by its shapes. */
typedef struct {
    EdtFactors factors;
    double flops; /* multiply-adds counted twice; 0 for memory-bound operations */
    double bytes; /* that it reads and writes, each number once; 0: not known */
} EdtProfileWork;

/* One row of a profile; filled when profiling is on. */
typedef struct {
    const char *what; /* "linear", "attention", ... */
    double seconds;
    double flops[EDT_FACTORS_COUNT], bytes[EDT_REACHES];
    guint64 calls;
} EdtProfileRow;

/* The most bytes that a call of each reach touches; what is beyond goes to the last one, which is
 * more than caches hold. */
static const gsize edt_reaches[EDT_REACHES] = {(gsize)256 << 10, (gsize)2 << 20, (gsize)16 << 20,
                                               (gsize)128 << 20};

static inline int edt_reach_of(double bytes)
{
    int reach = 0;
    while (reach < EDT_REACHES - 1 && bytes > (double)edt_reaches[reach])
        reach++;
    return reach;
}

/* A row for each kind, with nothing in it, and one without a name that ends them. */
static inline void edt_profile_begin(EdtProfileRow rows[EDT_PROFILE_COUNT + 1])
{
    static const char *const names[EDT_PROFILE_COUNT + 1] = {"linear", "attention",  "rows",
                                                             "conv",   "group norm", "other"};
    memset(rows, 0, sizeof(*rows) * (EDT_PROFILE_COUNT + 1)); /* C++ reads this, too */
    for (int i = 0; i <= EDT_PROFILE_COUNT; i++)
        rows[i].what = names[i];
}

static inline void edt_profile_add(EdtProfileRow *row, double seconds, EdtProfileWork work)
{
    row->seconds += seconds;
    row->flops[work.factors] += work.flops;
    row->bytes[edt_reach_of(work.bytes)] += work.bytes;
    row->calls++;
}
