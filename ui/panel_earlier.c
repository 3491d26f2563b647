/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Earlier pictures: shown, inserted, and their settings restored, with what then would make another
 * picture than the one that is shown.
 */
#include "ui/panel_state.h"
#include "history.h"
#include "record.h"
#include "session/properties.h"
#include "session/words.h"
#include "ui/models.h"
#include "ui/stage.h"
#include "ui/strip.h"

#include <glib/gi18n.h>

/* ---- their settings ---- */

static void add_sentence(GString *text, const char *sentence)
{
    g_string_append_printf(text, "%s%s", text->len ? "\n" : "", sentence);
}

/* What makes another picture of the same settings, and what has changed out of sight. */
static void warn_of_another(EdtPanel *panel, gboolean found, gboolean whole,
                            const EdtRecord *record, gboolean new_precision)
{
    int done = record->steps_done, steps = record->request.steps;
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *class = NULL;
    g_object_get(panel->settings, "class", &class, NULL);
    if (!found)
        add_sentence(text, _("The model of this picture is not on this machine: this one makes "
                             "another picture of the same settings."));
    if ((!class || !*class) && record->class_name) {
        g_autofree char *unknown = g_strdup_printf(
            _("This model has no class “%s”: choose another one."), record->class_name);
        add_sentence(text, unknown);
    }
    if (done > 0 && done < steps) {
        g_autofree char *stopped = g_strdup_printf(
            _("This picture was stopped after step %d of %d; all steps make another one."), done,
            steps);
        add_sentence(text, stopped);
    }
    if (record->source || record->mask)
        add_sentence(text,
                     _("This picture did not start from nothing: choose under Start from what "
                       "the next one starts from."));
    if (!whole)
        add_sentence(text, _("This picture is mixed or varied in more ways than the dialog has "
                             "settings for: they make another one."));
    GtkMessageType type = text->len ? GTK_MESSAGE_WARNING : GTK_MESSAGE_INFO;
    if (new_precision)
        add_sentence(text, _("Under More settings, the precision is now the one of this picture."));
    edt_ui_panel_say(panel->self, type, text->len ? text->str : NULL);
}

/* The model first: class and style are named in its words. */
static void restore(EdtPanel *panel, const EdtRecord *record)
{
    gboolean found = edt_ui_models_choose(panel->models, record->model_sha256);
    g_autofree char *before = NULL, *now = NULL;
    g_object_get(panel->settings, "precision", &before, NULL);
    gboolean whole =
        edt_properties_restore(panel->settings, edt_ui_models_info(panel->models), record);
    g_object_get(panel->settings, "precision", &now, NULL);
    warn_of_another(panel, found, whole, record, g_strcmp0(before, now) != 0);
}

/* Another seed would be another picture. */
static gboolean takes_seed(guint64 seed, GError **error)
{
    char number[24];
    if (seed <= (guint64)EDT_SEED_MAX)
        return TRUE;
    g_snprintf(number, sizeof number, "%" G_GUINT64_FORMAT, seed);
    g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED,
                _("The seed of this picture, %s, is larger than the dialog can take; its settings "
                  "were not restored."),
                number);
    return FALSE;
}

static gboolean restore_all(EdtPanel *panel, const EdtRecord *record)
{
    g_autoptr(GError) error = NULL;
    if (takes_seed(record->item.seed, &error))
        restore(panel, record);
    else
        edt_ui_panel_say(panel->self, GTK_MESSAGE_ERROR, error->message);
    return !error;
}

void edt_ui_panel_use(GtkWidget *widget, const EdtRecord *record)
{
    restore_all(edt_panel_of(widget), record);
}

void edt_ui_panel_restore(GtkWidget *widget, const EdtRecord *record, GdkPixbuf *picture)
{
    EdtPanel *panel = edt_panel_of(widget);
    if (restore_all(panel, record))
        edt_ui_stage_show_picture(panel->stage, picture, record);
}

void edt_panel_keep_seed(guint64 seed, gpointer user_data)
{
    EdtPanel *panel = user_data;
    g_autoptr(GError) error = NULL;
    if (takes_seed(seed, &error))
        g_object_set(panel->settings, "seed", (double)seed, NULL);
    else
        edt_ui_panel_say(panel->self, GTK_MESSAGE_ERROR, error->message);
}

/* ---- in the preview ---- */

void edt_panel_show_last(EdtPanel *panel)
{
    g_auto(GStrv) paths = edt_history_list(1);
    g_autoptr(EdtRecord) record = paths[0] ? edt_png_record(paths[0], NULL) : NULL;
    g_autoptr(GdkPixbuf) picture = record ? gdk_pixbuf_new_from_file(paths[0], NULL) : NULL;
    if (record)
        edt_ui_stage_show_picture(panel->stage, picture, record);
}

/* ---- in the strip ---- */

/* The record of an earlier picture, which is shown. */
static EdtRecord *show_earlier(EdtPanel *panel, const char *path)
{
    g_autoptr(GError) error = NULL;
    EdtRecord *record = edt_png_record(path, &error);
    g_autoptr(GdkPixbuf) picture = gdk_pixbuf_new_from_file(path, NULL);
    if (record)
        edt_ui_stage_look(panel->stage, picture, record);
    else
        edt_ui_panel_say(panel->self, GTK_MESSAGE_ERROR, error->message);
    return record;
}

static void on_show(const char *path, gpointer user_data)
{
    edt_record_free(show_earlier(user_data, path));
}

static void on_restore(const char *path, gpointer user_data)
{
    EdtPanel *panel = user_data;
    g_autoptr(EdtRecord) record = show_earlier(panel, path);
    if (record)
        restore_all(panel, record);
}

static void on_insert(const char *path, gpointer user_data)
{
    EdtPanel *panel = user_data;
    panel->events.insert(path, panel->user_data);
}

static void on_say(GtkMessageType type, const char *text, gpointer user_data)
{
    edt_ui_panel_say(((EdtPanel *)user_data)->self, type, text);
}

GtkWidget *edt_panel_new_strip(EdtPanel *panel)
{
    static const EdtStripEvents events = {on_show, on_insert, on_restore, on_say};
    return edt_ui_strip_new(&events, panel);
}
