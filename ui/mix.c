/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The second class is picked behind the button with the plus, which then shows it: between both
 * pictures lies the slider.  Nothing of it takes room where nothing is mixed; see mix.h.
 */
#include "ui/mix.h"
#include "catalogue.h"
#include "session/labels.h"
#include "session/words.h"
#include "settings.h"
#include "ui/row.h"

#include <glib/gi18n.h>

#define SIDE 28    /* of a picture beside the slider */
#define HEIGHT 300 /* of the second picker */
#define USUAL 0.5  /* of a class that was just chosen */
#define STEP 0.05  /* of the slider */

typedef struct {
    GObject *settings;
    EdtThumbnails *pictures;
    EdtPickerChosen tell;
    void (*frames)(gpointer user_data);
    gpointer user_data;
    const EdtModelInfo *info;
    char *lacks; /* of the second class, or NULL */
    GtkWidget *picker, *button, *hint, *first, *scale, *told, *label, *how, *ways, *make;
} Mix;

static Mix *mix_of(GtkWidget *widget)
{
    return g_object_get_data(G_OBJECT(widget), "edt-mix");
}

static void mix_free(gpointer data)
{
    g_free(((Mix *)data)->lacks);
    g_free(data);
}

/* ---- what is set ---- */

static char *text_of(const Mix *mix, const char *name)
{
    char *text = NULL;
    g_object_get(mix->settings, name, &text, NULL);
    return text ? text : g_strdup("");
}

static gboolean is_mixed(const Mix *mix)
{
    g_autofree char *text = text_of(mix, "mix-class");
    return *text != '\0';
}

static int class_of(const Mix *mix, const char *name)
{
    g_autofree char *text = text_of(mix, name);
    return mix->info && *text ? edt_class_find(mix->info, text, NULL) : -1;
}

static char *name_of(const Mix *mix, const char *name)
{
    int index = class_of(mix, name);
    g_autofree char *text = text_of(mix, name);
    return index >= 0 ? edt_class_label(mix->info, index)
                      : g_strdup(*text ? text : _("Any class, at random"));
}

static char *label_of(const Mix *mix)
{
    double part;
    g_autofree char *first = name_of(mix, "class"), *second = name_of(mix, "mix-class");
    g_object_get(mix->settings, "mix", &part, NULL);
    return edt_label_mixed(first, second, part);
}

/* ---- why not ---- */

static const char *mix_obstacle(const Mix *mix)
{
    if (!mix->info)
        return _("No model that makes pictures");
    return mix->info->n_classes > 1 ? NULL
                                    : _("This model knows one class: there is no other to mix it "
                                        "with.");
}

static const char *frames_obstacle(const Mix *mix)
{
    g_autofree char *sampler = text_of(mix, "sampler");
    if (mix->lacks)
        return mix->lacks;
    return g_strcmp0(sampler, edt_sampler_words[EDT_SAMPLER_DDPM])
               ? NULL
               : _("This sampler draws noise in every step, so that the frames would flicker: "
                   "choose another one.");
}

/* ---- showing ---- */

static void allow(GtkWidget *widget, const char *obstacle, const char *tooltip)
{
    gtk_widget_set_sensitive(widget, !obstacle);
    gtk_widget_set_tooltip_text(widget, obstacle ? obstacle : tooltip);
}

/* FALSE: there is none of this class. */
static gboolean show_picture(const Mix *mix, GtkWidget *image, const char *name)
{
    GdkPixbuf *large = edt_thumbnails_get(mix->pictures, class_of(mix, name));
    g_autoptr(GdkPixbuf) small =
        large ? gdk_pixbuf_scale_simple(large, SIDE, SIDE, GDK_INTERP_BILINEAR) : NULL;
    gtk_image_set_from_pixbuf(GTK_IMAGE(image), small);
    return small != NULL;
}

static void show_ends(const Mix *mix, gboolean mixed)
{
    GtkWidget *plus = gtk_button_get_image(GTK_BUTTON(mix->button));
    g_autofree char *first = name_of(mix, "class");
    gtk_widget_set_visible(mix->first, mixed && show_picture(mix, mix->first, "class"));
    gtk_widget_set_tooltip_text(mix->first, first);
    if (!mixed || !show_picture(mix, plus, "mix-class"))
        gtk_image_set_from_icon_name(GTK_IMAGE(plus),
                                     mixed ? "document-edit-symbolic" : "list-add-symbolic",
                                     GTK_ICON_SIZE_BUTTON);
}

