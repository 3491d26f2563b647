/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ui/panel.c on a screen of its own: where there is no class to make pictures of, its bar says why
 * and nothing can be generated.  Skipped where there is no Xvfb.
 */
#include "ui/knobs.h"
#include "ui/panel.h"
#include "folder.h"
#include "screen.h"
#include "session/drafts.h"
#include "session/labels.h"
#include "session/settings_object.h"
#include "ui/progress.h"
#include "ui/styles.h"

#include "catalogue.h"
#include "history.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE 20 /* seconds */
#define FRAME 100   /* milliseconds: shorter ones would leave a busy machine no rest */

/* ---- the panel ---- */

static const char *stamps;
static GObject *settings;
static GtkWidget *window, *panel;
static gboolean ready;
static int times_told;   /* whether it is */
static GPtrArray *there; /* the place that is shown as soon as it is told; NULL: none */
static int frames_wanted;
static GString *asked; /* what the events said */

static void on_ready(gboolean now, gpointer user_data)
{
    ready = now;
    times_told++;
    if (there)
        edt_ui_panel_show_place(panel, there);
}

static void on_frames(gpointer user_data)
{
    frames_wanted++;
}

static void on_again(const char *record, gpointer user_data)
{
    g_string_append_printf(asked, "again %s", record);
}

static void on_vary(const char *record, double amount, gpointer user_data)
{
    g_assert_cmpfloat(amount, >, 0);
    g_string_append_printf(asked, "vary %s", record);
}

static void on_answer(EdtAnswer answer, gpointer user_data)
{
    g_string_append_printf(asked, "answer %d", answer);
}

static const EdtPanelEvents events = {.ready = on_ready,
                                      .again = on_again,
                                      .vary = on_vary,
                                      .frames = on_frames,
                                      .answer = on_answer};

static void open_panel(void)
{
    settings = settings_new("");
    window = gtk_window_new(GTK_WINDOW_TOPLEVEL);
    panel = edt_ui_panel_new(settings, &events, NULL);
    gtk_container_add(GTK_CONTAINER(window), panel);
    gtk_widget_show(window);
    settle();
}

static void close_panel(void)
{
    gtk_widget_destroy(window);
    g_object_unref(settings);
    settle();
}

static GtkWidget *first(GtkWidget *widget, GType type)
{
    GtkWidget *found = g_type_is_a(G_OBJECT_TYPE(widget), type) ? widget : NULL;
    if (found || !GTK_IS_CONTAINER(widget))
        return found;
    g_autoptr(GList) children = gtk_container_get_children(GTK_CONTAINER(widget));
    for (GList *child = children; child && !found; child = child->next)
        found = first(child->data, type);
    return found;
}

static void expect(const char *bar, gboolean makes)
{
    settle();
    GtkWidget *shown = first(panel, GTK_TYPE_PROGRESS_BAR);
    g_assert_cmpstr(gtk_progress_bar_get_text(GTK_PROGRESS_BAR(shown)), ==, bar);
    g_assert_cmpint(ready, ==, makes);
}

static void search(const char *text)
{
    gtk_entry_set_text(GTK_ENTRY(first(panel, GTK_TYPE_SEARCH_ENTRY)), text);
}

/* A class that the model before has, and this one lacks. */
static void test_another_model(void)
{
    open_panel();
    g_object_set(settings, "model", stamps, "class", "fox", NULL);
    expect("Ready", TRUE);
    g_object_set(settings, "class", "wolpertinger", NULL);
    expect("“wolpertinger” is no class of this model", FALSE);
    g_object_set(settings, "model", "/there/is/none", NULL);
    expect("No model that makes pictures", FALSE);
    g_object_set(settings, "model", stamps, NULL);
    expect("“wolpertinger” is no class of this model", FALSE);
    g_object_set(settings, "class", "", NULL);
    expect("Ready", TRUE);
    close_panel();
}

static void test_search(void)
{
    open_panel();
    g_object_set(settings, "model", stamps, "class", "fox", NULL);
    search("wolpertinger");
    expect("No class is called that.", FALSE);
    g_object_set(settings, "model", "", NULL); /* the search stays */
    expect("No class is called that.", FALSE);
    search("fox");
    expect("Ready", TRUE);
    search("dolphni"); /* only a guess */
    expect("Unknown class “dolphni”. Nearest: dolphin (33), doughnut (81), hourglass done (172).",
           FALSE);
    search("wolpertinger");
    search("");
    expect("Ready", TRUE);
    close_panel();
}

/* In the words of the dialog's own rows and lists. */
static void test_presets(void)
{
    open_panel();
    g_autofree char *told = gtk_widget_get_tooltip_text(screen_button(panel, "Draft"));
    g_assert_cmpstr(told, ==,
                    "A picture to choose from: few steps, and shortcuts in them\n"
                    "Sampler: UniPC (fewest steps)\nSteps: 12\nInner stages kept: 2\n"
                    "Guided levels: At noise levels of 0.3 to 1 (saves 15 %)");
    close_panel();
}

/* ---- more settings ---- */

static GtkWidget *widget_of(GtkWidget *widget, GType type, const char *name)
{
    GtkWidget *found = NULL;
    AtkObject *accessible = gtk_widget_get_accessible(widget);
    if (g_type_is_a(G_OBJECT_TYPE(widget), type) &&
        g_strcmp0(atk_object_get_name(accessible), name) == 0)
        return widget;
    if (!GTK_IS_CONTAINER(widget))
        return NULL;
    g_autoptr(GList) children = gtk_container_get_children(GTK_CONTAINER(widget));
    for (GList *child = children; child && !found; child = child->next)
        found = widget_of(child->data, type, name);
    return found;
}

