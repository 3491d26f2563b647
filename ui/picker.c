/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The class picker.  The grid shows what the search finds; without a search, favourites and recents
 * stand before all classes.  Typing chooses what is meant at once, so that Enter can generate;
 * where that is not sure, nothing is chosen until somebody does or gives up the search.
 */
#include "ui/picker.h"
#include "catalogue.h"
#include "session/favourites.h"
#include "ui/grid.h"
#include "ui/row.h"

#include <glib/gi18n.h>

#define UNKNOWN EDT_CELL_NONE /* the settings name a class that this model lacks */

typedef struct {
    GObject *settings;
    const EdtPickerKind *kind;
    EdtPickerChosen tell;
    gpointer user_data;
    const EdtModelInfo *info;
    EdtFavourites *favourites;
    EdtThumbnails *thumbnails, *own; /* NULL: they are another picker's */
    GtkWidget *chosen, *search, *grid, *star;
    gboolean choosing; /* the setting changes under program control */
} Picker;

static void picker_free(gpointer data)
{
    Picker *picker = data;
    edt_favourites_free(picker->favourites);
    g_clear_pointer(&picker->own, edt_thumbnails_free);
    g_free(picker);
}

static Picker *picker_of(GtkWidget *widget)
{
    return g_object_get_data(G_OBJECT(widget), "edt-picker");
}

/* ---- the chosen class ---- */

/* The class of the settings in this model. */
static int setting_of(const Picker *picker)
{
    g_autofree char *text = NULL;
    g_object_get(picker->settings, picker->kind->property, &text, NULL);
    if (!picker->info || !text || !*text)
        return EDT_CELL_ANY;
    int found = edt_class_find(picker->info, text, NULL);
    return found >= 0 ? found : UNKNOWN;
}

static char *label_of(const Picker *picker, int index)
{
    if (!picker->info)
        return g_strdup("–");
    return index == EDT_CELL_ANY ? g_strdup(_(picker->kind->none))
                                 : edt_class_label(picker->info, index);
}

static void choose(Picker *picker, int index)
{
    g_autofree char *text =
        index == EDT_CELL_ANY ? g_strdup("") : edt_class_word(picker->info, index);
    picker->choosing = TRUE;
    g_object_set(picker->settings, picker->kind->property, text, NULL);
    picker->choosing = FALSE;
}

static char *searched(const Picker *picker)
{
    return g_strstrip(g_strdup(gtk_entry_get_text(GTK_ENTRY(picker->search))));
}

/* A search that found nothing, or nothing sure, leaves open what is meant. */
static gboolean is_open(const Picker *picker)
{
    g_autofree char *text = searched(picker);
    return *text && edt_ui_grid_selected(picker->grid) == EDT_CELL_NONE;
}

static gboolean is_favourite(const Picker *picker, int index)
{
    g_autofree char *name = index >= 0 ? edt_class_name(picker->info, index) : NULL;
    return name && edt_favourites_has(picker->favourites, name);
}

/* ---- the heading ---- */

/* What the setting lacks, or the search; NULL: nothing. */
static char *missing(const Picker *picker, int index)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    if (!picker->info)
        return g_strdup("–"); /* the panel knows more */
    if (index != UNKNOWN)
        return NULL;
    if (is_open(picker)) {
        text = searched(picker);
        gboolean guesses =
            edt_ui_grid_size(picker->grid) > 0 && edt_class_find(picker->info, text, &error) < 0;
        return g_strdup(guesses ? error->message : _("No class is called that."));
    }
    g_object_get(picker->settings, picker->kind->property, &text, NULL);
    return g_strdup_printf(_("“%s” is no class of this model"), text);
}

static char *heading(const Picker *picker, int index, const char *lacks)
{
    if (is_open(picker))
        return g_strdup("–");
    return index == UNKNOWN ? g_strdup(lacks) : label_of(picker, index);
}

static void show_chosen(Picker *picker)
{
    int index = is_open(picker) ? UNKNOWN : setting_of(picker);
    g_autofree char *lacks = missing(picker, index), *name = heading(picker, index, lacks);
    g_autofree char *markup =
        index >= 0 ? g_markup_printf_escaped("<b>%s</b>  <small>%d</small>", name, index)
                   : g_markup_printf_escaped("<b>%s</b>", name);
    gtk_label_set_markup(GTK_LABEL(picker->chosen), markup);
    gtk_widget_set_tooltip_text(picker->chosen, name);
    gtk_widget_set_sensitive(picker->star, index >= 0);
    edt_ui_star_show(picker->star, is_favourite(picker, index), picker);
    picker->tell(lacks, picker->user_data);
}

/* ---- the grid ---- */

static void add_cell(Picker *picker, int index, EdtCellMark mark)
{
    g_autofree char *name = label_of(picker, index);
    edt_ui_grid_add(picker->grid, index, name, mark);
}

static void add_named(Picker *picker, const char *const *names, EdtCellMark mark)
{
    for (int i = 0; names[i]; i++) {
        int index = edt_class_find(picker->info, names[i], NULL);
        if (index >= 0)
            add_cell(picker, index, mark);
    }
}

