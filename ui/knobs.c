/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Widgets bound to properties both ways: reset, saved settings and a restored record show at once.
 */
#include "ui/knobs.h"
#include "machine.h"
#include "session/words.h"
#include "settings.h"
#include "ui/row.h"
#include "ui/speed.h"

#include <glib/gi18n.h>

typedef struct {
    GObject *settings;
    GtkWidget *seed, *fresh, *amm, *reuse, *vae, *more;
    double last_seed;
    gboolean amm_helps, amm_official; /* Automatic, and Official, use it in this model */
    gboolean has_draft;               /* this model has a small autoencoder, too */
    gboolean busy;
} Knobs;

static void bind(GObject *settings, const char *name, GtkWidget *widget, const char *property)
{
    g_object_bind_property(settings, name, widget, property,
                           G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
}

/* ---- lists ---- */

static void attach_combo(GtkGrid *grid, int row, GObject *settings, const char *name,
                         const char *label, const EdtChoices *choices, const char *tooltip)
{
    GtkWidget *combo = edt_ui_combo_new(settings, name, choices);
    edt_ui_row_attach(grid, row, label, combo, combo, tooltip);
}

static GtkWidget *new_spin(GObject *settings, const char *name, double low, double high,
                           double step, int digits)
{
    GtkAdjustment *adjustment = gtk_adjustment_new(low, low, high, step, step * 10, 0);
    GtkWidget *spin = gtk_spin_button_new(adjustment, step, (guint)digits);
    gtk_spin_button_set_numeric(GTK_SPIN_BUTTON(spin), TRUE);
    gtk_entry_set_activates_default(GTK_ENTRY(spin), TRUE);
    bind(settings, name, spin, "value");
    return spin;
}

/* ---- seed ---- */

static double seed_setting(const Knobs *knobs)
{
    double seed;
    g_object_get(knobs->settings, "seed", &seed, NULL);
    return seed;
}

/* -1 in the settings is the tick; the number stays readable. */
static void show_seed(Knobs *knobs)
{
    const double seed = seed_setting(knobs), shown = seed < 0 ? knobs->last_seed : seed;
    knobs->busy = TRUE;
    gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(knobs->fresh), seed < 0);
    if (gtk_spin_button_get_value(GTK_SPIN_BUTTON(knobs->seed)) !=
        shown) /* one may be typed there */
        gtk_spin_button_set_value(GTK_SPIN_BUTTON(knobs->seed), shown);
    gtk_widget_set_sensitive(knobs->seed, seed >= 0);
    knobs->busy = FALSE;
}

static void take_seed(Knobs *knobs)
{
    double seed = seed_setting(knobs);
    if (seed >= 0)
        knobs->last_seed = seed;
    show_seed(knobs);
}

static void on_seed_setting(GObject *settings, GParamSpec *property, GtkWidget *box)
{
    take_seed(g_object_get_data(G_OBJECT(box), "edt-knobs"));
}

static void set_seed(Knobs *knobs, double seed)
{
    g_object_set(knobs->settings, "seed", seed, NULL);
}

static void on_seed(GtkSpinButton *spin, Knobs *knobs)
{
    if (!knobs->busy)
        set_seed(knobs, gtk_spin_button_get_value(spin));
}

static void on_fresh(GtkToggleButton *fresh, Knobs *knobs)
{
    if (!knobs->busy)
        set_seed(knobs, gtk_toggle_button_get_active(fresh) ? -1 : knobs->last_seed);
}

static void on_dice(GtkButton *button, Knobs *knobs)
{
    set_seed(knobs, g_random_int());
}

static void on_next(GtkButton *button, Knobs *knobs)
{
    set_seed(knobs, knobs->last_seed < EDT_SEED_MAX ? knobs->last_seed + 1 : 0);
}

static void add_button(GtkWidget *row, const char *icon, const char *name, const char *tooltip,
                       GCallback clicked, Knobs *knobs)
{
    GtkWidget *button = edt_ui_icon_button(icon, name, tooltip);
    g_signal_connect(button, "clicked", clicked, knobs);
    gtk_box_pack_start(GTK_BOX(row), button, FALSE, FALSE, 0);
}

