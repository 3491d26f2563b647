/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The import dialog.  The child's events come as JSON, one object a line; the last one says which
 * model it made or, in a sentence, why none.
 */
#include "ui/importer.h"
#include "base/installed.h"
#include "catalogue.h"
#include "ui/row.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <json-glib/json-glib.h>
#include <signal.h>
#include <string.h>

typedef struct {
    GtkWidget *dialog, *checkpoint, *vae, *name, *type, *replace, *bar, *notice, *message, *start;
    GtkWidget *without_vae;
    GSubprocess *child; /* NULL: none runs */
    GDataInputStream *events;
    GCancellable *cancellable;
    char *model;
    EdtImported imported;
    gpointer user_data;
} Importer;

/* ---- the program ---- */

static char *find_program(void)
{
    char *found = edt_installed_part(EDT_PART_PROGRAM);
    return found ? found : g_find_program_in_path("edt");
}

/* ---- the child's events ---- */

/* The engine's sentences may end with what a library said. */
static void say(Importer *importer, const char *text)
{
    gboolean open =
        *text && g_unichar_isalnum(g_utf8_get_char(g_utf8_prev_char(text + strlen(text))));
    g_autofree char *whole = g_strconcat(text, open ? "." : "", NULL);
    gtk_label_set_text(GTK_LABEL(importer->message), whole);
    gtk_widget_set_visible(importer->notice, *text != '\0');
}

static void show_progress(Importer *importer, JsonObject *event)
{
    double done = json_object_get_double_member_with_default(event, "done", 0);
    double total = json_object_get_double_member_with_default(event, "total", 0);
    GtkProgressBar *bar = GTK_PROGRESS_BAR(importer->bar);
    gtk_progress_bar_set_fraction(bar, total > 0 ? CLAMP(done / total, 0, 1) : 0);
    gtk_progress_bar_set_text(bar, json_object_get_string_member_with_default(event, "what", ""));
}

static void take_event(Importer *importer, const char *line)
{
    JsonNode *node = json_from_string(line, NULL);
    JsonObject *event = node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
    const char *kind = event ? json_object_get_string_member_with_default(event, "event", "") : "";
    if (g_str_equal(kind, "progress"))
        show_progress(importer, event);
    else if (g_str_equal(kind, "error"))
        say(importer, json_object_get_string_member_with_default(event, "message", ""));
    else if (g_str_equal(kind, "model"))
        importer->model = g_strdup(json_object_get_string_member_with_default(event, "path", NULL));
    g_clear_pointer(&node, json_node_unref);
}

static void set_running(Importer *importer, gboolean running)
{
    gtk_widget_set_sensitive(importer->checkpoint, !running);
    gtk_widget_set_sensitive(importer->vae, !running);
    gtk_widget_set_sensitive(importer->name, !running);
    gtk_widget_set_sensitive(importer->type, !running);
    gtk_widget_set_sensitive(importer->replace, !running);
    gtk_widget_set_sensitive(importer->start, !running);
    gtk_widget_set_visible(importer->bar, running);
}

/* The child closed its stdout: it has said all. */
static void child_ended(Importer *importer)
{
    g_clear_object(&importer->events);
    g_clear_object(&importer->child);
    set_running(importer, FALSE);
    if (importer->model)
        gtk_dialog_response(GTK_DIALOG(importer->dialog), GTK_RESPONSE_ACCEPT);
    else if (!*gtk_label_get_text(GTK_LABEL(importer->message)))
        say(importer, _("The import stopped without saying why."));
}

static void on_line(GObject *stream, GAsyncResult *result, gpointer user_data)
{
    GError *error = NULL;
    char *line = g_data_input_stream_read_line_finish_utf8(G_DATA_INPUT_STREAM(stream), result,
                                                           NULL, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) { /* the dialog is gone */
        g_error_free(error);
        return;
    }
    Importer *importer = user_data;
    if (line)
        take_event(importer, line);
    if (line)
        g_data_input_stream_read_line_async(importer->events, 0, importer->cancellable, on_line,
                                            importer);
    else
        child_ended(importer);
    g_clear_error(&error);
    g_free(line);
}