/* An interval that the list does not offer is shown, and stays. */
static void test_interval(void)
{
    settings = settings_new("");
    GtkWidget *knobs = g_object_ref_sink(edt_ui_knobs_new(settings));
    GtkWidget *combo =
        widget_of(edt_ui_knobs_more(knobs), GTK_TYPE_COMBO_BOX_TEXT, "Guided levels");
    GtkTreeModel *rows = gtk_combo_box_get_model(GTK_COMBO_BOX(combo));
    const int offered = gtk_tree_model_iter_n_children(rows, NULL);
    static const char *const shown[][2] = {
        {"0.3,1", "At noise levels of 0.3 to 1 (saves 15 %)"},
        {"0.2,0.7", "At noise levels of 0.2 to 0.7 (saves 25 %)"},
        {"0,1", "At every step"},
        {"0.2,0.7", "At noise levels of 0.2 to 0.7 (saves 25 %)"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(shown); i++) {
        g_autofree char *text = NULL, *now = NULL;
        g_object_set(settings, "cfg-interval", shown[i][0], NULL);
        text = gtk_combo_box_text_get_active_text(GTK_COMBO_BOX_TEXT(combo));
        g_assert_cmpstr(text, ==, shown[i][1]);
        g_object_get(settings, "cfg-interval", &now, NULL);
        g_assert_cmpstr(now, ==, shown[i][0]);
    }
    g_assert_cmpint(gtk_tree_model_iter_n_children(rows, NULL), ==, offered + 1);
    gtk_widget_destroy(knobs);
    g_object_unref(knobs);
    g_object_unref(settings);
}

/* The small autoencoder can be chosen where there is one, and be left where there is none. */
static void test_draft_vae(void)
{
    const EdtModelInfo plain = {.has_vae = TRUE}, both = {.has_vae = TRUE, .has_draft = TRUE};
    settings = settings_new("");
    GtkWidget *knobs = g_object_ref_sink(edt_ui_knobs_new(settings));
    GtkWidget *combo =
        widget_of(edt_ui_knobs_more(knobs), GTK_TYPE_COMBO_BOX_TEXT, "Autoencoder (VAE)");
    GtkWidget *row = gtk_widget_get_parent(combo);
    g_autofree char *word = NULL;
    g_assert_false(gtk_widget_get_visible(row));
    edt_ui_knobs_set_model(knobs, &both);
    g_assert_true(gtk_widget_get_visible(row));
    gtk_combo_box_set_active_id(GTK_COMBO_BOX(combo), "draft");
    g_object_get(settings, "vae", &word, NULL);
    g_assert_cmpstr(word, ==, "draft");
    edt_ui_knobs_set_model(knobs, &plain);
    g_assert_true(gtk_widget_get_visible(row));
    g_object_set(settings, "vae", "full", NULL);
    g_assert_false(gtk_widget_get_visible(row));
    gtk_widget_destroy(knobs);
    g_object_unref(knobs);
    g_object_unref(settings);
}

static void expect_style(const char *style)
{
    g_autofree char *now = NULL;
    g_object_get(settings, "style", &now, NULL);
    g_assert_cmpstr(now, ==, style);
}

/* A look at a model without styles, or with others, does not lose the one that was chosen. */
static void test_style(void)
{
    char *own[] = {(char *)"flat", (char *)"ink", NULL}, *others[] = {(char *)"oil", NULL};
    const EdtModelInfo model = {.n_styles = 2, .style_names = own}, without = {0},
                       other = {.n_styles = 1, .style_names = others};
    settings = settings_new("");
    GtkWidget *styles = g_object_ref_sink(edt_ui_styles_new(settings));
    edt_ui_styles_set_model(styles, &model, TRUE);
    GtkComboBoxText *combo = GTK_COMBO_BOX_TEXT(first(styles, GTK_TYPE_COMBO_BOX_TEXT));
    static const char *const chosen[] = {"ink", "random"};
    for (gsize i = 0; i < G_N_ELEMENTS(chosen); i++) {
        g_object_set(settings, "style", chosen[i], NULL);
        edt_ui_styles_set_model(styles, &without, TRUE);
        expect_style("");
        edt_ui_styles_set_model(styles, &other, TRUE);
        edt_ui_styles_set_model(styles, &model, TRUE);
        expect_style(chosen[i]);
    }
    g_object_set(settings, "style", "ink", NULL);
    edt_ui_styles_set_model(styles, &without, TRUE);
    edt_ui_styles_set_model(styles, &model, TRUE);
    g_autofree char *text = gtk_combo_box_text_get_active_text(combo);
    g_assert_cmpstr(text, ==, "ink");
    edt_ui_styles_set_model(styles, &other, TRUE);
    expect_style("");
    gtk_combo_box_set_active(GTK_COMBO_BOX(combo), 0); /* another choice */
    edt_ui_styles_set_model(styles, &model, TRUE);
    expect_style("any");
    g_object_set(settings, "style", "ink", NULL);
    edt_ui_styles_set_model(styles, &without, TRUE);
    edt_ui_styles_set_model(styles, &model, FALSE); /* all settings were reset */
    expect_style("");
    gtk_widget_destroy(styles);
    g_object_unref(styles);
    g_object_unref(settings);
}

/* ---- messages ---- */

static gboolean shows(const char *text);

/* A run waits for the answer: what is said meanwhile comes after it. */
static void test_question(void)
{
    open_panel();
    g_string_truncate(asked, 0);
    edt_ui_panel_ask(panel, 3, 25);
    edt_ui_panel_say(panel, GTK_MESSAGE_INFO, NULL);
    g_assert_true(shows("Stopped after step 3 of 25. Keep what is there?"));
    edt_ui_panel_say(panel, GTK_MESSAGE_WARNING, "Saved.");
    g_assert_true(shows("Stopped after step 3 of 25. Keep what is there?"));
    gtk_button_clicked(GTK_BUTTON(screen_button(panel, "Go on")));
    g_assert_cmpstr(asked->str, ==, "answer 2");
    g_assert_true(shows("Saved."));
    edt_ui_panel_ask(panel, 4, 25);
    edt_ui_panel_ends(panel, 0, 1); /* of itself: there is nothing to answer any more */
    g_assert_false(shows("Stopped after step 4 of 25. Keep what is there?"));
    g_string_truncate(asked, 0);
    close_panel();
}

/* The end of a run takes its question away, nothing that somebody has yet to read. */
static void test_said(void)
{
    open_panel();
    edt_ui_panel_say(panel, GTK_MESSAGE_ERROR, "The disk is full.");
    edt_ui_panel_ends(panel, 0, 1);
    g_assert_true(shows("The disk is full."));
    edt_ui_panel_ask(panel, 4, 25);
    edt_ui_panel_say(panel, GTK_MESSAGE_WARNING, "Saved.");
    edt_ui_panel_ends(panel, 0, 1);
    g_assert_false(shows("Stopped after step 4 of 25. Keep what is there?"));
    g_assert_false(gtk_widget_is_visible(screen_button(panel, "Go on")));
    g_assert_true(shows("Saved."));
    edt_ui_panel_say(panel, GTK_MESSAGE_INFO, "The same picture once more."); /* is of one run */
    edt_ui_panel_ends(panel, 0, 1);
    g_assert_false(shows("The same picture once more."));
    close_panel();
}

/* ---- a second class ---- */

static GtkWidget *label_of(GtkWidget *widget, const char *text)
{
    GtkWidget *found = NULL;
    if (GTK_IS_LABEL(widget) && g_str_equal(gtk_label_get_text(GTK_LABEL(widget)), text))
        return widget;
    if (!GTK_IS_CONTAINER(widget))
        return NULL;
    g_autoptr(GList) children = gtk_container_get_children(GTK_CONTAINER(widget));
    for (GList *child = children; child && !found; child = child->next)
        found = label_of(child->data, text);
    return found;
}

static gboolean shows(const char *text)
{
    GtkWidget *label = label_of(panel, text);
    return label && gtk_widget_is_visible(label);
}

static void expect_allowed(const char *name, gboolean allowed, const char *told)
{
    GtkWidget *button = screen_button(panel, name);
    g_autofree char *text = gtk_widget_get_tooltip_text(button);
    g_assert_cmpint(gtk_widget_is_sensitive(button), ==, allowed);
    g_assert_cmpstr(text, ==, told);
}

static void expect_mix(const char *class, double part)
{
    g_autofree char *now = NULL;
    double mix;
    g_object_get(settings, "mix-class", &now, "mix", &mix, NULL);
    g_assert_cmpstr(now, ==, class);
    g_assert_cmpfloat(mix, ==, part);
}

/* It comes with half of the picture, and goes with all that is about it. */
static void test_mix(void)
{
    open_panel();
    g_object_set(settings, "model", stamps, "class", "fox", "mix", 0.0, NULL);
    g_assert_true(shows("Mix with a second class"));
    g_assert_false(gtk_widget_is_visible(screen_button(panel, "Frames…")));
    g_object_set(settings, "mix-class", "owl", NULL);
    expect("Ready", TRUE);
    expect_mix("owl", 0.5);
    g_assert_true(shows("fox + owl 50 %"));
    g_assert_false(shows("Mix with a second class"));
    g_object_set(settings, "mix", 0.3, NULL);
    g_assert_true(shows("fox + owl 30 %"));
    gtk_button_clicked(GTK_BUTTON(screen_button(panel, "Frames…")));
    g_assert_cmpint(frames_wanted, ==, 1);
    gtk_button_clicked(GTK_BUTTON(screen_button(panel, "Do not mix")));
    expect_mix("", 0);
    g_assert_true(shows("Mix with a second class"));
    close_panel();
}

static GtkWidget *image_of(GtkWidget *widget, const char *tooltip)
{
    GtkWidget *found = NULL;
    g_autofree char *own = gtk_widget_get_tooltip_text(widget);
    if (GTK_IS_IMAGE(widget) && g_strcmp0(own, tooltip) == 0)
        return widget;
    if (!GTK_IS_CONTAINER(widget))
        return NULL;
    g_autoptr(GList) children = gtk_container_get_children(GTK_CONTAINER(widget));
    for (GList *child = children; child && !found; child = child->next)
        found = image_of(child->data, tooltip);
    return found;
}

/* The picture of an order, one grey pixel. */
static void make_one(const EdtOrder *order, int steps_done)
{
    float grey[3] = {0};
    EdtPicture picture = {
        .steps_done = steps_done, .width = 1, .height = 1, .channels = 3, .pixels = grey};
    const EdtPictures pictures = {.pictures = &picture, .n_pictures = 1};
    char *records[] = {(char *)"a record", NULL};
    const EdtOutcome outcome = {.order = order, .pictures = &pictures, .records = records};
    edt_ui_panel_begins(panel, order);
    edt_ui_panel_ends(panel, 1, 1);
    edt_ui_panel_made(panel, &outcome);
}

/* Also a class whose picture is only made while the dialog is open has it beside the slider; but
 * only a whole one, of that class alone. */
static void test_mix_pictures(void)
{
    float canvas[1] = {0};
    g_autofree char *lonely = test_file("lonely.safetensors"); /* no pictures come with it */
    g_assert_cmpint(symlink(stamps, lonely), ==, 0);
    open_panel();
    g_object_set(settings, "model", lonely, "class", "fox", "seed", 7.0, NULL);
    g_autoptr(EdtOrder) order = edt_order_new(settings, 1, NULL);
    g_object_set(settings, "mix-class", "owl", NULL);
    const int steps = order->request.steps;
    EdtItem *item = order->items;
    const EdtItem plain = *item;
    EdtItem others[] = {plain, plain, plain, plain};
    others[0].source = canvas;
    others[1].mask = canvas;
    others[2].mix = (EdtMix){1, {{7, EDT_STYLE_ANY, 0.5}}};
    others[3].variation = (EdtVariation){1, {{9, 0.3}}};
    make_one(order, steps - 1);
    g_assert_false(gtk_widget_get_visible(image_of(panel, "fox")));
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
        *item = others[i];
        make_one(order, steps);
        g_assert_false(gtk_widget_get_visible(image_of(panel, "fox")));
    }
    *item = plain;
    make_one(order, steps);
    g_assert_true(gtk_widget_get_visible(image_of(panel, "fox")));
    close_panel();
    g_assert_cmpint(g_unlink(lonely), ==, 0);
}

