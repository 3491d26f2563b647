/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A folder of class folders of pictures, by gdk-pixbuf: which files there are, and their pixels
 * scaled and cropped to a square.  Next: augment.c, which turns pixels into a sample.
 */
#include "train/dataset.h"
#include "train/augment.h"
#include "train/class_list.h"
#include "files/picture_file.h"
#include "train/style_list.h"
#include "edt.h"

#include <string.h>

#define KEPT_MAX ((gsize)1 << 30) /* bytes of pixels kept in memory */

typedef struct {
    char *path, *name; /* name: "rose/1.png" */
    EdtSampleLabels labels;
    gboolean mirror, recolour; /* may be mirrored; may have its hue turned */
    guint8 *pixels;            /* [side, side, 4] straight RGBA, when kept */
} Picture;

typedef struct {
    EdtDataset base;
    EdtPictureOptions options;
    GPtrArray *pictures;
} Pictures;

static void picture_free(gpointer data)
{
    Picture *picture = data;
    g_free(picture->path);
    g_free(picture->name);
    g_free(picture->pixels);
    g_free(picture);
}

/* ---- pixels ---- */

/* Shorter side to `side`, the middle of the longer one (as the official center_crop_arr;
 * gdk-pixbuf's bilinear filter averages over what it shrinks). */
static GdkPixbuf *crop(GdkPixbuf *picture, int side)
{
    int w = gdk_pixbuf_get_width(picture), h = gdk_pixbuf_get_height(picture), least = MIN(w, h);
    int x = (w - least) / 2, y = (h - least) / 2;
    g_autoptr(GdkPixbuf) square = gdk_pixbuf_new_subpixbuf(picture, x, y, least, least);
    return least == side ? g_steal_pointer(&square)
                         : gdk_pixbuf_scale_simple(square, side, side, GDK_INTERP_BILINEAR);
}

static guint8 *to_rgba(GdkPixbuf *picture, int side)
{
    int channels = gdk_pixbuf_get_n_channels(picture), stride = gdk_pixbuf_get_rowstride(picture);
    const guint8 *from = gdk_pixbuf_read_pixels(picture);
    guint8 *pixels = g_malloc((gsize)side * (gsize)side * 4);

    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            guint8 *to = pixels + (y * side + x) * 4;
            memcpy(to, from + (gsize)y * (gsize)stride + x * channels, 3);
            to[3] = channels == 4 ? from[(gsize)y * (gsize)stride + x * 4 + 3] : 255;
        }
    return pixels;
}

static guint8 *decode(const Picture *picture, int side, char **why)
{
    g_autofree char *reason = NULL;
    g_autoptr(GdkPixbuf) file = edt_picture_file_read(picture->path, &reason);
    g_autoptr(GdkPixbuf) square = file ? crop(file, side) : NULL;

    if (square)
        return to_rgba(square, side);
    *why = g_strdup_printf("%s: %s", picture->name, reason ? reason : "is too large to be scaled");
    return NULL;
}

static gboolean get(EdtDataset *dataset, int index, EdtRandom *random, float *x,
                    EdtSampleLabels *labels, char **why)
{
    Pictures *p = (Pictures *)dataset;
    const Picture *picture = p->pictures->pdata[index];
    EdtPictureOptions options = p->options;
    guint8 *pixels = picture->pixels ? picture->pixels : decode(picture, options.side, why);

    if (pixels == NULL)
        return FALSE;
    options.flip = options.flip && picture->mirror;
    options.hue = picture->recolour ? options.hue : 0;
    edt_augment(pixels, &options, random, x);
    *labels = picture->labels;
    if (pixels != picture->pixels)
        g_free(pixels);
    return TRUE;
}

static EdtSampleLabels labels_of(const EdtDataset *dataset, int index)
{
    const Pictures *p = (const Pictures *)dataset;
    return ((const Picture *)p->pictures->pdata[index])->labels;
}

/* ---- which files there are ---- */

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp((*(Picture *const *)a)->name, (*(Picture *const *)b)->name);
}

/* One class while it is listed. */
typedef struct {
    const char *folder; /* of all */
    const EdtClassEntry *class;
    int label;
    const GPtrArray *styles;
    GPtrArray *found;
} Listing;