/* ---- starting ---- */

/* Where a model of this name goes, or NULL: named like its checkpoint. */
static char *output_of(const Importer *importer)
{
    g_autofree char *name = g_strstrip(g_strdup(gtk_entry_get_text(GTK_ENTRY(importer->name))));
    g_strdelimit(name, "/", '-');
    g_autofree char *file = g_strconcat(name, ".safetensors", NULL);
    g_autofree char *folder = edt_models_own_folder();
    if (!*name)
        return NULL;
    g_mkdir_with_parents(folder, 0777); /* where that fails, edt says why */
    return g_build_filename(folder, file, NULL);
}

static GPtrArray *command(const Importer *importer, const char *program)
{
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
    char *vae = gtk_file_chooser_get_filename(GTK_FILE_CHOOSER(importer->vae));
    char *output = output_of(importer);
    g_ptr_array_add(words, g_strdup(program));
    g_ptr_array_add(words, g_strdup("import"));
    g_ptr_array_add(words, g_strdup("--json"));
    g_ptr_array_add(words, g_strdup("--type"));
    g_ptr_array_add(words, g_strdup(gtk_combo_box_get_active_id(GTK_COMBO_BOX(importer->type))));
    if (vae) {
        g_ptr_array_add(words, g_strdup("--vae"));
        g_ptr_array_add(words, vae);
    }
    if (output) {
        g_ptr_array_add(words, g_strdup("--output"));
        g_ptr_array_add(words, output);
    }
    if (gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(importer->replace)))
        g_ptr_array_add(words, g_strdup("--force"));
    g_ptr_array_add(words, g_strdup("--"));
    g_ptr_array_add(words, gtk_file_chooser_get_filename(GTK_FILE_CHOOSER(importer->checkpoint)));
    g_ptr_array_add(words, NULL);
    return words;
}

/* With the translations of this dialog: the child's messages are shown in it. */
static GSubprocess *spawn(const char *const *words, GError **error)
{
    GSubprocessLauncher *launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                                                              G_SUBPROCESS_FLAGS_STDERR_SILENCE);
    const char *folder = bindtextdomain(GETTEXT_PACKAGE, NULL);
    if (folder)
        g_subprocess_launcher_setenv(launcher, "EDT_LOCALE_DIR", folder, TRUE);
    GSubprocess *child = g_subprocess_launcher_spawnv(launcher, words, error);
    g_object_unref(launcher);
    return child;
}

static void start(Importer *importer)
{
    GError *error = NULL;
    char *program = find_program();
    if (!program) {
        say(importer, _("The program “edt” was not found: install it, or set EDT_PROGRAM."));
        return;
    }
    GPtrArray *words = command(importer, program);
    importer->child = spawn((const char *const *)words->pdata, &error);
    g_ptr_array_unref(words);
    g_free(program);
    if (!importer->child) {
        say(importer, error->message);
        g_error_free(error);
        return;
    }
    say(importer, "");
    set_running(importer, TRUE);
    importer->events = g_data_input_stream_new(g_subprocess_get_stdout_pipe(importer->child));
    g_data_input_stream_read_line_async(importer->events, 0, importer->cancellable, on_line,
                                        importer);
}

/* "edt-s" of "/models/edt-s.pt" */
static char *stem_of(const char *path)
{
    g_autofree char *base = g_path_get_basename(path);
    char *end = g_strrstr(base, ".");
    return end && end > base ? g_strndup(base, (gsize)(end - base)) : g_strdup(base);
}

/* What will come of it is said before. */
static void on_file(GtkFileChooser *chooser, Importer *importer)
{
    g_autofree char *checkpoint =
        gtk_file_chooser_get_filename(GTK_FILE_CHOOSER(importer->checkpoint));
    g_autofree char *vae = gtk_file_chooser_get_filename(GTK_FILE_CHOOSER(importer->vae));
    g_autofree char *stem = checkpoint ? stem_of(checkpoint) : NULL;
    gtk_entry_set_placeholder_text(GTK_ENTRY(importer->name), stem ? stem : "");
    gtk_widget_set_sensitive(importer->start, checkpoint != NULL);
    gtk_widget_set_visible(importer->without_vae, checkpoint && !vae);
}