static void add_all(Picker *picker)
{
    add_cell(picker, EDT_CELL_ANY, EDT_CELL_PLAIN);
    add_named(picker, edt_favourites_names(picker->favourites), EDT_CELL_FAVOURITE);
    add_named(picker, edt_favourites_recents(picker->favourites), EDT_CELL_RECENT);
    for (int i = 0; i < picker->info->n_classes; i++)
        add_cell(picker, i, EDT_CELL_PLAIN);
}

static EdtCellMark mark_of(const Picker *picker, int index)
{
    return is_favourite(picker, index) ? EDT_CELL_FAVOURITE : EDT_CELL_PLAIN;
}

/* Returns the one that is meant, or EDT_CELL_NONE. */
static int add_matches(Picker *picker, const char *text)
{
    g_autofree int *found = edt_class_search(picker->info, text);
    int meant = edt_class_meant(picker->info, text);
    for (int i = 0; found[i] >= 0; i++)
        add_cell(picker, found[i], mark_of(picker, found[i]));
    return meant >= 0 ? meant : EDT_CELL_NONE;
}

static int fill(Picker *picker)
{
    g_autofree char *text = searched(picker);
    int meant = EDT_CELL_NONE;
    edt_ui_grid_clear(picker->grid);
    if (picker->info && *text)
        meant = add_matches(picker, text);
    else if (picker->info)
        add_all(picker);
    gboolean none = picker->info && *text && !edt_ui_grid_size(picker->grid);
    edt_ui_grid_say(picker->grid, none ? _("No class is called that.") : NULL);
    return meant;
}

static void refill(Picker *picker)
{
    gboolean open = is_open(picker);
    fill(picker);
    edt_ui_grid_select(picker->grid, open ? EDT_CELL_NONE : setting_of(picker));
    show_chosen(picker);
}

static GdkPixbuf *picture_of(int index, gpointer user_data)
{
    return edt_thumbnails_get(((Picker *)user_data)->thumbnails, index);
}

static void on_pictures(gpointer user_data)
{
    gtk_widget_queue_draw(edt_ui_grid_view(((Picker *)user_data)->grid));
}

EdtThumbnails *edt_ui_picker_pictures(GtkWidget *widget)
{
    return picker_of(widget)->thumbnails;
}

/* Synonyms: the name alone stands below the picture. */
static char *tooltip_of(int index, gpointer user_data)
{
    Picker *picker = user_data;
    int n;
    const EdtClass *classes = edt_imagenet_classes(&n);
    if (!picker->info || picker->info->class_list != EDT_CLASSES_IMAGENET || index < 0 ||
        index >= n)
        return NULL;
    return g_strdup(classes[index].synonyms);
}

/* ---- what the user does ---- */

static void on_search(GtkEntry *entry, Picker *picker)
{
    g_autofree char *text = searched(picker);
    int meant = fill(picker);
    if (meant != EDT_CELL_NONE)
        choose(picker, meant);
    edt_ui_grid_select(picker->grid, *text ? meant : setting_of(picker));
    show_chosen(picker);
}

/* Where it is not known what is meant, the class chosen before is not, either. */
static void on_activate(GtkEntry *entry, Picker *picker)
{
    if (!is_open(picker))
        edt_ui_press_default(GTK_WIDGET(entry));
}

/* Escape gives up the search, then the popover or the dialog. */
static void on_stop_search(GtkEntry *entry, Picker *picker)
{
    if (*gtk_entry_get_text(entry))
        gtk_entry_set_text(entry, "");
    else if (!edt_ui_close_popover(GTK_WIDGET(entry)))
        g_signal_emit_by_name(gtk_widget_get_toplevel(GTK_WIDGET(entry)), "close");
}

static gboolean is_letter(const GdkEventKey *event)
{
    gunichar letter = gdk_keyval_to_unicode(event->keyval);
    return letter && g_unichar_isgraph(letter) &&
           !(event->state & (GDK_CONTROL_MASK | GDK_MOD1_MASK));
}

/* The keyboard is in the popover that the picker is in, or in none as the picker. */
static gboolean has_keyboard_near(const Picker *picker, GtkWidget *focus)
{
    GtkWidget *there = focus ? gtk_widget_get_ancestor(focus, GTK_TYPE_POPOVER) : NULL;
    return gtk_widget_get_ancestor(picker->search, GTK_TYPE_POPOVER) == there;
}

/* Letters typed anywhere but into another field are a search; the sheet of drafts takes digits. */
static gboolean on_key(GtkWidget *window, GdkEventKey *event, Picker *picker)
{
    GtkWidget *focus = gtk_window_get_focus(GTK_WINDOW(window));
    if (!is_letter(event) || GTK_IS_EDITABLE(focus) || !has_keyboard_near(picker, focus))
        return GDK_EVENT_PROPAGATE;
    if (gtk_window_propagate_key_event(GTK_WINDOW(window), event) == GDK_EVENT_STOP)
        return GDK_EVENT_STOP;
    if (gtk_search_entry_handle_event(GTK_SEARCH_ENTRY(picker->search), (GdkEvent *)event) ==
        GDK_EVENT_PROPAGATE)
        return GDK_EVENT_PROPAGATE;
    gtk_entry_grab_focus_without_selecting(GTK_ENTRY(picker->search));
    return GDK_EVENT_STOP;
}

