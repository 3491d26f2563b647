/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where an installation's parts are looked for.  The program under test is a copy of this one, put
 * where `edt` would be in an installation that was moved; it prints what it finds.
 */
#include "base/installed.h"
#include "base/module.h"
#include "folder.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#define MPI_FILE "libedt-mpi." G_MODULE_SUFFIX

static const char *scratch;

/* Of this installation in the scratch folder; the tests are for a prefix above all folders. */
static char *moved(const char *folder, const char *name)
{
    g_assert_true(g_str_has_prefix(folder, EDT_PREFIX "/"));
    return g_build_filename(scratch, folder + strlen(EDT_PREFIX), name, NULL);
}

static char *make(char *path, const char *contents, gsize length, int mode)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
    g_assert_true(g_file_set_contents(path, contents, (gssize)length, NULL));
    g_assert_cmpint(g_chmod(path, mode), ==, 0);
    return path;
}

/* A copy of this program at that path, which is taken. */
static char *copy_self(char *path)
{
    g_autofree char *bytes = NULL;
    gsize length;
    g_assert_true(g_file_get_contents("/proc/self/exe", &bytes, &length, NULL));
    return make(path, bytes, length, 0755);
}

/* What the copy says to one word. */
static char *ask(const char *program, const char *word)
{
    char *out = NULL;
    const char *const argv[] = {program, "say", word, NULL};
    GError *error = NULL;
    g_spawn_sync(NULL, (char **)(gpointer)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, NULL, NULL,
                 &error);
    g_assert_no_error(error);
    return out;
}

static int say(const char *word)
{
    g_autofree char *found = g_str_equal(word, "mpi") ? edt_installed_part(EDT_PART_MPI)
                                                      : edt_installed_data("edt/models");
    fputs(found ? found : "nothing", stdout);
    return 0;
}

static void expect(const char *program, const char *word, const char *path)
{
    g_autofree char *said = ask(program, word), *real = g_canonicalize_filename(said, NULL);
    g_assert_cmpstr(g_str_equal(said, "nothing") ? said : real, ==, path);
}

/* ---- tests ---- */

static void test_moved(void)
{
    g_autofree char *program = copy_self(moved(EDT_BINDIR, "edt"));
    g_autofree char *installed = g_build_filename(EDT_LIBDIR, "edt", MPI_FILE, NULL);
    gboolean there = g_file_test(installed, G_FILE_TEST_EXISTS); /* of the real installation */
    expect(program, "mpi", there ? installed : "nothing");
    expect(program, "models", EDT_DATADIR "/edt/models");

    g_autofree char *module = make(moved(EDT_LIBDIR "/edt", MPI_FILE), "", 0, 0644);
    g_autofree char *model = make(moved(EDT_DATADIR "/edt/models", "x.safetensors"), "", 0, 0644);
    g_autofree char *models = g_path_get_dirname(model);
    expect(program, "mpi", module);
    expect(program, "models", models);

    g_autofree char *beside = make(moved(EDT_BINDIR, MPI_FILE), "", 0, 0644);
    expect(program, "mpi", beside);
    g_setenv("EDT_MPI_MODULE", "/told/module.so", TRUE);
    expect(program, "mpi", "/told/module.so");
    g_setenv("EDT_MPI_MODULE", "", TRUE); /* as good as not set */
    expect(program, "mpi", beside);
    g_unsetenv("EDT_MPI_MODULE");
    g_assert_cmpint(g_unlink(beside), ==, 0);

    /* linked from elsewhere: the installation is where the file is */
    g_autofree char *link = g_build_filename(scratch, "linked", NULL);
    g_assert_cmpint(symlink(program, link), ==, 0);
    expect(link, "mpi", module);
}

/* What lies in a folder further up is none of ours, above all in /tmp. */
static void test_elsewhere(void)
{
    g_autofree char *program = copy_self(g_build_filename(scratch, "some", "where", "edt", NULL));
    g_autofree char *installed = g_build_filename(EDT_LIBDIR, "edt", MPI_FILE, NULL);
    gboolean there = g_file_test(installed, G_FILE_TEST_EXISTS);
    g_autofree char *module = make(moved(EDT_LIBDIR "/edt", MPI_FILE), "", 0, 0644);
    expect(program, "mpi", there ? installed : "nothing");
    expect(program, "models", EDT_DATADIR "/edt/models");
}

static void test_build_tree(void)
{
    g_autofree char *program = g_build_filename(scratch, "build", "tests", "unit", "test", NULL);
    g_autofree char *module = g_build_filename(scratch, "build", "core", "train", MPI_FILE, NULL);
    copy_self(program);
    make(module, "", 0, 0644);
    expect(program, "mpi", module);
}

static void expect_refused(const char *path, const char *words)
{
    g_autofree char *why = NULL;
    g_setenv("EDT_MPI_MODULE", path, TRUE);
    g_assert_null(edt_module_load(EDT_PART_MPI, "edt_ranks_module", 1, G_MODULE_BIND_LOCAL, &why));
    g_assert_nonnull(strstr(why, words));
    g_unsetenv("EDT_MPI_MODULE");
}

/* A library that is no module, a module whose table has another size. */
static void test_refused(void)
{
    expect_refused("/nonexistent/module.so", "/nonexistent/module.so");
    expect_refused("libm.so.6", "of another version");
    const char *built = g_getenv("EDT_TEST_MODULE");
    if (built)
        expect_refused(built, "of another version");
}

int main(int argc, char **argv)
{
    if (argc == 3 && g_str_equal(argv[1], "say"))
        return say(argv[2]);
    g_test_init(&argc, &argv, NULL);
    g_unsetenv("EDT_MPI_MODULE");
    scratch = test_folder();
    g_test_add_func("/installed/moved", test_moved);
    g_test_add_func("/installed/elsewhere", test_elsewhere);
    g_test_add_func("/installed/build-tree", test_build_tree);
    g_test_add_func("/installed/refused", test_refused);
    return g_test_run();
}
