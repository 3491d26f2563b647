/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The chooser lives until it is answered, also where its widget goes before.  The next one begins
 * in the folder that was chosen last.
 */
#include "ui/save_as.h"
#include "saving.h"

#include <glib/gi18n.h>

typedef struct {
    char *path;
    GtkWidget *widget; /* NULL: it is gone */
    EdtSaved said;
    gpointer user_data;
} Saving;

static char *last_folder;

static void saving_free(gpointer data, GClosure *closure)
{
    Saving *saving = data;
    if (saving->widget)
        g_object_remove_weak_pointer(G_OBJECT(saving->widget), (gpointer *)&saving->widget);
    g_free(saving->path);
    g_free(saving);
}

gboolean edt_ui_save_copy(const char *path, const char *to, GError **error)
{
    g_autofree char *bytes = NULL;
    gsize length;
    return g_file_get_contents(path, &bytes, &length, error) &&
           edt_save_bytes(to, bytes, length, EDT_WRITE_REPLACE, NULL, error);
}

static void save(const Saving *saving, const char *to)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *shown = g_filename_display_name(to), *text = NULL;
    gboolean ok = edt_ui_save_copy(saving->path, to, &error);
    text = ok ? g_strdup_printf(_("Saved as “%s”."), shown) : g_strdup(error->message);
    if (saving->widget)
        saving->said(ok ? GTK_MESSAGE_INFO : GTK_MESSAGE_ERROR, text, saving->user_data);
}

static void on_response(GtkNativeDialog *chooser, int response, Saving *saving)
{
    g_autofree char *to = gtk_file_chooser_get_filename(GTK_FILE_CHOOSER(chooser));
    if (response == GTK_RESPONSE_ACCEPT && to) {
        g_free(last_folder);
        last_folder = g_path_get_dirname(to);
        save(saving, to);
    }
    gtk_native_dialog_destroy(chooser);
    g_object_unref(chooser);
}

static const char *first_folder(void)
{
    const char *pictures = g_get_user_special_dir(G_USER_DIRECTORY_PICTURES);
    return last_folder ? last_folder : pictures ? pictures : g_get_home_dir();
}

/* As a name in any folder. */
static char *file_name(const char *name)
{
    g_autofree char *plain = g_strdelimit(g_strdup(name), "/\\:\n", '-');
    return g_strconcat(plain, ".png", NULL);
}

void edt_ui_save_as(GtkWidget *widget, const char *path, const char *name, EdtSaved said,
                    gpointer user_data)
{
    GtkWindow *window = GTK_WINDOW(gtk_widget_get_toplevel(widget));
    GtkFileChooserNative *chooser = gtk_file_chooser_native_new(
        _("Save the Picture as"), window, GTK_FILE_CHOOSER_ACTION_SAVE, _("_Save"), _("_Cancel"));
    g_autofree char *proposed = file_name(name);
    Saving *saving = g_new(Saving, 1);
    *saving = (Saving){g_strdup(path), widget, said, user_data};
    g_object_add_weak_pointer(G_OBJECT(widget), (gpointer *)&saving->widget);
    gtk_native_dialog_set_modal(GTK_NATIVE_DIALOG(chooser), TRUE);
    gtk_file_chooser_set_do_overwrite_confirmation(GTK_FILE_CHOOSER(chooser), TRUE);
    gtk_file_chooser_set_current_folder(GTK_FILE_CHOOSER(chooser), first_folder());
    gtk_file_chooser_set_current_name(GTK_FILE_CHOOSER(chooser), proposed);
    g_signal_connect_data(chooser, "response", G_CALLBACK(on_response), saving, saving_free, 0);
    gtk_native_dialog_show(GTK_NATIVE_DIALOG(chooser));
}
