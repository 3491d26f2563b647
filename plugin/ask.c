/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See ask.h.  Classes, styles, colours and the model have the widgets of the large dialog (ui/);
 * the other rows are GIMP's.
 */
#include "plugin/ask.h"
#include "plugin/last.h"
#include "plugin/colours_row.h"
#include "plugin/process.h"
#include "plugin/window.h"
#include "ui/models.h"
#include "ui/picker.h"
#include "ui/styles.h"

#include <glib/gi18n.h>
#include <libgimp/gimpui.h>
#include <string.h>

#define BUTTONS 160 /* pixels that GIMP's buttons take */
#define HEIGHT 560
#define PICKERS 2

typedef struct Ask Ask;

typedef struct {
    Ask *ask;
    GtkWidget *widget;
    gboolean chosen; /* it is known of what */
} Choice;

struct Ask {
    GtkWidget *dialog, *styles, *models;
    Choice choices[PICKERS];
    int n;
    gboolean model; /* it makes pictures */
};

/* ---- what can be generated ---- */

static void update(Ask *ask)
{
    gboolean ready = ask->model;
    for (int i = 0; i < ask->n; i++)
        ready = ready && ask->choices[i].chosen;
    gtk_dialog_set_response_sensitive(GTK_DIALOG(ask->dialog), GTK_RESPONSE_OK, ready);
}

static void on_chosen(const char *missing, gpointer user_data)
{
    Choice *choice = user_data;
    choice->chosen = !missing;
    update(choice->ask);
}

static void on_model(const EdtModelInfo *info, gpointer user_data)
{
    Ask *ask = user_data;
    ask->model = info && edt_model_info_makes(info) != EDT_MAKES_LATENTS_ONLY;
    for (int i = 0; i < ask->n; i++)
        edt_ui_picker_set_model(ask->choices[i].widget, info);
    edt_ui_styles_set_model(ask->styles, info, edt_ui_models_by_hand(ask->models));
    update(ask);
}

/* ---- the left side ---- */

static void add_picker(Ask *ask, GtkWidget *box, GObject *config, const EdtPickerKind *kind)
{
    Choice *choice = &ask->choices[ask->n++];
    choice->ask = ask;
    choice->widget = edt_ui_picker_new(config, kind, NULL, on_chosen, choice);
    gtk_box_pack_start(GTK_BOX(box), choice->widget, FALSE, FALSE, 0);
}

static gboolean has(const char *const *rows, const char *name)
{
    return g_strv_contains(rows, name);
}

/* ---- the right side ---- */

/* A seed is a double that is whole. */
static GList *make_rows(GimpProcedureDialog *dialog, const char *const *rows)
{
    GList *names = NULL;
    for (int i = 0; rows[i]; i++) {
        if (g_str_has_suffix(rows[i], "class") || strcmp(rows[i], "model") == 0)
            continue;
        GtkWidget *row = gimp_procedure_dialog_get_widget(dialog, rows[i], G_TYPE_NONE);
        names = g_list_append(names, (gpointer)rows[i]);
        if (g_str_has_suffix(rows[i], "seed") && GIMP_IS_LABEL_SPIN(row))
            gimp_label_spin_set_digits(GIMP_LABEL_SPIN(row), 0);
    }
    return names;
}

static GtkWidget *new_right(Ask *ask, GObject *config, GList *names)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
    GtkWidget *rows =
        gimp_procedure_dialog_fill_box_list(GIMP_PROCEDURE_DIALOG(ask->dialog), "rows", names);
    ask->styles = edt_ui_styles_new(config);
    ask->models = edt_ui_models_new(config, on_model, ask);
    gtk_box_pack_start(GTK_BOX(box), ask->styles, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(box), rows, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(box), edt_colours_row(config), FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(box), ask->models, FALSE, FALSE, 0);
    return box;
}

/* Low screens have no place for all rows. */
static GtkWidget *new_scrolled(Ask *ask, GtkWidget *box)
{
    GtkWidget *scrolled = gtk_scrolled_window_new(NULL, NULL);
    GtkScrolledWindow *window = GTK_SCROLLED_WINDOW(scrolled);
    gtk_scrolled_window_set_policy(window, GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
    gtk_scrolled_window_set_overlay_scrolling(window, FALSE);
    gtk_scrolled_window_set_propagate_natural_height(window, TRUE);
    gtk_scrolled_window_set_max_content_height(window, edt_window_height(ask->dialog) - BUTTONS);
    gtk_container_add(GTK_CONTAINER(scrolled), box);
    return scrolled;
}

/* ---- the dialog ---- */

static void fill(Ask *ask, GObject *config, const char *const *rows, GList *names)
{
    GtkWidget *columns = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
    GtkWidget *content = gtk_dialog_get_content_area(GTK_DIALOG(ask->dialog));
    add_picker(ask, columns, config, &edt_picker_class);
    if (has(rows, edt_picker_last.property))
        add_picker(ask, columns, config, &edt_picker_last);
    gtk_box_pack_start(GTK_BOX(columns), new_scrolled(ask, new_right(ask, config, names)), TRUE,
                       TRUE, 0);
    gtk_box_pack_start(GTK_BOX(content), columns, TRUE, TRUE, 0);
    gtk_widget_show_all(columns);
    gtk_window_set_default_size(GTK_WINDOW(ask->dialog), -1,
                                MIN(HEIGHT, edt_window_height(ask->dialog)));
}

/* Over the large dialog, where it is opened from there: it waits for the answer, as its loop does.
 */
static void stand_over(GtkWidget *dialog)
{
    g_autoptr(GList) windows = gtk_window_list_toplevels();
    for (GList *each = windows; each; each = each->next)
        if (each->data != dialog && GIMP_IS_PROCEDURE_DIALOG(each->data)) {
            gtk_window_set_transient_for(GTK_WINDOW(dialog), each->data);
            gtk_window_set_modal(GTK_WINDOW(dialog), TRUE);
        }
}

static gboolean ask(GimpProcedure *procedure, GimpProcedureConfig *config, const char *title,
                    const char *const *rows)
{
    gimp_ui_init(PRGNAME);
    Ask ask = {.dialog = gimp_procedure_dialog_new(procedure, config, title)};
    GimpProcedureDialog *dialog = GIMP_PROCEDURE_DIALOG(ask.dialog);
    GList *names = make_rows(dialog, rows);
    stand_over(ask.dialog);
    edt_window_listen(ask.dialog);
    gimp_procedure_dialog_set_ok_label(dialog, _("_Generate"));
    fill(&ask, G_OBJECT(config), rows, names);
    edt_ui_models_start(ask.models);
    edt_thumbnails_make(edt_ui_picker_pictures(ask.choices[0].widget), edt_process_studio(),
                        edt_process_threads());
    edt_ui_picker_listen(ask.choices[0].widget);
    gboolean go = gimp_procedure_dialog_run(dialog);
    if (go)
        edt_last_values_save(config); /* however the run ends */
    gtk_widget_destroy(ask.dialog);
    g_list_free(names);
    return go;
}

gboolean edt_ask(GimpProcedure *procedure, GimpRunMode run_mode, GimpProcedureConfig *config,
                 const char *title, const char *const *rows, GError **error)
{
    return run_mode != GIMP_RUN_INTERACTIVE ||
           (edt_process_display(error) && ask(procedure, config, title, rows));
}
