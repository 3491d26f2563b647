/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The 248 tensors of the SD autoencoder: three spellings lead to one name, and the expected shapes
 * are the reference's (vae_keys.tsv).  The small kinds: TAESD's files and diffusers' lead to the
 * same names, our codec's stay, and sizes are read from them.
 */
#include "golden/golden.h"
#include "vae/names.h"
#include "vae/shape.h"

#include <string.h>

/* The rows of vae_keys.tsv: modern, shape, deprecated, CompVis, its shape. */
static GPtrArray *rows(void)
{
    char *path = golden_path("vae_keys.tsv"), *text;
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

static EdtVaeSpelling spelling_of(GPtrArray *names)
{
    return edt_vae_spelling(names, names->len, name_at);
}

static void test_spellings(void)
{
    GPtrArray *all = rows();

    for (guint column = 0; column < 4; column += column == 0 ? 2 : 1) {
        GPtrArray *names = g_ptr_array_new();
        for (guint i = 0; i < all->len; i++)
            g_ptr_array_add(names, ((char **)all->pdata[i])[column]);
        EdtVaeSpelling spelling = spelling_of(names);
        g_assert_cmpint(spelling.how, ==, EDT_VAE_SPELLS_KL);
        g_assert_cmpint(spelling.levels, ==, 4);
        for (guint i = 0; i < all->len; i++) {
            g_autofree char *ours = edt_vae_our_name(&spelling, names->pdata[i]);
            g_assert_cmpstr(ours, ==, ((char **)all->pdata[i])[0]);
        }
        g_ptr_array_unref(names);
    }
    g_ptr_array_unref(all);
}

static GPtrArray *list(const char *const *names, gsize n)
{
    GPtrArray *list = g_ptr_array_new();
    for (gsize i = 0; i < n; i++)
        g_ptr_array_add(list, (gpointer)names[i]);
    return list;
}

/* How a file with these names spells, and what it calls the last of them. */
static void check_file(const char *const *names, gsize n, int how, const char *prefix,
                       const char *ours)
{
    GPtrArray *all = list(names, n);
    EdtVaeSpelling spelling = spelling_of(all);
    g_autofree char *name = edt_vae_our_name(&spelling, names[n - 1]);

    g_assert_cmpint(spelling.how, ==, how);
    g_assert_cmpstr(spelling.prefix, ==, prefix);
    g_assert_cmpstr(name, ==, ours);
    g_ptr_array_unref(all);
}

#define CHECK_FILE(how, prefix, ours, ...)                                                         \
    check_file((const char *const[]){__VA_ARGS__},                                                 \
               sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), how, prefix, ours)

static void test_prefix(void)
{
    CHECK_FILE(EDT_VAE_SPELLS_KL, "first_stage_model.", "decoder.up_blocks.0.x",
               "model.diffusion_model.x", "first_stage_model.decoder.up.2.x");
    CHECK_FILE(EDT_VAE_SPELLS_KL, "vae.", "decoder.conv_in.weight", "edt.pos_embed",
               "vae.decoder.up_blocks.0.x", "vae.decoder.conv_in.weight");
    CHECK_FILE(EDT_VAE_SPELLS_SMALL, "vae.", "decoder.0.bias", "edt.pos_embed",
               "vae.decoder.0.weight", "vae.decoder.0.bias");
    CHECK_FILE(EDT_VAE_SPELLS_NOTHING, "", NULL, "edt.pos_embed", "edt.blocks.0.weight");
}

