/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What each sample of a batch is to be, at each step: its modulation row.
 *
 * A slot is one thing that a sample can be asked to be: a class in a style, or the null ones of
 * guidance.  A picture that takes its shape from one class and its looks from another changes its
 * slot on the way.
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
    const EdtItem *items; /* of the pictures */
    int pictures, N;      /* samples: groups of as many as there are pictures, of their class,
                             of further ones, under guidance of null (step.h) */
    gboolean guided;
    int slots, slice;           /* of steps */
    int first;                  /* step that the computed slice begins at */
    EdtLabels *labels;          /* [slots] */
    int *slot, *late;           /* [N] before and after the looks take over; mostly the same */
    int *row_class, *row_style; /* [slice, slots] */
    float *row_timestep;        /* [slice, slots] */
} EdtConditions;

/* What a picture's mix asks of the network: how many classes more in each step. */
int edt_conditions_more(const EdtItem *item);
/* The log-SNR at which the looks of a second class take over, by its weight in EDT_MIX_SHAPE. */
double edt_conditions_turn(double weight);

/* Counts slots and steps of a slice; items stays the caller's, as long as conditions live. */
void edt_conditions_plan(EdtConditions *c, EdtNetwork *network, const EdtNoiseSchedule *schedule,
                         const EdtItem *items, int pictures, int more, gboolean guided);
int edt_conditions_rows(const EdtConditions *c); /* of a slice */
void edt_conditions_carve(EdtConditions *c, EdtArena *host);
/* Gives each sample its slot; after the memory is there. */
void edt_conditions_assign(EdtConditions *c);
/* Whether some sample is something else at step s than at the step before it, s + 1. */
gboolean edt_conditions_turn_at(const EdtConditions *c, int s);
/* The rows of all samples at step s into row [N] (host); computes the slice that begins with it
 * where that is not done.  Steps run from S-1 down. */
void edt_conditions_at(EdtConditions *c, int s, int *row);
