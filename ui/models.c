/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The model chooser.  Reads the headers of the model files, never their weights.
 */
#include "ui/models.h"
#include "catalogue.h"
#include "machine.h"
#include "session/labels.h"
#include "session/order.h"
#include "ui/importer.h"
#include "ui/row.h"

#include <glib/gi18n.h>

typedef struct {
    GObject *settings;
    EdtModelChanged changed;
    gpointer user_data;
    GtkWidget *combo, *about;
    EdtModelInfo *info;
    gboolean busy, by_hand;
} Models;

static void models_free(gpointer data)
{
    Models *models = data;
    edt_model_info_free(models->info);
    g_free(models);
}

static Models *models_of(GtkWidget *widget)
{
    return g_object_get_data(G_OBJECT(widget), "edt-models");
}

/* ---- names ---- */

/* What the settings say of a file: its name, or its path where the name means another one. */
static char *word_for(const char *path)
{
    g_autofree char *name = edt_model_name(path), *found = edt_models_find(name, NULL);
    return g_strdup(g_strcmp0(found, path) == 0 ? name : path);
}

static char *label_for(const char *word, const EdtModelInfo *info)
{
    g_autofree char *name = g_path_get_basename(word);
    return g_strdup_printf(_("%s – %s, %d px"), name, edt_model_info_title(info), info->image_size);
}

/* ---- what is said about the chosen one ---- */

static char *missing_text(const GError *error)
{
    if (error)
        return g_strdup(error->message);
    return g_strdup(_("There is no model yet. Import a checkpoint of EDT and a VAE: it takes a "
                      "minute, and needs to be done once."));
}

static char *lacks_vae(const EdtModelInfo *info)
{
    g_autoptr(GError) error = NULL;
    return edt_order_makes_pictures(info, &error) ? NULL : g_strdup(error->message);
}

static char *lacks_memory(const EdtModelInfo *info)
{
    EdtEngineOptions options = {0};
    guint64 there = edt_memory_available(), needed = edt_memory_forecast(info, &options, 1);
    g_autofree char *memory = g_format_size(needed), *available = g_format_size(there);
    return there && needed > there
               ? g_strdup_printf(_("It needs about %s of memory, but only %s is free."), memory,
                                 available)
               : NULL;
}

/* What it is, and what is wrong with it. */
static char *about_text(const EdtModelInfo *info)
{
    g_autofree char *vae = lacks_vae(info), *memory = lacks_memory(info);
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, _("%s, %d × %d pixels, %d classes"), info->variant,
                           info->image_size, info->image_size, info->n_classes);
    if (info->licence && *info->licence)
        g_string_append_printf(text, _("\nLicence: %s"), info->licence);
    if (vae)
        g_string_append_printf(text, "\n%s", vae);
    if (memory)
        g_string_append_printf(text, "\n%s", memory);
    return g_string_free(text, FALSE);
}

static char *more_text(const EdtModelInfo *info)
{
    EdtEngineOptions options = {0};
    g_autofree char *file = g_format_size(info->file_bytes);
    g_autofree char *memory = g_format_size(edt_memory_forecast(info, &options, 1));
    g_autofree char *available = g_format_size(edt_memory_available());
    return g_strdup_printf(_("File of %s. Needs about %s of memory; %s is free."), file, memory,
                           available);
}

static void show_about(Models *models, const GError *error)
{
    g_autofree char *text = models->info ? about_text(models->info) : missing_text(error);
    g_autofree char *more = models->info ? more_text(models->info) : NULL;
    gtk_label_set_text(GTK_LABEL(models->about), text);
    gtk_widget_set_tooltip_text(models->about, more);
    gtk_widget_set_tooltip_text(models->combo, more);
}

/* Reads the model of the settings anew and tells everybody. */
static void look(Models *models)
{
    GError *error = NULL;
    char *word = NULL;
    g_object_get(models->settings, "model", &word, NULL);
    char *path = word && *word ? edt_models_find(word, &error) : edt_models_first(&error);
    EdtModelInfo *before = models->info;
    models->info = path ? edt_model_info_read(path, &error) : NULL;
    show_about(models, error);
    models->changed(models->info, models->user_data);
    edt_model_info_free(before);
    g_clear_error(&error);
    g_free(path);
    g_free(word);
}

/* ---- the list ---- */

static void add_model(Models *models, const char *path)
{
    EdtModelInfo *info = edt_model_info_read(path, NULL);
    if (!info)
        return; /* other files may lie in the folder */
    char *word = word_for(path);
    char *label = label_for(word, info);
    gtk_combo_box_text_append(GTK_COMBO_BOX_TEXT(models->combo), word, label);
    g_free(label);
    g_free(word);
    edt_model_info_free(info);
}

/* Shows the setting, which may name a model that is not in the list (any more). */
static void show_setting(Models *models)
{
    char *word = NULL;
    g_object_get(models->settings, "model", &word, NULL);
    models->busy = TRUE;
    if (!gtk_combo_box_set_active_id(GTK_COMBO_BOX(models->combo), word ? word : "") && word) {
        gtk_combo_box_text_append(GTK_COMBO_BOX_TEXT(models->combo), word, word);
        gtk_combo_box_set_active_id(GTK_COMBO_BOX(models->combo), word);
    }
    models->busy = FALSE;
    g_free(word);
}