static void test_mix_obstacles(void)
{
    open_panel();
    g_object_set(settings, "model", stamps, "class", "fox", "mix-class", "wolpertinger", NULL);
    expect("“wolpertinger” is no class of this model", FALSE);
    g_assert_true(shows("“wolpertinger” is no class of this model"));
    expect_allowed("Frames…", FALSE, "“wolpertinger” is no class of this model");
    g_object_set(settings, "mix-class", "owl", "sampler", "ddpm", NULL);
    expect("Ready", TRUE);
    expect_allowed("Frames…", FALSE,
                   "This sampler draws noise in every step, so that the frames would flicker: "
                   "choose another one.");
    expect_allowed("Second class", TRUE, "Choose a class that is mixed into the first one");
    g_object_set(settings, "model", "/there/is/none", NULL);
    expect_allowed("Second class", FALSE, "No model that makes pictures");
    close_panel();
}

/* While the second class is searched for; whoever is told may be gone. */
static void test_close(void)
{
    open_panel();
    g_object_set(settings, "model", stamps, "class", "fox", NULL);
    GtkWidget *button = screen_button(panel, "Second class");
    GtkWidget *popover = GTK_WIDGET(gtk_menu_button_get_popover(GTK_MENU_BUTTON(button)));
    gtk_popover_popup(GTK_POPOVER(popover));
    settle();
    gtk_entry_set_text(GTK_ENTRY(first(popover, GTK_TYPE_SEARCH_ENTRY)), "ow");
    settle();
    g_assert_true(gtk_widget_get_mapped(popover));
    times_told = 0;
    close_panel();
    g_assert_cmpint(times_told, ==, 0);
}