/* place: from the folder on, "rose" or "rose/inks". */
static void add_picture(const Listing *l, const char *place, const char *file, int style)
{
    Picture *picture = g_new0(Picture, 1);
    picture->name = g_build_filename(place, file, NULL);
    picture->path = g_build_filename(l->folder, picture->name, NULL);
    picture->labels = (EdtSampleLabels){l->label, style};
    picture->mirror = l->class->mirror;
    picture->recolour = l->class->recolour;
    g_ptr_array_add(l->found, picture);
}

/* style: of all that lie there, or -1 in the folder of a class: there each file tells, and the
 * folders of styles lie. */
static gboolean list_folder(const Listing *l, const char *place, int style, GError **error)
{
    g_autofree char *path = g_build_filename(l->folder, place, NULL);
    g_autoptr(GError) cause = NULL;
    GDir *dir = g_dir_open(path, 0, &cause);
    const char *name;
    gboolean ok = dir != NULL;

    if (!dir)
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                    "“%s” has a class or style “%s” that cannot be read: %s.", l->folder, place,
                    cause->message);

    while (ok && (name = g_dir_read_name(dir))) {
        g_autofree char *sub = g_build_filename(place, name, NULL);
        g_autofree char *there = g_build_filename(path, name, NULL);
        int inner = style < 0 ? edt_style_of_folder(l->styles, name) : -1;
        if (*name == '.')
            continue;
        if (inner >= 0 && g_file_test(there, G_FILE_TEST_IS_DIR))
            ok = list_folder(l, sub, inner, error);
        else
            add_picture(l, place, name, style < 0 ? edt_style_of_file(l->styles, name) : style);
    }
    if (dir)
        g_dir_close(dir);
    return ok;
}

static gboolean list_class(Pictures *p, const char *folder, const EdtClassEntry *class, int label,
                           const GPtrArray *styles, GError **error)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new();
    const Listing listing = {folder, class, label, styles, found};
    gboolean ok = list_folder(&listing, class->folder, -1, error);

    g_ptr_array_sort(found, by_name); /* the order of a folder is chance */
    g_ptr_array_extend(p->pictures, found, NULL, NULL);
    return ok;
}

static void name_styles(Pictures *p, const GPtrArray *styles)
{
    g_autofree JsonObject **labels = g_new(JsonObject *, styles->len);

    p->base.n_styles = (int)styles->len;
    p->base.styles.names = g_new0(char *, styles->len + 1);
    p->base.style_shares = g_new(double, styles->len);
    for (guint i = 0; i < styles->len; i++) {
        const EdtStyleEntry *style = styles->pdata[i];
        p->base.styles.names[i] = g_strdup(style->name);
        p->base.style_shares[i] = style->share;
        labels[i] = style->labels;
    }
    p->base.styles.translations = edt_translations_to_json(labels, styles->len);
}

static gboolean list_all(Pictures *p, const char *folder, GError **error)
{
    g_autoptr(GPtrArray) classes = edt_class_list_read(folder, p->base.skipped, error);
    g_autoptr(GPtrArray) styles = classes ? edt_style_list_read(folder, classes, error) : NULL;

    if (!styles)
        return FALSE;
    if (styles->len)
        name_styles(p, styles);
    p->base.n_classes = (int)classes->len;
    p->base.classes.names = g_new0(char *, classes->len + 1);
    p->base.classes.translations = edt_class_list_translations(classes);
    for (guint i = 0; i < classes->len; i++) {
        const EdtClassEntry *class = classes->pdata[i];
        p->base.classes.names[i] = g_strdup(class->name);
        if (!list_class(p, folder, class, (int)i, styles, error))
            return FALSE;
    }
    return TRUE;
}

/* Reads all pixels where they fit; what cannot be read leaves the list. */
static void keep_all(Pictures *p)
{
    gsize bytes = (gsize)p->options.side * (gsize)p->options.side * 4;

    if (p->options.listed || bytes * p->pictures->len > KEPT_MAX)
        return;
    for (guint i = 0; i < p->pictures->len;) {
        Picture *picture = p->pictures->pdata[i];
        char *why = NULL;
        picture->pixels = decode(picture, p->options.side, &why);
        if (picture->pixels) {
            i++;
            continue;
        }
        g_ptr_array_add(p->base.skipped, why);
        g_ptr_array_remove_index(p->pictures, i);
    }
}

