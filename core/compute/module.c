/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The CUDA module, once it is asked for; see module.h.  Nothing of CUDA is loaded into a process
 * that does not ask for it, and nothing is missed where it is not installed.
 */
#include "compute/module.h"
#include "base/memory.h"

#include <glib/gi18n-lib.h>

/* Bytes that the module's libraries take as soon as they are loaded: cuBLASLt 13.0 took 150 MiB, 94
 * of them not of its file.  A control group with less would end the process. */
#define LIBRARIES ((guint64)192 << 20)

/* What is needed and quickly found missing: NVIDIA's driver.  A module that somebody names may go
 * without one (the simulated GPU of the tests does). */
static gboolean has_driver(char **why)
{
    if (edt_installed_named(EDT_PART_CUDA) || g_module_open("libcuda.so.1", G_MODULE_BIND_LAZY))
        return TRUE;
    *why = g_strdup_printf(_("there is no NVIDIA driver: %s"), g_module_error());
    return FALSE;
}

static gboolean has_memory(char **why)
{
    const guint64 there = edt_memory_available();
    if (there == 0 || there >= LIBRARIES)
        return TRUE;
    g_autofree char *need_text = g_format_size_full(LIBRARIES, G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *there_text = g_format_size_full(there, G_FORMAT_SIZE_IEC_UNITS);
    *why =
        g_strdup_printf(_("its libraries need %s of memory and %s is free"), need_text, there_text);
    return FALSE;
}

const EdtBackendModule *edt_backend_module_find(GError **error)
{
    static GMutex lock;
    static const EdtBackendModule *loaded;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);
    g_autofree char *why = NULL;

    if (!loaded && has_driver(&why) && has_memory(&why))
        loaded = (const EdtBackendModule *)edt_module_load(EDT_PART_CUDA, EDT_BACKEND_MODULE_SYMBOL,
                                                           sizeof(EdtBackend), G_MODULE_BIND_LOCAL,
                                                           &why);
    if (!loaded)
        g_set_error(error, EDT_ERROR, EDT_ERROR_BACKEND, _("its module cannot be loaded (%s)"),
                    why);
    return loaded;
}
