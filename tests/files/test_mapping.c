/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The guarded map: a file that is cut off while mapped gives zeros and a mark instead of killing
 * the process, in every thread; any other SIGBUS still does what it did before.
 */
#include "craft.h"
#include "edt.h"
#include "files/mapping.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BYTES (1 << 20)

static char *write_file(const char *name, gsize bytes)
{
    GByteArray *data = g_byte_array_new();
    char *path;

    for (gsize i = 0; i < bytes; i++)
        put_u8(data, 7);
    path = craft_file(name, data);
    g_byte_array_unref(data);
    return path;
}

static EdtMapping *open_good(const char *path)
{
    GError *error = NULL;
    EdtMapping *mapping = edt_mapping_open(path, &error);
    g_assert_no_error(error);
    return mapping;
}

static void test_reads(void)
{
    char *path = write_file("map", BYTES);
    EdtMapping *mapping = open_good(path);

    g_assert_cmpuint(edt_mapping_size(mapping), ==, BYTES);
    g_assert_cmpuint(edt_mapping_data(mapping)[BYTES - 1], ==, 7);
    edt_mapping_release(mapping, edt_mapping_data(mapping), BYTES);
    g_assert_cmpuint(edt_mapping_data(mapping)[5000], ==, 7); /* read again */
    g_assert_false(edt_mapping_damaged(mapping, NULL));
    edt_mapping_close(mapping);
    g_free(path);
}

