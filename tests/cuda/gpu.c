/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * other_backend() of programs that run on a GPU (tests/cuda/run): the table of the CUDA module.
 */
#include "compare.h"
#include "compute/module.h"

const EdtBackend *other_backend(void)
{
    GError *error = NULL;
    const EdtBackendModule *module = edt_backend_module_find(&error);
    if (module == NULL)
        g_error("The CUDA backend: %s", error->message); /* a program, not the engine */
    return module->backend;
}
