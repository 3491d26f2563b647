/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of settings: what each row takes, refuses and writes, and that the lists of words are
 * those of their enums.
 */
#include "settings.h"

#include <string.h>

static gboolean take(const char *name, EdtRequest *request, EdtItem *item, const char *text)
{
    const EdtSetting *setting = edt_setting_named(name);
    return edt_setting_read(setting, edt_setting_field(setting, request, item), text);
}

static char *told(const char *name, const EdtRequest *request, const EdtItem *item)
{
    const EdtSetting *setting = edt_setting_named(name);
    return edt_setting_write(setting, edt_setting_field(setting, request, item));
}

/* What is written is what was read, and reads again as the same. */
static void test_round_trip(void)
{
    static const char *const values[][2] = {{"class", "0"},
                                            {"class", "2147483647"},
                                            {"seed", "9223372036854775807"},
                                            {"seed", "0"},
                                            {"steps", "1"},
                                            {"steps", "1000"},
                                            {"sampler", "dpm++2m"},
                                            {"sampler", "ddpm"},
                                            {"sampler", "unipc"},
                                            {"spacing", "karras"},
                                            {"cfg_scale", "-1.5"},
                                            {"cfg_scale", "1.5"},
                                            {"cfg_scale", "0.1"},
                                            {"cfg_scale", "0.30000000000000004"},
                                            {"cfg_scale", "1e-300"},
                                            {"amm", "official"},
                                            {"eta", "1"},
                                            {"clip", "true"},
                                            {"clip", "false"},
                                            {"cfg_pow", "0.01"},
                                            {"cfg_pow", "-1"},
                                            {"cfg_interval", "0,1"},
                                            {"cfg_interval", "0.25,0.25"},
                                            {"cfg_interval", "0.1,0.8"},
                                            {"reuse", "1"},
                                            {"reuse", "10"},
                                            {"mix", "[]"},
                                            {"mix", "[[7,0.25],[2147483646,1,3]]"},
                                            {"mix_how", "shape"},
                                            {"variation", "[[0,0.1],[9223372036854775806,1]]"},
                                            {"freedom", "0.6"},
                                            {"fill", "missing"},
                                            {"careful", "true"}};
    for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
        EdtRequest request = {0};
        EdtItem item = {0};
        g_assert_true(take(values[i][0], &request, &item, values[i][1]));
        g_autofree char *text = told(values[i][0], &request, &item);
        g_assert_cmpstr(text, ==, values[i][1]);
    }
}

