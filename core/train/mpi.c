/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The ranks of ranks.h by MPI: a loadable module, so that nothing of MPI is in a process that
 * mpirun did not start.  An error of MPI ends the process (its default), and with it the run.
 */
#include "train/ranks.h"

#include <gmodule.h>
#include <mpi.h>
#include <sched.h>

#define PIECE ((gsize)1 << 30) /* numbers of one sum: MPI counts with int */
#define RUNNING_MAX 64

static MPI_Request running[RUNNING_MAX];
static int n_running;

static gboolean begin(int *own, int *count)
{
    int level;
    /* FUNNELED: there are other threads (OpenMP), but only this one calls */
    return MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level) == MPI_SUCCESS &&
           MPI_Comm_rank(MPI_COMM_WORLD, own) == MPI_SUCCESS &&
           MPI_Comm_size(MPI_COMM_WORLD, count) == MPI_SUCCESS;
}

static void end(void)
{
    MPI_Finalize();
}

/* Waits without the processor: ranks of one machine share its cores. */
static void wait_for(int n, MPI_Request *requests)
{
    int done = 0;
    while (MPI_Testall(n, requests, &done, MPI_STATUSES_IGNORE) == MPI_SUCCESS && !done)
        sched_yield();
}

static void sum(double *values, gsize n)
{
    for (gsize at = 0; at < n; at += PIECE) {
        MPI_Request request;
        MPI_Iallreduce(MPI_IN_PLACE, values + at, (int)MIN(PIECE, n - at), MPI_DOUBLE, MPI_SUM,
                       MPI_COMM_WORLD, &request);
        wait_for(1, &request);
    }
}

static gint64 most(gint64 value)
{
    MPI_Request request;
    MPI_Iallreduce(MPI_IN_PLACE, &value, 1, MPI_INT64_T, MPI_MAX, MPI_COMM_WORLD, &request);
    wait_for(1, &request);
    return value;
}

static void gather(const void *own, gsize bytes, void *all)
{
    MPI_Request request;
    MPI_Igather(own, (int)bytes, MPI_BYTE, all, (int)bytes, MPI_BYTE, 0, MPI_COMM_WORLD, &request);
    wait_for(1, &request);
}

static void finish(void)
{
    wait_for(n_running, running);
    n_running = 0;
}

static void sum_begin(float *values, gsize n)
{
    for (gsize at = 0; at < n; at += PIECE) {
        if (n_running == RUNNING_MAX)
            finish();
        MPI_Iallreduce(MPI_IN_PLACE, values + at, (int)MIN(PIECE, n - at), MPI_FLOAT, MPI_SUM,
                       MPI_COMM_WORLD, &running[n_running++]);
    }
}

static void go_on(void)
{
    int done;
    if (n_running)
        MPI_Testall(n_running, running, &done, MPI_STATUSES_IGNORE);
}

static const EdtRanksModule table = {
    {EDT_VERSION, sizeof table}, begin, end, most, sum, gather, sum_begin, go_on, finish};

G_MODULE_EXPORT const EdtRanksModule *edt_ranks_module(void);
const EdtRanksModule *edt_ranks_module(void)
{
    return &table;
}