static GtkWidget *new_seed_row(Knobs *knobs)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    knobs->seed = gtk_spin_button_new_with_range(0, EDT_SEED_MAX, 1);
    knobs->fresh = gtk_check_button_new_with_mnemonic(_("Ne_w seed every time"));
    gtk_spin_button_set_numeric(GTK_SPIN_BUTTON(knobs->seed), TRUE);
    gtk_entry_set_activates_default(GTK_ENTRY(knobs->seed), TRUE);
    gtk_entry_set_width_chars(GTK_ENTRY(knobs->seed), 11);
    g_signal_connect(knobs->seed, "value-changed", G_CALLBACK(on_seed), knobs);
    g_signal_connect(knobs->fresh, "toggled", G_CALLBACK(on_fresh), knobs);
    gtk_box_pack_start(GTK_BOX(row), knobs->seed, TRUE, TRUE, 0);
    add_button(row, "media-playlist-shuffle-symbolic", _("Random seed"),
               _("Throw the dice for another seed"), G_CALLBACK(on_dice), knobs);
    add_button(row, "go-next-symbolic", _("Next seed"), _("The seed after the last one"),
               G_CALLBACK(on_next), knobs);
    gtk_box_pack_start(GTK_BOX(box), row, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(box), knobs->fresh, FALSE, FALSE, 0);
    return box;
}

/* ---- steps ---- */

static GtkWidget *new_steps_row(GObject *settings, GtkWidget **spin)
{
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    const EdtSetting *setting = edt_setting_named("steps");
    *spin = new_spin(settings, "steps", setting->least, setting->most, 1, 0);
    gtk_box_pack_start(GTK_BOX(row), *spin, TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(row), edt_ui_speed_new(settings), FALSE, FALSE, 0);
    return row;
}

/* ---- AMM ---- */

static const char *amm_words(const Knobs *knobs)
{
    if (knobs->amm_helps && knobs->amm_official)
        return _("The attention modulation matrix: every part of the picture attends more to its "
                 "neighbours and less to what is far away, without any training. Details become "
                 "crisper and the class clearer. “Official” uses the layers of the published "
                 "code, “Automatic” the ones that suit the model and the guidance.");
    if (knobs->amm_helps)
        return _("The attention modulation matrix: every part of the picture attends more to its "
                 "neighbours and less to what is far away. Nothing is published for this network, "
                 "so “Official” does nothing; “Automatic” uses layers as deep as in those "
                 "networks that something is published for.");
    if (knobs->amm_official)
        return _("The attention modulation matrix was published for finer networks than this one, "
                 "where it brings out seams: “Automatic” leaves it off.");
    return _("Nobody has said where the attention modulation matrix goes in this network: it does "
             "nothing here.");
}

/* Where Automatic leaves it out there is nothing to choose; what was chosen for another model can
 * be taken back. */
static void show_amm(Knobs *knobs)
{
    g_autofree char *word = NULL;
    g_object_get(knobs->settings, "amm", &word, NULL);
    gboolean idle = !knobs->amm_helps && g_strcmp0(word, edt_amm_words[EDT_AMM_AUTO]) == 0;
    gtk_widget_set_sensitive(knobs->amm, !idle);
    gtk_widget_set_tooltip_text(knobs->amm, amm_words(knobs));
}

/* The rows say themselves why nothing can be chosen, or what does nothing. */
static void label_amm(Knobs *knobs)
{
    GtkTreeModel *model = gtk_combo_box_get_model(GTK_COMBO_BOX(knobs->amm));
    GtkTreeIter row;
    if (!gtk_tree_model_get_iter_first(model, &row))
        return;
    gtk_list_store_set(GTK_LIST_STORE(model), &row, 0,
                       knobs->amm_helps ? _("Automatic") : _("Off: not for this model"), -1);
    if (gtk_tree_model_iter_next(model, &row))
        gtk_list_store_set(
            GTK_LIST_STORE(model), &row, 0,
            knobs->amm_official ? _("Official") : _("Official: nothing for this model"), -1);
}

static void on_amm_setting(GObject *settings, GParamSpec *property, GtkWidget *box)
{
    show_amm(g_object_get_data(G_OBJECT(box), "edt-knobs"));
}

/* ---- all ---- */

/* Asking for GPUs may load a driver: only when somebody looks. */
static void on_more(GtkWidget *popover, GtkLabel *note)
{
    EdtBackendInfo *list = edt_backends_list();
    for (int i = 0; list[i].name; i++) {
        if (g_strcmp0(list[i].name, "cuda") != 0)
            continue;
        char *text = list[i].usable ? g_strdup(list[i].detail)
                                    : g_strdup_printf(_("No GPU is used: %s."), list[i].detail);
        gtk_label_set_text(note, text);
        g_free(text);
        break; /* the one that is used, or why there is none */
    }
    edt_backends_free(list);
}

