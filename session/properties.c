/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Between the table of settings and an object's properties: values travel as the table's texts.
 */
#include "session/properties.h"
#include "settings.h"

#include <glib/gi18n.h>
#include <string.h>

/* The property of a setting of requests, or NULL: the object leaves it to the model. */
static GParamSpec *property_of(GObject *object, const EdtSetting *setting)
{
    const char *name = strcmp(setting->name, "cfg_scale") == 0 ? "guidance" : setting->name;
    return setting->of_item ? NULL : g_object_class_find_property(G_OBJECT_GET_CLASS(object), name);
}

static char *text_of(GObject *object, GParamSpec *property)
{
    g_auto(GValue) value = G_VALUE_INIT;
    char number[G_ASCII_DTOSTR_BUF_SIZE];
    g_object_get_property(object, property->name, &value);
    if (G_VALUE_HOLDS_INT(&value))
        return g_strdup_printf("%d", g_value_get_int(&value));
    if (G_VALUE_HOLDS_DOUBLE(&value))
        return g_strdup(g_ascii_dtostr(number, sizeof number, g_value_get_double(&value)));
    if (G_VALUE_HOLDS_BOOLEAN(&value))
        return g_strdup(g_value_get_boolean(&value) ? "true" : "false");
    const char *text = g_value_get_string(&value);
    return g_strdup(text ? text : "");
}

static void set_text(GObject *object, GParamSpec *property, const char *text)
{
    if (property->value_type == G_TYPE_INT)
        g_object_set(object, property->name, (int)g_ascii_strtoll(text, NULL, 10), NULL);
    else if (property->value_type == G_TYPE_DOUBLE)
        g_object_set(object, property->name, g_ascii_strtod(text, NULL), NULL);
    else if (property->value_type == G_TYPE_BOOLEAN)
        g_object_set(object, property->name, strcmp(text, "true") == 0, NULL);
    else
        g_object_set(object, property->name, text, NULL);
}

gboolean edt_properties_read(GObject *object, EdtRequest *request, GError **error)
{
    int n;
    const EdtSetting *settings = edt_settings(&n);
    for (int i = 0; i < n; i++) {
        GParamSpec *property = property_of(object, &settings[i]);
        g_autofree char *text = property ? text_of(object, property) : NULL;
        if (!text ||
            edt_setting_read(&settings[i], edt_setting_field(&settings[i], request, NULL), text))
            continue;
        g_autofree char *expected = edt_setting_expected(&settings[i]);
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE, _("The setting “%s” must be %s, not “%s”."),
                    property->name, expected, text);
        return FALSE;
    }
    return TRUE;
}

void edt_properties_write(GObject *object, const EdtRequest *request)
{
    int n;
    const EdtSetting *settings = edt_settings(&n);
    for (int i = 0; i < n; i++) {
        GParamSpec *property = property_of(object, &settings[i]);
        if (!property)
            continue;
        g_autofree char *text =
            edt_setting_write(&settings[i], edt_setting_field(&settings[i], request, NULL));
        set_text(object, property, text);
    }
}