/* ---- settings of an earlier picture ---- */

static EdtRecord record_of(const EdtModelInfo *info)
{
    EdtRecord record = {.model_sha256 = info->sha256};
    edt_request_init(&record.request, NULL);
    edt_item_init(&record.item);
    record.item.class_index = 5;
    record.item.seed = 77;
    record.request.steps = 31;
    return record;
}

static gboolean says(const char *part)
{
    GtkWidget *bar = first(panel, GTK_TYPE_INFO_BAR);
    const char *text = bar && gtk_widget_get_visible(bar)
                           ? atk_object_get_name(gtk_widget_get_accessible(bar))
                           : NULL;
    return text && strstr(text, part);
}

static void expect_settings(const char *mix_class, double mix, double vary, const char *from)
{
    g_autofree char *class = NULL, *start = NULL;
    double part, far;
    int steps;
    g_object_get(settings, "mix-class", &class, "mix", &part, "vary", &far, "steps", &steps,
                 "start", &start, NULL);
    g_assert_cmpstr(class, ==, mix_class);
    g_assert_cmpfloat(part, ==, mix);
    g_assert_cmpfloat(far, ==, vary);
    g_assert_cmpint(steps, ==, 31);
    g_assert_cmpstr(start, ==, from);
}

/* Also what it was mixed of and varied by; what the dialog cannot hold is told. */
static void test_restore(void)
{
    EdtModelInfo *info = edt_model_info_read(stamps, NULL);
    EdtRecord record = record_of(info);
    g_autofree char *other = edt_class_word(info, 7);
    open_panel();
    g_object_set(settings, "model", stamps, "start", "selection", NULL);
    record.item.mix = (EdtMix){.n = 1, .of = {{7, EDT_STYLE_ANY, 0.4}}};
    record.item.variation = (EdtVariation){.n = 1, .of = {{9, 0.3}}};
    edt_ui_panel_restore(panel, &record, NULL);
    expect_settings(other, 0.4, 0.3, "nothing");
    g_autofree char *first_label = edt_class_label(info, 5), *second = edt_class_label(info, 7);
    g_autofree char *mixed = edt_label_mixed(first_label, second, 0.4);
    g_assert_true(shows(mixed));
    g_assert_false(says("more ways"));
    record = record_of(info);
    edt_ui_panel_restore(panel, &record, NULL); /* nothing of the one before is left */
    expect_settings("", 0, 0, "nothing");
    g_assert_true(shows("Mix with a second class"));
    record.item.variation = (EdtVariation){.n = 2, .of = {{9, 0.3}, {8, 0.2}}};
    edt_ui_panel_restore(panel, &record, NULL);
    g_assert_true(says("more ways"));
    record.item.variation.n = 0;
    record.source = (char *)"a sketch";
    edt_ui_panel_restore(panel, &record, NULL);
    g_assert_true(says("did not start from nothing"));
    close_panel();
    edt_model_info_free(info);
}

/* What the selection was to the picture. */
static void test_restore_start(void)
{
    EdtModelInfo *info = edt_model_info_read(stamps, NULL);
    EdtRecord record = record_of(info);
    g_autofree char *shape = NULL, *missing = NULL;
    gboolean careful;
    open_panel();
    g_object_set(settings, "model", stamps, "into", "place", NULL);
    record.mask = (char *)"a mask";
    record.item.fill = EDT_FILL_SHAPE;
    edt_ui_panel_restore(panel, &record, NULL);
    g_object_get(settings, "into", &shape, "careful", &careful, NULL);
    g_assert_cmpstr(shape, ==, "shape");
    g_assert_false(careful);
    record.source = (char *)"what was there";
    record.item.fill = EDT_FILL_MISSING;
    record.item.careful = TRUE;
    edt_ui_panel_restore(panel, &record, NULL);
    g_object_get(settings, "into", &missing, "careful", &careful, NULL);
    g_assert_cmpstr(missing, ==, "missing");
    g_assert_true(careful);
    close_panel();
    edt_model_info_free(info);
}

static void expect_variation(gboolean there_is_one)
{
    double amount;
    g_object_get(settings, "vary", &amount, NULL);
    g_assert_cmpint(amount > 0, ==, there_is_one);
}

