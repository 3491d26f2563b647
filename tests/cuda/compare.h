/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Two backends side by side: the CPU's, which says what is right, and another, which is asked the
 * same.  The same tests run on the host build (CI) and on a GPU (tests/cuda/run): which it is,
 * other_backend() of the program knows.
 */
#pragma once

#include "compute/backend.h"

/* Defined by the program: the host build's table, or that of the CUDA module. */
const EdtBackend *other_backend(void);

/* Both devices at one precision. */
typedef struct {
    const EdtBackend *cpu, *other;
    EdtDevice *cpu_dev, *dev;
    EdtType act;
} Pair;

Pair pair_open(EdtPrecision precision);
/* From f32 on to this one the processor computes in what it is asked for: so far results can be
 * compared. */
EdtPrecision pair_last_precision(void);
void pair_close(Pair *pair);

/* An array of both devices with the same contents, and canaries on both sides. */
typedef struct {
    Pair *pair;
    EdtType type;
    gsize count;
    void *cpu, *other; /* device memory, behind the canary */
} Both;

Both both_new(Pair *pair, EdtType type, gsize count);          /* NaN: what is not written shows */
Both both_random(Pair *pair, EdtType type, gsize count, double scale);
Both both_ints(Pair *pair, gsize count, int below);            /* random ints in [0, below) */
void both_free(Both *both);                                    /* checks the canaries */
/* Within gate in relative L2 distance, with no NaN; frees both. */
void both_compare(const char *what, Both *both, double gate);
