/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which process of an mpirun runs on which host, and how fast each is: told at the beginning and
 * with every line of the log, so that a slow host has a name.  Alone there is nothing to tell.
 */
#include "cli/training.h"
#include "cli/event.h"
#include "cli/talk.h"

#include <string.h>

typedef struct {
    char host[64];
    double pictures, seconds;
} Share;

/* Of all ranks, at rank 0; elsewhere nothing that is worth reading. */
static Share *gather(double pictures, double seconds)
{
    Share own = {.pictures = pictures, .seconds = seconds};
    g_strlcpy(own.host, g_get_host_name(), sizeof own.host);
    Share *all = g_new0(Share, edt_ranks_count());
    edt_ranks_gather(&own, sizeof own, all);
    return all;
}

void edt_cli_train_hosts(void)
{
    const int n = edt_ranks_count();
    if (n == 1)
        return;
    g_autofree Share *all = gather(0, 0);
    g_autoptr(GString) list = g_string_new(NULL);
    for (int i = 0; i < n; i++)
        g_string_append_printf(list, "%s%d on %s", i ? ", " : "", i, all[i].host);
    if (edt_ranks_own() == 0)
        edt_cli_say("%d processes share each batch: %s.", n, list->str);
}

/* What a rank does in a second while it computes, without waiting for the others. */
static void add_rank(GString *list, const Share *share)
{
    GString *event = edt_cli_event_new(NULL);
    edt_cli_event_text(event, "host", share->host);
    edt_cli_event_number(event, "samples_per_s",
                         share->seconds > 0 ? share->pictures / share->seconds : 0);
    g_string_append_printf(list, "%s%s}", list->len > 1 ? "," : "", event->str);
    g_string_free(event, TRUE);
}

char *edt_cli_train_rates(const EdtTrainReport *sum)
{
    const int n = edt_ranks_count();
    if (n == 1)
        return NULL;
    g_autofree Share *all = gather(sum->own_pictures, sum->own_seconds);
    GString *list = g_string_new("[");
    for (int i = 0; i < n; i++)
        add_rank(list, &all[i]);
    g_string_append_c(list, ']');
    return g_string_free(list, FALSE);
}
