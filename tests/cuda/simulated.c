/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * other_backend() of programs with the host build linked in.
 */
#include "compare.h"
#include "compute/module.h"

const EdtBackendModule *edt_backend_module(void);

const EdtBackend *other_backend(void)
{
    return edt_backend_module()->backend;
}
