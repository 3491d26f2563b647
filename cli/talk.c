/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Talk on stderr.  The terminal's line is one per process, so its state (is a bar drawn?) is too.
 * Below mpirun only rank 0 talks; an error can be any rank's and says whose.
 */
#include "cli/talk.h"
#include "train.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define BAR_WIDTH 24
#define BAR_INTERVAL_US 100000

static struct {
    gboolean forbidden;
    gboolean drawn;
    gint64 drawn_at;
} bar;

static gboolean is_terminal(void)
{
    const char *term = g_getenv("TERM");
    return isatty(STDERR_FILENO) && term && g_strcmp0(term, "dumb") != 0;
}

static gboolean has_colour(void)
{
    const char *no_color = g_getenv("NO_COLOR");
    return is_terminal() && !(no_color && *no_color);
}

/* Names of files, and what strangers wrote into theirs, may hold what a terminal obeys. */
static void disarm(char *text)
{
    for (; *text; text++)
        if (g_ascii_iscntrl(*text) && *text != '\n' && *text != '\t')
            *text = '?';
}

/* A whole line in one piece: mpirun keeps an unfinished one and puts it before what the process
 * says next, be that on stdout. */
static void write_line(const char *start, const char *format, va_list arguments)
{
    char *text = g_strdup_vprintf(format, arguments);
    disarm(text);
    char *line = g_strconcat(start, text, "\n", NULL);
    fputs(line, stderr);
    g_free(line);
    g_free(text);
}

void edt_cli_say(const char *format, ...)
{
    if (edt_ranks_own() > 0)
        return;
    edt_cli_bar_clear();
    va_list arguments;
    va_start(arguments, format);
    write_line("", format, arguments);
    va_end(arguments);
}

void edt_cli_say_bf16_in_f32(void)
{
    edt_cli_say("This CPU has no bf16 (AVX512-BF16): it is computed in f32, neither faster nor "
                "smaller than --type f32.");
}

static void say_error(const char *format, va_list arguments)
{
    edt_cli_bar_clear();
    const char *word = has_colour() ? "\033[1;31merror:\033[0m" : "error:";
    char *rank =
        edt_ranks_started() ? g_strdup_printf(" (rank %d)", edt_ranks_own()) : g_strdup("");
    char *start = g_strdup_printf("%s%s: %s ", g_get_prgname(), rank, word);
    write_line(start, format, arguments);
    g_free(start);
    g_free(rank);
}

void edt_cli_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say_error(format, arguments);
    va_end(arguments);
}

int edt_cli_usage(const char *format, ...)
{
    if (edt_ranks_own() > 0) /* all ranks were called alike */
        return EDT_ERROR_USAGE;
    va_list arguments;
    va_start(arguments, format);
    say_error(format, arguments);
    va_end(arguments);
    fprintf(stderr, "\"%s --help\" tells the options.\n", g_get_prgname());
    return EDT_ERROR_USAGE;
}

int edt_cli_exit_code(const GError *error)
{
    if (error->domain == EDT_ERROR)
        return error->code;
    return error->domain == G_OPTION_ERROR ? EDT_ERROR_USAGE : EDT_ERROR_FAILED;
}

int edt_cli_fail(GError *error)
{
    int code = edt_cli_exit_code(error);
    edt_cli_error("%s", error->message);
    g_error_free(error);
    return code;
}

void edt_cli_bar_forbid(void)
{
    bar.forbidden = TRUE;
}

void edt_cli_bar_show(double fraction, const char *text)
{
    gint64 now = g_get_monotonic_time();
    if (bar.forbidden || edt_ranks_own() > 0 || !is_terminal() ||
        (bar.drawn && now - bar.drawn_at < BAR_INTERVAL_US))
        return;
    char cells[BAR_WIDTH + 1];
    int filled = (int)(CLAMP(fraction, 0, 1) * BAR_WIDTH);
    for (int i = 0; i < BAR_WIDTH; i++)
        cells[i] = i < filled ? '#' : '.';
    cells[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r[%s] %s\033[K", cells, text);
    fflush(stderr);
    bar.drawn = TRUE;
    bar.drawn_at = now;
}

void edt_cli_bar_clear(void)
{
    if (!bar.drawn)
        return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    bar.drawn = FALSE;
}