/* No widget shows it: it is of that class and seed, and of this dialog. */
static void test_variation(void)
{
    EdtModelInfo *info = edt_model_info_read(stamps, NULL);
    EdtRecord record = record_of(info);
    record.item.variation = (EdtVariation){.n = 1, .of = {{9, 0.3}}};
    open_panel();
    g_object_set(settings, "model", stamps, NULL);
    edt_ui_panel_use(panel, &record);
    g_object_set(settings, "steps", 12, NULL);
    expect_variation(TRUE);
    g_object_set(settings, "class", "fox", NULL);
    expect_variation(FALSE);
    edt_ui_panel_use(panel, &record);
    expect_variation(TRUE);
    g_object_set(settings, "seed", 5.0, NULL);
    expect_variation(FALSE);
    edt_ui_panel_use(panel, &record);
    GtkWidget *next = g_object_ref_sink(edt_ui_panel_new(settings, &events, NULL));
    expect_variation(FALSE);
    gtk_widget_destroy(next);
    g_object_unref(next);
    close_panel();
    edt_model_info_free(info);
}

/* ---- what follows from a picture ---- */

static EdtOrder *order_of(EdtOrder *(*order)(GObject *settings, int threads, GError **error))
{
    GError *error = NULL;
    EdtOrder *made = order(settings, 1, &error);
    g_assert_no_error(error);
    return made;
}

static gboolean sees_sheet(void)
{
    return gtk_widget_get_mapped(first(panel, GTK_TYPE_STACK)) &&
           gtk_widget_get_mapped(screen_button(panel, "More like this"));
}

static gboolean can_press(const char *button)
{
    return gtk_widget_is_sensitive(screen_button(panel, button));
}

static void show_frame(const EdtOrder *order)
{
    const EdtTile tiles[9] = {{0}};
    g_assert_cmpint(order->request.n_items, <=, (int)G_N_ELEMENTS(tiles));
    const EdtFrame frame = {.n_tiles = order->request.n_items, .tiles = tiles, .steps = 9};
    edt_ui_panel_show_frame(panel, &frame);
}

/* All pictures of an order, one grey pixel each. */
static void make(const EdtOrder *order)
{
    float grey[3] = {0};
    int n = order->request.n_items;
    g_autofree EdtPicture *each = g_new0(EdtPicture, n);
    g_auto(GStrv) records = g_new0(char *, n + 1);
    for (int i = 0; i < n; i++) {
        each[i] = (EdtPicture){.width = 1, .height = 1, .channels = 3, .pixels = grey};
        records[i] = g_strdup_printf("record %d", i);
    }
    const EdtPictures pictures = {.pictures = each, .n_pictures = n};
    const EdtOutcome outcome = {.order = order, .pictures = &pictures, .records = records};
    edt_ui_panel_ends(panel, n, 1);
    if (order->draft)
        edt_ui_panel_choose(panel, &outcome, TRUE);
    edt_ui_panel_made(panel, &outcome);
    settle();
}

static void press(const char *button, const char *expected)
{
    gtk_button_clicked(GTK_BUTTON(screen_button(panel, button)));
    g_assert_cmpstr(asked->str, ==, expected);
    g_string_truncate(asked, 0);
}

static void open_with_fox(int count)
{
    open_panel();
    g_object_set(settings, "model", stamps, "class", "fox", "count", count, "seed", 7., NULL);
}

/* As soon as it is finished. */
static void test_again(void)
{
    open_with_fox(1);
    g_autoptr(EdtOrder) order = order_of(edt_order_new);
    g_assert_false(can_press("Again") || can_press("Vary"));
    edt_ui_panel_begins(panel, order);
    g_assert_false(can_press("Again") || can_press("Vary"));
    g_assert_true(can_press("Use this seed"));
    make(order);
    press("Again", "again record 0");
    press("Vary", "vary record 0");
    close_panel();
}

/* Of several, one is asked for. */
static void test_several(void)
{
    open_with_fox(2);
    g_autoptr(EdtOrder) order = order_of(edt_order_new);
    edt_ui_panel_begins(panel, order);
    make(order);
    g_assert_false(can_press("Again"));
    close_panel();
}

/* Drafts that were asked for are seen, though pictures are inserted at once; until others are made,
 * or they are given up. */
static void test_asked_sheet(void)
{
    open_with_fox(1);
    g_object_set(settings, "at-once", TRUE, NULL);
    g_autoptr(EdtOrder) order = order_of(edt_order_new), drafts = order_of(edt_order_drafts);
    edt_ui_panel_begins(panel, drafts);
    g_assert_true(sees_sheet());
    edt_ui_panel_ends(panel, 0, 1);
    edt_ui_panel_choose(panel, NULL, TRUE);
    g_assert_false(sees_sheet());
    edt_ui_panel_begins(panel, drafts);
    make(drafts);
    g_assert_true(sees_sheet());
    edt_ui_panel_begins(panel, order); /* one of the sheet */
    g_assert_true(sees_sheet());
    make(order);
    order->items[0].seed = 99;
    edt_ui_panel_begins(panel, order);
    g_assert_false(sees_sheet());
    close_panel();
}

/* Back is to the sheet before, and waits for drafts that are being made, however they end. */
static void test_back(void)
{
    open_with_fox(1);
    g_object_set(settings, "at-once", FALSE, NULL);
    g_autoptr(EdtOrder) drafts = order_of(edt_order_drafts);
    edt_ui_panel_begins(panel, drafts);
    make(drafts);
    g_assert_true(can_press("Back"));
    edt_ui_panel_begins(panel, drafts);
    g_assert_false(can_press("Back"));
    show_frame(drafts);
    g_assert_false(can_press("Back"));
    make(drafts);
    g_assert_true(can_press("Back"));
    close_panel();
}

/* ---- a seed that is being typed ---- */

static GtkEntry *typed_seed(const char *text)
{
    GtkWidget *seed = widget_of(panel, GTK_TYPE_SPIN_BUTTON, "Seed");
    gtk_entry_set_text(GTK_ENTRY(seed), text);
    return GTK_ENTRY(seed);
}

