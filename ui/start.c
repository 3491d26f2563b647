/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Three buttons, and two grids of which one is seen at most; see start.h.
 */
#include "ui/start.h"
#include "session/start.h"
#include "session/words.h"
#include "ui/row.h"

#include <glib/gi18n.h>

typedef struct {
    GObject *settings;
    GtkWidget *buttons[3];         /* by EdtFrom */
    GtkWidget *sketch, *selection; /* grids */
    GtkWidget *paper, *context, *careful, *margin;
    gboolean alpha; /* the model has it */
} Start;

static Start *start_of(GtkWidget *widget)
{
    return g_object_get_data(G_OBJECT(widget), "edt-start");
}

/* ---- what is chosen ---- */

static gboolean is_word(const Start *start, const char *name, const EdtChoices *choices, int value)
{
    g_autofree char *word = NULL;
    g_object_get(start->settings, name, &word, NULL);
    return g_strcmp0(word, choices->words[value]) == 0;
}

/* What was chosen for another model can be taken back. */
static void allow_context(const Start *start, gboolean missing)
{
    gboolean layer = is_word(start, "context", &edt_context_choices, EDT_CONTEXT_LAYER);
    const char *obstacle = missing && layer ? edt_start_visible_obstacle(start->alpha) : NULL;
    gtk_widget_set_sensitive(start->context, missing && !obstacle);
    gtk_widget_set_tooltip_text(start->context,
                                obstacle ? obstacle : _("What is known around what is missing"));
}

static void show(Start *start)
{
    gboolean missing = is_word(start, "into", &edt_into_choices, EDT_INTO_MISSING);
    for (int i = 0; i < 3; i++)
        if (is_word(start, "start", &edt_from_choices, i))
            gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(start->buttons[i]), TRUE);
    if (!start->sketch)
        return;
    gtk_widget_set_visible(start->sketch,
                           is_word(start, "start", &edt_from_choices, EDT_FROM_LAYER));
    gtk_widget_set_visible(start->selection,
                           is_word(start, "start", &edt_from_choices, EDT_FROM_SELECTION));
    gtk_widget_set_sensitive(start->paper, start->alpha);
    allow_context(start, missing);
    gtk_widget_set_sensitive(start->careful, missing);
    gtk_widget_set_sensitive(start->margin, missing);
}

static void on_setting(GObject *settings, GParamSpec *property, GtkWidget *widget)
{
    show(start_of(widget));
}

static void on_toggled(GtkToggleButton *button, Start *start)
{
    const char *word = g_object_get_data(G_OBJECT(button), "edt-word");
    if (gtk_toggle_button_get_active(button))
        g_object_set(start->settings, "start", word, NULL);
}

void edt_ui_start_set_model(GtkWidget *widget, const EdtModelInfo *info)
{
    start_of(widget)->alpha = info && info->has_alpha;
    show(start_of(widget));
}

void edt_ui_start_allow(GtkWidget *widget, const char *layer, const char *selection)
{
    const char *const why[] = {NULL, layer, selection};
    for (int i = 0; i < 3; i++) {
        GtkWidget *button = start_of(widget)->buttons[i];
        gtk_widget_set_sensitive(button, !why[i]);
        gtk_widget_set_tooltip_text(button, why[i] ? why[i] : _(edt_from_choices.list[i].help));
    }
}

/* ---- making ---- */

static char *percent(GtkScale *scale, double value, gpointer user_data)
{
    return g_strdup_printf(_("%.0f %%"), value * 100);
}

