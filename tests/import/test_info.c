/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a model says of itself: every field, and every way in which its metadata may not fit it.
 */
#include "models.h"
#include "machine.h"
#include "model/format.h"
#include "model/names.h"
#include "network/network.h"
#include "vae/shape.h"

#include <string.h>

static char *latent_model, *vae_model;

static EdtModelInfo *read_good(const char *path)
{
    GError *error = NULL;
    EdtModelInfo *info = edt_model_info_read(path, &error);
    g_assert_no_error(error);
    return info;
}

static void test_fields(void)
{
    EdtModelInfo *info = read_good(vae_model);
    EdtSafetensors *file = open_model(vae_model);

    g_assert_cmpstr(info->path, ==, vae_model);
    g_assert_cmpstr(info->variant, ==, "EDT custom");
    g_assert_cmpstr(info->title, ==, "Tiny “test”");
    g_assert_cmpstr(info->licence, ==, "CC0");
    g_assert_cmpstr(info->sha256, ==, edt_safetensors_header_sha256(file));
    g_assert_cmpint(info->image_size, ==, 128);
    g_assert_cmpint(info->latent_size, ==, 16);
    g_assert_cmpint(info->channels, ==, 4);
    g_assert_cmpint(info->guided_channels, ==, 3);
    g_assert_cmpfloat(info->cfg_scale, ==, 4);
    g_assert_true(info->learned_variance);
    g_assert_true(info->has_vae);
    g_assert_true(info->needs_vae);
    g_assert_false(info->has_alpha);
    g_assert_cmpint(info->n_classes, ==, 10);
    g_assert_cmpint(info->class_list, ==, EDT_CLASSES_UNNAMED);
    g_assert_null(info->class_names);
    g_assert_cmpint(info->schedule, ==, EDT_SCHEDULE_LINEAR);
    g_assert_cmpint(info->prediction, ==, EDT_PREDICT_NOISE);
    g_assert_cmpint(info->stored, ==, EDT_STORED_F32);
    g_assert_cmpuint(info->n_parameters, ==, 158828 + 1399879);
    g_assert_cmpuint(info->file_bytes, ==, edt_safetensors_file_bytes(file));
    edt_safetensors_close(file);
    edt_model_info_free(info);
    edt_model_info_free(NULL);
}

static void test_recommended_guidance(void)
{
    char *path = with_metadata(vae_model, "guided.safetensors", "edt.cfg_scale", "2.5");
    EdtModelInfo *info = read_good(path);

    g_assert_cmpfloat(info->cfg_scale, ==, 2.5);
    edt_model_info_free(info);
    g_free(path);
}

static void test_without_vae(void)
{
    EdtModelInfo *info = read_good(latent_model);

    g_assert_false(info->has_vae);
    g_assert_true(info->needs_vae);
    g_assert_cmpint(info->image_size, ==, 128);
    edt_model_info_free(info);
}

static void test_bad_metadata(void)
{
    static const struct {
        const char *key, *value;
    } bad[] = {
        {"edt.variant", NULL},
        {"edt.variant", "a name that is longer than any variant's"},
        {"edt.image_size", NULL},
        {"edt.image_size", "0"},
        {"edt.image_size", "-128"},
        {"edt.image_size", "128.0"},
        {"edt.image_size", "999999999999"},
        {"edt.image_size", "129"},
        {"edt.latent_size", "32"},
        {"edt.latent_size", "x"},
        {"edt.channels", "3"},
        {"edt.channels", ""},
        {"edt.guided_channels", "5"},
        {"edt.guided_channels", "0"},
        {"edt.cfg_scale", "-1"},
        {"edt.cfg_scale", "100.1"},
        {"edt.cfg_scale", "nan"},
        {"edt.cfg_scale", "4x"},
        {"edt.cfg_scale", ""},
        {"edt.schedule", "quadratic"},
        {"edt.schedule", NULL},
        {"edt.prediction", "velocity"},
        {"edt.latent", "pixels"},
        {"edt.latent", "other"},
        {"edt.alpha", "1"},
        {"edt.alpha", "yes"},
        {"edt.n_classes", "11"},
        {"edt.n_classes", "100001"},
        {"edt.classes", "imagenet"},
        {"edt.classes", "none"},
        {"edt.title", NULL},
        {"edt.title", "two\nlines"},
        {"edt.licence", "\x1b[31m"},
        {"edt.licence", NULL},
        {"edt.source_sha256", "abc"},
        {"edt.source_sha256", NULL},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        char *path = with_metadata(vae_model, "bad.safetensors", bad[i].key, bad[i].value);
        GError *error = NULL;
        if (edt_model_info_read(path, &error))
            g_error("taken: %s = %s", bad[i].key, bad[i].value);
        g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
        g_assert_nonnull(strstr(error->message, bad[i].key));
        g_assert_nonnull(strstr(error->message, path));
        g_error_free(error);
        g_free(path);
    }
}

static void test_format(void)
{
    static const char *const formats[] = {NULL, "pt", "edt-model-2"};
    GError *error = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
        char *path = with_metadata(latent_model, "format.safetensors", "format", formats[i]);
        g_assert_null(edt_model_info_read(path, &error));
        g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
        g_assert_nonnull(strstr(error->message, "edt import"));
        g_clear_error(&error);
        g_free(path);
    }
}

