/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Names of pictures: what the pattern of -o may hold, and that no existing name is given out.
 */
#include "cli/name.h"
#include "folder.h"

static void expect_expanded(const char *pattern, int number, const char *expected)
{
    GError *error = NULL;
    char *path = edt_cli_name_expand(pattern, number, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(path, ==, expected);
    g_free(path);
}

static void test_pattern(void)
{
    expect_expanded("a.png", 3, "a.png");
    expect_expanded("%d.png", 12, "12.png");
    expect_expanded("a-%03d.png", 7, "a-007.png");
    expect_expanded("a-%3i.png", 7, "a-  7.png");
    expect_expanded("50%%-%02u.png", 7, "50%-07.png");
}

static void test_pattern_refused(void)
{
    static const char *const wrong[] = {"%s.png",     "%n.png",    "%d-%d.png", "100%.png",
                                        "%",          "%ld.png",   "%-3d.png",  "%*d.png",
                                        "%%%d%x.png", "a%20b.png", "%0.3d.png", "%1$d.png"};
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        GError *error = NULL;
        g_assert_null(edt_cli_name_expand(wrong[i], 1, &error));
        g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
        g_clear_error(&error);
    }
}

static void test_is_pattern(void)
{
    g_assert_true(edt_cli_name_is_pattern("%03d.png"));
    g_assert_true(edt_cli_name_is_pattern("50%%%d.png"));
    g_assert_false(edt_cli_name_is_pattern("a.png"));
    g_assert_false(edt_cli_name_is_pattern("50%%d.png"));
    g_assert_false(edt_cli_name_is_pattern("%s.png"));
}

/* A width that would fill the memory is cut, not obeyed. */
static void test_wide(void)
{
    char *path = edt_cli_name_expand("%0999999999d", 1, NULL);
    g_assert_cmpuint(strlen(path), ==, 99);
    g_free(path);
}

static void expect_slug(const char *text, const char *expected)
{
    char *slug = edt_cli_name_slug(text);
    g_assert_cmpstr(slug, ==, expected);
    g_free(slug);
}

static void test_slug(void)
{
    expect_slug("Golden Retriever", "golden-retriever");
    expect_slug("../../etc/passwd", "etc-passwd");
    expect_slug("  jack-o'-lantern! ", "jack-o-lantern");
    expect_slug("", "");
}

static void test_default(void)
{
    char *path = edt_cli_name_default(NULL, "/models/EDT-S.safetensors", "golden retriever", 7);
    g_assert_cmpstr(path, ==, "edt-s-golden-retriever-7.png");
    g_free(path);
    path = edt_cli_name_default("out", "tiny.v2.safetensors", "class 3", G_MAXUINT32);
    g_assert_cmpstr(path, ==, "out/edt-tiny-v2-class-3-4294967295.png");
    g_free(path);
}

/* Neither a file that is there nor a name given out before comes out. */
static void test_unused(void)
{
    char *path = test_file("a.png");
    char *second = test_file("a-1.png");
    char *third = test_file("a-2.png");
    GHashTable *taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_assert_true(g_file_set_contents(path, "x", 1, NULL));

    char *name = edt_cli_name_unused(path, taken);
    g_assert_cmpstr(name, ==, second);
    g_free(name);
    name = edt_cli_name_unused(path, taken);
    g_assert_cmpstr(name, ==, third);
    g_free(name);

    g_hash_table_unref(taken);
    g_free(third);
    g_free(second);
    g_free(path);
}

static void test_check(void)
{
    GError *error = NULL;
    g_assert_true(edt_cli_name_check("a.png", &error));
    g_assert_true(edt_cli_name_check("./a.PNG", &error));
    g_assert_false(edt_cli_name_check("a.jpg", &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_clear_error(&error);
    g_assert_false(edt_cli_name_check("no/such/folder/a.png", &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "no/such/folder"));
    g_clear_error(&error);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/name/pattern", test_pattern);
    g_test_add_func("/name/pattern-refused", test_pattern_refused);
    g_test_add_func("/name/is-pattern", test_is_pattern);
    g_test_add_func("/name/wide", test_wide);
    g_test_add_func("/name/slug", test_slug);
    g_test_add_func("/name/default", test_default);
    g_test_add_func("/name/unused", test_unused);
    g_test_add_func("/name/check", test_check);
    return g_test_run();
}
