/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Manual pages and the lists for completion, from the tables that `--help` is made of.
 */
#pragma once

#include "cli/command.h"

/* A page of a command in troff, on stdout; arguments, summary and details as in edt_cli_parse(). */
void edt_cli_manual_page(const char *name, const GOptionEntry *entries, const char *arguments,
                         const char *summary, const char *details);
/* edt(1).  notes: the text below the commands. */
void edt_cli_manual_main(const EdtCliCommand *commands, gsize n, const char *about,
                         const char *notes);
/* "--output<TAB>-o<TAB>FILE<TAB>description" a line: for completion. */
void edt_cli_manual_options(const GOptionEntry *entries);
