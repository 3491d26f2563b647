/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The variables of the known launchers; see launcher.h.
 */
#include "base/launcher.h"

#include <glib.h>
#include <stdlib.h>

/* The first one that is set. */
static const char *first_of(const char *const *names)
{
    const char *text = NULL;
    for (; *names && !text; names++)
        text = g_getenv(*names);
    return text;
}

const char *edt_launcher_rank(void)
{
    static const char *const names[] = {
        "OMPI_COMM_WORLD_RANK", /* Open MPI */
        "PMIX_RANK",            /* whoever speaks PMIx, as srun --mpi=pmix */
        NULL,
    };
    return first_of(names);
}

/* Slurm tells it for all machines of the step, as "4(x2),3": 4, 4 and 3. */
static int tasks_of_node(const char *list, int node)
{
    while (*list) {
        char *end;
        int tasks = (int)strtol(list, &end, 10), times = 1;
        if (end[0] == '(' && end[1] == 'x')
            times = (int)strtol(end + 2, &end, 10);
        if (node < times)
            return tasks;
        node -= times;
        while (*end && *end++ != ',')
            continue;
        list = end;
    }
    return 1;
}

int edt_launcher_local_ranks(void)
{
    static const char *const names[] = {
        "OMPI_COMM_WORLD_LOCAL_SIZE", /* Open MPI */
        "MV2_COMM_WORLD_LOCAL_SIZE",  /* MVAPICH */
        "MPI_LOCALNRANKS",            /* MPICH, Intel MPI */
        NULL,
    };
    const char *count = first_of(names), *node = g_getenv("SLURM_NODEID");
    const char *list = g_getenv("SLURM_STEP_TASKS_PER_NODE");
    int ranks = count ? atoi(count) : list ? tasks_of_node(list, node ? atoi(node) : 0) : 1;
    return MAX(1, ranks);
}