/* "Automatic (stickers)" */
static char *label_for_any(void)
{
    g_autofree char *path = edt_models_first(NULL);
    g_autofree char *name = path ? edt_model_name(path) : NULL;
    return name ? g_strdup_printf(_("Automatic (%s)"), name) : g_strdup(_("Automatic"));
}

static void fill(Models *models)
{
    char **paths = edt_models_list();
    g_autofree char *any = label_for_any();
    models->busy = TRUE;
    gtk_combo_box_text_remove_all(GTK_COMBO_BOX_TEXT(models->combo));
    gtk_combo_box_text_append(GTK_COMBO_BOX_TEXT(models->combo), "", any);
    for (int i = 0; paths[i]; i++)
        add_model(models, paths[i]);
    models->busy = FALSE;
    g_strfreev(paths);
    show_setting(models);
}

static void on_combo(GtkComboBox *combo, Models *models)
{
    const char *word = gtk_combo_box_get_active_id(combo);
    if (models->busy || !word)
        return;
    models->by_hand = TRUE;
    g_object_set(models->settings, "model", word, NULL);
    models->by_hand = FALSE;
}

static void on_setting(GObject *settings, GParamSpec *property, GtkWidget *widget)
{
    show_setting(models_of(widget));
    look(models_of(widget));
}

static void on_imported(const char *path, gpointer widget)
{
    Models *models = models_of(widget);
    char *word = word_for(path);
    edt_labels_forget();
    fill(models);
    g_object_set(models->settings, "model", word, NULL);
    g_free(word);
}

static void on_import(GtkButton *button, GtkWidget *widget)
{
    GtkWidget *window = gtk_widget_get_toplevel(widget);
    edt_ui_importer_open(GTK_WINDOW(window), on_imported, widget);
}

/* ---- making ---- */

GtkWidget *edt_ui_models_new(GObject *settings, EdtModelChanged changed, gpointer user_data)
{
    Models *models = g_new0(Models, 1);
    GtkWidget *grid = gtk_grid_new();
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    GtkWidget *button = gtk_button_new_with_label(_("Import…"));
    *models = (Models){.settings = settings, .changed = changed, .user_data = user_data};
    models->combo = gtk_combo_box_text_new();
    GList *cells = gtk_cell_layout_get_cells(GTK_CELL_LAYOUT(models->combo));
    g_object_set(cells->data, "ellipsize", PANGO_ELLIPSIZE_MIDDLE, "width-chars", 16, NULL);
    g_list_free(cells);
    g_signal_connect(models->combo, "changed", G_CALLBACK(on_combo), models);
    gtk_widget_set_tooltip_text(button, _("Make a model from a checkpoint and a VAE"));
    gtk_box_pack_start(GTK_BOX(row), models->combo, TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(row), button, FALSE, FALSE, 0);
    models->about = gtk_label_new(NULL);
    gtk_label_set_line_wrap(GTK_LABEL(models->about), TRUE);
    gtk_label_set_xalign(GTK_LABEL(models->about), 0);
    gtk_label_set_width_chars(GTK_LABEL(models->about), 30);
    gtk_label_set_max_width_chars(GTK_LABEL(models->about), 40);
    gtk_style_context_add_class(gtk_widget_get_style_context(models->about), "dim-label");
    gtk_grid_set_row_spacing(GTK_GRID(grid), 6);
    gtk_grid_set_column_spacing(GTK_GRID(grid), 12);
    edt_ui_row_attach(GTK_GRID(grid), 0, _("M_odel"), row, models->combo, NULL);
    gtk_grid_attach(GTK_GRID(grid), models->about, 1, 1, 1, 1);
    g_object_set_data_full(G_OBJECT(grid), "edt-models", models, models_free);
    g_signal_connect(button, "clicked", G_CALLBACK(on_import), grid);
    g_signal_connect_object(settings, "notify::model", G_CALLBACK(on_setting), grid, 0);
    return grid;
}

void edt_ui_models_start(GtkWidget *widget)
{
    fill(models_of(widget));
    look(models_of(widget));
}

gboolean edt_ui_models_by_hand(GtkWidget *widget)
{
    return models_of(widget)->by_hand;
}

const EdtModelInfo *edt_ui_models_info(GtkWidget *widget)
{
    return models_of(widget)->info;
}

gboolean edt_ui_models_choose(GtkWidget *widget, const char *sha256)
{
    Models *models = models_of(widget);
    if (models->info && g_strcmp0(models->info->sha256, sha256) == 0)
        return TRUE;
    g_autofree char *path = sha256 ? edt_models_find_sha256(sha256) : NULL;
    g_autofree char *word = path ? word_for(path) : NULL;
    if (word)
        g_object_set(models->settings, "model", word, NULL);
    return word != NULL;
}
