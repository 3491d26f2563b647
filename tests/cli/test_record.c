/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reading records, which may come from a stranger's picture: what is there counts, what is absent
 * stays, what is wrong changes nothing.  Writing them is tested with a real engine in test_edt.c.
 */
#include "record.h"
#include "folder.h"

#include <locale.h>
#include <string.h>

static void test_whole(void)
{
    GError *error = NULL;
    EdtRequest request = {.batch = 3, .n_items = 5};
    g_autoptr(EdtRecord) record = edt_record_read(
        "{\"edt\":\"0.1.0\",\"model\":\"EDT-S/2\",\"class\":207,\"class_name\":\"x\",\"seed\":"
        "9007199254740993,\"steps\":25,\"steps_done\":24,\"sampler\":\"dpm++2m\",\"cfg_scale\":"
        "1.25,\"amm\":\"official\",\"eta\":0.5,\"clip\":true,\"precision\":\"bf16\",\"size\":256}",
        &error);
    g_assert_no_error(error);
    g_assert_cmpint(record->item.class_index, ==, 207);
    /* no double holds it */
    g_assert_cmpuint(record->item.seed, ==, G_GUINT64_CONSTANT(9007199254740993));
    g_assert_cmpstr(record->model, ==, "EDT-S/2");
    g_assert_cmpstr(record->class_name, ==, "x");
    g_assert_null(record->model_sha256);
    g_assert_cmpint(record->steps_done, ==, 24);
    g_assert_cmpint(record->precision, ==, EDT_PRECISION_BF16);
    g_assert_cmpint(record->size, ==, 256);
    g_assert_false(record->foreign_noise);
    EdtItem item = {0};
    edt_record_apply(record, &request, &item);
    g_assert_cmpint(item.class_index, ==, 207);
    g_assert_cmpint(request.steps, ==, 25);
    g_assert_cmpint(request.sampler, ==, EDT_SAMPLER_DPMPP_2M);
    g_assert_cmpfloat(request.cfg_scale, ==, 1.25);
    g_assert_cmpint(request.amm, ==, EDT_AMM_OFFICIAL);
    g_assert_cmpfloat(request.eta, ==, 0.5);
    g_assert_true(request.clip_denoised);
    g_assert_cmpint(request.batch, ==, 3);
    g_assert_cmpint(request.n_items, ==, 5);
}

static void apply(const char *json, EdtRequest *request)
{
    g_autoptr(EdtRecord) record = edt_record_read(json, NULL);
    g_assert_nonnull(record);
    EdtItem item = {0};
    edt_record_apply(record, request, &item);
}

static void test_absent(void)
{
    EdtRequest request = {.steps = 11, .sampler = EDT_SAMPLER_DDIM, .cfg_scale = 2.5, .eta = 0.25};
    apply("{\"class\":1,\"seed\":2}", &request);
    g_assert_cmpint(request.steps, ==, 11);
    g_assert_cmpint(request.sampler, ==, EDT_SAMPLER_DDIM);
    g_assert_cmpfloat(request.cfg_scale, ==, 2.5);
    g_assert_cmpfloat(request.eta, ==, 0.25);
    /* a whole number is a number too */
    apply("{\"class\":1,\"seed\":2,\"cfg_scale\":4}", &request);
    g_assert_cmpfloat(request.cfg_scale, ==, 4);
}