static void test_truncated(void)
{
    char *path = write_file("cut", BYTES), *whole_path = write_file("whole", BYTES);
    EdtMapping *mapping = open_good(path), *whole = open_good(whole_path);
    GError *error = NULL;

    g_assert_cmpint(truncate(path, 8192), ==, 0);
    g_assert_cmpuint(edt_mapping_data(mapping)[100], ==, 7);
    g_assert_cmpuint(edt_mapping_data(mapping)[BYTES - 1], ==, 0); /* would be SIGBUS */
    g_assert_true(edt_mapping_damaged(mapping, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_assert_nonnull(strstr(error->message, path));
    g_error_free(error);
    g_assert_cmpuint(edt_mapping_data(whole)[BYTES - 1], ==, 7);
    g_assert_false(edt_mapping_damaged(whole, NULL)); /* the mark is the file's own */
    edt_mapping_close(whole);
    edt_mapping_close(mapping);
    g_free(whole_path);
    g_free(path);
}

/* Shrinking within the last page faults nowhere, but is damage all the same. */
static void test_shrunk_a_little(void)
{
    char *path = write_file("little", 5000);
    EdtMapping *mapping = open_good(path);

    g_assert_cmpint(truncate(path, 4999), ==, 0);
    g_assert_cmpuint(edt_mapping_data(mapping)[4999], ==, 0);
    g_assert_true(edt_mapping_damaged(mapping, NULL));
    edt_mapping_close(mapping);
    g_free(path);
}

/* Other contents of the same size; the time is set, as clocks of files are coarse. */
static void test_rewritten(void)
{
    char *path = write_file("rewritten", BYTES);
    const struct timespec earlier[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    GError *error = NULL;

    g_assert_cmpint(utimensat(AT_FDCWD, path, earlier, 0), ==, 0);
    EdtMapping *mapping = open_good(path);
    g_assert_false(edt_mapping_damaged(mapping, NULL));
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    g_assert_cmpint(pwrite(fd, "8", 1, BYTES - 1), ==, 1);
    close(fd);
    g_assert_true(edt_mapping_damaged(mapping, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_error_free(error);
    edt_mapping_close(mapping);
    g_free(path);
}

static void test_threads(void)
{
    char *path = write_file("threads", BYTES);
    EdtMapping *mapping = open_good(path);
    const guint8 *data = edt_mapping_data(mapping);
    guint sum = 0;

    g_assert_cmpint(truncate(path, 4096), ==, 0);
#pragma omp parallel for num_threads(4) reduction(+ : sum) schedule(static, 1)
    for (int i = 0; i < BYTES; i += 512)
        sum += data[i];
    g_assert_cmpuint(sum, ==, 8 * 7); /* the one page that is left */
    g_assert_true(edt_mapping_damaged(mapping, NULL));
    edt_mapping_close(mapping);
    g_free(path);
}

/* A slot that is used again starts without a mark, and the old address is nobody's. */
static void test_used_again(void)
{
    for (int i = 0; i < 50; i++) {
        char *path = write_file("again", 8192 + (gsize)i * 4096);
        EdtMapping *mapping = open_good(path);
        g_assert_false(edt_mapping_damaged(mapping, NULL));
        g_assert_cmpint(truncate(path, 0), ==, 0);
        g_assert_cmpuint(edt_mapping_data(mapping)[4096], ==, 0);
        g_assert_true(edt_mapping_damaged(mapping, NULL));
        edt_mapping_close(mapping);
        g_free(path);
    }
}

/* A SIGBUS that is not ours reaches who was there before; with nobody there it ends the process. */
static void touch_foreign_map(void)
{
    char *path = write_file("foreign", BYTES);
    int fd = open(path, O_RDWR);
    volatile guint8 *data = mmap(NULL, BYTES, PROT_READ, MAP_SHARED, fd, 0);

    if (ftruncate(fd, 0) == 0)
        (void)data[0];
}

static void on_bus_before(int number)
{
    _exit(42);
}

static int child_status(void (*child)(void))
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        child();
        _exit(0);
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    return status;
}

static void fault_with_handler(void)
{
    char *path = write_file("mine", 4096);
    signal(SIGBUS, on_bus_before);
    open_good(path); /* installs ours above it: this is the process's first map */
    touch_foreign_map();
}

static void fault_without_handler(void)
{
    char *path = write_file("mine", 4096);
    signal(SIGBUS, SIG_DFL);
    open_good(path);
    touch_foreign_map();
}

static void sent_without_handler(void)
{
    char *path = write_file("mine", 4096);
    signal(SIGBUS, SIG_DFL);
    open_good(path);
    raise(SIGBUS);
}

/* Must be the first test: forked children install the handler for themselves. */
static void test_other_sigbus(void)
{
    int status = child_status(fault_with_handler);

    g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 42);
    status = child_status(fault_without_handler);
    g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
    status = child_status(sent_without_handler);
    g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
}

static void test_what_may_be_opened(void)
{
    char *pipe_path = craft_path("pipe"), *link = craft_path("link"), *file = write_file("f", 9);
    char *missing = craft_path("missing"), *empty = write_file("empty", 0);
    GError *error = NULL;
    EdtMapping *mapping;

    g_assert_cmpint(mkfifo(pipe_path, 0600), ==, 0);
    g_assert_null(edt_mapping_open(pipe_path, &error)); /* and does not wait for a writer */
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_clear_error(&error);
    g_assert_null(edt_mapping_open("/dev/zero", &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_clear_error(&error);
    g_assert_null(edt_mapping_open("/tmp", &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_clear_error(&error);
    g_assert_null(edt_mapping_open(missing, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_FAILED);
    g_clear_error(&error);
    g_assert_cmpint(symlink(file, link), ==, 0); /* weights on another drive */
    mapping = open_good(link);
    g_assert_cmpuint(edt_mapping_size(mapping), ==, 9);
    edt_mapping_close(mapping);
    mapping = open_good(empty);
    g_assert_cmpuint(edt_mapping_size(mapping), ==, 0);
    g_assert_false(edt_mapping_damaged(mapping, NULL));
    edt_mapping_close(mapping);
    g_free(empty);
    g_free(missing);
    g_free(file);
    g_free(link);
    g_free(pipe_path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mapping/a-other-sigbus", test_other_sigbus);
    g_test_add_func("/mapping/reads", test_reads);
    g_test_add_func("/mapping/truncated", test_truncated);
    g_test_add_func("/mapping/shrunk-a-little", test_shrunk_a_little);
    g_test_add_func("/mapping/rewritten", test_rewritten);
    g_test_add_func("/mapping/threads", test_threads);
    g_test_add_func("/mapping/used-again", test_used_again);
    g_test_add_func("/mapping/what-may-be-opened", test_what_may_be_opened);
    return g_test_run();
}