/* A run that begins or ends leaves it; it counts when it is confirmed. */
static void test_typed_seed(void)
{
    double now;
    open_with_fox(2);
    g_autoptr(EdtOrder) order = order_of(edt_order_new);
    GtkEntry *seed = typed_seed("12");
    edt_ui_panel_begins(panel, order);
    g_assert_cmpstr(gtk_entry_get_text(seed), ==, "12");
    typed_seed("123");
    make(order);
    g_assert_cmpstr(gtk_entry_get_text(seed), ==, "123");
    gtk_spin_button_update(GTK_SPIN_BUTTON(seed));
    g_object_get(settings, "seed", &now, NULL);
    g_assert_cmpfloat(now, ==, 123);
    g_object_set(settings, "seed", -1.0, NULL); /* a new one every time: it is shown which */
    edt_ui_panel_begins(panel, order);
    g_assert_cmpstr(gtk_entry_get_text(seed), ==, "7");
    close_panel();
}

static GtkWidget *focus(void)
{
    return gtk_window_get_focus(GTK_WINDOW(window));
}

static gboolean sheet_has_keyboard(void)
{
    GtkWidget *box = focus() ? gtk_widget_get_parent(focus()) : NULL;
    return box && g_strcmp0(atk_object_get_name(gtk_widget_get_accessible(box)), "Drafts") == 0;
}

/* What had the keyboard went with the drafts before; whoever is elsewhere stays there. */
static void test_keyboard(void)
{
    g_autoptr(GError) error = NULL;
    open_with_fox(1);
    g_object_set(settings, "at-once", FALSE, NULL);
    g_autoptr(EdtOrder) drafts = order_of(edt_order_drafts);
    g_autoptr(EdtOrder) near = edt_drafts_vary(drafts, 1, 0.2, &error);
    g_assert_no_error(error);
    GtkWidget *search = first(panel, GTK_TYPE_SEARCH_ENTRY);
    gtk_widget_grab_focus(search);
    edt_ui_panel_begins(panel, drafts);
    make(drafts);
    g_assert_true(sheet_has_keyboard()); /* nobody went elsewhere */
    edt_ui_panel_begins(panel, near);    /* more like one of them */
    g_assert_false(sheet_has_keyboard());
    make(near);
    g_assert_true(sheet_has_keyboard());
    make(drafts); /* and back */
    g_assert_true(sheet_has_keyboard());
    edt_ui_panel_begins(panel, near);
    gtk_widget_grab_focus(search);
    make(near);
    g_assert_true(focus() == search);
    close_panel();
}

/* ---- earlier pictures ---- */

static char *add_earlier(int seed)
{
    float pixels[4 * 4 * 3] = {0};
    EdtPicture made = {
        .width = 4, .height = 4, .channels = 3, .item = {1, (guint64)seed}, .pixels = pixels};
    g_autofree char *json =
        g_strdup_printf("{\"class\":1,\"class_name\":\"owl\",\"seed\":%d}", seed);
    g_autoptr(EdtRecord) record = edt_record_read(json, NULL);
    char *path = edt_history_add(&made, record, NULL);
    g_assert_nonnull(path);
    return path;
}

/* The accessible of this name below a widget; NULL: there is none. */
static AtkObject *named(GtkWidget *widget, const char *name)
{
    AtkObject *found = gtk_widget_get_accessible(widget);
    if (g_strcmp0(atk_object_get_name(found), name) == 0)
        return found;
    g_autoptr(GList) children =
        GTK_IS_CONTAINER(widget) ? gtk_container_get_children(GTK_CONTAINER(widget)) : NULL;
    found = NULL;
    for (GList *child = children; child && !found; child = child->next)
        found = named(child->data, name);
    return found;
}

static void expect_choice(const char *name, gboolean possible, const char *told)
{
    settle();
    GtkWidget *combo = gtk_accessible_get_widget(GTK_ACCESSIBLE(named(panel, name)));
    g_autofree char *text = gtk_widget_get_tooltip_text(combo);
    g_assert_cmpint(gtk_widget_get_sensitive(combo), ==, possible);
    g_assert_nonnull(strstr(text, told));
}

/* A model that draws things completes a drawing, not what is visible; what was chosen for another
 * model can be taken back. */
static void test_start(void)
{
    open_panel();
    g_object_set(settings, "model", stamps, "start", "selection", "into", "missing", "context",
                 "layer", NULL);
    expect_choice("Fit to", FALSE, "on a transparent ground");
    expect_choice("White paper", TRUE, "transparent ground");
    g_object_set(settings, "context", "visible", NULL);
    expect_choice("Fit to", TRUE, "What is known around");
    g_object_set(settings, "into", "shape", NULL);
    expect_choice("Fit to", FALSE, "What is known around");
    g_object_set(settings, "model", "/there/is/none", "into", "missing", "context", "layer", NULL);
    expect_choice("Fit to", TRUE, "What is known around");
    expect_choice("White paper", FALSE, "transparent ground");
    close_panel();
}

/* What the preview says that it shows. */
static void expect_shown(const char *caption)
{
    settle();
    AtkObject *area = named(panel, "Preview");
    g_assert_cmpstr(atk_object_get_description(area), ==, caption);
}

static gboolean can_go_back(void)
{
    return gtk_widget_get_visible(screen_button(panel, "Back to what was shown"));
}

/* Somebody looks at one while others are made: they come back with a press, or when they are
 * there. */
