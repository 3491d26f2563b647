/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The number of spins in the environment, for as long as OpenMP needs to read it; see waiting.h.
 */
#include "base/waiting.h"

#include <unistd.h>

/* tools/measure-load: from 3000 on, threads that compute alone are as quick as with endless
 * spinning; beside a busy program a bf16 step takes 2.5 times as long with 3000, three times with
 * 5000. */
#define SPINS "3000"

#define RESTARTED "EDT_RESTARTED"

gboolean edt_waiting_begin(void)
{
    gboolean chosen = g_getenv("GOMP_SPINCOUNT") || g_getenv("OMP_WAIT_POLICY");
    return !chosen && g_setenv("GOMP_SPINCOUNT", SPINS, TRUE);
}

void edt_waiting_end(gboolean begun)
{
    if (begun)
        g_unsetenv("GOMP_SPINCOUNT");
}

void edt_waiting_restart(char **argv)
{
    if (g_getenv(RESTARTED)) { /* OpenMP has read it */
        g_unsetenv(RESTARTED);
        edt_waiting_end(TRUE);
        return;
    }
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    if (!program || !edt_waiting_begin())
        return;
    g_setenv(RESTARTED, "1", TRUE);
    execv(program, argv); /* returns only where it cannot be: slower beside others, no worse */
    g_unsetenv(RESTARTED);
    edt_waiting_end(TRUE);
}
