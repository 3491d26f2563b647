/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Thread count; see threads.h.
 */
#include "base/threads.h"

#include <glib.h>
#include <omp.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

static int from_environment(const char *name)
{
    const char *text = g_getenv(name);
    return text ? CLAMP(atoi(text), 0, 1024) : 0;
}

/* Cores of the affinity mask whose first hardware thread is themselves: hyper-threads share the
 * vector units, a second one per core only adds noise. */
static int physical_cores(void)
{
    cpu_set_t set;
    int count = 0;

    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return (int)MAX(1, sysconf(_SC_NPROCESSORS_ONLN));
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        char path[96];
        g_autofree char *siblings = NULL;
        if (!CPU_ISSET(cpu, &set))
            continue;
        g_snprintf(path, sizeof path,
                   "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
        int first = cpu;
        if (g_file_get_contents(path, &siblings, NULL, NULL))
            first = atoi(siblings);
        /* a sibling outside the mask does not count as this core's first thread */
        if (first == cpu || first < 0 || first >= CPU_SETSIZE || !CPU_ISSET(first, &set))
            count++;
    }
    return MAX(1, count);
}

int edt_threads_resolve(int wish)
{
    if (wish > 0)
        return MIN(wish, 1024);
    int threads = from_environment("EDT_THREADS");
    if (threads == 0)
        threads = from_environment("OMP_NUM_THREADS");
    return threads ? threads : physical_cores();
}

void edt_threads_use(int threads)
{
    omp_set_num_threads(threads);
}