static void show_way(const Mix *mix)
{
    g_autofree char *word = text_of(mix, "mix-how");
    int how = MAX(edt_word_find(edt_mix_how_words, word), 0);
    for (const EdtChoice *each = edt_mix_how_choices.list; each->label; each++)
        if (each->value == how)
            gtk_widget_set_tooltip_text(mix->how, _(each->help));
}

static void show(Mix *mix)
{
    gboolean mixed = is_mixed(mix);
    g_autofree char *label = mix->lacks ? g_strdup(mix->lacks) : label_of(mix);
    show_ends(mix, mixed);
    show_way(mix);
    gtk_widget_set_visible(mix->hint, !mixed);
    gtk_widget_set_visible(mix->scale, mixed);
    gtk_widget_set_visible(mix->told, mixed);
    gtk_widget_set_visible(mix->ways, mixed);
    gtk_label_set_text(GTK_LABEL(mix->label), label);
    gtk_widget_set_tooltip_text(mix->label, label);
    allow(mix->button, mix_obstacle(mix), _("Choose a class that is mixed into the first one"));
    allow(mix->make, frames_obstacle(mix),
          _("An animation from the first class to the second one, frame by frame"));
}

/* ---- what the user does ---- */

/* A class that was just chosen has a part. */
static void on_setting(GObject *settings, GParamSpec *property, GtkWidget *widget)
{
    Mix *mix = mix_of(widget);
    double part;
    g_object_get(settings, "mix", &part, NULL);
    if (part <= 0 && g_str_equal(property->name, "mix-class") && is_mixed(mix))
        g_object_set(settings, "mix", USUAL, NULL);
    show(mix);
}

static void on_pictures(gpointer user_data)
{
    show(user_data);
}

static void on_missing(const char *missing, gpointer user_data)
{
    Mix *mix = user_data;
    g_set_str(&mix->lacks, is_mixed(mix) ? missing : NULL);
    show(mix);
    mix->tell(mix->lacks, mix->user_data);
}

static void on_remove(GtkButton *button, Mix *mix)
{
    g_object_set(mix->settings, "mix-class", "", "mix", 0.0, NULL);
    gtk_widget_grab_focus(mix->button);
}

static void on_frames(GtkButton *button, Mix *mix)
{
    mix->frames(mix->user_data);
}

/* GTK has just given it to the star. */
static void on_open(GtkWidget *popover, Mix *mix)
{
    edt_ui_picker_focus(mix->picker);
}

/* Also when the dialog goes, where nobody is to be told any more. */
static void on_closed(GtkPopover *popover, Mix *mix)
{
    if (gtk_widget_get_mapped(mix->button))
        edt_ui_picker_end_search(mix->picker);
}

/* ---- making ---- */

static GtkWidget *new_popover(Mix *mix)
{
    GtkWidget *popover = gtk_popover_new(mix->button);
    mix->picker =
        edt_ui_picker_new(mix->settings, &edt_picker_second, mix->pictures, on_missing, mix);
    gtk_container_set_border_width(GTK_CONTAINER(mix->picker), 12);
    gtk_widget_set_size_request(mix->picker, -1, HEIGHT);
    gtk_container_add(GTK_CONTAINER(popover), mix->picker);
    gtk_widget_show_all(mix->picker);
    g_signal_connect(popover, "show", G_CALLBACK(on_open), mix);
    g_signal_connect(popover, "closed", G_CALLBACK(on_closed), mix);
    return popover;
}

static GtkWidget *new_button(Mix *mix)
{
    GtkWidget *button = mix->button = gtk_menu_button_new();
    gtk_button_set_image(GTK_BUTTON(button), gtk_image_new());
    edt_ui_name(button, _("Second class"));
    edt_ui_narrow(button);
    gtk_menu_button_set_popover(GTK_MENU_BUTTON(button), new_popover(mix));
    return button;
}

