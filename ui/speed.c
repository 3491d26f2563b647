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

/* ---- guided levels ---- */

/* A step without guidance runs one half of two.  NULL: it is no interval. */
static char *interval_label(const char *text)
{
    const EdtSetting *setting = edt_setting_named("cfg_interval");
    EdtSpan span;
    if (!edt_setting_read(setting, &span, text))
        return NULL;
    if (edt_setting_is_usual(setting, &span))
        return g_strdup(_("At every step"));
    return g_strdup_printf(_("At noise levels of %g to %g (saves %.0f %%)"), span.from, span.to,
                           50 * (1 - (span.to - span.from)));
}

static gboolean has_interval(GtkWidget *combo, const char *text)
{
    GtkTreeModel *model = gtk_combo_box_get_model(GTK_COMBO_BOX(combo));
    const int column = gtk_combo_box_get_id_column(GTK_COMBO_BOX(combo));
    GtkTreeIter row;
    gboolean found = FALSE;
    for (gboolean more = gtk_tree_model_get_iter_first(model, &row); more && !found;
         more = gtk_tree_model_iter_next(model, &row)) {
        g_autofree char *id = NULL;
        gtk_tree_model_get(model, &row, column, &id, -1);
        found = strcmp(id, text) == 0;
    }
    return found;
}

static void add_interval(GtkWidget *combo, const char *text)
{
    g_autofree char *label = has_interval(combo, text) ? NULL : interval_label(text);
    if (label)
        gtk_combo_box_text_append(GTK_COMBO_BOX_TEXT(combo), text, label);
}

/* One of a record or a script becomes a row of its own. */
static void on_interval(GObject *settings, GParamSpec *property, GtkWidget *combo)
{
    g_autofree char *text = NULL;
    g_object_get(settings, "cfg-interval", &text, NULL);
    if (text)
        add_interval(combo, text);
}

GtkWidget *edt_ui_interval_new(GObject *settings)
{
    static const char *const spans[] = {"0,1", "0.3,1", "0.5,1", "0.1,0.8", "0.1,0.5"};
    GtkWidget *combo = gtk_combo_box_text_new();
    for (gsize i = 0; i < G_N_ELEMENTS(spans); i++)
        add_interval(combo, spans[i]);
    on_interval(settings, NULL, combo);
    g_signal_connect_object(settings, "notify::cfg-interval", G_CALLBACK(on_interval), combo, 0);
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
