/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The class picker.  The list shows what the search finds; without a search, favourites and recents
 * stand above all classes.  Typing chooses the best match at once, so that Enter can generate.
 */
#include "ui/picker.h"
#include "catalogue.h"
#include "session/favourites.h"

#include <glib/gi18n.h>

enum { COLUMN_INDEX, COLUMN_MARK, COLUMN_NAME, N_COLUMNS };

#define ANY (-1)     /* the row for a class at random */
#define UNKNOWN (-2) /* the settings name a class that this model lacks */

typedef struct {
    GObject *settings;
    const EdtModelInfo *info;
    EdtFavourites *favourites;
    GtkWidget *chosen, *search, *list, *star, *none;
    GtkListStore *store;
    GtkTreeSelection *selection;
    gboolean busy; /* the list changes under program control */
} Picker;

static void picker_free(gpointer data)
{
    Picker *picker = data;
    edt_favourites_free(picker->favourites);
    g_free(picker);
}

static Picker *picker_of(GtkWidget *widget)
{
    return g_object_get_data(G_OBJECT(widget), "edt-picker");
}

/* ---- the chosen class ---- */

/* The class of the settings in this model. */
static int chosen_index(const Picker *picker)
{
    char *text = NULL;
    g_object_get(picker->settings, "class", &text, NULL);
    int index = ANY;
    if (picker->info && text && *text) {
        int found = edt_class_find(picker->info, text, NULL);
        index = found >= 0 ? found : UNKNOWN;
    }
    g_free(text);
    return index;
}

static char *label_of(const Picker *picker, int index)
{
    if (!picker->info)
        return g_strdup("–");
    return index == ANY ? g_strdup(_("Any class, at random"))
                        : edt_class_label(picker->info, index);
}

static void choose(Picker *picker, int index)
{
    g_autofree char *text = index == ANY ? g_strdup("") : edt_class_word(picker->info, index);
    g_object_set(picker->settings, "class", text, NULL);
}

static char *chosen_markup(const Picker *picker, int index, const char *name)
{
    if (index >= 0)
        return g_markup_printf_escaped("<b>%s</b>  <small>%d</small>", name, index);
    return g_markup_printf_escaped("<b>%s</b>", name);
}

static char *chosen_label(const Picker *picker, int index)
{
    char *text = NULL, *name;
    if (index != UNKNOWN)
        return label_of(picker, index);
    g_object_get(picker->settings, "class", &text, NULL);
    name = g_strdup_printf(_("“%s” is no class of this model"), text);
    g_free(text);
    return name;
}

static gboolean is_favourite(const Picker *picker, int index)
{
    char *name = index >= 0 ? edt_class_name(picker->info, index) : NULL;
    gboolean found = name && edt_favourites_has(picker->favourites, name);
    g_free(name);
    return found;
}

static void show_chosen(Picker *picker)
{
    int index = chosen_index(picker);
    char *name = chosen_label(picker, index);
    char *markup = chosen_markup(picker, index, name);
    gboolean busy = picker->busy;
    gtk_label_set_markup(GTK_LABEL(picker->chosen), markup);
    gtk_widget_set_sensitive(picker->star, index >= 0);
    picker->busy = TRUE;
    gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(picker->star), is_favourite(picker, index));
    picker->busy = busy;
    g_free(markup);
    g_free(name);
}

/* ---- the list ---- */

static void add_row(Picker *picker, int index, const char *mark)
{
    char *name = label_of(picker, index);
    GtkTreeIter iter;
    gtk_list_store_insert_with_values(picker->store, &iter, -1, COLUMN_INDEX, index, COLUMN_MARK,
                                      mark, COLUMN_NAME, name, -1);
    g_free(name);
}

static void add_named(Picker *picker, const char *const *names, const char *mark)
{
    for (int i = 0; names[i]; i++) {
        int index = edt_class_find(picker->info, names[i], NULL);
        if (index >= 0)
            add_row(picker, index, mark);
    }
}

static void add_all(Picker *picker)
{
    add_row(picker, ANY, "");
    add_named(picker, edt_favourites_names(picker->favourites), "★");
    add_named(picker, edt_favourites_recents(picker->favourites), "↺");
    for (int i = 0; i < picker->info->n_classes; i++)
        add_row(picker, i, "");
}

static void add_matches(Picker *picker, const char *text)
{
    int exact = edt_class_find(picker->info, text, NULL); /* a number, among others */
    int *found = edt_class_search(picker->info, text);
    if (exact >= 0)
        add_row(picker, exact, "");
    for (int i = 0; found && found[i] >= 0; i++)
        if (found[i] != exact)
            add_row(picker, found[i], "");
    g_free(found);
}