/* By its number a class of another model may be something else. */
static void test_classes(void)
{
    static char *names[] = {"dog", "cat", NULL};
    EdtModelInfo info = {
        .sha256 = (char *)"b", .n_classes = 2, .class_list = EDT_CLASSES_OWN, .class_names = names};
    static const struct {
        const char *json;
        gboolean same;
    } all[] = {
        {"{\"class\":1,\"class_name\":\"cat\",\"model_sha256\":\"a\",\"seed\":1}", TRUE},
        {"{\"class\":0,\"class_name\":\"cat\",\"model_sha256\":\"a\",\"seed\":1}", FALSE},
        {"{\"class\":0,\"class_name\":\"cat\",\"model_sha256\":\"b\",\"seed\":1}", TRUE},
        {"{\"class\":7,\"class_name\":\"cat\",\"model_sha256\":\"a\",\"seed\":1}", FALSE},
        {"{\"class\":0,\"model_sha256\":\"a\",\"seed\":1}", TRUE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
        g_autoptr(EdtRecord) record = edt_record_read(all[i].json, NULL);
        g_assert_cmpint(edt_record_has_its_classes(record, &info), ==, all[i].same);
    }
}

/* null is nothing said, as in a line of jobs. */
static void test_null(void)
{
    EdtRequest request = {.steps = 7, .sampler = EDT_SAMPLER_UNIPC};
    g_autoptr(EdtRecord) record = edt_record_read(
        "{\"class\":1,\"seed\":2,\"steps\":null,\"sampler\":null,\"mix\":null,\"model\":null,"
        "\"size\":null,\"precision\":null,\"clip\":null}",
        NULL);
    EdtItem item = {.mix.n = 1};
    g_assert_nonnull(record);
    edt_record_apply(record, &request, &item);
    g_assert_cmpint(request.steps, ==, 7);
    g_assert_cmpint(request.sampler, ==, EDT_SAMPLER_UNIPC);
    g_assert_cmpint(item.mix.n, ==, 1);
    g_assert_cmpint(item.class_index, ==, 1);
}

/* What is no setting is left out where it is wrong, and hinders nothing. */
static void test_wrong_facts(void)
{
    g_autoptr(EdtRecord) record =
        edt_record_read("{\"class\":1,\"seed\":2,\"model\":7,\"class_name\":null,"
                        "\"steps_done\":-1,\"precision\":\"f8\",\"size\":\"big\",\"new\":[1]}",
                        NULL);
    g_assert_nonnull(record);
    g_assert_null(record->model);
    g_assert_null(record->class_name);
    g_assert_cmpint(record->steps_done, ==, 0);
    g_assert_cmpint(record->precision, ==, EDT_PRECISION_AUTO);
    g_assert_cmpint(record->size, ==, 0);
}

/* Byte for byte, in this order. */
static void test_written(void)
{
    const char *json =
        "{\"edt\":\"0.1.0\",\"model\":\"a \\\"b\\\" \\\\ "
        "\303\244\",\"variant\":\"DiT-XL/2\",\"model_sha256\":\"01ab\","
        "\"class\":207,\"class_name\":\"golden retriever\",\"style\":-1,\"seed\":9007199254740993,"
        "\"steps\":25,\"steps_done\":24,\"sampler\":\"ddim\",\"cfg_scale\":0.1,"
        "\"cfg_pow\":4,\"cfg_interval\":\"0.2,0.75\",\"reuse\":2,\"amm\":\"auto\",\"eta\":0."
        "30000000000000004,"
        "\"clip\":false,\"vae\":\"full\",\"init_latent\":true,"
        "\"precision\":\"f32\",\"backend\":\"cpu\",\"size\":256}";
    g_autoptr(EdtRecord) record = edt_record_read(json, NULL);
    g_assert_nonnull(record);
    g_autofree char *written = edt_record_write(record);
    g_assert_cmpstr(written, ==, json);
}

/* The canvas of a picture, byte for byte; and nothing of it where there is none. */
static void test_canvas(void)
{
    const char *json =
        "{\"class\":207,\"style\":-1,\"seed\":7,\"mix\":[[3,0.25],[4,0.1,2]],\"mix_how\":\"shape\","
        "\"variation\":[[9,0.3]],\"steps\":25,\"steps_done\":24,\"sampler\":\"ddim\","
        "\"cfg_scale\":0.1,\"cfg_pow\":0,\"amm\":\"auto\",\"eta\":0,\"clip\":false,"
        "\"vae\":\"full\","
        "\"source\":\"01ab\",\"mask\":\"23cd\",\"freedom\":0.6,\"fill\":\"missing\","
        "\"careful\":true,\"precision\":\"f32\",\"size\":256}";
    g_autoptr(EdtRecord) record = edt_record_read(json, NULL);
    g_assert_nonnull(record);
    g_autofree char *written = edt_record_write(record);
    g_assert_cmpstr(written, ==, json);
    g_assert_cmpint(record->item.mix.n, ==, 2);
    g_assert_cmpint(record->item.mix.of[1].style, ==, 2);
    g_assert_cmpuint(record->item.variation.of[0].seed, ==, 9);
    g_assert_cmpstr(record->mask, ==, "23cd");
    g_assert_null(record->item.source);

    g_autoptr(EdtRecord) plain = edt_record_read("{\"class\":1,\"seed\":2}", NULL);
    g_assert_cmpfloat(plain->item.freedom, ==, 1);
    g_autofree char *short_one = edt_record_write(plain);
    static const char *const words[] = {"mix", "variation", "source", "mask", "freedom", "fill"};
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        g_assert_null(strstr(short_one, words[i]));
}

static void expect_refused(const char *json)
{
    GError *error = NULL;
    g_assert_null(edt_record_read(json, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_clear_error(&error);
}

static void test_refused(void)
{
    static const char *const members[] = {"\"steps\":0",
                                          "\"steps\":1001",
                                          "\"steps\":\"25\"",
                                          "\"steps\":2.5",
                                          "\"sampler\":\"euler\"",
                                          "\"sampler\":1",
                                          "\"amm\":true",
                                          "\"amm\":\"on\"",
                                          "\"cfg_scale\":\"4\"",
                                          "\"cfg_scale\":1e9",
                                          "\"cfg_scale\":[4]",
                                          "\"eta\":-0.1",
                                          "\"eta\":1.1",
                                          "\"clip\":1",
                                          "\"clip\":\"yes\"",
                                          "\"cfg_interval\":0.5",
                                          "\"cfg_interval\":\"1,0\"",
                                          "\"cfg_pow\":\"4\"",
                                          "\"mix\":\"[[1,0.1]]\"",
                                          "\"mix\":[[1]]",
                                          "\"mix\":[1,0.1]",
                                          "\"variation\":[[1,2]]",
                                          "\"freedom\":2",
                                          "\"fill\":\"all\"",
                                          "\"careful\":1"};
    static const char *const records[] = {"",
                                          "null",
                                          "[]",
                                          "7",
                                          "{",
                                          "{}",
                                          "{\"class\":1}",
                                          "{\"seed\":1}",
                                          "{\"class\":1,\"seed\":2",
                                          "{\"class\":null,\"seed\":2}",
                                          "{\"class\":1,\"seed\":null}",
                                          "{\"class\":-1,\"seed\":2}",
                                          "{\"class\":1,\"seed\":-2}",
                                          "{\"class\":1.5,\"seed\":2}",
                                          "{\"class\":\"dog\",\"seed\":2}",
                                          "{\"class\":4294967296,\"seed\":2}",
                                          "not json"};
    for (gsize i = 0; i < G_N_ELEMENTS(records); i++)
        expect_refused(records[i]);
    for (gsize i = 0; i < G_N_ELEMENTS(members); i++) {
        /* after a good value for something else: nothing of a bad record may stick */
        char *json =
            g_strdup_printf("{\"class\":1,\"seed\":2,%s%s}",
                            strstr(members[i], "steps") ? "" : "\"steps\":50,", members[i]);
        expect_refused(json);
        g_free(json);
    }
}

/* Neither depth nor length of a record brings the reader down. */
static void test_hostile(void)
{
    GString *deep = g_string_new("{\"class\":1,\"seed\":2,\"x\":");
    for (int i = 0; i < 30000; i++)
        g_string_append_c(deep, '[');
    expect_refused(deep->str);
    for (int i = 0; i < 100000; i++)
        g_string_append_c(deep, ' ');
    expect_refused(deep->str);
    g_string_free(deep, TRUE);
}

static void test_locale(void)
{
    if (!setlocale(LC_ALL, "de_DE.UTF-8")) {
        g_test_skip("no German locale");
        return;
    }
    g_autoptr(EdtRecord) record =
        edt_record_read("{\"class\":1,\"seed\":2,\"cfg_scale\":1.5}", NULL);
    g_assert_cmpfloat(record->request.cfg_scale, ==, 1.5);
    g_autofree char *written = edt_record_write(record);
    g_assert_nonnull(strstr(written, "\"cfg_scale\":1.5,"));
    setlocale(LC_ALL, "C");
}

/* The texts that other programs read. */
static void test_png(void)
{
    GError *error = NULL;
    float pixels[2 * 2 * 3] = {0, 0.5f, 1};
    EdtPicture picture = {
        .item = {207, 7}, .width = 2, .height = 2, .channels = 3, .pixels = pixels};
    const char *json = "{\"model\":\"EDT-S/2\",\"model_sha256\":\"0123456789abcdef\","
                       "\"class\":207,\"class_name\":\"golden retriever\",\"seed\":7,"
                       "\"steps\":25,\"sampler\":\"dpm++2m\",\"cfg_scale\":4}";
    g_autoptr(EdtRecord) record = edt_record_read(json, &error);
    g_autofree char *written = edt_record_write(record);
    char *path = test_file("a.png");
    g_assert_true(edt_picture_save_png(&picture, path, record, &error));
    g_assert_no_error(error);
    g_autofree char *read = edt_png_record_text(path, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(read, ==, written);
    g_autoptr(EdtRecord) again = edt_png_record(path, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(again->class_name, ==, "golden retriever");

    char *bytes;
    gsize length;
    const char *line = "parameters\0golden retriever\nSteps: 25, Sampler: dpm++2m, CFG scale: 4, "
                       "Seed: 7, Size: 2x2, Model: EDT-S/2, Model hash: 0123456789";
    g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    g_assert_nonnull(memmem(bytes, length, line, 11 + strlen(line + 11)));

    /* without a record there is none */
    g_assert_true(edt_picture_save_png(&picture, path, NULL, &error));
    g_assert_null(edt_png_record_text(path, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_clear_error(&error);

    g_free(bytes);
    g_free(path);
}

/* At any depth; a text is no key, and what is the same key written otherwise is one. */
static void test_repeated(void)
{
    static const struct {
        const char *json, *key;
    } cases[] = {
        {"{\"a\": 1, \"b\": {\"a\": 2}, \"c\": [{\"a\": 1}, {\"a\": 1}]}", NULL},
        {"{\"a\": 1, \"a\": 2}", "a"},
        {"{\"a\": 1, \"\\u0061\": 2}", "a"},
        {"{\"a\": {\"b\": 1, \"c\": [], \"b\": 2}}", "b"},
        {"{\"a\": [1, {\"b\": {}, \"b\": {}}]}", "b"},
        {"[[{\"b\": \"}\", \"b\": 1}]]", "b"},
        {"{\"a\": [\"a\", \"a\"], \"b\": \"a\", \"c\": \"{\\\"c\\\": \"}", NULL},
        {"{\"a\": 1, /* \"a\": 2, */ \"b\": 1}", NULL},
        {"{}", NULL},
        {"", NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *key = edt_record_repeated(cases[i].json);
        g_assert_cmpstr(key, ==, cases[i].key);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/record/whole", test_whole);
    g_test_add_func("/record/absent", test_absent);
    g_test_add_func("/record/classes", test_classes);
    g_test_add_func("/record/null", test_null);
    g_test_add_func("/record/wrong-facts", test_wrong_facts);
    g_test_add_func("/record/written", test_written);
    g_test_add_func("/record/canvas", test_canvas);
    g_test_add_func("/record/refused", test_refused);
    g_test_add_func("/record/hostile", test_hostile);
    g_test_add_func("/record/locale", test_locale);
    g_test_add_func("/record/png", test_png);
    g_test_add_func("/record/repeated", test_repeated);
    return g_test_run();
}
