/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A backend that comes as a loadable module: what it exports, and how it is found.  The module of
 * CUDA is cuda/module.c; backend.c asks for it.
 */
#pragma once

#include "compute/backend.h"

#include <gmodule.h>

typedef struct {
    const char *version; /* EDT_VERSION and sizeof(EdtBackend) of its build: others are refused */
    gsize table_bytes;
    const EdtBackend *backend;
    /* FALSE with a reason (no device, no driver); else which device would be used, and whether it
     * is fast in bf16 */
    gboolean (*probe)(int *chosen, gboolean *bf16, GError **error);
    /* a device for people (free it), counted from 0; NULL behind the last */
    char *(*describe)(int ordinal);
} EdtBackendModule;

/* The one symbol that a module exports. */
#define EDT_BACKEND_MODULE_SYMBOL "edt_backend_module"
typedef const EdtBackendModule *(*EdtBackendModuleGet)(void);

/* The CUDA module: $EDT_CUDA_MODULE and nothing else where that is set; otherwise beside this
 * program, where the build puts it, and in the library folder.  Loaded once and never unloaded.
 * NULL with the reason, which is a part of a sentence. */
const EdtBackendModule *edt_backend_module_find(GError **error);