static GtkWidget *new_scale(GObject *settings)
{
    GtkWidget *scale = gtk_scale_new_with_range(GTK_ORIENTATION_HORIZONTAL, 0, 1, STEP);
    gtk_scale_set_draw_value(GTK_SCALE(scale), FALSE);
    edt_ui_name(scale, _("Part of the second class"));
    gtk_widget_set_tooltip_text(scale, _("How much of the second class there is"));
    g_object_bind_property(settings, "mix", gtk_range_get_adjustment(GTK_RANGE(scale)), "value",
                           G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
    return scale;
}

/* fox |----o----| owl */
static GtkWidget *new_slider(Mix *mix)
{
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    mix->hint = gtk_label_new(_("Mix with a second class"));
    gtk_label_set_xalign(GTK_LABEL(mix->hint), 0);
    gtk_label_set_ellipsize(GTK_LABEL(mix->hint), PANGO_ELLIPSIZE_END);
    mix->first = gtk_image_new();
    mix->scale = new_scale(mix->settings);
    gtk_box_pack_start(GTK_BOX(row), mix->hint, TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(row), mix->first, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(row), mix->scale, TRUE, TRUE, 0);
    gtk_box_pack_end(GTK_BOX(row), new_button(mix), FALSE, FALSE, 0);
    return row;
}

/* fox + owl 50 % */
static GtkWidget *new_told(Mix *mix)
{
    GtkWidget *row = mix->told = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    GtkWidget *remove = edt_ui_icon_button("edit-delete-symbolic", _("Do not mix"),
                                           _("Take the second class away"));
    mix->label = gtk_label_new(NULL);
    gtk_label_set_xalign(GTK_LABEL(mix->label), 0);
    gtk_label_set_ellipsize(GTK_LABEL(mix->label), PANGO_ELLIPSIZE_MIDDLE);
    g_signal_connect(remove, "clicked", G_CALLBACK(on_remove), mix);
    gtk_box_pack_start(GTK_BOX(row), mix->label, TRUE, TRUE, 0);
    gtk_box_pack_end(GTK_BOX(row), remove, FALSE, FALSE, 0);
    return row;
}

static GtkWidget *new_ways(Mix *mix)
{
    GtkWidget *row = mix->ways = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    mix->how = edt_ui_combo_new(mix->settings, "mix-how", &edt_mix_how_choices);
    edt_ui_name(mix->how, _("Way to mix"));
    mix->make = edt_ui_word_button(_("Frames…"), NULL);
    g_signal_connect(mix->make, "clicked", G_CALLBACK(on_frames), mix);
    gtk_box_pack_start(GTK_BOX(row), mix->how, TRUE, TRUE, 0);
    gtk_box_pack_end(GTK_BOX(row), mix->make, FALSE, FALSE, 0);
    return row;
}

/* Seen or not by what is mixed, whatever is shown around it. */
static void add_row(GtkWidget *box, GtkWidget *row)
{
    gtk_box_pack_start(GTK_BOX(box), row, FALSE, FALSE, 0);
    gtk_widget_show_all(row);
}

GtkWidget *edt_ui_mix_new(GObject *settings, EdtThumbnails *pictures, EdtPickerChosen tell,
                          void (*frames)(gpointer user_data), gpointer user_data)
{
    static const char *const signals[] = {"notify::class", "notify::mix-class", "notify::mix",
                                          "notify::mix-how", "notify::sampler"};
    Mix *mix = g_new0(Mix, 1);
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 3);
    *mix = (Mix){.settings = settings,
                 .pictures = pictures,
                 .tell = tell,
                 .frames = frames,
                 .user_data = user_data};
    add_row(box, new_slider(mix));
    add_row(box, new_told(mix));
    add_row(box, new_ways(mix));
    gtk_widget_show(box);
    gtk_widget_set_no_show_all(box, TRUE);
    g_object_set_data_full(G_OBJECT(box), "edt-mix", mix, mix_free);
    for (gsize i = 0; i < G_N_ELEMENTS(signals); i++)
        g_signal_connect_object(settings, signals[i], G_CALLBACK(on_setting), box, 0);
    edt_thumbnails_watch(pictures, on_pictures, mix);
    show(mix);
    return box;
}

void edt_ui_mix_set_model(GtkWidget *widget, const EdtModelInfo *info)
{
    Mix *mix = mix_of(widget);
    mix->info = info;
    edt_ui_picker_set_model(mix->picker, info);
}

void edt_ui_mix_listen(GtkWidget *widget)
{
    edt_ui_picker_listen(mix_of(widget)->picker);
}
