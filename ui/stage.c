/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Frames go to the preview or to the sheet of drafts.  A draft that is finished sharpens in the
 * sheet: pictures find their place there by what they are made from.
 */
#include "ui/stage.h"
#include "session/labels.h"
#include "settings.h"

#include <glib/gi18n.h>

typedef struct {
    GObject *settings;
    GtkWidget *stack, *preview, *candidates, *notice;
    const EdtOrder *order; /* that is worked on; NULL: none */
    EdtItem *items;        /* of the sheet */
    int n;
    gboolean asked;        /* the sheet is seen, though pictures are inserted at once */
    gboolean pending;      /* the sheet is being made, and was not seen before */
    gboolean looking;      /* at an earlier picture */
    const EdtOrder *named; /* whose pictures the preview names; only compared */
    GtkWidget *focus;      /* had the keyboard when the sheet was begun; only compared */
} Stage;

static Stage *stage_of(GtkWidget *widget)
{
    return g_object_get_data(G_OBJECT(widget), "edt-stage");
}

static void stage_free(gpointer data)
{
    g_free(((Stage *)data)->items);
    g_free(data);
}

GtkWidget *edt_ui_stage_notice(GtkWidget *widget)
{
    return stage_of(widget)->notice;
}

void edt_ui_stage_set_checks(GtkWidget *widget, const EdtChecks *checks)
{
    edt_ui_preview_set_checks(stage_of(widget)->preview, checks);
    edt_ui_candidates_set_checks(stage_of(widget)->candidates, checks);
}

/* ---- which of both is seen ---- */

static void show_one(Stage *stage)
{
    gboolean at_once;
    g_object_get(stage->settings, "at-once", &at_once, NULL);
    gboolean sheet = stage->n && (!at_once || stage->asked);
    gboolean running = stage->order && !stage->order->draft;
    gtk_stack_set_visible_child(GTK_STACK(stage->stack),
                                sheet && !stage->looking ? stage->candidates : stage->preview);
    edt_ui_preview_set_back(stage->preview, stage->looking && (sheet || running));
}

static gboolean sees_sheet(const Stage *stage)
{
    return gtk_stack_get_visible_child(GTK_STACK(stage->stack)) == stage->candidates;
}

static void on_at_once(GObject *settings, GParamSpec *property, GtkWidget *widget)
{
    stage_of(widget)->asked = FALSE;
    edt_ui_stage_back(widget);
}

/* ---- words ---- */

/* "fox, seed 42"; to be freed. */
static char *caption_of_one(const char *label, guint64 seed)
{
    char number[24];
    g_snprintf(number, sizeof number, "%" G_GUINT64_FORMAT, seed);
    return g_strdup_printf(_("%s, seed %s"), label, number);
}

static void show_order(Stage *stage, const EdtOrder *order)
{
    int n = order->request.n_items;
    g_autofree EdtShown *shown = g_new(EdtShown, n);
    g_autofree char *all = g_strdup_printf(_("%s, %d pictures"), order->label, n);
    for (int i = 0; i < n; i++)
        shown[i] = (EdtShown){caption_of_one(order->class_labels[i], order->items[i].seed),
                              order->items[i].seed, g_strdup(order->class_names[i]), NULL};
    edt_ui_preview_begin(stage->preview, shown, n, all);
    stage->named = order;
    for (int i = 0; i < n; i++)
        edt_ui_shown_clear(&shown[i]);
}

/* Before its pictures are shown: another one's may have been since it began. */
static void name_order(Stage *stage, const EdtOrder *order)
{
    if (stage->named != order)
        show_order(stage, order);
}

/* "fox, seed 42, variation 7", so that no two are called alike. */
static char *caption_of(const EdtOrder *order, int i)
{
    const EdtItem *item = &order->items[i];
    const EdtVariation *variation = &item->variation;
    g_autofree char *plain = caption_of_one(order->class_labels[i], item->seed);
    char number[24];
    if (!variation->n)
        return g_steal_pointer(&plain);
    g_snprintf(number, sizeof number, "%" G_GUINT64_FORMAT, variation->of[variation->n - 1].seed);
    return g_strdup_printf(_("%s, variation %s"), plain, number);
}

/* ---- the sheet ---- */