static void on_cell(int index, gpointer user_data)
{
    Picker *picker = user_data;
    choose(picker, index);
    show_chosen(picker);
}

void edt_ui_picker_favour(GtkWidget *widget, const char *class_name)
{
    Picker *picker = picker_of(widget);
    edt_favourites_toggle(picker->favourites, class_name);
    refill(picker);
}

static void on_star(GtkToggleButton *star, Picker *picker)
{
    int index = setting_of(picker);
    if (index < 0)
        return;
    g_autofree char *name = edt_class_name(picker->info, index);
    edt_favourites_set(picker->favourites, name, gtk_toggle_button_get_active(star));
    refill(picker);
}

/* From somewhere else: what the search found is not what is set now. */
static void on_setting(GObject *settings, GParamSpec *property, GtkWidget *widget)
{
    Picker *picker = picker_of(widget);
    if (picker->choosing)
        return; /* whoever does it shows it */
    gtk_entry_set_text(GTK_ENTRY(picker->search), "");
    edt_ui_grid_select(picker->grid, setting_of(picker));
    show_chosen(picker);
}

/* ---- making ---- */

static GtkWidget *new_heading(Picker *picker)
{
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    GtkWidget *label = gtk_label_new_with_mnemonic(_(picker->kind->label));
    gtk_label_set_mnemonic_widget(GTK_LABEL(label), picker->search);
    picker->chosen = gtk_label_new(NULL);
    gtk_label_set_ellipsize(GTK_LABEL(picker->chosen), PANGO_ELLIPSIZE_END);
    gtk_label_set_xalign(GTK_LABEL(picker->chosen), 0);
    picker->star = edt_ui_star_new(_("Favourite"));
    gtk_widget_set_tooltip_text(picker->star, _("Keep this class at the top of the list"));
    g_signal_connect(picker->star, "toggled", G_CALLBACK(on_star), picker);
    gtk_box_pack_start(GTK_BOX(row), label, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(row), picker->chosen, TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(row), picker->star, FALSE, FALSE, 0);
    return row;
}

static GtkWidget *new_search(Picker *picker)
{
    GtkWidget *search = picker->search = gtk_search_entry_new();
    gtk_entry_set_placeholder_text(GTK_ENTRY(search), _("Name, synonym or number"));
    edt_ui_name(search, _(picker->kind->search));
    /* not "search-changed": it comes a moment later, after an Enter */
    g_signal_connect(search, "changed", G_CALLBACK(on_search), picker);
    g_signal_connect(search, "activate", G_CALLBACK(on_activate), picker);
    g_signal_connect(search, "stop-search", G_CALLBACK(on_stop_search), picker);
    return search;
}

GtkWidget *edt_ui_picker_new(GObject *settings, const EdtPickerKind *kind, EdtThumbnails *pictures,
                             EdtPickerChosen tell, gpointer user_data)
{
    static const EdtGridEvents events = {picture_of, tooltip_of, on_cell};
    Picker *picker = g_new0(Picker, 1);
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
    *picker = (Picker){.settings = settings,
                       .kind = kind,
                       .tell = tell,
                       .user_data = user_data,
                       .favourites = edt_favourites_load(),
                       .own = pictures ? NULL : edt_thumbnails_new(settings)};
    picker->thumbnails = pictures ? pictures : picker->own;
    edt_thumbnails_watch(picker->thumbnails, on_pictures, picker);
    GtkWidget *search = new_search(picker);
    picker->grid = edt_ui_grid_new(&events, picker);
    gtk_box_pack_start(GTK_BOX(box), new_heading(picker), FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(box), search, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(box), picker->grid, TRUE, TRUE, 0);
    g_object_set_data_full(G_OBJECT(box), "edt-picker", picker, picker_free);
    g_autofree char *signal = g_strconcat("notify::", kind->property, NULL);
    g_signal_connect_object(settings, signal, G_CALLBACK(on_setting), box, 0);
    return box;
}

void edt_ui_picker_set_model(GtkWidget *widget, const EdtModelInfo *info)
{
    Picker *picker = picker_of(widget);
    picker->info = info;
    edt_thumbnails_set_model(picker->thumbnails, info);
    refill(picker);
}

void edt_ui_picker_listen(GtkWidget *widget)
{
    GtkWidget *window = gtk_widget_get_toplevel(widget);
    g_signal_connect(window, "key-press-event", G_CALLBACK(on_key), picker_of(widget));
    edt_ui_picker_focus(widget);
}

void edt_ui_picker_end_search(GtkWidget *widget)
{
    gtk_entry_set_text(GTK_ENTRY(picker_of(widget)->search), "");
}

void edt_ui_picker_focus(GtkWidget *widget)
{
    gtk_widget_grab_focus(picker_of(widget)->search);
}

void edt_ui_picker_used(GtkWidget *widget, const char *const *class_names, int n)
{
    edt_favourites_used(picker_of(widget)->favourites, class_names, n);
}
