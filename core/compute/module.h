/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A backend that comes as a loadable module: what it exports, and how it is found.  The module of
 * CUDA is cuda/module.c; backend.c asks for it.
 */
#pragma once

#include "base/module.h"
#include "compute/backend.h"

typedef struct {
    EdtModuleHead head; /* bytes: sizeof(EdtBackend) */
    const EdtBackend *backend;
    /* FALSE with a reason (no device, no driver); else which device would be used, and whether it
     * is fast in bf16 */
    gboolean (*probe)(int *chosen, gboolean *bf16, GError **error);
    /* a device for people (free it), counted from 0; NULL behind the last */
    char *(*describe)(int ordinal);
} EdtBackendModule;

/* The one symbol that a module exports. */
#define EDT_BACKEND_MODULE_SYMBOL "edt_backend_module"

/* The CUDA module, loaded once and never unloaded; NULL with the reason, which is a part of a
 * sentence. */
const EdtBackendModule *edt_backend_module_find(GError **error);
