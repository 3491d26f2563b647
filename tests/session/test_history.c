/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The folder of finished pictures: what is in it, in which order, and that both bounds hold.  Large
 * files have holes instead of contents, so that 500 MB are a matter of a moment.
 */
#include "history.h"
#include "folder.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

#define MB (1 << 20)

static void put(const char *name, off_t bytes)
{
    char *folder = edt_history_folder();
    char *path = g_build_filename(folder, name, NULL);
    int fd = g_open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, bytes), ==, 0);
    g_assert_cmpint(close(fd), ==, 0);
    g_free(path);
    g_free(folder);
}

static char *add_picture(void)
{
    float pixels[4 * 4 * 3] = {0};
    EdtPicture picture = {.width = 4, .height = 4, .channels = 3, .item = {1, 7}, .pixels = pixels};
    GError *error = NULL;
    g_autoptr(EdtRecord) record = edt_record_read("{\"class\":1,\"seed\":7}", &error);
    char *path = edt_history_add(&picture, record, &error);
    g_assert_no_error(error);
    return path;
}

/* The names in the folder, newest first, as one text. */
static void expect(const char *names)
{
    char **paths = edt_history_list(G_MAXINT);
    GString *text = g_string_new(NULL);
    for (int i = 0; paths[i]; i++) {
        char *name = g_path_get_basename(paths[i]);
        g_string_append_printf(text, i ? " %s" : "%s", name);
        g_free(name);
    }
    g_assert_cmpstr(text->str, ==, names);
    g_string_free(text, TRUE);
    g_strfreev(paths);
}

static void empty(void)
{
    char **paths = edt_history_list(G_MAXINT);
    for (int i = 0; paths[i]; i++)
        g_assert_cmpint(g_unlink(paths[i]), ==, 0);
    g_strfreev(paths);
}

/* ---- tests ---- */

static void test_add(void)
{
    char *first = add_picture(), *second = add_picture();
    char **paths = edt_history_list(G_MAXINT);
    g_assert_cmpuint(g_strv_length(paths), ==, 2);
    g_assert_cmpstr(paths[0], ==, second);
    g_assert_cmpstr(paths[1], ==, first);
    g_autoptr(EdtRecord) record = edt_png_record(first, NULL);
    g_assert_nonnull(record);
    g_assert_cmpint(record->item.class_index, ==, 1);
    g_assert_cmpuint(record->item.seed, ==, 7);
    g_strfreev(paths);
    g_free(first);
    g_free(second);
    empty();
}

static void test_bytes(void)
{
    put("20260101-000000-1.png", MB);
    put("20260102-000000-1.png", MB);
    put("20260103-000000-1.png", MB);
    edt_history_trim(9, 3 * MB); /* exactly full */
    expect("20260103-000000-1.png 20260102-000000-1.png 20260101-000000-1.png");
    edt_history_trim(9, 3 * MB - 1); /* the oldest goes */
    expect("20260103-000000-1.png 20260102-000000-1.png");
    edt_history_trim(9, MB / 2); /* the newest alone is too large, and stays */
    expect("20260103-000000-1.png");
    empty();
}

static void test_files(void)
{
    put("20260103-000000-1.png", 1);
    put("20260101-000000-1.png", 1);
    put("20260102-000000-1.png", 1);
    edt_history_trim(2, MB);
    expect("20260103-000000-1.png 20260102-000000-1.png");
    edt_history_trim(0, MB);
    expect("20260103-000000-1.png");
    empty();
}

/* What is none of ours is neither listed, nor counted, nor removed. */
static void test_others(void)
{
    char *folder = edt_history_folder();
    char *note = g_build_filename(folder, "note.txt", NULL);
    put("note.txt", 8 * MB);
    put(".half-written.png", 8 * MB);
    put("20260101-000000-1.png", 1);
    put("20260102-000000-1.png", 1);
    edt_history_trim(9, MB);
    expect("20260102-000000-1.png 20260101-000000-1.png");
    g_assert_true(g_file_test(note, G_FILE_TEST_EXISTS));
    g_free(note);
    g_free(folder);
    empty();
}

/* Latents are no pictures, but take room like these. */
static void test_latents(void)
{
    float values[2 * 3] = {0};
    const gint64 shape[] = {2, 3};
    GError *error = NULL;
    g_autofree char *folder = edt_history_folder();
    g_autofree char *old = g_build_filename(folder, "20200101-000000-000001-latents.npy", NULL);
    g_autofree char *path = edt_history_keep_latents(values, 2, shape, &error);
    g_assert_no_error(error);
    put("20200101-000000-000001-latents.npy", MB);
    put("20200102-000000-1.png", MB);
    edt_history_trim(9, 2 * MB);
    g_assert_false(g_file_test(old, G_FILE_TEST_EXISTS));
    g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
    expect("20200102-000000-1.png");
    edt_history_trim(1, 2 * MB);
    g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
    expect("");
    g_assert_cmpint(g_unlink(path), ==, 0);
}

/* A new picture keeps the folder under its 500 MB, at the cost of the oldest. */
static void test_whole_folder(void)
{
    put("20200101-000000-1.png", 200 * MB);
    put("20200102-000000-1.png", 299 * MB);
    put("20200103-000000-1.png", 200 * MB);
    g_free(add_picture());
    char **paths = edt_history_list(G_MAXINT);
    g_assert_cmpuint(g_strv_length(paths), ==, 3);
    g_assert_true(g_str_has_suffix(paths[0], "-c1-s7.png"));
    g_assert_true(g_str_has_suffix(paths[1], "20200103-000000-1.png"));
    g_assert_true(g_str_has_suffix(paths[2], "20200102-000000-1.png"));
    g_strfreev(paths);
    empty();
}

/* Where the clock was set back new pictures are the newest all the same, and stay. */
static void test_clock(void)
{
    for (int i = 0; i < EDT_HISTORY_FILES_MAX; i++) {
        char *name = g_strdup_printf("29991231-235959-%06d-c1-s1.png", i);
        put(name, 1);
        g_free(name);
    }
    char *first = add_picture(), *second = add_picture();
    char **paths = edt_history_list(G_MAXINT);
    g_assert_cmpuint(g_strv_length(paths), ==, EDT_HISTORY_FILES_MAX);
    g_assert_cmpstr(paths[0], ==, second);
    g_assert_cmpstr(paths[1], ==, first);
    g_strfreev(paths);
    g_free(first);
    g_free(second);
    empty();
}

int main(int argc, char **argv)
{
    g_setenv("XDG_STATE_HOME", test_folder(), TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/session/history/add", test_add);
    g_test_add_func("/session/history/bytes", test_bytes);
    g_test_add_func("/session/history/files", test_files);
    g_test_add_func("/session/history/others", test_others);
    g_test_add_func("/session/history/latents", test_latents);
    g_test_add_func("/session/history/whole-folder", test_whole_folder);
    g_test_add_func("/session/history/clock", test_clock);
    return g_test_run();
}
