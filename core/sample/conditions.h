/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What each sample of a batch is to be, at each step: its modulation row.
 *
 * A slot is one thing that a sample can be asked to be: a class in a style, or the null ones of
 * guidance.
 * Samples that ask for the same share it.  There is a row for every slot at every step; rows of
 * many steps (a slice) are computed together, as long as they fit into a bounded memory.  So the
 * row of a sample is its slot's, at the place of the step in its slice.
 */
#pragma once

#include "base/arena.h"
#include "network/network.h"
#include "sample/schedule.h"

#define EDT_MODULATION_BYTES ((gsize)48 << 20) /* of the rows of one slice */

typedef struct {
    int class, style;
} EdtLabels;

typedef struct {
    EdtNetwork *network;
    const EdtNoiseSchedule *schedule;
    const EdtItem *items;       /* of the pictures */
    int pictures, N;            /* samples: the pictures, then under guidance as many of null */
    int slots, slice;           /* of steps */
    int first;                  /* step that the computed slice begins at */
    EdtLabels *labels;          /* [slots] */
    int *slot;                  /* [N] */
    int *row_class, *row_style; /* [slice, slots] */
    float *row_timestep;        /* [slice, slots] */
} EdtConditions;

/* Counts slots and steps of a slice; items stays the caller's, as long as conditions live. */
void edt_conditions_plan(EdtConditions *c, EdtNetwork *network, const EdtNoiseSchedule *schedule,
                         const EdtItem *items, int pictures, gboolean guided);
int edt_conditions_rows(const EdtConditions *c); /* of a slice */
void edt_conditions_carve(EdtConditions *c, EdtArena *host);
/* Gives each sample its slot; after the memory is there. */
void edt_conditions_assign(EdtConditions *c);
/* The rows of all samples at step s into row [N] (host); computes the slice that begins with it
 * where that is not done.  Steps run from S-1 down. */
void edt_conditions_at(EdtConditions *c, int s, int *row);