static GtkWidget *new_freedom(GObject *settings)
{
    GtkWidget *scale = gtk_scale_new_with_range(GTK_ORIENTATION_HORIZONTAL, 0, 1, 0.05);
    gtk_scale_set_value_pos(GTK_SCALE(scale), GTK_POS_RIGHT);
    g_signal_connect(scale, "format-value", G_CALLBACK(percent), NULL);
    g_object_bind_property(settings, "freedom", gtk_range_get_adjustment(GTK_RANGE(scale)), "value",
                           G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
    return scale;
}

static GtkWidget *new_spin(GObject *settings, const char *name, double high, double step,
                           int digits)
{
    GtkWidget *spin = gtk_spin_button_new_with_range(0, high, step);
    gtk_spin_button_set_digits(GTK_SPIN_BUTTON(spin), (guint)digits);
    gtk_entry_set_activates_default(GTK_ENTRY(spin), TRUE);
    g_object_bind_property(settings, name, spin, "value",
                           G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
    return spin;
}

static GtkWidget *new_grid(void)
{
    GtkWidget *grid = gtk_grid_new();
    gtk_grid_set_row_spacing(GTK_GRID(grid), 6);
    gtk_grid_set_column_spacing(GTK_GRID(grid), 12);
    return grid;
}

static GtkWidget *new_sketch(Start *start)
{
    GtkWidget *grid = new_grid(), *freedom = new_freedom(start->settings);
    start->paper = edt_ui_combo_new(start->settings, "paper", &edt_paper_choices);
    edt_ui_row_attach(GTK_GRID(grid), 0, _("_Freedom"), freedom, freedom,
                      _("How far the picture may go from the layer: 0 stays close, at 1 it is not "
                        "looked at"));
    edt_ui_row_attach(GTK_GRID(grid), 1, _("White paper"), start->paper, start->paper,
                      _("What becomes of white paper under a drawing, for models that draw things "
                        "on transparent ground"));
    return grid;
}

static GtkWidget *new_selection(Start *start)
{
    GtkWidget *grid = new_grid();
    GtkWidget *into = edt_ui_combo_new(start->settings, "into", &edt_into_choices);
    GtkWidget *feather = new_spin(start->settings, "feather", 100, 1, 1);
    start->context = edt_ui_combo_new(start->settings, "context", &edt_context_choices);
    start->margin = new_spin(start->settings, "margin", 1, 0.05, 2);
    start->careful = gtk_check_button_new_with_mnemonic(_("Careful"));
    gtk_widget_set_tooltip_text(
        start->careful,
        _("What is missing fits better what is around it, in nearly three times the time"));
    g_object_bind_property(start->settings, "careful", start->careful, "active",
                           G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
    edt_ui_row_attach(GTK_GRID(grid), 0, _("I_nto"), into, into,
                      _("What the selection is to the picture"));
    edt_ui_row_attach(GTK_GRID(grid), 1, _("Fit to"), start->context, start->context, NULL);
    gtk_grid_attach(GTK_GRID(grid), start->careful, 1, 2, 1, 1);
    edt_ui_row_attach(GTK_GRID(grid), 3, _("Margin"), start->margin, start->margin,
                      _("How much around what is missing is looked at, as a share of the "
                        "selection"));
    edt_ui_row_attach(GTK_GRID(grid), 4, _("Feather"), feather, feather,
                      _("How softly the new layer's mask ends, in pixels"));
    return grid;
}

/* Seen or not by what is chosen, whatever is shown around it. */
static void add_grid(GtkBox *box, GtkWidget *grid)
{
    gtk_box_pack_start(box, grid, FALSE, FALSE, 0);
    gtk_widget_show_all(grid);
    gtk_widget_set_no_show_all(grid, TRUE);
}

void edt_ui_start_add_details(GtkWidget *widget, GtkBox *box)
{
    Start *start = start_of(widget);
    start->sketch = new_sketch(start);
    start->selection = new_selection(start);
    add_grid(box, start->sketch);
    add_grid(box, start->selection);
    show(start);
}

static GtkWidget *new_button(Start *start, int from)
{
    const EdtChoice *choice = &edt_from_choices.list[from];
    GtkWidget *button = gtk_radio_button_new_with_label_from_widget(
        from ? GTK_RADIO_BUTTON(start->buttons[0]) : NULL, _(choice->label));
    gtk_toggle_button_set_mode(GTK_TOGGLE_BUTTON(button), FALSE);
    g_object_set_data(G_OBJECT(button), "edt-word", (gpointer)edt_from_choices.words[from]);
    gtk_widget_set_tooltip_text(button, _(choice->help));
    edt_ui_narrow(button);
    return button;
}

GtkWidget *edt_ui_start_new(GObject *settings)
{
    Start *start = g_new0(Start, 1);
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 3), *label, *row;
    start->settings = settings;
    label = gtk_label_new(_("Start from"));
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
    gtk_style_context_add_class(gtk_widget_get_style_context(row), GTK_STYLE_CLASS_LINKED);
    for (int i = 0; i < 3; i++) {
        start->buttons[i] = new_button(start, i);
        gtk_box_pack_start(GTK_BOX(row), start->buttons[i], TRUE, TRUE, 0);
    }
    show(start);
    for (int i = 0; i < 3; i++)
        g_signal_connect(start->buttons[i], "toggled", G_CALLBACK(on_toggled), start);
    gtk_box_pack_start(GTK_BOX(box), label, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(box), row, FALSE, FALSE, 0);
    g_object_set_data_full(G_OBJECT(box), "edt-start", start, g_free);
    g_signal_connect_object(settings, "notify::start", G_CALLBACK(on_setting), box, 0);
    g_signal_connect_object(settings, "notify::into", G_CALLBACK(on_setting), box, 0);
    g_signal_connect_object(settings, "notify::context", G_CALLBACK(on_setting), box, 0);
    return box;
}