/* Names as the trainer writes them. */
/* Nothing is written that could not be read again. */
static void test_unfit(void)
{
    EdtFormat format = {.variant = "DiT-S/2",
                        .title = "",
                        .licence = "",
                        .source_sha256 = "",
                        .image_size = 256,
                        .latent_size = 32,
                        .channels = 4,
                        .guided_channels = 3,
                        .n_classes = EDT_CLASSES_MAX};
    GError *error = NULL;
    g_assert_true(edt_format_check(&format, "m", &error));
    g_assert_no_error(error);
    format.n_classes++;
    g_assert_false(edt_format_check(&format, "m", &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_assert_nonnull(strstr(error->message, "edt.n_classes"));
    g_clear_error(&error);
}

static void test_own_classes(void)
{
    static const char names[] = "[\"a\",\"b\",\"c\",\"d “é”\",\"e\",\"f\",\"g\",\"h\",\"i\",\"j\"]";
    static const char *const bad[] = {
        NULL,
        "",
        "{}",
        "[\"a\"]",
        "[1,2,3,4,5,6,7,8,9,10]",
        "[\"a\",",
        "[\"a\",\"b\",\"c\",\"\",\"e\",\"f\",\"g\",\"h\",\"i\",\"j\"]",
        "[[],[],[],[],[],[],[],[],[],[]]",
        "[null,null,null,null,null,null,null,null,null,null]",
    };
    char *own = with_metadata(latent_model, "own.safetensors", "edt.classes", "own"), *path;
    EdtModelInfo *info;
    GError *error = NULL;

    path = with_metadata(own, "named.safetensors", "edt.class_names", names);
    info = read_good(path);
    g_assert_cmpint(info->class_list, ==, EDT_CLASSES_OWN);
    g_assert_cmpuint(g_strv_length(info->class_names), ==, 10);
    g_assert_cmpstr(info->class_names[3], ==, "d “é”");
    edt_model_info_free(info);
    g_free(path);
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        path = with_metadata(own, "named.safetensors", "edt.class_names", bad[i]);
        g_assert_null(edt_model_info_read(path, &error));
        g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
        g_assert_nonnull(strstr(error->message, "edt.class_names"));
        g_clear_error(&error);
        g_free(path);
    }
    g_free(own);
}

static char *translated(const char *json, const char *language)
{
    const char *const languages[] = {"xx", language, "zh", "C", NULL};
    g_auto(GStrv) labels = NULL;
    if (!edt_translations_read(json, 3, languages, &labels))
        return NULL;
    return labels ? g_strjoinv("|", labels) : g_strdup("");
}

static void test_translations(void)
{
    static const char good[] = "{\"de\":[\"Hund\",\"Katze\",\"bar\"],\"ja\":[\"犬\",\"猫\",\"棒\"],"
                               "\"zh\":[\"狗\",\"猫\",\"杆\"],\"zh_Hant\":[\"狗\",\"貓\",\"桿\"]}";
    static const struct {
        const char *language, *names;
    } cases[] = {
        {"de", "Hund|Katze|bar"},
        {"ja", "犬|猫|棒"},
        {"en_GB", ""},
        {"C", ""},
        {"zh_CN", "狗|猫|杆"},
        {"zh_TW", "狗|貓|桿"},
        {"zh_HK.UTF-8", "狗|貓|桿"},
        {"zh_MO", "狗|貓|桿"},
        {"zh_Hant", "狗|貓|桿"},
    };
    static const char *const bad[] = {
        "",
        "[]",
        "{\"de\":3}",
        "{\"de\":[\"Hund\",\"Katze\"]}",
        "{\"de\":[\"Hund\",\"Katze\",4]}",
        "{\"fr\":[\"a\",\"b\",\"\"]}",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *names = translated(good, cases[i].language);
        g_assert_cmpstr(names, ==, cases[i].names);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_null(translated(bad[i], "de"));
}

/* Right metadata around other tensors: a checkpoint with the metadata of a model. */
static void test_tensors_are_checked(void)
{
    GByteArray *bytes = g_byte_array_new();
    char *text, *path;
    gsize n;
    GError *error = NULL;

    /* a digit of a name in the header: blocks.1 becomes blocks.7 */
    g_assert_true(g_file_get_contents(latent_model, &text, &n, NULL));
    put(bytes, text, n);
    char *at = memmem(bytes->data, n, "blocks.1.mlp.fc2.bias", 21);
    at[7] = '7';
    path = craft_file("renamed.safetensors", bytes);
    g_assert_null(edt_model_info_read(path, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_assert_nonnull(strstr(error->message, "1 missing (edt.blocks.1.mlp.fc2.bias)"));
    g_assert_nonnull(strstr(error->message, "edt.blocks.7.mlp.fc2.bias"));
    g_error_free(error);
    g_byte_array_unref(bytes);
    g_free(text);
    g_free(path);
}

/* A header of another length puts f32 at odd addresses, which the engine could not use as they are;
 * f64 it would not know. */
static void test_foreign_layout(void)
{
    GByteArray *bytes = g_byte_array_new();
    char *text, *path, *at;
    guint64 length;
    gsize n;
    GError *error = NULL;

    g_assert_true(g_file_get_contents(latent_model, &text, &n, NULL));
    memcpy(&length, text, 8);
    put_u64(bytes, length + 1);
    put(bytes, text + 8, length);
    put_u8(bytes, ' ');
    put(bytes, text + 8 + length, n - 8 - length);
    path = craft_file("odd.safetensors", bytes);
    g_assert_null(edt_model_info_read(path, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_assert_nonnull(strstr(error->message, "type or place"));
    g_clear_error(&error);
    g_free(path);

    g_byte_array_set_size(bytes, 0);
    put(bytes, text, n);
    at = memmem(bytes->data, n, "\"F32\",\"shape\":[11,24]", 21);
    memcpy(at, "\"F64\",\"shape\":[11,12]", 21);
    path = craft_file("f64.safetensors", bytes);
    g_assert_null(edt_model_info_read(path, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_clear_error(&error);
    g_free(path);
    g_byte_array_unref(bytes);
    g_free(text);
}

static void test_forecast(void)
{
    EdtModelInfo *with = read_good(vae_model), *without = read_good(latent_model);
    EdtEngineOptions f32 = {.precision = EDT_PRECISION_F32},
                     bf16 = {.precision = EDT_PRECISION_BF16},
                     int8 = {.precision = EDT_PRECISION_INT8};
    EdtModelInfo big = *with;

    big.variant = (char *)"EDT-XL/2";
    big.image_size = 256;
    big.latent_size = 32;
    big.n_parameters = 699187034 + 83653863;
    EdtVariant v;
    g_assert_true(edt_variant_named("EDT-XL/2", 256, &v));
    big.n_inner = edt_variant_inner(&v).weights;
    big.inner_bytes = 2 * edt_variant_inner(&v).most_read;
    for (int half = 0; half < 2; half++) {
        const EdtType act = half ? EDT_BF16 : EDT_F32;
        big.forward_bytes[half] = edt_network_workspace(&v, act, 2, 1);
        big.decoding_bytes[half] =
            edt_vae_workspace(&edt_vae_standard, act, 32, 32, EDT_VAE_DECODER);
    }
    g_assert_cmpuint(edt_memory_forecast(with, &f32, 1), >, edt_memory_forecast(without, &f32, 1));
    g_assert_cmpuint(edt_memory_forecast(&big, &f32, 8), >, edt_memory_forecast(&big, &f32, 1));
    if (edt_cpu_has_bf16()) /* else that is f32, too */
        g_assert_cmpuint(edt_memory_forecast(&big, &f32, 1), >,
                         edt_memory_forecast(&big, &bf16, 1));
    /* of each of the blocks' weights at least one byte is saved */
    g_assert_cmpuint(big.n_inner, >, big.n_parameters / 2);
    g_assert_cmpuint(edt_memory_forecast(&big, &bf16, 1), >,
                     edt_memory_forecast(&big, &int8, 1) + big.n_inner - (8u << 20));
    g_assert_cmpuint(edt_memory_forecast(&big, NULL, 0), ==, edt_memory_forecast(&big, &f32, 1));
    /* a run keeps what the network and what the decoder works in */
    g_assert_cmpuint(edt_memory_forecast(&big, &f32, 1), >,
                     4 * big.n_parameters + big.forward_bytes[0] + big.decoding_bytes[0]);
    /* model + 300 MB is what a run at 256 pixels may take */
    g_assert_cmpuint(edt_memory_forecast(&big, &f32, 1), >, 4 * big.n_parameters);
    g_assert_cmpuint(edt_memory_forecast(&big, &f32, 1), <, 4 * big.n_parameters + (400ull << 20));
    edt_model_info_free(without);
    edt_model_info_free(with);
}

int main(int argc, char **argv)
{
    int result;

    g_test_init(&argc, &argv, NULL);
    latent_model = import_golden("latent.safetensors", "pt/edt_tiny_bare.pt", NULL, EDT_STORED_F32);
    vae_model = import_golden("vae.safetensors", "pt/edt_tiny_bare.pt",
                              "pt/vae_small_modern.safetensors", EDT_STORED_F32);
    g_test_add_func("/info/fields", test_fields);
    g_test_add_func("/info/recommended-guidance", test_recommended_guidance);
    g_test_add_func("/info/without-vae", test_without_vae);
    g_test_add_func("/info/bad-metadata", test_bad_metadata);
    g_test_add_func("/info/format", test_format);
    g_test_add_func("/info/unfit", test_unfit);
    g_test_add_func("/info/own-classes", test_own_classes);
    g_test_add_func("/info/translations", test_translations);
    g_test_add_func("/info/tensors-are-checked", test_tensors_are_checked);
    g_test_add_func("/info/foreign-layout", test_foreign_layout);
    g_test_add_func("/info/forecast", test_forecast);
    result = g_test_run();
    g_free(vae_model);
    g_free(latent_model);
    return result;
}
