/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Between the table of settings and an object's properties: values travel as the table's texts.
 */
#include "session/properties.h"
#include "catalogue.h"
#include "session/words.h"

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

/* ---- records ---- */

static gboolean has(GObject *object, const char *name)
{
    return g_object_class_find_property(G_OBJECT_GET_CLASS(object), name) != NULL;
}

static gboolean has_its_classes(const EdtModelInfo *info, const EdtRecord *record)
{
    return !info || edt_record_has_its_classes(record, info);
}

/* By its name in a model of other classes; "" where that has none of that name. */
static char *class_word(const EdtModelInfo *info, const EdtRecord *record)
{
    if (has_its_classes(info, record))
        return edt_class_word(info, record->item.class_index);
    int found = edt_class_find(info, record->class_name, NULL);
    return found >= 0 ? edt_class_word(info, found) : g_strdup("");
}

/* What is mixed in has no name in a record. */
static gboolean restore_mix(GObject *object, const EdtModelInfo *info, const EdtRecord *record)
{
    const EdtItem *item = &record->item;
    const EdtMix none = {0}, *mix = has_its_classes(info, record) ? &item->mix : &none;
    if (!has(object, "mix-class"))
        return item->mix.n == 0;
    g_autofree char *class = mix->n ? edt_class_word(info, mix->of[0].class_index) : g_strdup("");
    g_object_set(object, "mix-class", class, "mix", mix->n ? mix->of[0].weight : 0.0, "mix-how",
                 edt_mix_how_words[item->mix_how], NULL);
    return item->mix.n == 0 || (mix->n == 1 && mix->of[0].style == item->style);
}

static gboolean restore_variation(GObject *object, const EdtVariation *variation)
{
    if (!has(object, "vary"))
        return variation->n == 0;
    const gboolean one = variation->n > 0 && variation->of[0].seed <= (guint64)EDT_SEED_MAX;
    g_object_set(object, "vary", one ? variation->of[0].amount : 0.0, "vary-seed",
                 one ? (double)variation->of[0].seed : -1.0, NULL);
    return variation->n == one;
}

static EdtInto into_of(EdtFill fill)
{
    return fill == EDT_FILL_MISSING ? EDT_INTO_MISSING : EDT_INTO_SHAPE;
}

/* A layer or a selection is chosen by hand. */
static void restore_start(GObject *object, const EdtRecord *record)
{
    if (!record->source && !record->mask && has(object, "start"))
        g_object_set(object, "start", edt_from_choices.words[EDT_FROM_NOTHING], NULL);
    if (record->source && !record->mask && has(object, "freedom"))
        g_object_set(object, "freedom", record->item.freedom, NULL);
    if (record->item.fill != EDT_FILL_NONE && has(object, "into"))
        g_object_set(object, "into", edt_into_choices.words[into_of(record->item.fill)], "careful",
                     record->item.careful, NULL);
}

/* "" where this model has none, or not this one; by its name in a model of other classes. */
static char *style_word(const EdtModelInfo *info, const EdtRecord *record)
{
    int style = record->item.style;
    if (info && !has_its_classes(info, record) &&
        !(record->style_name && edt_style_choose(info, record->style_name, &style, NULL, NULL)))
        return g_strdup("");
    return info && info->n_styles > MAX(style, 0) ? edt_style_word(info, style) : g_strdup("");
}

/* The variation last: what changes class and seed ends it. */
gboolean edt_properties_restore(GObject *object, const EdtModelInfo *info, const EdtRecord *record)
{
    const EdtItem *item = &record->item;
    g_autofree char *class = class_word(info, record);
    g_autofree char *style = style_word(info, record);
    g_object_set(object, "class", class, "style", style, "count", 1, "seed", (double)item->seed,
                 "precision", edt_precision_words[record->precision], NULL);
    edt_properties_write(object, &record->request);
    restore_start(object, record);
    gboolean mixed = restore_mix(object, info, record);
    return restore_variation(object, &item->variation) && mixed;
}

/* ---- what no widget shows ---- */

static void reset(GObject *object, const char *name)
{
    GParamSpec *property = g_object_class_find_property(G_OBJECT_GET_CLASS(object), name);
    if (property)
        g_object_set_property(object, name, g_param_spec_get_default_value(property));
}

void edt_properties_end_variation(GObject *object)
{
    reset(object, "vary");
    reset(object, "vary-seed");
}

void edt_properties_forget_unseen(GObject *object)
{
    edt_properties_end_variation(object);
    reset(object, "cfg-pow");
    reset(object, "spacing");
}

/* ---- presets ---- */

void edt_properties_set_speed(GObject *object, EdtSpeed speed)
{
    for (int i = 0; i < EDT_SPEED_SETTINGS; i++) {
        const char *value;
        GParamSpec *property = property_of(object, edt_speed_setting(speed, i, &value));
        if (property)
            set_text(object, property, value);
    }
}

static gboolean is_as_it_begins(GObject *object, GParamSpec *property)
{
    g_auto(GValue) value = G_VALUE_INIT;
    g_object_get_property(object, property->name, &value);
    return g_param_value_defaults(property, &value);
}

gboolean edt_properties_read_speed(GObject *object, EdtRequest *request, GError **error)
{
    GParamSpec *named = g_object_class_find_property(G_OBJECT_GET_CLASS(object), "speed");
    g_autofree char *word = named ? text_of(object, named) : NULL;
    const int speed = word ? edt_word_find(edt_speed_words, word) : EDT_SPEED_NONE;

    if (speed < 0) {
        g_autofree char *words = g_strjoinv(", ", (char **)edt_speed_words);
        g_autofree char *expected = g_strdup_printf(_("one of %s"), words);
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE, _("The setting “%s” must be %s, not “%s”."),
                    "speed", expected, word);
        return FALSE;
    }
    for (int i = 0; i < EDT_SPEED_SETTINGS && speed != EDT_SPEED_NONE; i++) {
        const char *value;
        const EdtSetting *setting = edt_speed_setting((EdtSpeed)speed, i, &value);
        GParamSpec *property = property_of(object, setting);
        if (!property || is_as_it_begins(object, property))
            edt_setting_read(setting, edt_setting_field(setting, request, NULL), value);
    }
    return TRUE;
}