static void select_row(Picker *picker, int index)
{
    GtkTreeModel *model = GTK_TREE_MODEL(picker->store);
    GtkTreeIter iter;
    gboolean more = gtk_tree_model_get_iter_first(model, &iter);
    picker->busy = TRUE;
    gtk_tree_selection_unselect_all(picker->selection);
    for (; more; more = gtk_tree_model_iter_next(model, &iter)) {
        int there;
        gtk_tree_model_get(model, &iter, COLUMN_INDEX, &there, -1);
        if (there != index)
            continue;
        GtkTreePath *path = gtk_tree_model_get_path(model, &iter);
        gtk_tree_selection_select_iter(picker->selection, &iter);
        gtk_tree_view_scroll_to_cell(GTK_TREE_VIEW(picker->list), path, NULL, FALSE, 0, 0);
        gtk_tree_path_free(path);
        break;
    }
    picker->busy = FALSE;
}

static void fill(Picker *picker)
{
    const char *text = gtk_entry_get_text(GTK_ENTRY(picker->search));
    char *clean = g_strstrip(g_strdup(text));
    picker->busy = TRUE;
    gtk_list_store_clear(picker->store);
    if (picker->info && *clean)
        add_matches(picker, clean);
    else if (picker->info)
        add_all(picker);
    picker->busy = FALSE;
    gboolean empty = gtk_tree_model_iter_n_children(GTK_TREE_MODEL(picker->store), NULL) == 0;
    gtk_widget_set_visible(picker->none, empty && picker->info && *clean);
    g_free(clean);
}

/* ---- what the user does ---- */

static void on_search(GtkEntry *entry, Picker *picker)
{
    GtkTreeIter first;
    int index;
    fill(picker);
    gboolean any = gtk_tree_model_get_iter_first(GTK_TREE_MODEL(picker->store), &first);
    if (any && *gtk_entry_get_text(entry)) {
        gtk_tree_model_get(GTK_TREE_MODEL(picker->store), &first, COLUMN_INDEX, &index, -1);
        choose(picker, index);
    }
    select_row(picker, chosen_index(picker));
}

/* Enter would generate the class chosen before. */
static void on_activate(GtkEntry *entry, Picker *picker)
{
    if (gtk_widget_get_visible(picker->none))
        g_signal_stop_emission_by_name(entry, "activate");
}

static void on_selected(GtkTreeSelection *selection, Picker *picker)
{
    GtkTreeModel *model;
    GtkTreeIter iter;
    int index;
    if (picker->busy || !gtk_tree_selection_get_selected(selection, &model, &iter))
        return;
    gtk_tree_model_get(model, &iter, COLUMN_INDEX, &index, -1);
    picker->busy = TRUE; /* the row is where the user put it */
    choose(picker, index);
    picker->busy = FALSE;
    show_chosen(picker);
}

static void on_star(GtkToggleButton *star, Picker *picker)
{
    int index = chosen_index(picker);
    if (picker->busy || index < 0)
        return;
    char *name = edt_class_name(picker->info, index);
    edt_favourites_set(picker->favourites, name, gtk_toggle_button_get_active(star));
    fill(picker);
    select_row(picker, index);
    g_free(name);
}

static void on_random(GtkButton *button, Picker *picker)
{
    if (!picker->info)
        return;
    gtk_entry_set_text(GTK_ENTRY(picker->search), "");
    choose(picker, g_random_int_range(0, picker->info->n_classes));
    select_row(picker, chosen_index(picker));
}

static void on_setting(GObject *settings, GParamSpec *property, GtkWidget *widget)
{
    Picker *picker = picker_of(widget);
    show_chosen(picker);
    if (!picker->busy)
        select_row(picker, chosen_index(picker));
}

/* Synonyms as the row's tooltip: the list stays narrow. */
static gboolean on_tooltip(GtkWidget *list, int x, int y, gboolean keyboard, GtkTooltip *tooltip,
                           Picker *picker)
{
    GtkTreeModel *model;
    GtkTreeIter iter;
    GtkTreePath *path;
    int index, n;
    const EdtClass *classes = edt_imagenet_classes(&n);
    if (!picker->info || picker->info->class_list != EDT_CLASSES_IMAGENET ||
        !gtk_tree_view_get_tooltip_context(GTK_TREE_VIEW(list), &x, &y, keyboard, &model, &path,
                                           &iter))
        return FALSE;
    gtk_tree_model_get(model, &iter, COLUMN_INDEX, &index, -1);
    gboolean known = index >= 0 && index < n;
    if (known) {
        gtk_tooltip_set_text(tooltip, classes[index].synonyms);
        gtk_tree_view_set_tooltip_row(GTK_TREE_VIEW(list), tooltip, path);
    }
    gtk_tree_path_free(path);
    return known;
}

/* ---- making ---- */

