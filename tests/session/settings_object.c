/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An object with the properties of plug-in-edt-generate; see settings_object.h.
 */
#include "session/settings_object.h"

static const char *const texts[] = {"class",     "style",   "model",    "backend", "precision",
                                    "amm",       "sampler", "speed",    "start",   "fit",
                                    "arrange",   "paper",   "into",     "context", "cfg-interval",
                                    "mix-class", "mix-how", "to-class", "vae"};
static const char *const numbers[] = {"seed", "guidance", "freedom",   "feather", "margin",
                                      "mix",  "vary",     "vary-seed", "to-seed"};
static const char *const counts[] = {"count", "steps", "reuse", "frames"};
static const char *const switches[] = {"at-once", "careful"};
#define N_PROPERTIES                                                                               \
    (G_N_ELEMENTS(texts) + G_N_ELEMENTS(numbers) + G_N_ELEMENTS(counts) + G_N_ELEMENTS(switches))

typedef struct {
    GObject parent_instance;
    GValue values[N_PROPERTIES + 1];
} Settings;

typedef struct {
    GObjectClass parent_class;
} SettingsClass;

GType settings_get_type(void);
G_DEFINE_TYPE(Settings, settings, G_TYPE_OBJECT)

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
    g_value_copy(value, &((Settings *)object)->values[id]);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
    g_value_copy(&((Settings *)object)->values[id], value);
}

static void finalize(GObject *object)
{
    for (guint i = 1; i <= N_PROPERTIES; i++)
        g_value_unset(&((Settings *)object)->values[i]);
    G_OBJECT_CLASS(settings_parent_class)->finalize(object);
}

static void settings_class_init(SettingsClass *klass)
{
    const GParamFlags both = G_PARAM_READWRITE | G_PARAM_CONSTRUCT;
    GObjectClass *object = G_OBJECT_CLASS(klass);
    guint id = 0;
    object->set_property = set_property;
    object->get_property = get_property;
    object->finalize = finalize;
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        g_object_class_install_property(object, ++id,
                                        g_param_spec_string(texts[i], "", "", "", both));
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
        g_object_class_install_property(
            object, ++id, g_param_spec_double(numbers[i], "", "", -1, 1e15, -1, both));
    for (guint i = 0; i < G_N_ELEMENTS(counts); i++)
        g_object_class_install_property(object, ++id,
                                        g_param_spec_int(counts[i], "", "", 1, 1000, 1, both));
    for (guint i = 0; i < G_N_ELEMENTS(switches); i++)
        g_object_class_install_property(object, ++id,
                                        g_param_spec_boolean(switches[i], "", "", TRUE, both));
}

static void settings_init(Settings *self)
{
    guint id = 0;
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        g_value_init(&self->values[++id], G_TYPE_STRING);
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
        g_value_init(&self->values[++id], G_TYPE_DOUBLE);
    for (guint i = 0; i < G_N_ELEMENTS(counts); i++)
        g_value_init(&self->values[++id], G_TYPE_INT);
    for (guint i = 0; i < G_N_ELEMENTS(switches); i++)
        g_value_init(&self->values[++id], G_TYPE_BOOLEAN);
}

GObject *settings_new(const char *model)
{
    return g_object_new(settings_get_type(), "model", model, "backend", "auto", "precision", "auto",
                        "amm", "auto", "sampler", "dpm++2m", "speed", "none", "cfg-interval", "0,1",
                        "vae", "full", "steps", 25, "freedom", 0.6, "careful", FALSE, NULL);
}
