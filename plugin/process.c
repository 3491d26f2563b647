/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The life of the process around its studio; see process.h.
 */
#include "plugin/process.h"

#include <libgimp/gimp.h>
#include <signal.h>
#include <stdlib.h>

static EdtStudio *studio;

void edt_process_quit(void)
{
    g_clear_pointer(&studio, edt_studio_free);
}

/* Also at exit(): libraries must not be taken apart under a running worker. */
EdtStudio *edt_process_studio(void)
{
    if (!studio) {
        studio = edt_studio_new();
        atexit(edt_process_quit);
    }
    return studio;
}

int edt_process_threads(void)
{
    int wanted = gimp_get_num_processors();
    return wanted < (int)g_get_num_processors() ? wanted : 0;
}

/* libgimp's handlers call exit(), which waits for ever where the signal came in the middle of a
 * malloc(): the process would stay behind.  Nothing here needs an orderly end. */
void edt_process_end_when_told(void)
{
    const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    for (gsize i = 0; i < G_N_ELEMENTS(signals); i++)
        signal(signals[i], SIG_DFL);
}