/* ---- the dialog ---- */

static GtkWidget *new_chooser(const char *title, const char *kind, const char *const *patterns)
{
    GtkWidget *chooser = gtk_file_chooser_button_new(title, GTK_FILE_CHOOSER_ACTION_OPEN);
    GtkFileFilter *fitting = gtk_file_filter_new(), *all = gtk_file_filter_new();
    gtk_file_filter_set_name(fitting, kind);
    gtk_file_filter_set_name(all, _("All files"));
    gtk_file_filter_add_pattern(all, "*");
    for (int i = 0; patterns[i]; i++)
        gtk_file_filter_add_pattern(fitting, patterns[i]);
    gtk_file_chooser_add_filter(GTK_FILE_CHOOSER(chooser), fitting);
    gtk_file_chooser_add_filter(GTK_FILE_CHOOSER(chooser), all);
    gtk_file_chooser_button_set_width_chars(GTK_FILE_CHOOSER_BUTTON(chooser), 32);
    return chooser;
}

static GtkWidget *new_label(const char *text)
{
    GtkWidget *label = gtk_label_new(text);
    gtk_label_set_line_wrap(GTK_LABEL(label), TRUE);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_max_width_chars(GTK_LABEL(label), 60);
    gtk_label_set_selectable(GTK_LABEL(label), TRUE);
    return label;
}

/* What went wrong, with a sign. */
static GtkWidget *new_notice(Importer *importer)
{
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
    importer->message = new_label("");
    gtk_box_pack_start(GTK_BOX(row),
                       gtk_image_new_from_icon_name("dialog-error", GTK_ICON_SIZE_DND), FALSE,
                       FALSE, 0);
    gtk_box_pack_start(GTK_BOX(row), importer->message, TRUE, TRUE, 0);
    return row;
}

static GtkWidget *new_grid(Importer *importer)
{
    static const char *const checkpoints[] = {"*.pt", "*.pth", "*.safetensors", NULL};
    static const char *const vaes[] = {"*.safetensors", "*.bin", "*.ckpt", "*.pt", NULL};
    GtkWidget *grid = gtk_grid_new();
    gtk_grid_set_row_spacing(GTK_GRID(grid), 6);
    gtk_grid_set_column_spacing(GTK_GRID(grid), 12);
    importer->checkpoint =
        new_chooser(_("Choose an EDT checkpoint"), _("Checkpoints"), checkpoints);
    importer->vae = new_chooser(_("Choose a VAE"), _("Autoencoders"), vaes);
    importer->type = gtk_combo_box_text_new();
    gtk_combo_box_text_append(GTK_COMBO_BOX_TEXT(importer->type), "f32", _("Exact (f32)"));
    gtk_combo_box_text_append(GTK_COMBO_BOX_TEXT(importer->type), "bf16",
                              _("Half the size (bf16)"));
    gtk_combo_box_set_active_id(GTK_COMBO_BOX(importer->type), "f32");
    g_signal_connect(importer->checkpoint, "selection-changed", G_CALLBACK(on_file), importer);
    g_signal_connect(importer->vae, "selection-changed", G_CALLBACK(on_file), importer);
    importer->name = gtk_entry_new();
    edt_ui_row_attach(GTK_GRID(grid), 0, _("Chec_kpoint"), importer->checkpoint,
                      importer->checkpoint, _("The weights of EDT: .pt, .pth or .safetensors"));
    edt_ui_row_attach(GTK_GRID(grid), 1, _("_Autoencoder (VAE)"), importer->vae, importer->vae,
                      _("The VAE of Stable Diffusion: sd-vae-ft-ema or sd-vae-ft-mse"));
    edt_ui_row_attach(GTK_GRID(grid), 2, _("_Name"), importer->name, importer->name,
                      _("What the model is called; empty: like its checkpoint"));
    edt_ui_row_attach(GTK_GRID(grid), 3, _("_Store as"), importer->type, importer->type, NULL);
    importer->replace = gtk_check_button_new_with_mnemonic(_("_Replace a model of the same name"));
    gtk_widget_set_tooltip_text(importer->replace,
                                _("Without this tick, a model that is already there is kept"));
    gtk_grid_attach(GTK_GRID(grid), importer->replace, 1, 4, 1, 1);
    return grid;
}

