/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Draws the tiles of a frame as large as they fit; the finished picture replaces its previews at
 * its own resolution.
 */
#include "ui/preview.h"
#include "ui/row.h"
#include "ui/seen.h"

#include <glib/gi18n.h>
#include <math.h>

#define GAP 6
#define STEP 200 /* milliseconds from picture to picture of a place, as GIMP's ants march */
#define SIDE_MIN 200

typedef struct {
    GtkWidget *area, *caption, *seen;
    GPtrArray *pixbufs; /* of GdkPixbuf; NULL elements: no preview yet */
    GPtrArray *place;   /* of GdkPixbuf, one after the other the first one of those; or NULL */
    guint step, timer;
    gboolean plays, back; /* one picture after the other, there and back */
    EdtShown *shown;
    int n_shown;
    char *all;
    int alone; /* the one that is shown alone; -1: all of them */
    EdtChecks checks;
} Preview;

static void unref_pixbuf(gpointer pixbuf)
{
    if (pixbuf)
        g_object_unref(pixbuf);
}

static void forget(Preview *preview)
{
    for (int i = 0; i < preview->n_shown; i++)
        edt_ui_shown_clear(&preview->shown[i]);
    g_clear_pointer(&preview->shown, g_free);
    g_clear_pointer(&preview->all, g_free);
    preview->n_shown = 0;
    g_ptr_array_set_size(preview->pixbufs, 0);
    g_clear_handle_id(&preview->timer, g_source_remove);
    g_clear_pointer(&preview->place, g_ptr_array_unref);
    preview->plays = FALSE;
}

static void preview_free(gpointer data)
{
    Preview *preview = data;
    forget(preview);
    g_ptr_array_unref(preview->pixbufs);
    g_free(preview);
}

static Preview *preview_of(GtkWidget *widget)
{
    return g_object_get_data(G_OBJECT(widget), "edt-preview");
}

/* ---- where the tiles are ---- */

typedef struct {
    int n, columns;
    double side, left, top;
} Grid;

/* Of those that are played, or the one that was asked for; -1: all. */
static int alone_now(const Preview *preview)
{
    int n = (int)preview->pixbufs->len, period = preview->back ? 2 * n - 2 : n;
    if (!preview->plays || n < 2)
        return preview->alone;
    int i = (int)preview->step % period;
    return i < n ? i : period - i;
}

static Grid grid_of(const Preview *preview)
{
    double width = gtk_widget_get_allocated_width(preview->area);
    double height = gtk_widget_get_allocated_height(preview->area);
    Grid grid = {.n = alone_now(preview) >= 0 ? 1 : MAX((int)preview->pixbufs->len, 1)};
    int rows;
    grid.columns = edt_ui_tile_columns(grid.n, width, height, GAP, &grid.side, &rows);
    grid.left = floor((width - grid.columns * grid.side - GAP * (grid.columns - 1)) / 2);
    grid.top = floor((height - rows * grid.side - GAP * (rows - 1)) / 2);
    return grid;
}

/* The tile at a place, or -1. */
static int tile_at(const Preview *preview, double x, double y)
{
    Grid grid = grid_of(preview);
    int column = (int)floor((x - grid.left) / (grid.side + GAP));
    int row = (int)floor((y - grid.top) / (grid.side + GAP));
    int tile = row * grid.columns + column;
    return column >= 0 && column < grid.columns && row >= 0 && tile < grid.n ? tile : -1;
}

/* ---- drawing ---- */

static GdkPixbuf *pixbuf_at(const Preview *preview, int i)
{
    return i < (int)preview->pixbufs->len ? g_ptr_array_index(preview->pixbufs, i) : NULL;
}

static gboolean draw(GtkWidget *area, cairo_t *cr, Preview *preview)
{
    Grid grid = grid_of(preview);
    if (grid.side < 1)
        return FALSE;
    for (int i = 0; i < grid.n; i++)
        edt_ui_tile_draw(cr, &preview->checks, pixbuf_at(preview, MAX(alone_now(preview), 0) + i),
                         grid.left + i % grid.columns * (grid.side + GAP),
                         grid.top + i / grid.columns * (grid.side + GAP), grid.side);
    return FALSE;
}

/* ---- what it shows ---- */