static void test_refused(void)
{
    static const char *const values[][2] = {{"class", "-1"},
                                            {"class", "2147483648"},
                                            {"seed", "9223372036854775808"},
                                            {"seed", "-1"},
                                            {"steps", "0"},
                                            {"steps", "1001"},
                                            {"steps", "2.5"},
                                            {"steps", "2 "},
                                            {"steps", " 2"},
                                            {"seed", " 7"},
                                            {"seed", "7 "},
                                            {"cfg_scale", " 4"},
                                            {"cfg_scale", "4 "},
                                            {"cfg_scale", "0x4"},
                                            {"cfg_interval", " 0,1"},
                                            {"cfg_interval", "0,1 "},
                                            {"steps", ""},
                                            {"sampler", "euler"},
                                            {"spacing", "log"},
                                            {"sampler", ""},
                                            {"cfg_scale", "1000.1"},
                                            {"cfg_scale", "nan"},
                                            {"cfg_scale", "inf"},
                                            {"cfg_scale", "4x"},
                                            {"cfg_scale", ""},
                                            {"amm", "on"},
                                            {"eta", "-0.1"},
                                            {"eta", "1.01"},
                                            {"clip", "1"},
                                            {"clip", "yes"},
                                            {"cfg_pow", "101"},
                                            {"cfg_interval", "0.5"},
                                            {"cfg_interval", "0.5,0.4"},
                                            {"cfg_interval", ""},
                                            {"cfg_interval", "0,1,1"},
                                            {"cfg_interval", "-0.1,1"},
                                            {"cfg_interval", "0,1.1"},
                                            {"cfg_interval", "nan,1"},
                                            {"cfg_interval", "0,"},
                                            {"reuse", "0"},
                                            {"reuse", "11"},
                                            {"reuse", "1.5"},
                                            {"mix", ""},
                                            {"mix", "[[7]]"},
                                            {"mix", "[[7,1.01]]"},
                                            {"mix", "[[7,0.1]"},
                                            {"mix", "[[7,0.1]]x"},
                                            {"mix", "[[-1,0.1]]"},
                                            {"mix", "[[7,nan]]"},
                                            {"mix", "[[7,.1],[7,.1],[7,.1],[7,.1]]"},
                                            {"mix", "[[7,0.1,-2]]"},
                                            {"variation", "[[1,0.1,1]]"},
                                            {"variation", "[[1,-0.1]]"},
                                            {"variation", "{}"},
                                            {"freedom", "1.1"},
                                            {"fill", "heart"}};
    for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
        EdtRequest request = {.steps = 7, .cfg_scale = 2, .eta = 0.5, .sampler = EDT_SAMPLER_DDIM};
        EdtItem item = {.class_index = 3, .seed = 4};
        g_autofree char *before = told(values[i][0], &request, &item);
        g_assert_false(take(values[i][0], &request, &item, values[i][1]));
        g_autofree char *after = told(values[i][0], &request, &item);
        g_assert_cmpstr(after, ==, before);
    }
}

static gboolean fits(const char *name, EdtRequest request)
{
    const EdtSetting *setting = edt_setting_named(name);
    return edt_setting_fits(setting, edt_setting_field(setting, &request, NULL));
}

static void test_fits(void)
{
    g_assert_true(fits("steps", (EdtRequest){.steps = 1000}));
    g_assert_false(fits("steps", (EdtRequest){.steps = 0}));
    g_assert_false(fits("cfg_scale", (EdtRequest){.cfg_scale = 0.0 / 0.0}));
    g_assert_false(fits("eta", (EdtRequest){.eta = 1.5}));
    g_assert_true(fits("sampler", (EdtRequest){.sampler = EDT_SAMPLER_DPMPP_2M}));
    g_assert_false(fits("sampler", (EdtRequest){.sampler = (EdtSampler)4}));
    g_assert_false(fits("amm", (EdtRequest){.amm = (EdtAmm)-1}));
    EdtItem item = {.seed = (guint64)G_MAXINT64 + 1};
    const EdtSetting *seed = edt_setting_named("seed");
    g_assert_false(edt_setting_fits(seed, edt_setting_field(seed, NULL, &item)));
}

/* No setting is forgotten: a change of any one makes another request. */
static void test_equal(void)
{
    static const char *const others[] = {"7", "ddim", "karras", "2.5",  "4",    "0.2,0.8",
                                         "3", "off",  "0.5",    "true", "draft"};
    int n, changed = 0;
    const EdtSetting *settings = edt_settings(&n);
    for (int i = 0; i < n; i++) {
        EdtRequest a = {.steps = 25, .sampler = EDT_SAMPLER_DPMPP_2M, .amm = EDT_AMM_AUTO}, b = a;
        if (settings[i].of_item)
            continue;
        g_assert_cmpint(changed, <, G_N_ELEMENTS(others));
        g_assert_true(edt_settings_equal(&a, &b));
        g_assert_true(take(settings[i].name, &b, NULL, others[changed++]));
        g_assert_false(edt_settings_equal(&a, &b));
    }
    g_assert_cmpint(changed, ==, G_N_ELEMENTS(others));
}

