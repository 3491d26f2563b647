/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A line reader on a file descriptor; poll() answers what stdio cannot.
 */
#include "cli/lines.h"
#include "cli/stop.h"
#include "core/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES (64 * 1024)

struct EdtCliLines {
    char *path;
    int fd;
    int number;
    gboolean ended;
    int failure;      /* errno of what ended it, or 0 */
    GString *pending; /* read, not given out yet */
    GString *line;
};

EdtCliLines *edt_cli_lines_open(const char *path, GError **error)
{
    /* of a pipe that nobody writes yet it is read_more() that waits */
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO
                                    : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE, "The job file %s cannot be opened: %s.",
                    path, g_strerror(errno));
        return NULL;
    }
    EdtCliLines *lines = g_new0(EdtCliLines, 1);
    lines->path = g_strdup(path);
    lines->fd = fd;
    lines->pending = g_string_new(NULL);
    lines->line = g_string_new(NULL);
    return lines;
}

void edt_cli_lines_close(EdtCliLines *lines)
{
    if (!lines)
        return;
    if (lines->fd != STDIN_FILENO)
        close(lines->fd);
    g_string_free(lines->pending, TRUE);
    g_string_free(lines->line, TRUE);
    g_free(lines->path);
    g_free(lines);
}

/* Waits for more bytes; Ctrl-C (cli/stop.c) ends the waiting and looks like the end of the file. */
static void read_more(EdtCliLines *lines)
{
    char bytes[8192];
    struct pollfd wait = {.fd = lines->fd, .events = POLLIN};
    int ready = 0;
    while (ready <= 0 && !edt_cli_stop_asked())
        ready = poll(&wait, 1, 250);
    gssize n = ready > 0 ? read(lines->fd, bytes, sizeof bytes) : 0;
    if (n > 0)
        g_string_append_len(lines->pending, bytes, n);
    if (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)))
        return;
    lines->ended = TRUE;
    lines->failure = n < 0 ? errno : 0;
}

static const char *line_end(const EdtCliLines *lines)
{
    return memchr(lines->pending->str, '\n', lines->pending->len);
}

/* What was read of the next line is not the line. */
static const char *fail(EdtCliLines *lines, GError **error)
{
    g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED,
                "The job file %s cannot be read from line %d on: %s.", lines->path,
                lines->number + 1, g_strerror(lines->failure));
    return NULL;
}

static void skip_mark(EdtCliLines *lines)
{
    const char *text = lines->line->str;
    if (lines->number == 0)
        g_string_erase(lines->line, 0, edt_text_begin(text) - text);
}

const char *edt_cli_lines_next(EdtCliLines *lines, const char **wrong, GError **error)
{
    const char *end;
    gboolean too_long = FALSE;
    *wrong = NULL;
    while (!(end = line_end(lines)) && !lines->ended) {
        if (lines->pending->len > LINE_MAX_BYTES) {
            too_long = TRUE;
            g_string_truncate(lines->pending, 0);
        }
        read_more(lines);
    }
    if (!end && lines->failure)
        return fail(lines, error);
    if (!end && lines->pending->len == 0 && !too_long)
        return NULL;
    gsize length = end ? (gsize)(end - lines->pending->str) : lines->pending->len;
    too_long |= length > LINE_MAX_BYTES;
    g_string_assign(lines->line, "");
    g_string_append_len(lines->line, lines->pending->str, (gssize)MIN(length, LINE_MAX_BYTES));
    g_string_erase(lines->pending, 0, (gssize)(length + (end ? 1 : 0)));
    skip_mark(lines);
    lines->number++;
    if (too_long)
        *wrong = "The line is longer than 64 KiB.";
    else if (strlen(lines->line->str) != lines->line->len)
        *wrong = "The line has a byte 0 in it: save the file as UTF-8.";
    return lines->line->str;
}

int edt_cli_lines_number(const EdtCliLines *lines)
{
    return lines->number;
}

gboolean edt_cli_lines_ready(EdtCliLines *lines)
{
    struct pollfd look = {.fd = lines->fd, .events = POLLIN};
    return lines->ended || line_end(lines) || poll(&look, 1, 0) > 0;
}