/* The one that is shown, if it is one. */
static const EdtShown *shown_now(const Preview *preview)
{
    if (preview->n_shown == 1)
        return &preview->shown[0];
    return preview->alone >= 0 && preview->alone < preview->n_shown
               ? &preview->shown[preview->alone]
               : NULL;
}

static void show_caption(Preview *preview)
{
    const EdtShown *one = shown_now(preview);
    const char *text = one ? one->caption : preview->all ? preview->all : "";
    edt_ui_caption_show(preview->caption, one, preview->all, preview->n_shown > 1);
    atk_object_set_description(gtk_widget_get_accessible(preview->area), text);
    gtk_widget_set_can_focus(preview->area, preview->n_shown > 1);
    gtk_widget_queue_draw(preview->area);
}

static void stop_playing(Preview *preview)
{
    if (preview->plays)
        g_clear_handle_id(&preview->timer, g_source_remove);
    preview->plays = FALSE;
}

static void set_alone(Preview *preview, int tile)
{
    stop_playing(preview);
    preview->alone = CLAMP(tile, -1, preview->n_shown - 1);
    show_caption(preview);
}

static gboolean on_press(GtkWidget *area, GdkEventButton *event, Preview *preview)
{
    int tile = tile_at(preview, event->x, event->y);
    if (event->type != GDK_BUTTON_PRESS || preview->n_shown < 2 || tile < 0)
        return FALSE;
    set_alone(preview, alone_now(preview) >= 0 ? -1 : tile);
    return TRUE;
}

/* Right and left go through them, Escape back to all. */
static gboolean on_key(GtkWidget *area, GdkEventKey *event, Preview *preview)
{
    if (preview->n_shown < 2)
        return FALSE;
    if (event->keyval == GDK_KEY_Right)
        set_alone(preview, preview->alone + 1);
    else if (event->keyval == GDK_KEY_Left && preview->alone >= 0)
        set_alone(preview, preview->alone - 1);
    else if (event->keyval == GDK_KEY_Escape && alone_now(preview) >= 0)
        set_alone(preview, -1);
    else
        return FALSE;
    return TRUE;
}

/* ---- contents ---- */

void edt_ui_preview_begin(GtkWidget *widget, const EdtShown *shown, int n, const char *all)
{
    Preview *preview = preview_of(widget);
    forget(preview);
    preview->shown = g_memdup2(shown, sizeof *shown * (gsize)n);
    for (int i = 0; i < n; i++)
        preview->shown[i] = (EdtShown){g_strdup(shown[i].caption), shown[i].seed,
                                       g_strdup(shown[i].class_name), g_strdup(shown[i].record)};
    preview->n_shown = n;
    preview->all = g_strdup(all);
    preview->alone = -1;
    g_ptr_array_set_size(preview->pixbufs, n);
    show_caption(preview);
}

void edt_ui_preview_show(GtkWidget *widget, const EdtTile *tiles, int n)
{
    Preview *preview = preview_of(widget);
    g_ptr_array_set_size(preview->pixbufs, 0);
    for (int i = 0; i < n; i++)
        g_ptr_array_add(preview->pixbufs, edt_ui_tile_pixbuf(&tiles[i]));
    gtk_widget_queue_draw(preview->area);
}

void edt_ui_preview_finish(GtkWidget *widget, const EdtPictures *pictures,
                           const char *const *records)
{
    Preview *preview = preview_of(widget);
    for (int i = 0; i < MIN(pictures->n_pictures, preview->n_shown); i++) {
        gpointer *place = &g_ptr_array_index(preview->pixbufs, i);
        unref_pixbuf(*place);
        *place = edt_ui_picture_pixbuf(&pictures->pictures[i]);
        g_set_str(&preview->shown[i].record, records[i]);
    }
    show_caption(preview);
}

void edt_ui_preview_show_seen(GtkWidget *widget, GdkPixbuf *picture)
{
    edt_ui_seen_show(preview_of(widget)->seen, picture);
}

void edt_ui_preview_set_back(GtkWidget *widget, gboolean possible)
{
    edt_ui_caption_set_back(preview_of(widget)->caption, possible);
}

void edt_ui_preview_refresh(GtkWidget *widget)
{
    edt_ui_caption_refresh(preview_of(widget)->caption);
}

