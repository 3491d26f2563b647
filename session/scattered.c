/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A scatter as text: one table says what is in it; see scattered.h.
 */
#include "session/scattered.h"
#include "session/words.h"

#include <glib/gi18n.h>
#include <string.h>

#define GROUP "scatter"
#define CLASSES "classes"
#define SIDE_MAX 524288 /* of an image of GIMP's */
#define SPOTS_MAX 2000
#define DISTANCE_MAX 10

typedef struct {
    const char *key;
    gsize offset; /* in EdtScatter */
    gboolean whole;
    double least, most;
} Field;

#define FIELD(name) offsetof(EdtScatter, name)

static const Field fields[] = {
    {"width", FIELD(width), TRUE, 1, SIDE_MAX},
    {"height", FIELD(height), TRUE, 1, SIDE_MAX},
    {"whole", FIELD(whole), TRUE, 0, 1},
    {"tile", FIELD(wrap), TRUE, 0, 1},
    {"spots", FIELD(spots), TRUE, 1, SPOTS_MAX},
    {"pictures", FIELD(pictures), TRUE, 1, EDT_COUNT_MAX},
    {"side", FIELD(side), FALSE, 1, SIDE_MAX},
    {"differ", FIELD(differ), FALSE, 0, 1},
    {"turn", FIELD(turn), FALSE, 0, 180},
    {"distance", FIELD(distance), FALSE, 0, DISTANCE_MAX},
};

static gpointer field_of(const Field *field, const EdtScatter *scatter)
{
    return (char *)scatter + field->offset;
}

/* ---- writing ---- */

char *edt_scattered_write(const EdtScatter *scatter, const EdtOrder *order)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autofree int *classes = g_new(int, order->request.n_items);
    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++)
        if (fields[i].whole)
            g_key_file_set_integer(file, GROUP, fields[i].key,
                                   *(const int *)field_of(&fields[i], scatter));
        else
            g_key_file_set_double(file, GROUP, fields[i].key,
                                  *(const double *)field_of(&fields[i], scatter));
    for (int i = 0; i < order->request.n_items; i++)
        classes[i] = order->items[i].class_index;
    g_key_file_set_integer_list(file, GROUP, CLASSES, classes, (gsize)order->request.n_items);
    return g_key_file_to_data(file, NULL, NULL);
}

/* ---- reading ---- */

static gboolean read_field(GKeyFile *file, const Field *field, EdtScatter *scatter)
{
    g_autoptr(GError) error = NULL;
    double value = g_key_file_get_double(file, GROUP, field->key, &error);
    if (error || !(value >= field->least && value <= field->most))
        return FALSE;
    if (field->whole)
        *(int *)field_of(field, scatter) = (int)value;
    else
        *(double *)field_of(field, scatter) = value;
    return TRUE;
}

static gboolean refuse(GError **error)
{
    g_set_error_literal(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                        _("What the layer says of how its pictures were scattered is damaged: "
                          "scatter new ones."));
    return FALSE;
}

static GKeyFile *parse(const char *text, EdtScatter *scatter, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    *scatter = (EdtScatter){0};
    gboolean ok = g_key_file_load_from_data(file, text, strlen(text), G_KEY_FILE_NONE, NULL);
    for (gsize i = 0; ok && i < G_N_ELEMENTS(fields); i++)
        ok = read_field(file, &fields[i], scatter);
    if (ok)
        return g_steal_pointer(&file);
    refuse(error);
    return NULL;
}

gboolean edt_scattered_read(const char *text, EdtScatter *scatter, GError **error)
{
    g_autoptr(GKeyFile) file = parse(text, scatter, error);
    return file != NULL;
}

gboolean edt_scattered_is_mixed(const char *text)
{
    EdtScatter scatter;
    gsize n = 0;
    g_autoptr(GKeyFile) file = parse(text, &scatter, NULL);
    g_autofree int *classes =
        file ? g_key_file_get_integer_list(file, GROUP, CLASSES, &n, NULL) : NULL;
    gboolean mixed = FALSE;
    for (gsize i = 1; i < n; i++)
        mixed |= classes[i] != classes[0];
    return mixed;
}

/* ---- once more ---- */

static gboolean fill(EdtOrder *order, const int *classes, gsize n, GError **error)
{
    EdtModelInfo *info = edt_model_info_read(order->model, error);
    if (!info)
        return FALSE;
    EdtItem *items = g_new(EdtItem, n);
    gboolean ok = TRUE;
    for (gsize i = 0; i < n; i++) {
        items[i] = order->items[0];
        items[i].class_index = classes[i];
        items[i].seed += i;
        ok = ok && classes[i] >= 0 && classes[i] <= info->n_classes;
    }
    if (ok)
        edt_order_take_items(order, info, items, (int)n);
    else
        g_free(items);
    edt_model_info_free(info);
    return ok || refuse(error);
}

EdtOrder *edt_scattered_again(const EdtRecord *record, const char *text, double seed, int steps,
                              int threads, EdtScatter *scatter, GError **error)
{
    gsize n = 0;
    g_autoptr(GKeyFile) file = parse(text, scatter, error);
    g_autofree int *classes =
        file ? g_key_file_get_integer_list(file, GROUP, CLASSES, &n, NULL) : NULL;
    if (!file)
        return NULL;
    if (n != (gsize)scatter->pictures) {
        refuse(error);
        return NULL;
    }
    g_autoptr(EdtOrder) order = edt_order_again(record, seed, steps, threads, error);
    if (!order || !fill(order, classes, n, error))
        return NULL;
    scatter->seed = order->items[0].seed;
    return g_steal_pointer(&order);
}