/* TAESD's two files, its whole state dict, diffusers' AutoencoderTiny, our codec. */
static void test_small_spellings(void)
{
    CHECK_FILE(EDT_VAE_SPELLS_DECODER, "", "decoder.layers.0.weight", "1.weight");
    CHECK_FILE(EDT_VAE_SPELLS_DECODER, "", "decoder.layers.18.bias", "1.weight", "19.bias");
    CHECK_FILE(EDT_VAE_SPELLS_DECODER, "", "decoder.layers.2.conv.0.weight", "1.weight",
               "3.conv.0.weight");
    CHECK_FILE(EDT_VAE_SPELLS_ENCODER, "", "encoder.layers.1.conv.4.bias", "0.weight", "1.weight",
               "1.conv.4.bias");
    CHECK_FILE(EDT_VAE_SPELLS_TAESD, "", "decoder.layers.2.conv.0.weight", "encoder.0.weight",
               "decoder.1.weight", "decoder.3.conv.0.weight");
    CHECK_FILE(EDT_VAE_SPELLS_TAESD, "", "encoder.layers.0.weight", "decoder.1.weight",
               "encoder.0.weight");
    CHECK_FILE(EDT_VAE_SPELLS_SMALL, "", "decoder.layers.2.conv.0.weight",
               "decoder.layers.0.weight", "decoder.layers.2.conv.0.weight");
    CHECK_FILE(EDT_VAE_SPELLS_SMALL, "", "encoder.1.conv.0.weight", "decoder.0.weight",
               "encoder.1.conv.0.weight");
    CHECK_FILE(EDT_VAE_SPELLS_DECODER, "", NULL, "1.weight", "0.bias"); /* before the clamp */
    CHECK_FILE(EDT_VAE_SPELLS_DECODER, "", NULL, "1.weight", "99999999999999999999.bias");
    CHECK_FILE(EDT_VAE_SPELLS_DECODER, "", NULL, "1.weight", "epoch");
}

static void test_others(void)
{
    static const char *const others[] = {
        "loss.logvar",        "model_ema.decay", "decoder", "pos_embed",
        "cond_stage_model.x", "encoderx.y",      ""};
    const EdtVaeSpelling kl = {.prefix = "", .how = EDT_VAE_SPELLS_KL, .levels = 4};

    for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
        g_assert_null(edt_vae_our_name(&kl, others[i]));
    /* unknown parts keep their name, and are then too much for the inventory */
    g_autofree char *name = edt_vae_our_name(&kl, "decoder.extra.weight");
    g_assert_cmpstr(name, ==, "decoder.extra.weight");
}

/* ---- shapes ---- */

/* {name: "[1, 2]"} */
static void note(const char *name, int rank, const gint64 *shape, gpointer table)
{
    GString *text = g_string_new("[");

    for (int i = 0; i < rank; i++)
        g_string_append_printf(text, "%s%" G_GINT64_FORMAT, i ? ", " : "", shape[i]);
    g_string_append_c(text, ']');
    g_assert_true(g_hash_table_insert(table, g_strdup(name), g_string_free(text, FALSE)));
}

static GHashTable *tensors_of(const EdtVaeShape *vae, EdtVaeParts parts)
{
    GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    edt_vae_tensors(vae, parts, note, table);
    return table;
}

static void test_shapes(void)
{
    GPtrArray *all = rows();
    GHashTable *table = tensors_of(&edt_vae_standard, EDT_VAE_DECODER | EDT_VAE_ENCODER);

    g_assert_cmpuint(g_hash_table_size(table), ==, all->len);
    for (guint i = 0; i < all->len; i++) {
        char **row = all->pdata[i];
        g_assert_cmpstr(g_hash_table_lookup(table, row[0]), ==, row[1]);
    }
    g_hash_table_unref(table);
    g_ptr_array_unref(all);
}

static void count(const char *name, int rank, const gint64 *shape, gpointer numbers)
{
    gint64 n = 1;
    for (int i = 0; i < rank; i++)
        n *= shape[i];
    *(gint64 *)numbers += n;
}

/* As tools/stickers/codec.py makes it (tests/stickers/test_codec.py). */
static void test_small(void)
{
    gint64 numbers = 0;
    edt_vae_tensors(&edt_vae_small, EDT_VAE_DECODER | EDT_VAE_ENCODER, count, &numbers);
    g_assert_cmpint(numbers, ==, 1797992);
}

/* shape_of from such a table, so detection must give what the table was made from. */
static int shape_of(gpointer table, const char *name, gint64 shape[EDT_RANK_MAX])
{
    const char *text = g_hash_table_lookup(table, name);
    int rank = 0;

    if (!text)
        return 0;
    g_auto(GStrv) parts = g_strsplit_set(text, "[], ", -1);
    for (char **p = parts; *p; p++)
        if (**p)
            shape[rank++] = g_ascii_strtoll(*p, NULL, 10);
    return rank;
}

static void check_half(const EdtVaeHalf *found, const EdtVaeHalf *made)
{
    g_assert_cmpint(found->levels, ==, made->levels);
    for (int i = 0; i < made->levels; i++) {
        g_assert_cmpint(found->width[i], ==, made->width[i]);
        g_assert_cmpint(found->blocks[i], ==, made->blocks[i]);
    }
}