static void name_unseen(Pictures *p, const gboolean *seen, char **names, int n, const char *what)
{
    for (int i = 0; i < n; i++)
        if (!seen[i])
            g_ptr_array_add(p->base.skipped,
                            g_strdup_printf("%s: a %s without pictures", names[i], what));
}

/* What nothing teaches would come out as noise: it is named. */
static void name_empty(Pictures *p)
{
    EdtDataset *base = &p->base;
    g_autofree gboolean *classes = g_new0(gboolean, base->n_classes);
    g_autofree gboolean *styles = g_new0(gboolean, base->n_styles);

    for (guint i = 0; i < p->pictures->len; i++) {
        const EdtSampleLabels *labels = &((const Picture *)p->pictures->pdata[i])->labels;
        classes[labels->class] = TRUE;
        if (labels->style >= 0)
            styles[labels->style] = TRUE;
    }
    name_unseen(p, classes, base->classes.names, base->n_classes, "class");
    name_unseen(p, styles, base->styles.names, base->n_styles, "style");
}

static void pictures_free(EdtDataset *dataset)
{
    Pictures *p = (Pictures *)dataset;
    g_ptr_array_unref(p->pictures);
    g_free(p);
}

#define REASONS_MAX 5

/* With what is wrong with the files that are there. */
static void fail_empty(const Pictures *p, const char *folder, GError **error)
{
    const GPtrArray *skipped = p->base.skipped;
    GString *reasons = g_string_new(NULL);
    for (guint i = 0; i < MIN(skipped->len, REASONS_MAX); i++)
        g_string_append_printf(reasons, "%s%s",
                               i ? "; " : " What is there: ", (const char *)skipped->pdata[i]);
    if (skipped->len > REASONS_MAX)
        g_string_append_printf(reasons, "; and %u more", skipped->len - REASONS_MAX);
    g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                "“%s” holds no pictures. It must hold one folder for each class, with pictures in "
                "them.%s",
                folder, reasons->str);
    g_string_free(reasons, TRUE);
}

static const char *name_at(const EdtDataset *dataset, int index)
{
    return edt_pictures_facts(dataset, index).name;
}

EdtDataset *edt_pictures_open(const char *folder, const EdtPictureOptions *options, GError **error)
{
    Pictures *p = g_new0(Pictures, 1);
    GError *cause = NULL;
    gboolean listed;

    p->base.get = get;
    p->base.labels_of = labels_of;
    p->base.free = pictures_free;
    p->base.skipped = g_ptr_array_new_with_free_func(g_free);
    g_mutex_init(&p->base.lock);
    p->options = *options;
    p->pictures = g_ptr_array_new_with_free_func(picture_free);
    listed = list_all(p, folder, &cause);
    if (cause && cause->domain == G_FILE_ERROR)
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE, "“%s” holds no pictures: %s.", folder,
                    cause->message);
    else if (cause)
        g_propagate_error(error, g_steal_pointer(&cause));
    g_clear_error(&cause);
    if (listed)
        keep_all(p);
    p->base.count = (int)p->pictures->len;
    if (listed && p->base.count > 0) {
        name_empty(p);
        p->base.sum = edt_dataset_sum(p->base.count, name_at, &p->base);
        return &p->base;
    }
    if (listed)
        fail_empty(p, folder, error);
    edt_dataset_free(&p->base);
    return NULL;
}

EdtPictureFacts edt_pictures_facts(const EdtDataset *pictures, int index)
{
    const Picture *p = ((const Pictures *)pictures)->pictures->pdata[index];
    return (EdtPictureFacts){p->path, p->name, p->labels, p->mirror, p->recolour};
}

guint8 *edt_pictures_read(const EdtDataset *pictures, int index, char **why)
{
    const Pictures *p = (const Pictures *)pictures;
    return decode(p->pictures->pdata[index], p->options.side, why);
}