static GtkWidget *new_dialog(Importer *importer, GtkWindow *parent)
{
    GtkWidget *dialog = gtk_dialog_new_with_buttons(
        _("Import a Model"), parent, GTK_DIALOG_MODAL | GTK_DIALOG_DESTROY_WITH_PARENT, _("_Close"),
        GTK_RESPONSE_CANCEL, NULL);
    GtkWidget *box = gtk_dialog_get_content_area(GTK_DIALOG(dialog));
    importer->start = gtk_dialog_add_button(GTK_DIALOG(dialog), _("_Import"), GTK_RESPONSE_OK);
    gtk_widget_set_sensitive(importer->start, FALSE);
    gtk_dialog_set_default_response(GTK_DIALOG(dialog), GTK_RESPONSE_OK);
    gtk_container_set_border_width(GTK_CONTAINER(dialog), 12);
    gtk_box_set_spacing(GTK_BOX(box), 12);
    importer->bar = gtk_progress_bar_new();
    gtk_progress_bar_set_show_text(GTK_PROGRESS_BAR(importer->bar), TRUE);
    edt_ui_name(importer->bar, _("Import progress"));
    importer->notice = new_notice(importer);
    importer->without_vae =
        new_label(_("Without an autoencoder, only models that work on pixels make pictures; those "
                    "of the EDT authors need one."));
    gtk_container_add(GTK_CONTAINER(box),
                      new_label(_("A model is made from a checkpoint of the EDT authors and the "
                                  "autoencoder of Stable Diffusion. Nothing in the files is "
                                  "executed, and the files stay as they are.")));
    gtk_container_add(
        GTK_CONTAINER(box),
        new_label(_("The authors have their checkpoints at github.com/xinwangChen/EDT; the "
                    "autoencoder is “sd-vae-ft-ema” at huggingface.co/stabilityai. "
                    "Files can be dropped here, too.")));
    gtk_container_add(GTK_CONTAINER(box), new_grid(importer));
    gtk_container_add(GTK_CONTAINER(box), importer->bar);
    gtk_container_add(GTK_CONTAINER(box), importer->without_vae);
    gtk_container_add(GTK_CONTAINER(box), importer->notice);
    gtk_widget_show_all(box);
    gtk_widget_hide(importer->bar);
    gtk_widget_hide(importer->without_vae);
    gtk_widget_hide(importer->notice);
    return dialog;
}

/* The dialog is gone: a read that is still under way hears of it and touches nothing. */
static void on_destroy(GtkWidget *dialog, Importer *importer)
{
    g_cancellable_cancel(importer->cancellable);
    if (importer->child)
        g_subprocess_send_signal(importer->child, SIGINT); /* it removes what it began */
    g_clear_object(&importer->events);
    g_clear_object(&importer->child);
    g_object_unref(importer->cancellable);
    g_free(importer->model);
    g_free(importer);
}

static void on_response(GtkDialog *dialog, int response, Importer *importer)
{
    if (response == GTK_RESPONSE_OK) {
        start(importer);
        return;
    }
    if (response == GTK_RESPONSE_ACCEPT)
        importer->imported(importer->model, importer->user_data);
    gtk_widget_destroy(GTK_WIDGET(dialog));
}

/* No gtk_dialog_run(): a main loop within a click would shut out screen readers. */
void edt_ui_importer_open(GtkWindow *parent, EdtImported imported, gpointer user_data)
{
    Importer *importer = g_new0(Importer, 1);
    importer->cancellable = g_cancellable_new();
    importer->imported = imported;
    importer->user_data = user_data;
    importer->dialog = new_dialog(importer, parent);
    g_signal_connect(importer->dialog, "response", G_CALLBACK(on_response), importer);
    g_signal_connect(importer->dialog, "destroy", G_CALLBACK(on_destroy), importer);
    gtk_window_present(GTK_WINDOW(importer->dialog));
}