static const EdtVaeShape shapes[] = {
    {.kind = EDT_VAE_KL,
     .pixels = 3,
     .latent = 4,
     .factor = 4,
     .encoder = {3, {32, 64, 96}, {2, 1, 2}},
     .decoder = {3, {32, 64, 96}, {3, 1, 2}}},
    {.kind = EDT_VAE_TAESD,
     .pixels = 3,
     .latent = 4,
     .factor = 8,
     .encoder = {4, {64, 64, 64, 64}, {1, 3, 3, 3}},
     .decoder = {4, {64, 64, 64, 64}, {1, 3, 3, 3}}},
    {.kind = EDT_VAE_CODEC,
     .pixels = 4,
     .latent = 4,
     .factor = 8,
     .encoder = {4, {32, 48, 64, 64}, {1, 2, 3, 3}},
     .decoder = {4, {32, 48, 64, 64}, {1, 2, 3, 3}}},
    {.kind = EDT_VAE_CODEC,
     .pixels = 4,
     .latent = 6,
     .factor = 2,
     .encoder = {2, {8, 24}, {0, 1}},
     .decoder = {2, {16, 24}, {1, 0}}},
};

static void test_detect(void)
{
    GError *error = NULL;
    EdtVaeShape found;

    for (gsize i = 0; i < G_N_ELEMENTS(shapes); i++)
        for (int parts = 1; parts <= 3; parts++) {
            const EdtVaeShape none = {0};
            GHashTable *table = tensors_of(&shapes[i], (EdtVaeParts)parts);
            g_assert_true(edt_vae_shape_detect(shape_of, table, parts, &found, &error));
            g_assert_no_error(error);
            g_assert_cmpint(found.kind, ==, shapes[i].kind);
            g_assert_cmpint(found.pixels, ==, shapes[i].pixels);
            g_assert_cmpint(found.latent, ==, shapes[i].latent);
            g_assert_cmpint(found.factor, ==, shapes[i].factor);
            check_half(&found.decoder,
                       parts & EDT_VAE_DECODER ? &shapes[i].decoder : &none.decoder);
            check_half(&found.encoder,
                       parts & EDT_VAE_ENCODER ? &shapes[i].encoder : &none.encoder);
            g_assert_true(edt_vae_shape_detect(shape_of, table, 3, &found, NULL) == (parts == 3));
            g_hash_table_unref(table);
        }
}

static void refused(GHashTable *table, const char *what)
{
    GError *error = NULL;
    EdtVaeShape found;
    g_assert_false(edt_vae_shape_detect(shape_of, table, 3, &found, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    if (!strstr(error->message, what))
        g_error("“%s” is not in: %s", what, error->message);
    g_clear_error(&error);
    g_hash_table_unref(table);
}

static void test_refused(void)
{
    GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    refused(table, "decoder.conv_in.weight");
    table = tensors_of(&shapes[0], EDT_VAE_DECODER);
    refused(table, "encoder.conv_in.weight");
    table = tensors_of(&shapes[1], EDT_VAE_DECODER);
    refused(table, "encoder.layers.0.weight");

    EdtVaeShape other = shapes[2];
    other.encoder.levels = 3; /* halves of two */
    table = tensors_of(&other, 3);
    refused(table, "belong together");
    other = shapes[2];
    other.pixels = 5;
    table = tensors_of(&other, 3);
    refused(table, "encoder");
    other.decoder.blocks[0] = 17;
    table = tensors_of(&other, 3);
    refused(table, "decoder");
    table = tensors_of(&shapes[2], 3);
    g_hash_table_insert(table, g_strdup("decoder.0.weight"), g_strdup("[64, 4]"));
    refused(table, "decoder.0.weight");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vae/names/spellings", test_spellings);
    g_test_add_func("/vae/names/prefix", test_prefix);
    g_test_add_func("/vae/names/small-spellings", test_small_spellings);
    g_test_add_func("/vae/names/others", test_others);
    g_test_add_func("/vae/names/shapes", test_shapes);
    g_test_add_func("/vae/names/small", test_small);
    g_test_add_func("/vae/names/detect", test_detect);
    g_test_add_func("/vae/names/refused", test_refused);
    return g_test_run();
}
