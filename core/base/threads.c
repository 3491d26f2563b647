/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Thread count; see threads.h.
 */
#include "base/threads.h"

#include "base/cgroup.h"
#include "base/launcher.h"

#include <glib.h>
#include <math.h>
#include <omp.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

static int from_environment(const char *name)
{
    const char *text = g_getenv(name);
    return text ? CLAMP(atoi(text), 0, EDT_THREADS_MAX) : 0;
}

/* The first hardware thread of a processor's core. */
static int first_sibling(const char *root, int cpu)
{
    g_autofree char *file = g_strdup_printf("cpu%d/topology/thread_siblings_list", cpu);
    g_autofree char *path = g_build_filename(root, "sys/devices/system/cpu", file, NULL);
    g_autofree char *siblings = NULL;
    return g_file_get_contents(path, &siblings, NULL, NULL) ? atoi(siblings) : cpu;
}

/* Cores of a process's affinity mask whose first hardware thread is themselves: hyper-threads share
 * the vector units, a second one per core only adds noise. */
static int physical_cores(const char *root, pid_t process)
{
    cpu_set_t set;
    int count = 0;

    if (sched_getaffinity(process, sizeof set, &set) != 0)
        return (int)MAX(1, sysconf(_SC_NPROCESSORS_ONLN));
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &set))
            continue;
        int first = first_sibling(root, cpu);
        /* a sibling outside the mask does not count as this core's first thread */
        if (first == cpu || first < 0 || first >= CPU_SETSIZE || !CPU_ISSET(first, &set))
            count++;
    }
    return MAX(1, count);
}

int edt_threads_available(const char *root)
{
    int own = physical_cores(root, 0), ranks = edt_launcher_local_ranks();
    /* The launcher may have given each rank cores of its own already: what it shares out is its own
     * mask. */
    int all = ranks > 1 ? MAX(own, physical_cores(root, getppid())) : own;
    double quota = MAX(1, rint(edt_cgroup_processors(root)));
    return MIN(own, MAX(1, (int)MIN(all, quota) / ranks));
}

int edt_threads_resolve(int wish)
{
    if (wish > 0)
        return MIN(wish, EDT_THREADS_MAX);
    int threads = from_environment("EDT_THREADS");
    if (threads == 0)
        threads = from_environment("OMP_NUM_THREADS");
    return threads ? threads : edt_threads_available("/");
}

void edt_threads_use(int threads)
{
    omp_set_num_threads(threads);
}