static void test_look(void)
{
    g_autofree char *path = add_earlier(3);
    open_with_fox(2);
    g_autoptr(EdtOrder) order = order_of(edt_order_new);
    gtk_button_clicked(GTK_BUTTON(screen_button(panel, "owl, seed 3")));
    expect_shown("owl, seed 3");
    g_assert_false(can_go_back());
    g_assert_true(can_press("Again"));
    edt_ui_panel_begins(panel, order);
    expect_shown("fox, 2 pictures");
    gtk_button_clicked(GTK_BUTTON(screen_button(panel, "owl, seed 3")));
    show_frame(order);
    expect_shown("owl, seed 3");
    press("Back to what was shown", "");
    expect_shown("fox, 2 pictures");
    gtk_button_clicked(GTK_BUTTON(screen_button(panel, "owl, seed 3")));
    make(order);
    expect_shown("fox, 2 pictures");
    g_assert_false(can_go_back());
    close_panel();
    g_assert_cmpint(g_unlink(path), ==, 0);
}

/* Whatever makes an end of looking: what is shown is called what it is. */
static void test_names(void)
{
    g_autofree char *path = add_earlier(3);
    open_with_fox(1);
    g_object_set(settings, "at-once", TRUE, NULL);
    g_autoptr(EdtOrder) order = order_of(edt_order_new);
    edt_ui_panel_begins(panel, order);
    gtk_button_clicked(GTK_BUTTON(screen_button(panel, "owl, seed 3")));
    g_object_set(settings, "at-once", FALSE, NULL);
    show_frame(order);
    expect_shown("fox, seed 7");
    gtk_button_clicked(GTK_BUTTON(screen_button(panel, "owl, seed 3")));
    expect_shown("owl, seed 3");
    edt_ui_panel_choose(panel, NULL, FALSE); /* as after an error, though there are pictures */
    make(order);
    expect_shown("fox, seed 7");
    press("Again", "again record 0");
    close_panel();
    g_assert_cmpint(g_unlink(path), ==, 0);
}

/* Of a draft: what is seen stays, whatever is made. */
static void test_use(void)
{
    EdtModelInfo *info = edt_model_info_read(stamps, NULL);
    const EdtRecord record = record_of(info);
    open_with_fox(1);
    g_autoptr(EdtOrder) order = order_of(edt_order_new);
    edt_ui_panel_begins(panel, order);
    edt_ui_panel_use(panel, &record);
    expect_settings("", 0, 0, "nothing");
    expect_shown("fox, seed 7");
    make(order);
    expect_shown("fox, seed 7");
    close_panel();
    edt_model_info_free(info);
}

static GdkPixbuf *plain(guint32 colour)
{
    GdkPixbuf *picture = gdk_pixbuf_new(GDK_COLORSPACE_RGB, FALSE, 8, 4, 4);
    gdk_pixbuf_fill(picture, colour);
    return picture;
}

/* A place that marches. */
static GPtrArray *black_and_white(void)
{
    GPtrArray *pictures = g_ptr_array_new_with_free_func(g_object_unref);
    g_ptr_array_add(pictures, plain(0x000000ff));
    g_ptr_array_add(pictures, plain(0xffffffff));
    return pictures;
}

/* In the middle of the preview. */
static guint32 colour_seen(void)
{
    GtkWidget *area = gtk_accessible_get_widget(GTK_ACCESSIBLE(named(panel, "Preview")));
    gtk_container_check_resize(GTK_CONTAINER(window)); /* it may have come into sight just now */
    int width = gtk_widget_get_allocated_width(area),
        height = gtk_widget_get_allocated_height(area);
    cairo_surface_t *seen = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    cairo_t *cr = cairo_create(seen);
    gtk_widget_draw(area, cr);
    cairo_destroy(cr);
    cairo_surface_flush(seen);
    const guint8 *row =
        cairo_image_surface_get_data(seen) + height / 2 * cairo_image_surface_get_stride(seen);
    guint32 colour = ((const guint32 *)(gconstpointer)row)[width / 2] & 0xffffff;
    cairo_surface_destroy(seen);
    return colour;
}

static void wait_for_colour(guint32 colour)
{
    gint64 end = g_get_monotonic_time() + PATIENCE * G_USEC_PER_SEC;
    while (colour_seen() != colour) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_usleep(1000);
        gtk_main_iteration_do(FALSE);
    }
}

static void set_animations(gboolean wanted)
{
    g_object_set(gtk_settings_get_default(), "gtk-enable-animations", wanted, NULL);
}

/* The outline around it marches, as long as it is shown and nobody minds. */
static void test_place_marches(void)
{
    GPtrArray *pictures = black_and_white();
    GdkPixbuf *first = g_ptr_array_index(pictures, 0);
    g_object_add_weak_pointer(G_OBJECT(first), (gpointer *)&first);
    open_with_fox(1);
    set_animations(TRUE);
    edt_ui_panel_show_place(panel, pictures);
    g_ptr_array_unref(pictures);
    wait_for_colour(0x000000);
    wait_for_colour(0xffffff);
    wait_for_colour(0x000000);
    g_autoptr(EdtOrder) order = order_of(edt_order_new);
    edt_ui_panel_begins(panel, order);
    show_frame(order);
    expect_shown("fox, seed 7");
    g_assert_null(first);
    close_panel();
}

/* A black frame and a white one. */
static void make_frames(EdtOrder *order)
{
    float black[12] = {0}, white[12];
    for (int i = 0; i < 12; i++)
        white[i] = 1;
    EdtPicture frames[2] = {{.width = 2, .height = 2, .channels = 3, .pixels = black},
                            {.width = 2, .height = 2, .channels = 3, .pixels = white}};
    const EdtPictures pictures = {.pictures = frames, .n_pictures = 2};
    char *records[] = {(char *)"one", (char *)"two", NULL};
    const EdtOutcome outcome = {.order = order, .pictures = &pictures, .records = records};
    edt_ui_panel_begins(panel, order);
    edt_ui_panel_ends(panel, 2, 1);
    edt_ui_panel_made(panel, &outcome);
    settle();
}

