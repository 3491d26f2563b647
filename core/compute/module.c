/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The CUDA module, once it is asked for; see module.h.  Nothing of CUDA is loaded into a process
 * that does not ask for it, and nothing is missed where it is not installed.
 */
#include "compute/module.h"

#include <glib/gi18n-lib.h>

const EdtBackendModule *edt_backend_module_find(GError **error)
{
    static GMutex lock;
    static const EdtBackendModule *loaded;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);
    g_autofree char *why = NULL;

    if (!loaded)
        loaded = (const EdtBackendModule *)edt_module_load(EDT_PART_CUDA, EDT_BACKEND_MODULE_SYMBOL,
                                                           sizeof(EdtBackend), G_MODULE_BIND_LOCAL,
                                                           &why);
    if (!loaded)
        g_set_error(error, EDT_ERROR, EDT_ERROR_BACKEND, _("its module cannot be loaded (%s)"),
                    why);
    return loaded;
}
