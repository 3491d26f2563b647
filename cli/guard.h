/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An import reads a stranger's file: it does so without core dumps, without the way to new
 * privileges, and within a bound of address space.
 */
#pragma once

#include "cli/command.h"

/* From now on this process may map `bytes` more than it has mapped. */
void edt_cli_guard_limit(guint64 bytes);
/* SIGINT, SIGTERM and SIGHUP end the process with 130 and take this process's half-written file out
 * of folder.  Call before any other thread exists. */
void edt_cli_guard_folder(const char *folder);