static GtkWidget *new_list(Picker *picker)
{
    GtkWidget *scroller = gtk_scrolled_window_new(NULL, NULL);
    GtkTreeView *list;
    picker->store = gtk_list_store_new(N_COLUMNS, G_TYPE_INT, G_TYPE_STRING, G_TYPE_STRING);
    picker->list = gtk_tree_view_new_with_model(GTK_TREE_MODEL(picker->store));
    g_object_unref(picker->store);
    list = GTK_TREE_VIEW(picker->list);
    gtk_tree_view_set_headers_visible(list, FALSE);
    gtk_tree_view_set_enable_search(list, FALSE);
    gtk_tree_view_insert_column_with_attributes(list, -1, NULL, gtk_cell_renderer_text_new(),
                                                "text", COLUMN_NAME, NULL);
    gtk_tree_view_column_set_expand(gtk_tree_view_get_column(list, 0), TRUE);
    gtk_tree_view_insert_column_with_attributes(list, -1, NULL, gtk_cell_renderer_text_new(),
                                                "text", COLUMN_MARK, NULL);
    gtk_widget_set_has_tooltip(picker->list, TRUE);
    g_signal_connect(picker->list, "query-tooltip", G_CALLBACK(on_tooltip), picker);
    picker->selection = gtk_tree_view_get_selection(list);
    g_signal_connect(picker->selection, "changed", G_CALLBACK(on_selected), picker);
    atk_object_set_name(gtk_widget_get_accessible(picker->list), _("Classes"));
    gtk_scrolled_window_set_shadow_type(GTK_SCROLLED_WINDOW(scroller), GTK_SHADOW_IN);
    gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scroller), GTK_POLICY_NEVER,
                                   GTK_POLICY_AUTOMATIC);
    gtk_scrolled_window_set_min_content_height(GTK_SCROLLED_WINDOW(scroller), 84);
    gtk_widget_set_vexpand(scroller, TRUE);
    gtk_container_add(GTK_CONTAINER(scroller), picker->list);
    return scroller;
}

static GtkWidget *new_heading(Picker *picker)
{
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    GtkWidget *label = gtk_label_new_with_mnemonic(_("Cl_ass"));
    gtk_label_set_mnemonic_widget(GTK_LABEL(label), picker->search);
    picker->chosen = gtk_label_new(NULL);
    gtk_label_set_ellipsize(GTK_LABEL(picker->chosen), PANGO_ELLIPSIZE_END);
    gtk_label_set_xalign(GTK_LABEL(picker->chosen), 0);
    picker->star = gtk_toggle_button_new_with_mnemonic(_("Fa_vourite"));
    gtk_widget_set_tooltip_text(picker->star, _("Keep this class at the top of the list"));
    g_signal_connect(picker->star, "toggled", G_CALLBACK(on_star), picker);
    gtk_box_pack_start(GTK_BOX(row), label, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(row), picker->chosen, TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(row), picker->star, FALSE, FALSE, 0);
    return row;
}

static GtkWidget *new_search_row(Picker *picker)
{
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    GtkWidget *random = gtk_button_new_with_mnemonic(_("Surpr_ise me"));
    gtk_widget_set_tooltip_text(random, _("Choose a class at random"));
    g_signal_connect(random, "clicked", G_CALLBACK(on_random), picker);
    gtk_box_pack_start(GTK_BOX(row), picker->search, TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(row), random, FALSE, FALSE, 0);
    return row;
}

GtkWidget *edt_ui_picker_new(GObject *settings)
{
    Picker *picker = g_new0(Picker, 1);
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
    picker->settings = settings;
    picker->favourites = edt_favourites_load();
    picker->search = gtk_search_entry_new();
    gtk_entry_set_placeholder_text(GTK_ENTRY(picker->search), _("Name, synonym or number"));
    gtk_entry_set_activates_default(GTK_ENTRY(picker->search), TRUE);
    atk_object_set_name(gtk_widget_get_accessible(picker->search), _("Search classes"));
    /* not "search-changed": it comes a moment later, after an Enter */
    g_signal_connect(picker->search, "changed", G_CALLBACK(on_search), picker);
    g_signal_connect(picker->search, "activate", G_CALLBACK(on_activate), picker);
    picker->none = gtk_label_new(_("No class is called that."));
    gtk_widget_set_no_show_all(picker->none, TRUE);
    gtk_box_pack_start(GTK_BOX(box), new_heading(picker), FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(box), new_search_row(picker), FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(box), picker->none, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(box), new_list(picker), TRUE, TRUE, 0);
    g_object_set_data_full(G_OBJECT(box), "edt-picker", picker, picker_free);
    g_signal_connect_object(settings, "notify::class", G_CALLBACK(on_setting), box, 0);
    return box;
}

void edt_ui_picker_set_model(GtkWidget *widget, const EdtModelInfo *info)
{
    Picker *picker = picker_of(widget);
    picker->info = info;
    fill(picker);
    select_row(picker, chosen_index(picker));
    show_chosen(picker);
}

void edt_ui_picker_used(GtkWidget *widget, const char *class_name)
{
    Picker *picker = picker_of(widget);
    edt_favourites_used(picker->favourites, class_name);
    fill(picker);
    select_row(picker, chosen_index(picker));
}
