/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which rank this process is.  MPI is a module of its own, loaded only below mpirun: linked in, its
 * two dozen libraries would make every start of `edt` three times as long.  See ranks.h.
 */
#include "train/ranks.h"

#include <gmodule.h>
#include <stdlib.h>

#define FILE_NAME "libedt-mpi." G_MODULE_SUFFIX

static struct {
    const EdtRanksModule *module; /* NULL: alone */
    int own, count;
} ranks = {NULL, 0, 1};

/* ---- beginning ---- */

/* What Open MPI's mpirun, and others that speak PMIx, leave in the environment. */
static const char *own_text(void)
{
    const char *own = g_getenv("OMPI_COMM_WORLD_RANK");
    return own ? own : g_getenv("PMIX_RANK");
}

gboolean edt_ranks_started(void)
{
    return own_text() != NULL;
}

gboolean edt_ranks_begun(void)
{
    return ranks.module != NULL;
}

int edt_ranks_own(void)
{
    const char *own = own_text();
    return ranks.module || own == NULL ? ranks.own : atoi(own);
}

int edt_ranks_count(void)
{
    return ranks.count;
}

static char *find_file(void)
{
    const char *wish = g_getenv("EDT_MPI_MODULE");
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = program ? g_path_get_dirname(program) : g_strdup(".");
    const char *const below[] = {"../core/train", "../../core/train", /* in a build folder */
                                 "../lib/edt"};                       /* moved after installation */

    if (wish && *wish)
        return g_strdup(wish);
    for (gsize i = 0; i < G_N_ELEMENTS(below); i++) {
        char *path = g_build_filename(folder, below[i], FILE_NAME, NULL);
        if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
            return path;
        g_free(path);
    }
    return g_build_filename(EDT_LIBDIR, "edt", FILE_NAME, NULL);
}

static const EdtRanksModule *load(GError **error)
{
    g_autofree char *path = find_file();
    /* not local: Open MPI loads parts of itself that look for the rest of it */
    GModule *file = g_module_open(path, G_MODULE_BIND_LAZY);
    EdtRanksModuleGet get = NULL;
    const EdtRanksModule *module = NULL;

    if (file && g_module_symbol(file, EDT_RANKS_MODULE_SYMBOL, (gpointer *)&get) && get)
        module = get();
    if (module && g_strcmp0(module->version, EDT_VERSION) == 0 && module->bytes == sizeof *module) {
        g_module_make_resident(file);
        return module;
    }
    g_set_error(error, EDT_ERROR, EDT_ERROR_BACKEND,
                "This was started by mpirun, but the MPI module of edt cannot be used (%s). Build "
                "edt where Open MPI and its headers are installed, or start it without mpirun.",
                file ? "it is of another version" : g_module_error());
    if (file)
        g_module_close(file);
    return NULL;
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
