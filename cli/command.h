/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The commands of `edt`: one file each, listed in main.c.  A command gets its own argv (argv[0] is
 * "edt sample" and the like) and answers with an exit code.  cli/ speaks the public
 * headers of core/ only.
 */
#pragma once

#include <glib.h>

#include "edt.h"

#define EDT_CLI_UNSAID G_MININT /* an option of a number that is not there */

typedef struct {
    const char *name;
    const char *summary; /* one line for `edt --help` */
    int (*run)(int argc, char **argv);
    gboolean computes; /* with OpenMP's threads */
} EdtCliCommand;

int edt_cli_import(int argc, char **argv);
int edt_cli_info(int argc, char **argv);
int edt_cli_classes(int argc, char **argv);
int edt_cli_sample(int argc, char **argv);
int edt_cli_train(int argc, char **argv);
int edt_cli_plot(int argc, char **argv);
int edt_cli_bench(int argc, char **argv);
int edt_cli_doctor(int argc, char **argv);

/* Parses the options of a command; *argv keeps argv[0] and the positional arguments.  --help prints
 * and ends the process, as everywhere.  FALSE: the mistake was reported, answer EDT_ERROR_USAGE.
 * arguments: "[MODEL]"; summary: first paragraph; details: below the options (both may be NULL). */
gboolean edt_cli_parse(int *argc, char ***argv, const GOptionEntry *entries, const char *arguments,
                       const char *summary, const char *details);
