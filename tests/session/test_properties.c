/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Settings between a request and an object's properties, and that every word of the engine has a
 * label of the dialog.
 */
#include "session/properties.h"
#include "session/words.h"
#include "settings.h"

#include <string.h>

/* An object with some of the settings, as GIMP's has them. */
typedef struct {
    GObject parent_instance;
    int steps;
    double guidance;
    char *sampler, *speed;
} Dummy;

typedef struct {
    GObjectClass parent_class;
} DummyClass;

enum { STEPS = 1, GUIDANCE, SAMPLER, SPEED };

GType dummy_get_type(void) G_GNUC_CONST;
G_DEFINE_TYPE(Dummy, dummy, G_TYPE_OBJECT)

static void get(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
    const Dummy *dummy = (Dummy *)object;
    if (id == STEPS)
        g_value_set_int(value, dummy->steps);
    else if (id == GUIDANCE)
        g_value_set_double(value, dummy->guidance);
    else
        g_value_set_string(value, id == SAMPLER ? dummy->sampler : dummy->speed);
}

static void set(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
    Dummy *dummy = (Dummy *)object;
    if (id == STEPS) {
        dummy->steps = g_value_get_int(value);
    } else if (id == GUIDANCE) {
        dummy->guidance = g_value_get_double(value);
    } else {
        g_set_str(id == SAMPLER ? &dummy->sampler : &dummy->speed, g_value_get_string(value));
    }
}

static void finalize(GObject *object)
{
    g_free(((Dummy *)object)->sampler);
    g_free(((Dummy *)object)->speed);
    G_OBJECT_CLASS(dummy_parent_class)->finalize(object);
}

static void dummy_class_init(DummyClass *klass)
{
    GObjectClass *object = G_OBJECT_CLASS(klass);
    object->get_property = get;
    object->set_property = set;
    object->finalize = finalize;
    g_object_class_install_property(
        object, STEPS, g_param_spec_int("steps", "", "", 0, 5000, 25, G_PARAM_READWRITE));
    g_object_class_install_property(
        object, GUIDANCE, g_param_spec_double("guidance", "", "", -1, 100, 4, G_PARAM_READWRITE));
    g_object_class_install_property(
        object, SAMPLER, g_param_spec_string("sampler", "", "", "dpm++2m", G_PARAM_READWRITE));
    g_object_class_install_property(
        object, SPEED, g_param_spec_string("speed", "", "", "none", G_PARAM_READWRITE));
}

/* As its properties begin. */
static void dummy_init(Dummy *dummy)
{
    dummy->steps = 25;
    dummy->sampler = g_strdup("dpm++2m");
    dummy->speed = g_strdup("none");
}

/* What the object does not have stays as it is. */
static void test_read(void)
{
    GError *error = NULL;
    EdtRequest request = {.amm = EDT_AMM_OFFICIAL, .eta = 0.25};
    g_autoptr(GObject) object = g_object_new(dummy_get_type(), NULL);
    g_object_set(object, "steps", 12, "guidance", 0.1, "sampler", "ddim", NULL);
    g_assert_true(edt_properties_read(object, &request, &error));
    g_assert_no_error(error);
    g_assert_cmpint(request.steps, ==, 12);
    g_assert_cmpfloat(request.cfg_scale, ==, 0.1);
    g_assert_cmpint(request.sampler, ==, EDT_SAMPLER_DDIM);
    g_assert_cmpint(request.amm, ==, EDT_AMM_OFFICIAL);
    g_assert_cmpfloat(request.eta, ==, 0.25);
}

static void expect_refused(const char *name, GObject *object)
{
    GError *error = NULL;
    EdtRequest request = {0};
    g_assert_false(edt_properties_read(object, &request, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, name));
    g_error_free(error);
}

static void test_refused(void)
{
    g_autoptr(GObject) object = g_object_new(dummy_get_type(), NULL);
    g_object_set(object, "steps", 12, "sampler", "euler", NULL);
    expect_refused("sampler", object);
    g_object_set(object, "sampler", NULL, NULL);
    expect_refused("sampler", object);
    g_object_set(object, "sampler", "ddpm", "steps", 1001, NULL);
    expect_refused("steps", object);
}

static void test_write(void)
{
    EdtRequest request = {.steps = 600, .cfg_scale = 1.25, .sampler = EDT_SAMPLER_DPMPP_2M};
    g_autoptr(GObject) object = g_object_new(dummy_get_type(), NULL);
    edt_properties_write(object, &request);
    const Dummy *dummy = (Dummy *)object;
    g_assert_cmpint(dummy->steps, ==, 600);
    g_assert_cmpfloat(dummy->guidance, ==, 1.25);
    g_assert_cmpstr(dummy->sampler, ==, "dpm++2m");
}

static EdtRequest preset(const char *speed, int steps)
{
    GError *error = NULL;
    EdtRequest request = {.steps = steps, .sampler = EDT_SAMPLER_DPMPP_2M, .reuse = 1};
    g_autoptr(GObject) object = g_object_new(dummy_get_type(), NULL);
    g_object_set(object, "speed", speed, "steps", steps, NULL);
    g_assert_true(edt_properties_read_speed(object, &request, &error));
    g_assert_no_error(error);
    return request;
}

/* A preset sets what a script did not, also what the object has no property of. */
static void test_speed(void)
{
    const EdtRequest none = preset("none", 25), fast = preset("fast", 25), own = preset("fast", 7);
    g_assert_cmpint(none.steps, ==, 25);
    g_assert_cmpint(none.sampler, ==, EDT_SAMPLER_DPMPP_2M);
    g_assert_cmpint(none.reuse, ==, 1);
    g_assert_cmpint(fast.steps, <, 25);
    g_assert_cmpint(fast.sampler, ==, EDT_SAMPLER_UNIPC);
    g_assert_cmpint(fast.reuse, >, 1);
    g_assert_cmpint(own.steps, ==, 7);
    g_assert_cmpint(own.sampler, ==, EDT_SAMPLER_UNIPC);

    GError *error = NULL;
    EdtRequest request = none;
    g_autoptr(GObject) object = g_object_new(dummy_get_type(), NULL);
    g_object_set(object, "speed", "quick", NULL);
    g_assert_false(edt_properties_read_speed(object, &request, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "balanced"));
    g_clear_error(&error);
    edt_properties_set_speed(object, EDT_SPEED_FAST); /* a button: whatever was there */
    g_assert_cmpint(((Dummy *)object)->steps, ==, fast.steps);
    g_assert_cmpstr(((Dummy *)object)->sampler, ==, "unipc");
    g_assert_cmpfloat(((Dummy *)object)->guidance, ==, 0);
}

/* Each word of the engine once, whatever the order. */
static void test_words(void)
{
    const EdtChoices *all[] = {&edt_sampler_choices, &edt_spacing_choices,   &edt_amm_choices,
                               &edt_backend_choices, &edt_precision_choices, &edt_mix_how_choices,
                               &edt_fit_choices,     &edt_speed_choices};
    for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
        guint found = 0, n = g_strv_length((char **)all[i]->words);
        int listed = 0;
        for (const EdtChoice *each = all[i]->list; each->label; each++, listed++)
            found |= 1u << each->value;
        g_assert_cmpint(listed, ==, n);
        g_assert_cmpuint(found, ==, (1u << n) - 1);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/properties/read", test_read);
    g_test_add_func("/properties/refused", test_refused);
    g_test_add_func("/properties/write", test_write);
    g_test_add_func("/properties/speed", test_speed);
    g_test_add_func("/properties/words", test_words);
    return g_test_run();
}
