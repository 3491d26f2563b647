/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Ctrl-C: the first finishes the running step and saves what is there, the second ends at once.
 */
#pragma once

#include "cli/command.h"

/* SIGINT, SIGTERM and SIGUSR1 from now on. */
void edt_cli_stop_watch(void);
gboolean edt_cli_stop_asked(void);
gboolean edt_cli_stop_ended(void); /* by SIGTERM: below mpirun the end is near */
