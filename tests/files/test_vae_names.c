/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The 248 tensors of the SD autoencoder: three spellings lead to one name, and the list of expected
 * shapes is the reference's (vae_keys.tsv).
 */
#include "edt.h"
#include "files/vae_names.h"

#include <string.h>

/* The rows of vae_keys.tsv: modern, shape, deprecated, CompVis, its shape. */
static GPtrArray *rows(void)
{
    char *path = g_build_filename(g_getenv("EDT_GOLDEN_DATA"), "vae_keys.tsv", NULL), *text;
    GPtrArray *rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    char **lines;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++)
        if (**line && **line != '#')
            g_ptr_array_add(rows, g_strsplit(*line, "\t", -1));
    g_assert_cmpuint(rows->len, ==, 248);
    g_strfreev(lines);
    g_free(text);
    g_free(path);
    return rows;
}

static const char *name_at(gconstpointer source, guint i)
{
    const GPtrArray *names = source;
    return names->pdata[i];
}

static void test_spellings(void)
{
    GPtrArray *all = rows();

    for (guint column = 0; column < 4; column += column == 0 ? 2 : 1) {
        GPtrArray *names = g_ptr_array_new();
        int levels;
        for (guint i = 0; i < all->len; i++)
            g_ptr_array_add(names, ((char **)all->pdata[i])[column]);
        levels = edt_vae_levels(names, names->len, name_at, "");
        g_assert_cmpint(levels, ==, 4);
        for (guint i = 0; i < all->len; i++) {
            char *modern = edt_vae_modern_name(names->pdata[i], levels);
            g_assert_cmpstr(modern, ==, ((char **)all->pdata[i])[0]);
            g_free(modern);
        }
        g_ptr_array_unref(names);
    }
    g_ptr_array_unref(all);
}

static void test_prefix(void)
{
    const char *whole[] = {"model.diffusion_model.x", "first_stage_model.decoder.up.2.block.0.x"};
    const char *ours[] = {"edt.pos_embed", "vae.decoder.conv_in.weight"};
    const char *bare[] = {"decoder.conv_in.weight"};
    GPtrArray *names = g_ptr_array_new();

    g_ptr_array_add(names, (gpointer)whole[0]);
    g_ptr_array_add(names, (gpointer)whole[1]);
    g_assert_cmpstr(edt_vae_prefix(names, 2, name_at), ==, "first_stage_model.");
    g_assert_cmpint(edt_vae_levels(names, 2, name_at, "first_stage_model."), ==, 3);
    g_assert_cmpint(edt_vae_levels(names, 2, name_at, ""), ==, 0);
    names->pdata[0] = (gpointer)ours[0];
    names->pdata[1] = (gpointer)ours[1];
    g_assert_cmpstr(edt_vae_prefix(names, 2, name_at), ==, "vae.");
    names->pdata[0] = (gpointer)bare[0];
    g_assert_cmpstr(edt_vae_prefix(names, 1, name_at), ==, "");
    g_ptr_array_unref(names);
}

static void test_others(void)
{
    static const char *const others[] = {
        "loss.logvar",        "model_ema.decay", "decoder", "pos_embed",
        "cond_stage_model.x", "encoderx.y",      ""};

    for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
        g_assert_null(edt_vae_modern_name(others[i], 4));
    /* unknown parts keep their name, and are then too much for the inventory */
    char *name = edt_vae_modern_name("decoder.extra.weight", 4);
    g_assert_cmpstr(name, ==, "decoder.extra.weight");
    g_free(name);
}

typedef struct {
    GPtrArray *rows;
    guint at;
} Expected;

static void compare(const char *name, int rank, const gint64 *shape, gpointer user_data)
{
    Expected *e = user_data;
    char **row = e->rows->pdata[e->at++];
    GString *text = g_string_new("[");

    for (int i = 0; i < rank; i++)
        g_string_append_printf(text, "%s%" G_GINT64_FORMAT, i ? ", " : "", shape[i]);
    g_string_append_c(text, ']');
    g_assert_cmpstr(name, ==, row[0]);
    g_assert_cmpstr(text->str, ==, row[1]);
    g_string_free(text, TRUE);
}

static void test_shapes(void)
{
    EdtVaeShape vae = {.levels = 4, .width = {128, 256, 512, 512}, .latent = 4, .pixels = 3};
    Expected e = {rows(), 0};

    edt_vae_tensors(&vae, compare, &e);
    g_assert_cmpuint(e.at, ==, 248);
    g_ptr_array_unref(e.rows);
}

/* shape_of from the table itself, so detection must give the widths of the table. */
static int shape_of(gpointer user_data, const char *name, gint64 shape[EDT_RANK_MAX])
{
    GPtrArray *all = user_data;

    for (guint i = 0; i < all->len; i++) {
        char **row = all->pdata[i], **parts;
        int rank = 0;
        if (strcmp(row[0], name) != 0)
            continue;
        parts = g_strsplit_set(row[1], "[], ", -1);
        for (char **p = parts; *p; p++)
            if (**p)
                shape[rank++] = g_ascii_strtoll(*p, NULL, 10);
        g_strfreev(parts);
        return rank;
    }
    return 0;
}

static void test_detect(void)
{
    GPtrArray *all = rows();
    EdtVaeShape vae;
    GError *error = NULL;

    g_assert_true(edt_vae_shape_detect(shape_of, all, 4, &vae, &error));
    g_assert_no_error(error);
    g_assert_cmpint(vae.levels, ==, 4);
    g_assert_cmpint(vae.width[0], ==, 128);
    g_assert_cmpint(vae.width[1], ==, 256);
    g_assert_cmpint(vae.width[3], ==, 512);
    g_assert_cmpint(vae.latent, ==, 4);
    g_assert_cmpint(vae.pixels, ==, 3);
    g_assert_false(edt_vae_shape_detect(shape_of, all, 5, &vae, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_assert_nonnull(strstr(error->message, "down_blocks.4"));
    g_clear_error(&error);
    g_assert_false(edt_vae_shape_detect(shape_of, all, 0, &vae, NULL));
    g_assert_false(edt_vae_shape_detect(shape_of, all, 9, &vae, NULL));
    g_ptr_array_unref(all);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vae-names/spellings", test_spellings);
    g_test_add_func("/vae-names/prefix", test_prefix);
    g_test_add_func("/vae-names/others", test_others);
    g_test_add_func("/vae-names/shapes", test_shapes);
    g_test_add_func("/vae-names/detect", test_detect);
    return g_test_run();
}