static gboolean is_same(const EdtItem *a, const EdtItem *b)
{
    gboolean same = a->class_index == b->class_index && a->seed == b->seed &&
                    a->style == b->style && a->variation.n == b->variation.n &&
                    a->mix_how == b->mix_how &&
                    edt_setting_equal(edt_setting_named("mix"), &a->mix, &b->mix);
    for (int k = 0; same && k < a->variation.n; k++)
        same = a->variation.of[k].seed == b->variation.of[k].seed &&
               a->variation.of[k].amount == b->variation.of[k].amount;
    return same;
}

/* Its place in the sheet, or -1. */
static int place_of(const Stage *stage, const EdtItem *item)
{
    for (int i = 0; i < stage->n; i++)
        if (is_same(&stage->items[i], item))
            return i;
    return -1;
}

static void show_sheet(Stage *stage, const EdtOrder *order)
{
    int n = order->request.n_items;
    g_autofree char *all = g_strdup_printf(_("%s, %d drafts"), order->label, n);
    g_auto(GStrv) captions = g_new0(char *, n + 1);
    for (int i = 0; i < n; i++)
        captions[i] = caption_of(order, i);
    g_free(stage->items);
    stage->items = g_memdup2(order->items, sizeof(EdtItem) * (gsize)n);
    stage->n = n;
    edt_ui_candidates_begin(stage->candidates, (const char *const *)captions, n, all);
    show_one(stage);
}

static gboolean is_sheet_of(const Stage *stage, const EdtOrder *order)
{
    gboolean same = stage->n == order->request.n_items;
    for (int i = 0; same && i < stage->n; i++)
        same = is_same(&stage->items[i], &order->items[i]);
    return same;
}

static GtkWidget *focus_of(const Stage *stage)
{
    return gtk_window_get_focus(GTK_WINDOW(gtk_widget_get_toplevel(stage->stack)));
}

static void show_pictures(Stage *stage, const EdtPictures *pictures)
{
    for (int i = 0; i < pictures->n_pictures; i++) {
        g_autoptr(GdkPixbuf) picture = edt_ui_picture_pixbuf(&pictures->pictures[i]);
        edt_ui_candidates_show(stage->candidates, i, picture);
    }
}

void edt_ui_stage_choose(GtkWidget *widget, const EdtOutcome *drafts, gboolean back)
{
    Stage *stage = stage_of(widget);
    edt_ui_candidates_set_back(stage->candidates, back);
    gboolean same = drafts && is_sheet_of(stage, drafts->order);
    stage->asked &= same || (drafts && !stage->pending);
    stage->pending = FALSE;
    stage->looking = FALSE;
    if (!drafts) {
        stage->n = 0;
        edt_ui_candidates_set_ready(stage->candidates, FALSE);
        show_one(stage);
        return;
    }
    if (!same)
        show_sheet(stage, drafts->order);
    show_pictures(stage, drafts->pictures);
    show_one(stage);
    edt_ui_candidates_set_ready(stage->candidates, TRUE);
    /* nobody has gone elsewhere; or what had the keyboard went with the sheet before */
    GtkWidget *focus = focus_of(stage);
    if (sees_sheet(stage) && (!focus || focus == stage->focus))
        edt_ui_candidates_focus(stage->candidates);
    stage->focus = NULL;
}

/* ---- a run ---- */

void edt_ui_stage_begins(GtkWidget *widget, const EdtOrder *order)
{
    Stage *stage = stage_of(widget);
    stage->order = order;
    stage->looking = FALSE;
    if (!order->draft) {
        stage->asked &= place_of(stage, &order->items[0]) >= 0;
        show_one(stage);
        show_order(stage, order);
        return;
    }
    stage->pending = !sees_sheet(stage);
    stage->asked = TRUE;
    edt_ui_candidates_set_back(stage->candidates,
                               FALSE); /* to the one before when they are there */
    show_sheet(stage, order);
    stage->focus = focus_of(stage);
}

void edt_ui_stage_ends(GtkWidget *widget)
{
    stage_of(widget)->order = NULL;
    show_one(stage_of(widget));
}

/* Also of what is finished: it is one of the sheet. */
static void show_in_sheet(Stage *stage, const EdtTile *tile, const EdtItem *item)
{
    g_autoptr(GdkPixbuf) picture = edt_ui_tile_pixbuf(tile);
    int place = place_of(stage, item);
    if (picture && place >= 0)
        edt_ui_candidates_show(stage->candidates, place, picture);
}