void edt_ui_preview_show_picture(GtkWidget *widget, GdkPixbuf *picture, const EdtShown *shown)
{
    Preview *preview = preview_of(widget);
    edt_ui_preview_begin(widget, shown, 1, NULL);
    g_ptr_array_index(preview->pixbufs, 0) = picture ? g_object_ref(picture) : NULL;
}

static gboolean show_step(gpointer data)
{
    Preview *preview = data;
    GdkPixbuf *now = g_ptr_array_index(preview->place, preview->step++ % preview->place->len);
    g_ptr_array_set_size(preview->pixbufs, 0);
    g_ptr_array_add(preview->pixbufs, g_object_ref(now));
    gtk_widget_queue_draw(preview->area);
    return G_SOURCE_CONTINUE;
}

/* Who wants no animations has the first of them. */
static gboolean are_animations_wanted(GtkWidget *widget)
{
    gboolean wanted;
    g_object_get(gtk_widget_get_settings(widget), "gtk-enable-animations", &wanted, NULL);
    return wanted;
}

void edt_ui_preview_show_place(GtkWidget *widget, GPtrArray *place, const char *caption)
{
    Preview *preview = preview_of(widget);
    if (!place && (preview->n_shown || !preview->pixbufs->len))
        return; /* a picture is there now */
    edt_ui_preview_begin(widget, NULL, 0, place ? caption : NULL);
    if (!place)
        return;
    preview->place = g_ptr_array_ref(place);
    show_step(preview);
    if (place->len > 1 && are_animations_wanted(widget))
        preview->timer = g_timeout_add(STEP, show_step, preview);
}

static gboolean play_on(gpointer data)
{
    Preview *preview = data;
    preview->step++;
    gtk_widget_queue_draw(preview->area);
    return G_SOURCE_CONTINUE;
}

void edt_ui_preview_play(GtkWidget *widget, guint milliseconds, gboolean back)
{
    Preview *preview = preview_of(widget);
    if (preview->n_shown < 2 || preview->alone >= 0 || !are_animations_wanted(widget))
        return;
    stop_playing(preview);
    preview->plays = TRUE;
    preview->back = back;
    preview->step = 0;
    preview->timer = g_timeout_add(milliseconds, play_on, preview);
    gtk_widget_queue_draw(preview->area);
}

void edt_ui_preview_set_checks(GtkWidget *widget, const EdtChecks *checks)
{
    preview_of(widget)->checks = *checks;
    edt_ui_seen_set_checks(preview_of(widget)->seen, checks);
    gtk_widget_queue_draw(widget);
}

/* ---- making ---- */

static GtkWidget *new_area(Preview *preview)
{
    GtkWidget *area = preview->area = gtk_drawing_area_new();
    gtk_widget_set_size_request(area, SIDE_MIN, SIDE_MIN);
    gtk_widget_set_hexpand(area, TRUE);
    gtk_widget_set_vexpand(area, TRUE);
    gtk_widget_add_events(area, GDK_BUTTON_PRESS_MASK | GDK_KEY_PRESS_MASK);
    edt_ui_name(area, _("Preview"));
    atk_object_set_role(gtk_widget_get_accessible(area), ATK_ROLE_IMAGE);
    g_signal_connect(area, "draw", G_CALLBACK(draw), preview);
    g_signal_connect(area, "button-press-event", G_CALLBACK(on_press), preview);
    g_signal_connect(area, "key-press-event", G_CALLBACK(on_key), preview);
    return area;
}

GtkWidget *edt_ui_preview_new(const EdtCaptionEvents *events, gpointer user_data)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 3);
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    Preview *preview = g_new0(Preview, 1);
    *preview = (Preview){.caption = edt_ui_caption_new(events, user_data),
                         .pixbufs = g_ptr_array_new_with_free_func(unref_pixbuf),
                         .alone = -1,
                         .checks = edt_ui_checks};
    g_object_set_data_full(G_OBJECT(box), "edt-preview", preview, preview_free);
    preview->seen = edt_ui_seen_new();
    gtk_box_pack_start(GTK_BOX(row), preview->seen, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(row), new_area(preview), TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(box), row, TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(box), preview->caption, FALSE, FALSE, 0);
    show_caption(preview);
    return box;
}
