/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Loading a module of our own (installed.h names them): what is heavy, and not needed by everyone,
 * comes into a process only when it is asked for.
 */
#pragma once

#include "base/installed.h"

#include <gmodule.h>

/* What a module exports is a function without arguments; the table it answers begins with this. */
typedef struct {
    const char *version; /* EDT_VERSION of its build, and the size of the table that it has to */
    gsize bytes;         /* agree on with its user: others are refused */
} EdtModuleHead;

/* The table, or NULL with the reason, which is a part of a sentence.  It is never unloaded: the
 * libraries below it do not bear that. */
const EdtModuleHead *edt_module_load(EdtInstalled part, const char *symbol, gsize bytes,
                                     GModuleFlags flags, char **why);