void edt_ui_stage_show_frame(GtkWidget *widget, const EdtFrame *frame)
{
    Stage *stage = stage_of(widget);
    if (!stage->order)
        return;
    if (!stage->order->draft && !stage->looking) {
        name_order(stage, stage->order);
        edt_ui_preview_show(stage->preview, frame->tiles, frame->n_tiles);
    }
    for (int i = 0; i < frame->n_tiles; i++)
        show_in_sheet(stage, &frame->tiles[i], &stage->order->items[i]);
}

void edt_ui_stage_made(GtkWidget *widget, const EdtOutcome *outcome)
{
    Stage *stage = stage_of(widget);
    if (outcome->order->draft)
        return;
    name_order(stage, outcome->order);
    edt_ui_preview_finish(stage->preview, outcome->pictures, (const char *const *)outcome->records);
    stage->looking = FALSE;
    show_one(stage);
}

void edt_ui_stage_play(GtkWidget *widget, guint milliseconds, gboolean back)
{
    Stage *stage = stage_of(widget);
    stage->looking = TRUE; /* a sheet would hide them */
    show_one(stage);
    edt_ui_preview_play(stage->preview, milliseconds, back);
}

void edt_ui_stage_show_seen(GtkWidget *widget, GdkPixbuf *picture)
{
    edt_ui_preview_show_seen(stage_of(widget)->preview, picture);
}

double edt_ui_stage_amount(GtkWidget *widget)
{
    return edt_ui_candidates_amount(stage_of(widget)->candidates);
}

void edt_ui_stage_refresh(GtkWidget *widget)
{
    edt_ui_preview_refresh(stage_of(widget)->preview);
}

void edt_ui_stage_show_picture(GtkWidget *widget, GdkPixbuf *picture, const EdtRecord *record)
{
    g_autofree char *label = edt_label_of(record);
    EdtShown shown = {caption_of_one(label, record->item.seed), record->item.seed,
                      g_strdup(record->class_name), edt_record_write(record)};
    edt_ui_preview_show_picture(stage_of(widget)->preview, picture, &shown);
    stage_of(widget)->named = NULL;
    edt_ui_shown_clear(&shown);
}

void edt_ui_stage_look(GtkWidget *widget, GdkPixbuf *picture, const EdtRecord *record)
{
    Stage *stage = stage_of(widget);
    stage->looking = TRUE;
    edt_ui_stage_show_picture(widget, picture, record);
    show_one(stage);
}

/* What is being made comes with the next frame. */
void edt_ui_stage_back(GtkWidget *widget)
{
    Stage *stage = stage_of(widget);
    stage->looking = FALSE;
    if (stage->order && !stage->order->draft)
        name_order(stage, stage->order);
    show_one(stage);
}

void edt_ui_stage_show_place(GtkWidget *widget, GPtrArray *pictures)
{
    Stage *stage = stage_of(widget);
    edt_ui_preview_show_place(stage->preview, pictures, _("Here the next picture will come"));
    if (pictures)
        stage->named = NULL;
}

/* ---- making ---- */

GtkWidget *edt_ui_stage_new(GObject *settings, const EdtStageEvents *events, gpointer user_data,
                            const EdtCandidatesEvents *of_sheet, gpointer sheet_data)
{
    Stage *stage = g_new0(Stage, 1);
    GtkWidget *overlay = gtk_overlay_new();
    stage->settings = settings;
    stage->stack = gtk_stack_new();
    stage->preview = edt_ui_preview_new(&events->caption, user_data);
    stage->candidates = edt_ui_candidates_new(of_sheet, sheet_data);
    stage->notice = edt_ui_notice_new(events->answered, events->lost, user_data);
    gtk_container_add(GTK_CONTAINER(stage->stack), stage->preview);
    gtk_container_add(GTK_CONTAINER(stage->stack), stage->candidates);
    gtk_container_add(GTK_CONTAINER(overlay), stage->stack);
    gtk_overlay_add_overlay(GTK_OVERLAY(overlay), stage->notice);
    g_object_set_data_full(G_OBJECT(overlay), "edt-stage", stage, stage_free);
    g_signal_connect_object(settings, "notify::at-once", G_CALLBACK(on_at_once), overlay, 0);
    gtk_widget_show_all(stage->stack); /* a stack shows no child that is not visible */
    show_one(stage);
    return overlay;
}
