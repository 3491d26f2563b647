/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the launcher of a program of several processes (mpirun, mpiexec, srun) leaves in their
 * environment.  Used by train/ranks.c, and by threads.c: ranks of one machine share its cores.
 */
#pragma once

/* The number of this process among them, as text; NULL where it was started alone, or by a launcher
 * that our MPI module does not speak with. */
const char *edt_launcher_rank(void);
/* How many of them are on this machine, itself included; 1 where it was started alone. */
int edt_launcher_local_ranks(void);
