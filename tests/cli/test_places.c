/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where models are found and in which order; no file here is a real model, so these tests name
 * what they look for.
 */
#include "catalogue.h"
#include "folder.h"

#include <string.h>
#include <unistd.h>

typedef struct {
    char *root, *first, *second;
} Places;

static char *make_folder(const char *root, const char *name)
{
    char *path = g_build_filename(root, name, NULL);
    g_assert_cmpint(g_mkdir_with_parents(path, 0755), ==, 0);
    return path;
}

static char *make_file(const char *folder, const char *name)
{
    char *path = g_build_filename(folder, name, NULL);
    g_assert_true(g_file_set_contents(path, "x", 1, NULL));
    return path;
}

static void set_up(Places *places, gconstpointer data)
{
    places->root = test_file("places");
    places->first = make_folder(places->root, "first");
    places->second = make_folder(places->root, "second");
    char *path = g_strconcat(places->first, "::", places->second, ":/no/such/place", NULL);
    g_setenv("EDT_MODEL_PATH", path, TRUE);
    g_free(path);
}

static void tear_down(Places *places, gconstpointer data)
{
    test_remove(places->root);
    g_free(places->root);
    g_free(places->first);
    g_free(places->second);
    g_unsetenv("EDT_MODEL_PATH");
}

static void test_folders(Places *places, gconstpointer data)
{
    char **folders = edt_models_folders();
    g_assert_cmpstr(folders[0], ==, places->first);
    g_assert_cmpstr(folders[1], ==, places->second);
    g_assert_cmpstr(folders[2], ==, "/no/such/place");
    g_assert_true(g_str_has_prefix(folders[3], g_get_user_data_dir()));
    g_assert_true(g_str_has_suffix(folders[3], "/edt/models"));
    g_assert_true(g_str_has_suffix(folders[4], "/edt/first-models")); /* nobody's own */
    g_assert_null(folders[5]);
    g_strfreev(folders);
}

/* $EDT_MODEL_PATH may put the user's folder behind or before others: it is looked through once. */
static void test_twice(Places *places, gconstpointer data)
{
    char *own = g_build_filename(g_get_user_data_dir(), "edt", "models", NULL);
    char *path = g_strjoin(":", places->first, own, places->second, places->first, NULL);
    g_setenv("EDT_MODEL_PATH", path, TRUE);
    char **folders = edt_models_folders();
    g_assert_cmpstr(folders[0], ==, places->first);
    g_assert_cmpstr(folders[1], ==, own);
    g_assert_cmpstr(folders[2], ==, places->second);
    g_assert_cmpuint(g_strv_length(folders), ==, 4);
    g_strfreev(folders);
    g_autofree char *again = g_strconcat(places->first, "/", NULL), *link = test_file("link");
    g_assert_cmpint(symlink(places->first, link), ==, 0);
    g_free(path);
    path = g_strjoin(":", places->first, again, link, NULL);
    g_setenv("EDT_MODEL_PATH", path, TRUE);
    folders = edt_models_folders();
    g_assert_cmpstr(folders[0], ==, places->first);
    g_assert_cmpstr(folders[1], ==, own);
    g_strfreev(folders);
    g_free(path);
    g_free(own);
}

/* By place, then by name; only *.safetensors, nothing hidden, no folders. */
static void test_list(Places *places, gconstpointer data)
{
    char *b = make_file(places->first, "b.safetensors");
    char *a = make_file(places->first, "a.safetensors");
    char *second = make_file(places->second, "0.safetensors");
    g_free(make_file(places->first, "a.pt"));
    g_free(make_file(places->first, ".hidden.safetensors"));
    g_free(make_folder(places->first, "folder.safetensors"));
    char **models = edt_models_list();
    g_assert_cmpstr(models[0], ==, a);
    g_assert_cmpstr(models[1], ==, b);
    g_assert_cmpstr(models[2], ==, second);
    g_strfreev(models);
    g_free(a);
    g_free(b);
    g_free(second);
}

static void expect_found(const char *name, const char *expected)
{
    GError *error = NULL;
    char *found = edt_models_find(name, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(found, ==, expected);
    g_free(found);
}

static void test_find(Places *places, gconstpointer data)
{
    char *first = make_file(places->first, "edt-s.safetensors");
    g_free(make_file(places->second, "edt-s.safetensors"));
    char *upper = make_file(places->second, "EDT-B.safetensors");
    expect_found("edt-s", first);
    expect_found("edt-s.safetensors", first);
    expect_found("EDT-S", first);
    expect_found("edt-b", upper);
    expect_found(upper, upper);
    g_free(first);
    g_free(upper);
}

/* $EDT_MODEL_PATH may name a file, and links lead to models on other drives. */
static void test_file_and_link(Places *places, gconstpointer data)
{
    char *file = make_file(places->second, "far.safetensors");
    char *link = g_build_filename(places->first, "near.safetensors", NULL);
    g_assert_cmpint(symlink(file, link), ==, 0);
    g_setenv("EDT_MODEL_PATH", file, TRUE);
    expect_found("far", file);
    g_setenv("EDT_MODEL_PATH", places->first, TRUE);
    expect_found("near", link);
    g_free(link);
    g_free(file);
}

static void test_missing(Places *places, gconstpointer data)
{
    GError *error = NULL;
    g_free(make_file(places->first, "edt-s.safetensors"));
    g_assert_null(edt_models_find("edt-x", &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "edt-s.safetensors"));
    g_clear_error(&error);
    g_assert_null(edt_models_find("/no/such/file.safetensors", &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_clear_error(&error);
}

/* Without a name a file that is no model is passed over. */
static void test_none(Places *places, gconstpointer data)
{
    GError *error = NULL;
    g_free(make_file(places->first, "vae.safetensors"));
    char *found = edt_models_find(NULL, &error);
    if (found) { /* a model installed on this machine */
        g_assert_false(g_str_has_prefix(found, places->root));
        g_free(found);
    } else {
        g_assert_error(error, EDT_ERROR, EDT_ERROR_FAILED);
        g_assert_nonnull(strstr(error->message, "edt import"));
        g_assert_nonnull(strstr(error->message, "vae.safetensors")); /* what was found instead */
    }
    g_clear_error(&error);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/places/folders", Places, NULL, set_up, test_folders, tear_down);
    g_test_add("/places/twice", Places, NULL, set_up, test_twice, tear_down);
    g_test_add("/places/list", Places, NULL, set_up, test_list, tear_down);
    g_test_add("/places/find", Places, NULL, set_up, test_find, tear_down);
    g_test_add("/places/file-and-link", Places, NULL, set_up, test_file_and_link, tear_down);
    g_test_add("/places/missing", Places, NULL, set_up, test_missing, tear_down);
    g_test_add("/places/none", Places, NULL, set_up, test_none, tear_down);
    return g_test_run();
}
