/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Output files: whole or not there, never in place of another without leave, nothing left behind.
 */
#include "craft.h"
#include "edt.h"
#include "files/output.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static guint files_in_folder(const char *path)
{
    char *folder = g_path_get_dirname(path);
    GDir *dir = g_dir_open(folder, 0, NULL);
    guint n = 0;

    while (g_dir_read_name(dir))
        n++;
    g_dir_close(dir);
    g_free(folder);
    return n;
}

static EdtOutput *begin(const char *path, gboolean force, const char *text)
{
    GError *error = NULL;
    EdtOutput *output = edt_output_open(path, force, &error);

    g_assert_no_error(error);
    fputs(text, edt_output_stream(output));
    return output;
}

static void assert_content(const char *path, const char *expected)
{
    char *text;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, expected);
    g_free(text);
}

static void test_commit(void)
{
    char *path = craft_path("out");
    EdtOutput *output = begin(path, FALSE, "hello");
    struct stat st;
    mode_t mask = umask(027);

    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    edt_output_abandon(output);
    g_assert_cmpuint(files_in_folder(path), ==, 0);
    output = begin(path, FALSE, "hello");
    g_assert_true(edt_output_commit(output, NULL));
    assert_content(path, "hello");
    g_assert_cmpuint(files_in_folder(path), ==, 1);
    g_assert_cmpint(stat(path, &st), ==, 0);
    g_assert_cmpuint(st.st_mode & 0777, ==, 0640); /* 0644 less umask */
    umask(mask);
    g_free(path);
}

