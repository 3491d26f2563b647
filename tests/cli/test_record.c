/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reading records, which may come from a stranger's picture: what is there counts, what is absent
 * stays, what is wrong changes nothing.  Writing them is tested with a real engine in test_edt.c.
 */
#include "edt.h"

#include <glib/gstdio.h>
#include <locale.h>
#include <string.h>

static void test_whole(void)
{
    GError *error = NULL;
    EdtRequest request = {.batch = 3, .n_items = 5};
    EdtItem item = {0};
    gboolean ok = edt_record_parse(
        "{\"edt\":\"0.1.0\",\"model\":\"EDT-S/2\",\"class\":207,\"class_name\":\"x\",\"seed\":"
        "9007199254740993,\"steps\":25,\"steps_done\":25,\"sampler\":\"dpm++2m\",\"cfg_scale\":"
        "1.25,\"amm\":\"official\",\"eta\":0.5,\"clip\":true,\"size\":256}",
        &request, &item, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
    g_assert_cmpint(item.class_index, ==, 207);
    g_assert_cmpuint(item.seed, ==, G_GUINT64_CONSTANT(9007199254740993)); /* no double holds it */
    g_assert_cmpint(request.steps, ==, 25);
    g_assert_cmpint(request.sampler, ==, EDT_SAMPLER_DPMPP_2M);
    g_assert_cmpfloat(request.cfg_scale, ==, 1.25);
    g_assert_cmpint(request.amm, ==, EDT_AMM_OFFICIAL);
    g_assert_cmpfloat(request.eta, ==, 0.5);
    g_assert_true(request.clip_denoised);
    g_assert_cmpint(request.batch, ==, 3);
    g_assert_cmpint(request.n_items, ==, 5);
}

static void test_absent(void)
{
    EdtRequest request = {.steps = 11, .sampler = EDT_SAMPLER_DDIM, .cfg_scale = 2.5, .eta = 0.25};
    EdtItem item = {0};
    g_assert_true(edt_record_parse("{\"class\":1,\"seed\":2}", &request, &item, NULL));
    g_assert_cmpint(request.steps, ==, 11);
    g_assert_cmpint(request.sampler, ==, EDT_SAMPLER_DDIM);
    g_assert_cmpfloat(request.cfg_scale, ==, 2.5);
    g_assert_cmpfloat(request.eta, ==, 0.25);
    /* a whole number is a number too */
    g_assert_true(
        edt_record_parse("{\"class\":1,\"seed\":2,\"cfg_scale\":4}", &request, &item, NULL));
    g_assert_cmpfloat(request.cfg_scale, ==, 4);
}

static void expect_refused(const char *json)
{
    GError *error = NULL;
    EdtRequest request = {.steps = 11, .sampler = EDT_SAMPLER_DDIM, .cfg_scale = 2.5};
    EdtItem item = {.class_index = 3, .seed = 4};
    g_assert_false(edt_record_parse(json, &request, &item, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_clear_error(&error);
    g_assert_cmpint(request.steps, ==, 11);
    g_assert_cmpint(request.sampler, ==, EDT_SAMPLER_DDIM);
    g_assert_cmpfloat(request.cfg_scale, ==, 2.5);
    g_assert_cmpint(item.class_index, ==, 3);
    g_assert_cmpuint(item.seed, ==, 4);
}

static void test_refused(void)
{
    static const char *const members[] = {
        "\"steps\":0",           "\"steps\":1001",      "\"steps\":\"25\"",  "\"steps\":2.5",
        "\"sampler\":\"euler\"", "\"sampler\":1",       "\"sampler\":null",  "\"amm\":true",
        "\"amm\":\"on\"",        "\"cfg_scale\":\"4\"", "\"cfg_scale\":1e9", "\"cfg_scale\":[4]",
        "\"eta\":-0.1",          "\"eta\":1.1",         "\"clip\":1",        "\"clip\":\"yes\""};
    static const char *const records[] = {"",
                                          "null",
                                          "[]",
                                          "7",
                                          "{",
                                          "{}",
                                          "{\"class\":1}",
                                          "{\"seed\":1}",
                                          "{\"class\":1,\"seed\":2",
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
    EdtRequest request = {0};
    EdtItem item = {0};
    if (!setlocale(LC_ALL, "de_DE.UTF-8")) {
        g_test_skip("no German locale");
        return;
    }
    g_assert_true(
        edt_record_parse("{\"class\":1,\"seed\":2,\"cfg_scale\":1.5}", &request, &item, NULL));
    g_assert_cmpfloat(request.cfg_scale, ==, 1.5);
    setlocale(LC_ALL, "C");
}

/* The texts that other programs read. */
static void test_png(void)
{
    GError *error = NULL;
    float pixels[2 * 2 * 3] = {0, 0.5f, 1};
    EdtPicture picture = {
        .class_index = 207, .seed = 7, .width = 2, .height = 2, .channels = 3, .pixels = pixels};
    const char *record = "{\"model\":\"EDT-S/2\",\"model_sha256\":\"0123456789abcdef\","
                         "\"class\":207,\"class_name\":\"golden retriever\",\"seed\":7,"
                         "\"steps\":25,\"sampler\":\"dpm++2m\",\"cfg_scale\":4}";
    char *folder = g_dir_make_tmp("edt-record-XXXXXX", NULL);
    char *path = g_build_filename(folder, "a.png", NULL);
    g_assert_true(edt_picture_save_png(&picture, path, record, &error));
    g_assert_no_error(error);
    char *read = edt_png_read_record(path, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(read, ==, record);

    char *bytes;
    gsize length;
    const char *line = "parameters\0golden retriever\nSteps: 25, Sampler: dpm++2m, CFG scale: 4, "
                       "Seed: 7, Size: 2x2, Model: EDT-S/2, Model hash: 0123456789";
    g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    g_assert_nonnull(memmem(bytes, length, line, 11 + strlen(line + 11)));

    /* without a record there is none */
    g_assert_true(edt_picture_save_png(&picture, path, NULL, &error));
    g_assert_null(edt_png_read_record(path, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_clear_error(&error);

    g_unlink(path);
    g_rmdir(folder);
    g_free(bytes);
    g_free(read);
    g_free(path);
    g_free(folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/record/whole", test_whole);
    g_test_add_func("/record/absent", test_absent);
    g_test_add_func("/record/refused", test_refused);
    g_test_add_func("/record/hostile", test_hostile);
    g_test_add_func("/record/locale", test_locale);
    g_test_add_func("/record/png", test_png);
    return g_test_run();
}