static GtkWidget *new_backend_note(GtkWidget *popover)
{
    GtkWidget *note = gtk_label_new(NULL);
    gtk_label_set_line_wrap(GTK_LABEL(note), TRUE);
    gtk_label_set_max_width_chars(GTK_LABEL(note), 36);
    gtk_label_set_xalign(GTK_LABEL(note), 0);
    gtk_style_context_add_class(gtk_widget_get_style_context(note), GTK_STYLE_CLASS_DIM_LABEL);
    g_signal_connect(popover, "show", G_CALLBACK(on_more), note);
    return note;
}

static void attach_guidance(GtkGrid *grid, GObject *settings)
{
    GtkWidget *spin = new_spin(settings, "guidance", 0, EDT_CFG_SCALE_MAX, 0.5, 2);
    edt_ui_row_attach(grid, 0, _("G_uidance"), spin, spin,
                      _("How strongly the picture is drawn to its class; 1 is none and twice as "
                        "fast, more than 8 looks painted"));
}

/* The spin button says why there is nothing to choose. */
static void show_reuse(const Knobs *knobs, gboolean has_inner)
{
    gtk_widget_set_sensitive(knobs->reuse, has_inner);
    gtk_widget_set_tooltip_text(
        knobs->reuse,
        has_inner ? _("At how many of the less noisy steps the coarse stages of the network are "
                      "computed once: 1 is exact, 2 saves about a seventh of the time")
                  : _("This network has no coarse stages: nothing can be saved"));
}

/* Where there is one to choose; what was chosen for another model can be taken back. */
static void show_vae(Knobs *knobs)
{
    g_autofree char *word = NULL;
    g_object_get(knobs->settings, "vae", &word, NULL);
    const gboolean wanted = g_strcmp0(word, edt_decode_words[EDT_DECODE_DRAFT]) == 0;
    gtk_widget_set_visible(knobs->vae, knobs->has_draft || wanted);
}

static void on_vae_setting(GObject *settings, GParamSpec *property, GtkWidget *box)
{
    show_vae(g_object_get_data(G_OBJECT(box), "edt-knobs"));
}

/* A grid of its own, which can be hidden. */
static GtkWidget *new_vae_row(GObject *settings)
{
    g_autofree char *label = edt_ui_plain(_(edt_setting_label("vae")));
    GtkWidget *grid = gtk_grid_new();
    gtk_grid_set_column_spacing(GTK_GRID(grid), 12);
    attach_combo(GTK_GRID(grid), 0, settings, "vae", label, &edt_decode_choices,
                 _("Which autoencoder makes the pixels, of models that have a small one, too"));
    gtk_widget_show_all(grid);
    gtk_widget_set_no_show_all(grid, TRUE);
    return grid;
}

static GtkWidget *new_more_grid(Knobs *knobs, GtkWidget *popover)
{
    GObject *settings = knobs->settings;
    const EdtSetting *reuse = edt_setting_named("reuse");
    GtkWidget *grid = gtk_grid_new();
    gtk_grid_set_row_spacing(GTK_GRID(grid), 6);
    gtk_grid_set_column_spacing(GTK_GRID(grid), 12);
    attach_guidance(GTK_GRID(grid), settings);
    attach_combo(GTK_GRID(grid), 1, settings, "sampler", _(edt_setting_label("sampler")),
                 &edt_sampler_choices, _("How noise is taken away step by step"));
    GtkWidget *combo = edt_ui_interval_new(settings);
    edt_ui_row_attach(GTK_GRID(grid), 2, _(edt_setting_label("cfg_interval")), combo, combo,
                      _("Guidance does most at middle noise levels. A step without it costs half, "
                        "and pictures are more varied."));
    knobs->reuse = new_spin(settings, "reuse", reuse->least, reuse->most, 1, 0);
    edt_ui_row_attach(GTK_GRID(grid), 3, _(edt_setting_label("reuse")), knobs->reuse, knobs->reuse,
                      NULL);
    show_reuse(knobs, TRUE);
    attach_combo(GTK_GRID(grid), 4, settings, "backend", _("_Backend"), &edt_backend_choices,
                 _("Where it is computed"));
    gtk_grid_attach(GTK_GRID(grid), new_backend_note(popover), 1, 5, 1, 1);
    attach_combo(GTK_GRID(grid), 6, settings, "precision", _("Pr_ecision"), &edt_precision_choices,
                 _("What it is computed in"));
    return grid;
}