/* Each row can be read, and is another one; the exact one leaves nothing out. */
static void test_presets(void)
{
    EdtRequest requests[EDT_SPEED_FAST + 1] = {0};
    for (int speed = EDT_SPEED_EXACT; speed <= EDT_SPEED_FAST; speed++)
        for (int i = 0; i < EDT_SPEED_SETTINGS; i++) {
            const char *value;
            const EdtSetting *setting = edt_speed_setting((EdtSpeed)speed, i, &value);
            g_assert_false(setting->of_item);
            g_assert_true(edt_setting_read(
                setting, edt_setting_field(setting, &requests[speed], NULL), value));
        }
    for (int a = EDT_SPEED_EXACT; a <= EDT_SPEED_FAST; a++)
        for (int b = EDT_SPEED_EXACT; b < a; b++)
            g_assert_false(edt_settings_equal(&requests[a], &requests[b]));
    const EdtRequest *exact = &requests[EDT_SPEED_EXACT];
    g_assert_cmpint(exact->reuse, ==, 1);
    g_assert_true(exact->cfg_interval.from == 0 && exact->cfg_interval.to == 1);
    g_assert_cmpint(exact->steps, >, requests[EDT_SPEED_BALANCED].steps);
    g_assert_cmpint(requests[EDT_SPEED_BALANCED].steps, >, requests[EDT_SPEED_FAST].steps);
    g_assert_cmpstr(edt_speed_words[EDT_SPEED_FAST], ==, "fast");
}

static void test_expected(void)
{
    static const char *const sentences[][2] = {
        {"steps", "a whole number from 1 to 1000"},
        {"seed", "a whole number from 0 to 9223372036854775807"},
        {"eta", "a number from 0 to 1"},
        {"amm", "one of off, official, auto"},
        {"cfg_interval",
         "two numbers from 0 to 1 with a comma between them, the smaller one first"},
        {"clip", "true or false"}};
    for (gsize i = 0; i < G_N_ELEMENTS(sentences); i++) {
        g_autofree char *text = edt_setting_expected(edt_setting_named(sentences[i][0]));
        g_assert_cmpstr(text, ==, sentences[i][1]);
    }
    g_assert_null(edt_setting_named("stepps"));
}

static void test_words(void)
{
    g_assert_cmpstr(edt_sampler_words[EDT_SAMPLER_DDIM], ==, "ddim");
    g_assert_cmpstr(edt_amm_words[EDT_AMM_OFFICIAL], ==, "official");
    g_assert_cmpstr(edt_backend_words[EDT_BACKEND_CUDA], ==, "cuda");
    g_assert_cmpstr(edt_precision_words[EDT_PRECISION_BF16], ==, "bf16");
    g_assert_cmpstr(edt_schedule_words[EDT_SCHEDULE_COSINE], ==, "cosine");
    g_assert_cmpstr(edt_prediction_words[EDT_PREDICT_DENOISED], ==, "denoised");
    g_assert_cmpstr(edt_class_list_words[EDT_CLASSES_OWN], ==, "own");
    g_assert_cmpstr(edt_storage_words[TRUE], ==, "bf16");
    g_assert_cmpint(edt_word_find(edt_sampler_words, "DPM++2M"), ==, EDT_SAMPLER_DPMPP_2M);
    g_assert_cmpint(edt_word_find(edt_sampler_words, "dpm"), ==, -1);
    g_assert_cmpstr(edt_word_nearest(edt_amm_words, "offical"), ==, "official");
    g_assert_null(edt_word_nearest(edt_amm_words, "wolpertinger"));
    g_assert_cmpint(edt_spelling_distance("ab", "ba"), ==, 1);
    g_assert_cmpint(edt_spelling_distance("golden", "goldne"), ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/settings/round-trip", test_round_trip);
    g_test_add_func("/settings/refused", test_refused);
    g_test_add_func("/settings/fits", test_fits);
    g_test_add_func("/settings/equal", test_equal);
    g_test_add_func("/settings/presets", test_presets);
    g_test_add_func("/settings/expected", test_expected);
    g_test_add_func("/settings/words", test_words);
    return g_test_run();
}
