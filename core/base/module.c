/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One way to load a module and to refuse one of another build; see module.h.
 */
#include "base/module.h"
#include "edt.h"

#include <glib/gi18n-lib.h>

static const EdtModuleHead *table_of(GModule *module, const char *symbol, gsize bytes)
{
    const EdtModuleHead *(*get)(void) = NULL;
    if (!g_module_symbol(module, symbol, (gpointer *)&get) || !get)
        return NULL;
    const EdtModuleHead *head = get();
    return g_strcmp0(head->version, EDT_VERSION) == 0 && head->bytes == bytes ? head : NULL;
}

const EdtModuleHead *edt_module_load(EdtInstalled part, const char *symbol, gsize bytes,
                                     GModuleFlags flags, char **why)
{
    g_autofree char *path = edt_installed_part(part);
    GModule *module = path ? g_module_open(path, flags) : NULL;
    const EdtModuleHead *head = module ? table_of(module, symbol, bytes) : NULL;

    if (head)
        g_module_make_resident(module);
    else if (module)
        *why = g_strdup_printf(_("“%s” is of another version"), path);
    else
        *why = g_strdup(path ? g_module_error() : _("it is not installed"));
    if (module && !head)
        g_module_close(module);
    return head;
}