static void test_existing(void)
{
    char *path = craft_path("out");
    GError *error = NULL;
    EdtOutput *output;

    g_assert_true(edt_output_commit(begin(path, TRUE, "old"), NULL));
    g_assert_null(edt_output_open(path, FALSE, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_clear_error(&error);
    assert_content(path, "old");
    output = begin(path, TRUE, "new");
    assert_content(path, "old"); /* until the commit */
    g_assert_true(edt_output_commit(output, NULL));
    assert_content(path, "new");
    g_free(path);
}

/* Somebody else makes the file while ours is being written. */
static void test_raced(void)
{
    char *path = craft_path("raced");
    GError *error = NULL;
    EdtOutput *output = begin(path, FALSE, "ours");
    guint before;

    g_assert_true(g_file_set_contents(path, "theirs", -1, NULL));
    before = files_in_folder(path);
    g_assert_false(edt_output_commit(output, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_clear_error(&error);
    assert_content(path, "theirs");
    g_assert_cmpuint(files_in_folder(path), <=, before);
    g_free(path);
}

/* The next free name, where the own one is taken by whatever it is. */
static void test_next(void)
{
    char *path = craft_path("next.png"), *second = craft_path("next-1.png"), *written = NULL;
    char *third = craft_path("next-2.png");
    GError *error = NULL;

    g_assert_true(g_file_set_contents(path, "theirs", -1, NULL));
    g_assert_cmpint(symlink("/dev/null", second), ==, 0);
    EdtOutput *output = edt_output_open(path, EDT_WRITE_NEXT, &error);
    g_assert_no_error(error);
    fputs("ours", edt_output_stream(output));
    g_assert_true(edt_output_commit_as(output, &written, &error));
    g_assert_cmpstr(written, ==, third);
    assert_content(path, "theirs");
    assert_content(third, "ours");
    g_free(written);
    g_free(path);
    g_free(second);
    g_free(third);
}

/* Before the work: no room, a name that cannot be, a thing that is no file. */
static void test_check(void)
{
    char *path = craft_path("check"), *node = craft_path("check-node");
    GError *error = NULL;

    g_assert_true(edt_save_check(path, EDT_WRITE_NEW, 1, &error));
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    g_assert_false(edt_save_check(path, EDT_WRITE_NEW, G_MAXUINT64, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "no room"));
    g_clear_error(&error);
    g_assert_cmpint(symlink("/dev/null", node), ==, 0);
    for (EdtWrite write = EDT_WRITE_NEW; write <= EDT_WRITE_REPLACE; write++) {
        g_assert_false(edt_save_check(node, write, 0, &error));
        g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
        g_assert_nonnull(strstr(error->message, "is no file")); /* not that it may be replaced */
        g_clear_error(&error);
    }
    g_autofree char *folder = g_path_get_dirname(path), *slash = g_strconcat(folder, "/", NULL);
    g_assert_false(edt_save_check(slash, EDT_WRITE_NEW, 0, &error));
    g_assert_nonnull(strstr(error->message, "it is a folder"));
    g_clear_error(&error);
    g_assert_true(edt_save_check("-", EDT_WRITE_NEW, G_MAXUINT64, &error));
    g_free(path);
    g_free(node);
}

/* A link under the output's name is replaced, not followed. */
static void test_link(void)
{
    char *target = craft_path("target"), *link = craft_path("a-link");

    g_assert_true(g_file_set_contents(target, "precious", -1, NULL));
    g_assert_cmpint(symlink(target, link), ==, 0);
    g_assert_null(edt_output_open(link, FALSE, NULL));
    g_assert_true(edt_output_commit(begin(link, TRUE, "x"), NULL));
    assert_content(target, "precious");
    assert_content(link, "x");
    g_free(link);
    g_free(target);
}

/* One place, however it is spelled, also before its folder is there. */
static void test_place(void)
{
    char *folder = craft_path("place"), *alias = craft_path("place-alias");
    char *there = g_build_filename(folder, "a.png", NULL);
    char *around = g_strconcat(folder, "/../place/./a.png", NULL);
    char *linked = g_build_filename(alias, "a.png", NULL);
    const char *const paths[] = {there, around, linked};

    for (int made = 0; made < 2; made++) {
        for (int i = 0; i < 2 + made; i++) {
            g_autofree char *place = edt_save_place(paths[i]);
            g_assert_cmpstr(place, ==, there);
        }
        if (!made) {
            g_assert_cmpint(mkdir(folder, 0755), ==, 0);
            g_assert_cmpint(symlink("place", alias), ==, 0);
        }
    }
    g_autofree char *nowhere = edt_save_place("no/such/../a.png");
    g_autofree char *expected = g_canonicalize_filename("no/a.png", NULL);
    g_assert_cmpstr(nowhere, ==, expected);
    g_free(linked);
    g_free(around);
    g_free(there);
    g_free(alias);
    g_free(folder);
}

static void expect_mode(const char *path, mode_t mode)
{
    struct stat st;
    g_assert_cmpint(stat(path, &st), ==, 0);
    g_assert_cmpuint(st.st_mode & 0777, ==, mode);
}

/* Who may read a file may read what replaces it, and nobody else. */
static void test_mode(void)
{
    static const mode_t modes[] = {0600, 0640, 0666, 0755, 0};
    char *path = craft_path("mode"), *link = craft_path("mode-link"), *found = craft_path("found");
    mode_t mask = umask(022);

    for (gsize i = 0; i < G_N_ELEMENTS(modes); i++) {
        g_assert_true(g_file_set_contents(path, "old", -1, NULL));
        g_assert_cmpint(chmod(path, modes[i]), ==, 0);
        g_assert_true(edt_output_commit(begin(path, TRUE, "new"), NULL));
        expect_mode(path, modes[i]);
        g_assert_true(g_file_set_contents(found, "adopted", -1, NULL));
        g_assert_true(edt_output_adopt(found, path, EDT_WRITE_REPLACE, NULL, NULL));
        expect_mode(path, modes[i]);
    }
    g_assert_cmpint(symlink("/nowhere", link), ==, 0);
    g_assert_true(edt_output_commit(begin(link, TRUE, "x"), NULL));
    expect_mode(link, 0644);
    umask(mask);
    g_free(found);
    g_free(link);
    g_free(path);
}

static void test_killed(void)
{
    char *path = craft_path("killed");
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        EdtOutput *output = begin(path, FALSE, "half a mod");
        fflush(edt_output_stream(output));
        kill(getpid(), SIGKILL);
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFSIGNALED(status));
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    g_free(path);
}

/* A filesystem as old or simple as they come: no nameless files, no RENAME_NOREPLACE.  The kernel
 * is told to say so, in a process of its own. */
static void forbid_modern_calls(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_TMPFILE & ~O_DIRECTORY, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {G_N_ELEMENTS(code), code};

    g_assert_cmpint(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), ==, 0);
    g_assert_cmpint(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), ==, 0);
}

static gboolean has_partial(const char *path)
{
    char *folder = g_path_get_dirname(path), *start = g_strdup_printf(".edt-%d-", (int)getpid());
    GDir *dir = g_dir_open(folder, 0, NULL);
    const char *name;
    gboolean found = FALSE;

    while ((name = g_dir_read_name(dir)) != NULL)
        found = found || (g_str_has_prefix(name, start) && g_str_has_suffix(name, ".partial"));
    g_dir_close(dir);
    g_free(start);
    g_free(folder);
    return found;
}

static void write_the_old_way(void)
{
    char *path = craft_path("old-way");
    EdtOutput *output;

    forbid_modern_calls();
    output = begin(path, FALSE, "first");
    g_assert_true(has_partial(path)); /* recognisable, with the process's number */
    g_assert_true(edt_output_commit(output, NULL));
    assert_content(path, "first");
    output = begin(path, TRUE, "gone");
    edt_output_abandon(output);
    assert_content(path, "first");
    g_assert_true(edt_output_commit(begin(path, TRUE, "second"), NULL));
    assert_content(path, "second");
    unlink(path);
    output = begin(path, FALSE, "ours");
    g_assert_true(g_file_set_contents(path, "theirs", -1, NULL));
    g_assert_false(edt_output_commit(output, NULL));
    assert_content(path, "theirs");
    g_assert_false(has_partial(path));
    _exit(0);
}

static void test_simple_filesystem(void)
{
    pid_t pid = fork();
    int status;

    if (pid == 0)
        write_the_old_way();
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_full_disk(void)
{
    GError *error = NULL;
    EdtOutput *output = begin("/dev/shm/edt-test-output", TRUE, "");
    /* the stream takes the error that a full disk would give it */
    FILE *full = freopen("/dev/full", "wb", edt_output_stream(output));

    g_assert_nonnull(full);
    fputs("x", full);
    g_assert_false(edt_output_commit(output, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_FAILED);
    g_clear_error(&error);
    g_assert_false(g_file_test("/dev/shm/edt-test-output", G_FILE_TEST_EXISTS));
}

static void test_bad_places(void)
{
    char *missing = craft_path("no/such/folder"), *folder = craft_path("");
    GError *error = NULL;

    g_assert_null(edt_output_open(missing, FALSE, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_FAILED);
    g_assert_nonnull(strstr(error->message, missing));
    g_clear_error(&error);
    g_assert_null(edt_output_open(folder, TRUE, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_FAILED);
    g_clear_error(&error);
    g_free(folder);
    g_free(missing);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/output/commit", test_commit);
    g_test_add_func("/output/existing", test_existing);
    g_test_add_func("/output/raced", test_raced);
    g_test_add_func("/output/next", test_next);
    g_test_add_func("/output/check", test_check);
    g_test_add_func("/output/link", test_link);
    g_test_add_func("/output/place", test_place);
    g_test_add_func("/output/mode", test_mode);
    g_test_add_func("/output/killed", test_killed);
    g_test_add_func("/output/simple-filesystem", test_simple_filesystem);
    g_test_add_func("/output/full-disk", test_full_disk);
    g_test_add_func("/output/bad-places", test_bad_places);
    return g_test_run();
}
