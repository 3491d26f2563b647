/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See latents.h.  Read by info.c and by who opens a codec; written by import and export.
 */
#include "model/latents.h"
#include "files/json_text.h"
#include "vae/latents.h"

#include <json-glib/json-glib.h>
#include <math.h>

#define NUMBER_MAX 1e6

/* ---- in ---- */

/* Element i of array, which must be a number of that range. */
static gboolean read_number(JsonArray *array, guint i, double least, float *value)
{
    JsonNode *node = json_array_get_element(array, i);
    double number = edt_json_is(node, EDT_JSON_NUMBER) ? json_node_get_double(node) : NAN;
    *value = (float)number;
    return number >= least && number <= NUMBER_MAX;
}

static JsonArray *array_of(JsonNode *node, guint length)
{
    JsonArray *array = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
    return array && json_array_get_length(array) == length ? array : NULL;
}

static JsonNode *parse(const char *text)
{
    return text ? json_from_string(text, NULL) : NULL;
}

static gboolean read_means(const char *text, EdtLatentChannel *latents, guint n)
{
    g_autoptr(JsonNode) root = parse(text);
    JsonArray *array = array_of(root, n);
    gboolean ok = !text || array;

    for (guint c = 0; ok && array && c < n; c++)
        ok = read_number(array, c, -NUMBER_MAX, &latents[c].shift);
    return ok;
}

static gboolean read_deviations(const char *text, EdtLatentChannel *latents, guint n)
{
    g_autoptr(JsonNode) root = parse(text);
    JsonArray *array = array_of(root, n);
    gboolean ok = !text || array;
    float deviation;

    for (guint c = 0; ok && array && c < n; c++) {
        ok = read_number(array, c, 1 / NUMBER_MAX, &deviation);
        latents[c].scale = 1 / deviation;
    }
    return ok;
}

static gboolean read_colours(const char *text, EdtLatentChannel *latents, guint n)
{
    g_autoptr(JsonNode) root = parse(text);
    JsonArray *array = array_of(root, n);
    gboolean ok = !text || array;

    for (guint c = 0; ok && array && c < n; c++) {
        JsonArray *colour = array_of(json_array_get_element(array, c), 3);
        ok = colour != NULL;
        for (guint k = 0; ok && k < 3; k++)
            ok = read_number(colour, k, -NUMBER_MAX, &latents[c].colour[k]);
    }
    return ok;
}

EdtLatentChannel *edt_latents_read(const EdtLatentTexts *texts, int channels)
{
    g_autofree EdtLatentChannel *latents = edt_latents_plain(channels);
    guint n = (guint)channels;

    return read_means(texts->mean, latents, n) && read_deviations(texts->deviation, latents, n) &&
                   read_colours(texts->colours, latents, n)
               ? g_steal_pointer(&latents)
               : NULL;
}

/* ---- out ---- */

/* Nine digits: the same f32 comes back. */
static void add_number(GString *out, double value)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    g_string_append(out, out->str[out->len - 1] == '[' ? "" : ", ");
    g_string_append(out, g_ascii_formatd(text, sizeof text, "%.9g", value));
}

void edt_latents_write(const EdtLatentChannel *latents, int channels, char **mean, char **deviation,
                       char **colours)
{
    GString *means = g_string_new("["), *deviations = g_string_new("["), *rows = g_string_new("[");
    gboolean coloured = FALSE;

    for (int c = 0; c < channels; c++) {
        add_number(means, (double)latents[c].shift);
        add_number(deviations, (double)(1 / latents[c].scale));
        g_string_append(rows, c ? ", [" : "[");
        for (int k = 0; k < 3; k++) {
            add_number(rows, (double)latents[c].colour[k]);
            coloured = coloured || latents[c].colour[k] != 0;
        }
        g_string_append_c(rows, ']');
    }
    *mean = g_string_free(g_string_append_c(means, ']'), FALSE);
    *deviation = g_string_free(g_string_append_c(deviations, ']'), FALSE);
    *colours = g_string_free(g_string_append_c(rows, ']'), !coloured);
}
