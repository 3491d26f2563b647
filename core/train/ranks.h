/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Several processes on one model, started by `mpirun -n N edt …`: what they tell each other.  The
 * public half is in train.h.  A process that mpirun did not start is rank 0 of 1: for it every
 * function here answers at once, and no MPI is loaded.  ranks.c finds the module, mpi.c is it.
 */
#pragma once

#include "base/module.h"
#include "train.h"

gboolean edt_ranks_begun(void); /* below mpirun, be it as the only one */
/* As edt_ranks_sum(), going on in the background: the array is in use until _sums_finish(), and
 * every rank begins the same sums in the same order.  A sum moves on only inside these functions,
 * so _go_on() wants to be called now and then. */
void edt_ranks_sum_begin(float *values, gsize n);
void edt_ranks_sums_go_on(void);
void edt_ranks_sums_finish(void);
/* Whether this number is the same everywhere. */
gboolean edt_ranks_same(guint32 number);

/* ---- the module ---- */

typedef struct {
    EdtModuleHead head;
    gboolean (*begin)(int *own, int *count);
    void (*end)(void);
    gint64 (*most)(gint64 value);
    void (*sum)(double *values, gsize n);
    void (*gather)(const void *own, gsize bytes, void *all);
    void (*sum_begin)(float *values, gsize n);
    void (*go_on)(void);
    void (*finish)(void);
} EdtRanksModule;

#define EDT_RANKS_MODULE_SYMBOL "edt_ranks_module"
