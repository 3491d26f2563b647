/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Genuine torch.save files (tests/golden/data/pt): one model in many wrappings must give the same
 * numbers, and a pickled module must be refused.
 */
#include "craft.h"
#include "edt.h"
#include "files/checkpoint.h"
#include "vae/names.h"

#include <math.h>
#include <string.h>

static EdtCheckpoint *open_golden(const char *file, const char *const *prefer, const char **chosen)
{
    char *path = golden_file(file);
    GError *error = NULL;
    EdtCheckpoint *c = edt_checkpoint_open(path, prefer, chosen, &error);

    g_assert_no_error(error);
    g_free(path);
    return c;
}

static float *read_tensor(EdtCheckpoint *c, const EdtCheckpointTensor *tensor)
{
    float *out = g_new(float, tensor->count);
    GError *error = NULL;

    edt_checkpoint_read_f32(c, tensor, out, &error);
    g_assert_no_error(error);
    return out;
}

typedef float (*Rounding)(float value);

/* Every tensor of file, under its name without prefix, is rounding(that of edt_tiny_bare.pt). */
static void compare(const char *file, const char *prefix, Rounding rounding)
{
    static const char *const prefer[] = {"ema", "model", NULL};
    EdtCheckpoint *bare = open_golden("pt/edt_tiny_bare.pt", NULL, NULL);
    EdtCheckpoint *other = open_golden(file, prefer, NULL);
    gsize numbers = 0, nonzero = 0;

    g_assert_cmpuint(edt_checkpoint_count(bare), ==, 98);
    g_assert_cmpuint(edt_checkpoint_count(other), ==, 98);
    for (guint i = 0; i < 98; i++) {
        const EdtCheckpointTensor *a = edt_checkpoint_get(bare, i), *b;
        char *name = g_strconcat(prefix, a->name, NULL);
        float *x = read_tensor(bare, a), *y;
        b = edt_checkpoint_find(other, name);
        g_assert_nonnull(b);
        g_assert_cmpint(a->rank, ==, b->rank);
        g_assert_cmpmem(a->shape, sizeof a->shape, b->shape, sizeof b->shape);
        y = read_tensor(other, b);
        for (gsize k = 0; k < a->count; k++) {
            g_assert_cmpfloat(y[k], ==, rounding ? rounding(x[k]) : x[k]);
            nonzero += y[k] != 0;
        }
        numbers += a->count;
        g_free(y);
        g_free(x);
        g_free(name);
    }
    g_assert_cmpuint(numbers, ==, 158828);
    g_assert_cmpuint(nonzero, >, 150000);
    edt_checkpoint_close(other);
    edt_checkpoint_close(bare);
}

/* Round to nearest even, told by another way than the code under test: scale to whole numbers. */
static float round_f16(float x)
{
    int exponent;
    float unit;

    if (x == 0)
        return 0;
    frexpf(x, &exponent);
    unit = ldexpf(1, MAX(exponent - 11, -24));
    return rintf(x / unit) * unit;
}

static float round_bf16(float x)
{
    int exponent;
    float unit;

    frexpf(x, &exponent);
    unit = ldexpf(1, exponent - 8);
    return rintf(x / unit) * unit;
}

static void test_legacy(void)
{
    compare("pt/edt_tiny_bare_legacy.pt", "", NULL);
}

static void test_views(void)
{
    compare("pt/edt_tiny_views.pt", "", NULL);
}

static void test_module_prefix(void)
{
    compare("pt/edt_tiny_module_prefix.pt", "module.", NULL);
}

static void test_f16(void)
{
    compare("pt/edt_tiny_bare_f16.pt", "", round_f16);
}

static void test_bf16(void)
{
    compare("pt/edt_tiny_bare_bf16.pt", "", round_bf16);
}

/* `model` is all zero on purpose: only `ema` can give these numbers. */
static void test_train(void)
{
    compare("pt/edt_tiny_train.pt", "", NULL);
}