/* One after the other, until somebody presses: then all of them. */
static void test_play(void)
{
    open_with_fox(2);
    set_animations(TRUE);
    g_autoptr(EdtOrder) order = order_of(edt_order_new);
    make_frames(order);
    edt_ui_panel_play(panel, FRAME, FALSE);
    g_assert_cmphex(colour_seen(), ==, 0x000000);
    wait_for_colour(0xffffff);
    wait_for_colour(0x000000);
    expect_shown("fox, 2 pictures");
    GtkWidget *area = gtk_accessible_get_widget(GTK_ACCESSIBLE(named(panel, "Preview")));
    gtk_widget_grab_focus(area);
    screen_press_key(window, GDK_KEY_Right, 0);
    expect_shown("fox, seed 7");
    edt_ui_panel_play(panel, FRAME, FALSE); /* somebody looks at one */
    for (int i = 0; i < 20; i++) {
        g_usleep(FRAME * 1000 / 10);
        settle();
        g_assert_cmphex(colour_seen(), ==, 0x000000);
    }
    close_panel();
}

/* They are seen, and the drafts wait behind them. */
static void test_play_over_sheet(void)
{
    open_with_fox(2);
    set_animations(TRUE);
    g_object_set(settings, "at-once", FALSE, NULL);
    g_autoptr(EdtOrder) drafts = order_of(edt_order_drafts);
    edt_ui_panel_begins(panel, drafts);
    make(drafts);
    g_assert_true(sees_sheet());
    g_autoptr(EdtOrder) order = order_of(edt_order_new);
    make_frames(order);
    edt_ui_panel_play(panel, FRAME, FALSE);
    g_assert_false(sees_sheet());
    wait_for_colour(0xffffff);
    press("Back to what was shown", "");
    g_assert_true(sees_sheet());
    close_panel();
}

/* The last picture is shown at first, but not where the next one has its place. */
static void test_place(void)
{
    g_autofree char *path = add_earlier(3);
    open_panel();
    edt_ui_panel_start(panel, NULL, 1);
    expect_shown("owl, seed 3");
    close_panel();
    open_panel();
    there = black_and_white();
    edt_ui_panel_start(panel, NULL, 1);
    expect_shown("Here the next picture will come");
    g_clear_pointer(&there, g_ptr_array_unref);
    close_panel();
    g_assert_cmpint(g_unlink(path), ==, 0);
}

/* The drafts wait behind it. */
static void test_look_from_sheet(void)
{
    g_autofree char *path = add_earlier(3);
    open_with_fox(1);
    g_object_set(settings, "at-once", FALSE, NULL);
    g_autoptr(EdtOrder) drafts = order_of(edt_order_drafts);
    edt_ui_panel_begins(panel, drafts);
    make(drafts);
    gtk_button_clicked(GTK_BUTTON(screen_button(panel, "owl, seed 3")));
    g_assert_false(sees_sheet());
    press("Back to what was shown", "");
    g_assert_true(sees_sheet());
    close_panel();
    g_assert_cmpint(g_unlink(path), ==, 0);
}

/* ---- the bar ---- */

static void expect_bar(GtkWidget *row, const char *text)
{
    GtkWidget *bar = first(row, GTK_TYPE_PROGRESS_BAR);
    g_assert_cmpstr(gtk_progress_bar_get_text(GTK_PROGRESS_BAR(bar)), ==, text);
}

/* What lacks is told when nothing is worked on any more. */
static void test_bar(void)
{
    GtkWidget *row = g_object_ref_sink(edt_ui_progress_new(NULL, NULL));
    edt_ui_progress_rest(row, "Ready");
    expect_bar(row, "Ready");
    edt_ui_progress_say(row, "Starting");
    edt_ui_progress_lack(row, "no fox");
    expect_bar(row, "Starting");
    edt_ui_progress_rest(row, "Ready · 1 picture");
    expect_bar(row, "no fox");
    edt_ui_progress_lack(row, NULL);
    expect_bar(row, "Ready · 1 picture");
    g_object_unref(row);
}

int main(int argc, char **argv)
{
    static const char *const homes[] = {"XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME",
                                        "XDG_CONFIG_HOME"};
    stamps = argv[1];
    g_setenv("EDT_MODEL_PATH", stamps, TRUE);
    for (gsize i = 0; i < G_N_ELEMENTS(homes); i++)
        g_setenv(homes[i], test_folder(), TRUE);
    if (!screen_open(&argc, &argv))
        return 0;
    g_test_add_func("/panel/another-model", test_another_model);
    g_test_add_func("/panel/search", test_search);
    g_test_add_func("/panel/presets", test_presets);
    g_test_add_func("/panel/interval", test_interval);
    g_test_add_func("/panel/question", test_question);
    g_test_add_func("/panel/said", test_said);
    g_test_add_func("/panel/draft-vae", test_draft_vae);
    g_test_add_func("/panel/style", test_style);
    g_test_add_func("/panel/mix", test_mix);
    g_test_add_func("/panel/mix-pictures", test_mix_pictures);
    g_test_add_func("/panel/mix-obstacles", test_mix_obstacles);
    g_test_add_func("/panel/close", test_close);
    g_test_add_func("/panel/restore", test_restore);
    g_test_add_func("/panel/variation", test_variation);
    g_test_add_func("/panel/again", test_again);
    g_test_add_func("/panel/several", test_several);
    g_test_add_func("/panel/asked-sheet", test_asked_sheet);
    g_test_add_func("/panel/back", test_back);
    g_test_add_func("/panel/typed-seed", test_typed_seed);
    g_test_add_func("/panel/keyboard", test_keyboard);
    g_test_add_func("/panel/look", test_look);
    g_test_add_func("/panel/names", test_names);
    g_test_add_func("/panel/use", test_use);
    g_test_add_func("/panel/place", test_place);
    g_test_add_func("/panel/place-marches", test_place_marches);
    g_test_add_func("/panel/play", test_play);
    g_test_add_func("/panel/play-over-sheet", test_play_over_sheet);
    g_test_add_func("/panel/start", test_start);
    g_test_add_func("/panel/restore-start", test_restore_start);
    g_test_add_func("/panel/look-from-sheet", test_look_from_sheet);
    g_test_add_func("/panel/bar", test_bar);
    asked = g_string_new(NULL);
    int code = g_test_run();
    g_string_free(asked, TRUE);
    screen_close();
    return code;
}
