/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which steps of a run take from the network's inner stages what an earlier step left there: in the
 * half with less noise they change slowly from step to step, and without them a step is less than
 * half the work.  engine/run.c asks once a step.
 */
#pragma once

#include <glib.h>

/* Of the timesteps: those below reuse.  Above, what the picture becomes is decided: reuse there
 * took pictures of stamps as far from the exact ones (0.13 of their L2, 25 steps of unipc) as
 * leaving out half of the steps does, below hardly further than they were (0.045 from 100 steps;
 * without reuse 0.039). */
#define EDT_REUSE_BELOW 0.5

/* What is kept begins as nothing. */
typedef struct {
    int every;   /* the inner stages are computed at every so many steps; 1: at each */
    int samples; /* that something is kept of, the first so many; 0: nothing is */
    int age;     /* steps since it was computed */
} EdtReuse;

/* Whether the next step, of so many samples, reuses what is kept.  anew: nothing that is kept will
 * do for it. */
gboolean edt_reuse_next(EdtReuse *reuse, int samples, gboolean anew);