/* What is seldom changed: behind a button, so that the dialog fits a small screen. */
static GtkWidget *new_more(Knobs *knobs)
{
    GtkWidget *button = gtk_menu_button_new();
    GtkWidget *popover = gtk_popover_new(button);
    knobs->more = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);
    gtk_button_set_label(GTK_BUTTON(button), _("More settings"));
    gtk_container_set_border_width(GTK_CONTAINER(knobs->more), 12);
    knobs->vae = new_vae_row(knobs->settings);
    gtk_box_pack_start(GTK_BOX(knobs->more), new_more_grid(knobs, popover), FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(knobs->more), knobs->vae, FALSE, FALSE, 0);
    edt_ui_rows_align(knobs->more);
    gtk_container_add(GTK_CONTAINER(popover), knobs->more);
    gtk_widget_show_all(knobs->more);
    gtk_menu_button_set_popover(GTK_MENU_BUTTON(button), popover);
    return button;
}

static void attach_all(GtkGrid *grid, Knobs *knobs)
{
    GObject *settings = knobs->settings;
    GtkWidget *spin, *row;
    row = new_seed_row(knobs);
    edt_ui_row_attach(grid, 0, _("See_d"), row, knobs->seed,
                      _("The same seed with the same settings makes the same picture"));
    row = new_steps_row(settings, &spin);
    edt_ui_row_attach(grid, 1, _(edt_setting_label("steps")), row, spin,
                      _("More steps are slower and finer"));
    knobs->amm = edt_ui_combo_new(settings, "amm", &edt_amm_choices);
    edt_ui_row_attach(grid, 2, _("A_MM"), knobs->amm, knobs->amm, NULL);
    row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    spin = new_spin(settings, "count", 1, EDT_COUNT_MAX, 1, 0);
    gtk_box_pack_start(GTK_BOX(row), spin, TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(row), new_more(knobs), FALSE, FALSE, 0);
    edt_ui_row_attach(grid, 3, _("P_ictures"), row, spin,
                      _("Several pictures with successive seeds come as a layer group"));
}

GtkWidget *edt_ui_knobs_new(GObject *settings)
{
    Knobs *knobs = g_new0(Knobs, 1);
    GtkWidget *grid = gtk_grid_new();
    *knobs = (Knobs){.settings = settings, .amm_helps = TRUE, .amm_official = TRUE};
    gtk_grid_set_row_spacing(GTK_GRID(grid), 6);
    gtk_grid_set_column_spacing(GTK_GRID(grid), 12);
    attach_all(GTK_GRID(grid), knobs);
    g_object_set_data_full(G_OBJECT(grid), "edt-knobs", knobs, g_free);
    g_signal_connect_object(settings, "notify::seed", G_CALLBACK(on_seed_setting), grid, 0);
    g_signal_connect_object(settings, "notify::amm", G_CALLBACK(on_amm_setting), grid, 0);
    g_signal_connect_object(settings, "notify::vae", G_CALLBACK(on_vae_setting), grid, 0);
    take_seed(knobs);
    show_amm(knobs);
    show_vae(knobs);
    return grid;
}

void edt_ui_knobs_set_model(GtkWidget *grid, const EdtModelInfo *info)
{
    Knobs *knobs = g_object_get_data(G_OBJECT(grid), "edt-knobs");
    knobs->amm_helps = !info || info->amm_helps;
    knobs->amm_official = !info || info->amm_official;
    knobs->has_draft = info && info->has_draft;
    label_amm(knobs);
    show_amm(knobs);
    show_vae(knobs);
    show_reuse(knobs, !info || info->has_inner);
}

GtkWidget *edt_ui_knobs_more(GtkWidget *grid)
{
    Knobs *knobs = g_object_get_data(G_OBJECT(grid), "edt-knobs");
    return knobs->more;
}

void edt_ui_knobs_seed_used(GtkWidget *box, double seed)
{
    Knobs *knobs = g_object_get_data(G_OBJECT(box), "edt-knobs");
    knobs->last_seed = seed;
    show_seed(knobs);
}
