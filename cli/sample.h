/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `edt sample` is in three files: sample.c makes the pictures of a command line, jobs.c those of a
 * job file, npz.c the many of an archive.
 */
#pragma once

#include "cli/run.h"

/* Runs the lines of settings->jobs; answers the exit code. */
int edt_cli_jobs(EdtCliSettings *settings);
/* Makes the pictures of settings->npz; the same. */
int edt_cli_npz(EdtCliSettings *settings);
