/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Ctrl-C: the first finishes the running step and saves what is there, the second ends at once.  A
 * closed terminal, SIGTERM and a reader that goes away are as the first.
 */
#pragma once

#include "cli/command.h"

/* SIGINT, SIGTERM and SIGUSR1 from now on; then nothing waits for the reader of a pipe any more. */
void edt_cli_stop_watch(void);
/* For all commands: a pipe without reader and a file above its limit end the writing, not the
 * process. */
void edt_cli_stop_unread(void);
void edt_cli_stop_ask(void); /* the reader of our output is gone: as Ctrl-C */
gboolean edt_cli_stop_asked(void);
gboolean edt_cli_stop_ended(void); /* by SIGTERM: below mpirun the end is near */