static void test_train_choice(void)
{
    static const char *const model_only[] = {"model", NULL};
    const char *chosen;
    EdtCheckpoint *c = open_golden("pt/edt_tiny_train.pt", model_only, &chosen);
    const EdtCheckpointTensor *t = edt_checkpoint_find(c, "blocks.0.attn.qkv.weight");
    float *values = read_tensor(c, t);

    g_assert_cmpstr(chosen, ==, "model");
    for (gsize i = 0; i < t->count; i++)
        g_assert_cmpfloat(values[i], ==, 0);
    g_free(values);
    edt_checkpoint_close(c);
}

static void test_whole_module(void)
{
    char *path = golden_file("pt/edt_tiny_whole_module_REFUSE.pt");
    GError *error = NULL;

    g_assert_null(edt_checkpoint_open(path, NULL, NULL, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_assert_nonnull(strstr(error->message, "“models_edt.EDT”"));
    g_assert_nonnull(strstr(error->message, path));
    g_assert_nonnull(strstr(error->message, "state_dict()"));
    g_error_free(error);
    g_free(path);
}

/* ---- the autoencoder ---- */

static const char *name_at(gconstpointer checkpoint, guint i)
{
    return edt_checkpoint_get(checkpoint, i)->name;
}

static GHashTable *by_modern_name(EdtCheckpoint *c)
{
    GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    guint n = edt_checkpoint_count(c);
    EdtVaeSpelling spelling = edt_vae_spelling(c, n, name_at);

    for (guint i = 0; i < n; i++) {
        const EdtCheckpointTensor *t = edt_checkpoint_get(c, i);
        char *name = edt_vae_our_name(&spelling, t->name);
        if (name)
            g_hash_table_insert(table, name, (gpointer)t);
    }
    return table;
}

static void compare_vae(const char *file)
{
    static const char *const prefer[] = {"state_dict", NULL};
    EdtCheckpoint *modern = open_golden("pt/vae_small_modern.safetensors", NULL, NULL);
    EdtCheckpoint *other = open_golden(file, prefer, NULL);
    GHashTable *names = by_modern_name(other);

    g_assert_cmpuint(g_hash_table_size(names), ==, edt_checkpoint_count(modern));
    for (guint i = 0; i < edt_checkpoint_count(modern); i++) {
        const EdtCheckpointTensor *a = edt_checkpoint_get(modern, i);
        const EdtCheckpointTensor *b = g_hash_table_lookup(names, a->name);
        float *x, *y;
        g_assert_nonnull(b);
        g_assert_cmpuint(a->count, ==, b->count);
        x = read_tensor(modern, a);
        y = read_tensor(other, b);
        g_assert_cmpmem(x, a->count * sizeof *x, y, b->count * sizeof *y);
        g_free(y);
        g_free(x);
    }
    g_hash_table_unref(names);
    edt_checkpoint_close(other);
    edt_checkpoint_close(modern);
}

static void test_vae_deprecated(void)
{
    compare_vae("pt/vae_small_deprecated.bin");
}

static void test_vae_compvis(void)
{
    compare_vae("pt/vae_small_compvis.ckpt");
}

/* One flipped bit in the bytes of a storage is noticed. */
static void test_flipped_bit(void)
{
    char *path = golden_file("pt/edt_tiny_bare.pt"), *text;
    GByteArray *bytes = g_byte_array_new();
    gsize n;

    g_assert_true(g_file_get_contents(path, &text, &n, NULL));
    put(bytes, text, n);
    bytes->data[n / 2] ^= 1;
    assert_refused(refusal(bytes), "checksum");
    g_free(text);
    g_free(path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/genuine/legacy", test_legacy);
    g_test_add_func("/genuine/views", test_views);
    g_test_add_func("/genuine/module-prefix", test_module_prefix);
    g_test_add_func("/genuine/f16", test_f16);
    g_test_add_func("/genuine/bf16", test_bf16);
    g_test_add_func("/genuine/train", test_train);
    g_test_add_func("/genuine/train-choice", test_train_choice);
    g_test_add_func("/genuine/whole-module-is-refused", test_whole_module);
    g_test_add_func("/genuine/vae-deprecated", test_vae_deprecated);
    g_test_add_func("/genuine/vae-compvis", test_vae_compvis);
    g_test_add_func("/genuine/flipped-bit", test_flipped_bit);
    return g_test_run();
}
