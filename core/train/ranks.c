/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which rank this process is.  MPI is a module of its own, loaded only below mpirun: linked in, its
 * two dozen libraries would make every start of `edt` three times as long.  See ranks.h.
 */
#include "train/ranks.h"

#include "base/launcher.h"

#include <stdlib.h>
#include <string.h>

static struct {
    const EdtRanksModule *module; /* NULL: alone */
    int own, count;
} ranks = {NULL, 0, 1};

/* ---- beginning ---- */

gboolean edt_ranks_started(void)
{
    return edt_launcher_rank() != NULL;
}

gboolean edt_ranks_begun(void)
{
    return ranks.module != NULL;
}

int edt_ranks_own(void)
{
    const char *own = edt_launcher_rank();
    return ranks.module || own == NULL ? ranks.own : atoi(own);
}

int edt_ranks_count(void)
{
    return ranks.count;
}

static const EdtRanksModule *load(GError **error)
{
    g_autofree char *why = NULL;
    /* not local: Open MPI loads parts of itself that look for the rest of it */
    const EdtModuleHead *head = edt_module_load(EDT_PART_MPI, EDT_RANKS_MODULE_SYMBOL,
                                                sizeof(EdtRanksModule), G_MODULE_BIND_LAZY, &why);
    if (!head)
        g_set_error(error, EDT_ERROR, EDT_ERROR_BACKEND,
                    "This was started by mpirun, but the MPI module of edt cannot be used (%s). "
                    "Build edt where Open MPI and its headers are installed, or start it without "
                    "mpirun.",
                    why);
    return (const EdtRanksModule *)head;
}

gboolean edt_ranks_begin(GError **error)
{
    const EdtRanksModule *module;

    if (ranks.module || !edt_ranks_started())
        return TRUE;
    module = load(error);
    if (module == NULL)
        return FALSE;
    if (!module->begin(&ranks.own, &ranks.count)) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_BACKEND,
                    "MPI does not start; what it said itself tells why.");
        return FALSE;
    }
    ranks.module = module;
    return TRUE;
}

void edt_ranks_end(void)
{
    if (ranks.module)
        ranks.module->end();
    ranks.module = NULL;
}

/* ---- talking ---- */

gint64 edt_ranks_most(gint64 value)
{
    return ranks.module ? ranks.module->most(value) : value;
}

gboolean edt_ranks_same(guint32 number)
{
    return edt_ranks_most(number) == -edt_ranks_most(-(gint64)number);
}

void edt_ranks_sum(double *values, gsize n)
{
    if (ranks.module)
        ranks.module->sum(values, n);
}

void edt_ranks_gather(const void *own, gsize bytes, void *all)
{
    if (ranks.module)
        ranks.module->gather(own, bytes, all);
    else if (all != own)
        memcpy(all, own, bytes);
}

void edt_ranks_sum_begin(float *values, gsize n)
{
    if (ranks.module)
        ranks.module->sum_begin(values, n);
}

void edt_ranks_sums_go_on(void)
{
    if (ranks.module)
        ranks.module->go_on();
}

void edt_ranks_sums_finish(void)
{
    if (ranks.module)
        ranks.module->finish();
}
