/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a mix says at the command line and in a job: classes with weights and styles, whose names
 * may have the commas, colons and slashes that stand between them.
 */
#include "cli/canvas.h"
#include "settings.h"

static char *classes[] = {"owl", "salt", "salt, pepper", "16:9", "AC/DC", "a,b:0.5", "flat", NULL};
static char *styles[] = {"flat", "ink", NULL};
static const EdtModelInfo info = {.n_classes = 7,
                                  .class_list = EDT_CLASSES_OWN,
                                  .class_names = classes,
                                  .n_styles = 2,
                                  .style_names = styles};

/* As a record says it; the style of the picture is 1. */
static char *parse(const char *text)
{
    EdtItem item = {.style = 1};
    EdtCliDrawn drawn;
    g_autoptr(GError) error = NULL;
    if (!edt_cli_mix_parse(&info, text, 0.5, &item.mix, &drawn, &error)) {
        g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
        return NULL;
    }
    edt_cli_mix_settle(&item);
    return edt_setting_write(edt_setting_named("mix"), &item.mix);
}

static void test_mixes(void)
{
    static const char *const mixes[][2] = {
        {"owl", "[[0,0.5,1]]"},
        {" owl : 0.4 , salt/flat:1", "[[0,0.4,1],[1,1,0]]"},
        {"salt, pepper", "[[2,0.5,1]]"},
        {"Salt, Pepper:0.25,owl", "[[2,0.25,1],[0,0.5,1]]"},
        {"salt, pepper/flat:0.25", "[[2,0.25,0]]"},
        {"salt:0.1, owl:0.2", "[[1,0.1,1],[0,0.2,1]]"},
        {"16:9", "[[3,0.5,1]]"},
        {"16:9:0.3", "[[3,0.3,1]]"},
        {"AC/DC", "[[4,0.5,1]]"},
        {"AC/DC/ink:0.3", "[[4,0.3,1]]"},
        {"a,b:0.5", "[[5,0.5,1]]"},
        {"a,b:0.5:0.125", "[[5,0.125,1]]"},
        {"flat/flat", "[[6,0.5,0]]"},
        {"#2:0.5", "[[2,0.5,1]]"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(mixes); i++) {
        g_autofree char *text = parse(mixes[i][0]);
        g_test_message("%s", mixes[i][0]);
        g_assert_cmpstr(text, ==, mixes[i][1]);
    }
}

static void test_refused(void)
{
    static const char *const mixes[] = {"",
                                        "owl,",
                                        ",owl",
                                        "owl:2",
                                        "owl:x",
                                        "owl:-0.1",
                                        "owl/red",
                                        "pepper:0.1, wolpertinger",
                                        "owl,owl,owl,owl"};
    for (gsize i = 0; i < G_N_ELEMENTS(mixes); i++) {
        g_autofree char *text = parse(mixes[i]);
        g_test_message("%s", mixes[i]);
        g_assert_null(text);
    }
}

static void test_variations(void)
{
    static const char *const wrong[] = {"", "7", "7:", "7:2", "x:0.1", "7:0.1,"};
    EdtVariation variation;
    EdtCliDrawn drawn;
    g_assert_true(edt_cli_variation_parse("7:0.2, 9:1", &variation, &drawn, NULL));
    g_assert_cmpint(variation.n, ==, 2);
    g_assert_cmpuint(variation.of[1].seed, ==, 9);
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++)
        g_assert_false(edt_cli_variation_parse(wrong[i], &variation, &drawn, NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mix/mixes", test_mixes);
    g_test_add_func("/mix/refused", test_refused);
    g_test_add_func("/mix/variations", test_variations);
    return g_test_run();
}
