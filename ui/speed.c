/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Presets of core/presets.c as buttons; see speed.h.
 */
#include "ui/speed.h"
#include "session/properties.h"
#include "session/words.h"
#include "settings.h"
#include "ui/row.h"

#include <glib/gi18n.h>
#include <string.h>

#define EVERY_STEP "0,1"

/* ---- guided levels ---- */

/* A step without guidance runs one half of two. */
static char *interval_label(const char *text)
{
    EdtSpan span;
    if (strcmp(text, EVERY_STEP) == 0 ||
        !edt_setting_read(edt_setting_named("cfg_interval"), &span, text))
        return g_strdup(_("At every step"));
    return g_strdup_printf(_("At noise levels of %g to %g (saves %.0f %%)"), span.from, span.to,
                           50 * (1 - (span.to - span.from)));
}

GtkWidget *edt_ui_interval_new(GObject *settings)
{
    static const char *const spans[] = {EVERY_STEP, "0.3,1", "0.1,0.8", "0.1,0.5"};
    GtkWidget *combo = gtk_combo_box_text_new();
    for (gsize i = 0; i < G_N_ELEMENTS(spans); i++) {
        g_autofree char *label = interval_label(spans[i]);
        gtk_combo_box_text_append(GTK_COMBO_BOX_TEXT(combo), spans[i], label);
    }
    g_object_bind_property(settings, "cfg-interval", combo, "active-id",
                           G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
    return combo;
}

/* ---- presets ---- */

/* As the lists and rows of the dialog have it. */
static char *value_label(const EdtSetting *setting, const char *value)
{
    const EdtChoices *samplers = &edt_sampler_choices;
    if (setting->kind == EDT_SETTING_SPAN)
        return interval_label(value);
    for (const EdtChoice *each = samplers->list; setting->words == samplers->words && each->label;
         each++)
        if (strcmp(samplers->words[each->value], value) == 0)
            return g_strdup(_(each->label));
    return g_strdup(value);
}

/* Below what it is good for. */
static char *tooltip_of(const EdtChoice *speed)
{
    g_autoptr(GString) text = g_string_new(_(speed->help));
    for (int i = 0; i < EDT_SPEED_SETTINGS; i++) {
        const char *value;
        const EdtSetting *setting = edt_speed_setting((EdtSpeed)speed->value, i, &value);
        g_autofree char *name = edt_ui_plain(_(edt_setting_label(setting->name)));
        g_autofree char *shown = value_label(setting, value);
        g_string_append_printf(text, "\n%s: %s", name, shown);
    }
    return g_strdup(text->str);
}

static void on_speed(GtkButton *button, GObject *settings)
{
    int speed = GPOINTER_TO_INT(g_object_get_data(G_OBJECT(button), "edt-speed"));
    edt_properties_set_speed(settings, (EdtSpeed)speed);
}

static void add_speed(GtkWidget *row, GObject *settings, const EdtChoice *speed)
{
    g_autofree char *tooltip = tooltip_of(speed);
    GtkWidget *button = edt_ui_word_button(_(speed->label), tooltip);
    g_object_set_data(G_OBJECT(button), "edt-speed", GINT_TO_POINTER(speed->value));
    g_signal_connect(button, "clicked", G_CALLBACK(on_speed), settings);
    gtk_box_pack_start(GTK_BOX(row), button, FALSE, FALSE, 0);
}

GtkWidget *edt_ui_speed_new(GObject *settings)
{
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
    gtk_style_context_add_class(gtk_widget_get_style_context(row), GTK_STYLE_CLASS_LINKED);
    for (const EdtChoice *speed = edt_speed_choices.list; speed->label; speed++)
        if (speed->value != EDT_SPEED_NONE)
            add_speed(row, settings, speed);
    return row;
}
