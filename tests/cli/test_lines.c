/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Lines of a job file: every line comes once, with its number, however the bytes arrive, and a
 * reader can tell a line that is there from one that is still to come.
 */
#include "cli/lines.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *write_file(const char *bytes, gssize length)
{
    char *path = NULL;
    int fd = g_file_open_tmp("edt-lines-XXXXXX", &path, NULL);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    g_assert_true(g_file_set_contents(path, bytes, length, NULL));
    return path;
}

static void expect_line(EdtCliLines *lines, const char *expected, int number)
{
    const char *wrong;
    GError *error = NULL;
    g_assert_cmpstr(edt_cli_lines_next(lines, &wrong, &error), ==, expected);
    g_assert_no_error(error);
    g_assert_null(wrong);
    if (expected)
        g_assert_cmpint(edt_cli_lines_number(lines), ==, number);
}

static void test_file(void)
{
    char *path = write_file("one\n\nthree\nlast without end", -1);
    EdtCliLines *lines = edt_cli_lines_open(path, NULL);
    expect_line(lines, "one", 1);
    expect_line(lines, "", 2);
    g_assert_true(edt_cli_lines_ready(lines));
    expect_line(lines, "three", 3);
    expect_line(lines, "last without end", 4);
    expect_line(lines, NULL, 0);
    expect_line(lines, NULL, 0);
    edt_cli_lines_close(lines);
    g_unlink(path);
    g_free(path);
}

static void test_too_long(void)
{
    GString *text = g_string_new("short\n");
    for (int i = 0; i < 300000; i++)
        g_string_append_c(text, 'x');
    g_string_append(text, "\nafter\n");
    char *path = write_file(text->str, (gssize)text->len);
    EdtCliLines *lines = edt_cli_lines_open(path, NULL);
    const char *wrong;
    expect_line(lines, "short", 1);
    g_assert_nonnull(edt_cli_lines_next(lines, &wrong, NULL));
    g_assert_nonnull(strstr(wrong, "64 KiB"));
    expect_line(lines, "after", 3);
    expect_line(lines, NULL, 0);
    edt_cli_lines_close(lines);
    g_unlink(path);
    g_free(path);
    g_string_free(text, TRUE);
}

/* UTF-16, a disk that lost power: no line ends, or is empty, where a reader of C thinks so. */
static void test_zero(void)
{
    static const char bytes[] = "{\"a\": 1}\0{\n\0\nafter\n";
    char *path = write_file(bytes, sizeof bytes - 1);
    EdtCliLines *lines = edt_cli_lines_open(path, NULL);
    const char *wrong;
    for (int i = 0; i < 2; i++) {
        g_assert_nonnull(edt_cli_lines_next(lines, &wrong, NULL));
        g_assert_nonnull(strstr(wrong, "byte 0"));
    }
    expect_line(lines, "after", 3);
    expect_line(lines, NULL, 0);
    edt_cli_lines_close(lines);
    g_unlink(path);
    g_free(path);
}

static void test_pipe(void)
{
    int ends[2];
    g_assert_cmpint(pipe(ends), ==, 0);
    int kept = dup(STDIN_FILENO);
    dup2(ends[0], STDIN_FILENO);
    EdtCliLines *lines = edt_cli_lines_open("-", NULL);
    g_assert_false(edt_cli_lines_ready(lines));
    g_assert_cmpint(write(ends[1], "one\ntwo\n", 8), ==, 8);
    g_assert_true(edt_cli_lines_ready(lines));
    expect_line(lines, "one", 1);
    g_assert_true(edt_cli_lines_ready(lines)); /* read with the first, still to be given out */
    expect_line(lines, "two", 2);
    g_assert_false(edt_cli_lines_ready(lines));
    close(ends[1]);
    expect_line(lines, NULL, 0);
    edt_cli_lines_close(lines);
    dup2(kept, STDIN_FILENO);
    close(kept);
    close(ends[0]);
}

/* Of one that nobody writes yet it is the lines that wait, where a signal ends that. */
static void test_named_pipe(void)
{
    char *path = write_file("", 0);
    g_unlink(path);
    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    EdtCliLines *lines = edt_cli_lines_open(path, NULL);
    g_assert_nonnull(lines);
    g_assert_false(edt_cli_lines_ready(lines));
    int end = open(path, O_WRONLY);
    g_assert_cmpint(write(end, "one\n", 4), ==, 4);
    expect_line(lines, "one", 1);
    close(end);
    expect_line(lines, NULL, 0);
    edt_cli_lines_close(lines);
    g_unlink(path);
    g_free(path);
}

static void test_missing(void)
{
    GError *error = NULL;
    g_assert_null(edt_cli_lines_open("/no/such/file", &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_clear_error(&error);
}

/* A folder can be opened, but not read. */
static void test_unreadable(void)
{
    GError *error = NULL;
    const char *wrong;
    EdtCliLines *lines = edt_cli_lines_open("/", NULL);
    g_assert_null(edt_cli_lines_next(lines, &wrong, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_FAILED);
    g_assert_nonnull(strstr(error->message, "from line 1 on"));
    g_clear_error(&error);
    edt_cli_lines_close(lines);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lines/file", test_file);
    g_test_add_func("/lines/too-long", test_too_long);
    g_test_add_func("/lines/zero", test_zero);
    g_test_add_func("/lines/pipe", test_pipe);
    g_test_add_func("/lines/named-pipe", test_named_pipe);
    g_test_add_func("/lines/missing", test_missing);
    g_test_add_func("/lines/unreadable", test_unreadable);
    return g_test_run();
}
