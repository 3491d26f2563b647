/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Talk for the person at the terminal, all of it on stderr: remarks, errors, the progress bar.
 */
#pragma once

#include "cli/command.h"

/* One line; erases the progress bar first. */
void edt_cli_say(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* Where the CPU has no bf16, whoever asks for it hears what that means. */
void edt_cli_say_bf16_in_f32(void);
/* "edt sample: error: ..." */
void edt_cli_error(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* The same with a hint at --help; answers EDT_ERROR_USAGE. */
int edt_cli_usage(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* Reports and frees error; answers the exit code that belongs to it. */
int edt_cli_fail(GError *error);
int edt_cli_exit_code(const GError *error);

/* A bar that redraws itself on one line, on a terminal only and at most ten times a second.
 * fraction 0..1; text stands behind the bar. */
void edt_cli_bar_show(double fraction, const char *text);
void edt_cli_bar_clear(void);
/* Not while events go to the same terminal. */
void edt_cli_bar_forbid(void);
