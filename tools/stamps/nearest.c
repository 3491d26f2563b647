/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which training picture is nearest?  For tools/evaluate-stamps:
 *
 *     edt-stamps-nearest DATASET <LIST >TABLE     LIST: class<TAB>file a line
 *     edt-stamps-nearest DATASET --validate       how far the distance can be trusted
 *
 * TABLE: class, file, nearest class, its picture, distance; distance as a copy, of which picture.
 * DATASET is what tools/dataset-stamps makes; distance.h says what near means.
 */
#include <json-glib/json-glib.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "distance.h"

#define SHORT_LIST 48 /* looked at closely, of all */

typedef struct {
    StampsPicture picture;
    StampsQuestion *question; /* when validating */
    int class_index;
    int style; /* in the order of the dataset */
    char *path;
} Entry;

typedef struct {
    Entry *entries;
    int n;
    char **styles;
} Dataset;

typedef struct {
    float distance;
    int entry;
} Near;

/* ---- reading ---- */

static gboolean read_png(const char *path, guint8 *rgba)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_file(&image, path))
        return FALSE;
    image.format = PNG_FORMAT_RGBA;
    gboolean fits = image.width == STAMPS_SIDE && image.height == STAMPS_SIDE;
    gboolean read = fits && png_image_finish_read(&image, NULL, rgba, 0, NULL);
    png_image_free(&image);
    return read;
}

static void die(const char *what, const char *path)
{
    fprintf(stderr, "%s: %s\n", path, what);
    exit(3);
}

static void read_entry(Entry *entry, const char *folder, const char *name, const char *style)
{
    guint8 rgba[STAMPS_SIDE * STAMPS_SIDE * 4];
    char *file = g_strconcat(style, ".png", NULL);
    entry->path = g_build_filename(folder, name, file, NULL);
    g_free(file);
    if (!read_png(entry->path, rgba))
        die("is no PNG of 64x64.", entry->path);
    stamps_picture_from_rgba(&entry->picture, rgba);
    entry->question = g_new(StampsQuestion, 1);
    stamps_question_from_rgba(entry->question, rgba);
}

static int style_index(char **styles, const char *style)
{
    int index = 0;
    while (styles[index] && !g_str_equal(styles[index], style))
        index++;
    return index;
}

static void read_class(Dataset *dataset, const char *folder, JsonObject *record)
{
    JsonArray *styles = json_object_get_array_member(record, "styles");
    for (guint k = 0; k < json_array_get_length(styles); k++) {
        const char *style = json_array_get_string_element(styles, k);
        Entry *entry = &dataset->entries[dataset->n++];
        entry->class_index = (int)json_object_get_int_member(record, "index");
        entry->style = style_index(dataset->styles, style);
        read_entry(entry, folder, json_object_get_string_member(record, "folder"), style);
    }
}

static Dataset read_dataset(const char *folder)
{
    GError *error = NULL;
    JsonParser *parser = json_parser_new();
    char *path = g_build_filename(folder, "classes.json", NULL);
    if (!json_parser_load_from_file(parser, path, &error))
        die(error->message, path);
    JsonObject *head = json_node_get_object(json_parser_get_root(parser));
    JsonArray *styles = json_object_get_array_member(head, "styles");
    JsonArray *classes = json_object_get_array_member(head, "classes");
    guint n_styles = json_array_get_length(styles), n_classes = json_array_get_length(classes);
    Dataset dataset = {.entries = g_new0(Entry, n_styles * n_classes),
                       .styles = g_new0(char *, n_styles + 1)};
    for (guint k = 0; k < n_styles; k++)
        dataset.styles[k] = g_strdup(json_array_get_string_element(styles, k));
    for (guint c = 0; c < n_classes; c++)
        read_class(&dataset, folder, json_array_get_object_element(classes, c));
    g_object_unref(parser);
    g_free(path);
    return dataset;
}

/* ---- looking ---- */

static int compare_near(const void *a, const void *b)
{
    float difference = ((const Near *)a)->distance - ((const Near *)b)->distance;
    return (difference > 0) - (difference < 0);
}

/* Styles in the mask are not looked at. */
static Near find_nearest(const Dataset *dataset, const StampsQuestion *question, guint left_out)
{
    Near *all = g_new(Near, dataset->n), best = {G_MAXFLOAT, -1};
    int n = 0;
    for (int i = 0; i < dataset->n; i++) {
        if (!(left_out & (1u << dataset->entries[i].style)))
            all[n++] = (Near){stamps_distance_quick(question, &dataset->entries[i].picture), i};
    }
    qsort(all, (size_t)n, sizeof *all, compare_near);
    for (int k = 0; k < MIN(n, SHORT_LIST); k++) {
        float distance = stamps_distance(question, &dataset->entries[all[k].entry].picture);
        if (distance < best.distance)
            best = (Near){distance, all[k].entry};
    }
    g_free(all);
    return best;
}

/* A copy may be nearest to another picture in style-blind eyes: all are looked at. */
static Near nearest_copy(const Dataset *dataset, const StampsQuestion *question)
{
    Near *all = g_new(Near, dataset->n), best = {G_MAXFLOAT, -1};
    for (int i = 0; i < dataset->n; i++)
        all[i] =
            (Near){stamps_copy_distance(question->fine, dataset->entries[i].picture.fine, 0), i};
    qsort(all, (size_t)dataset->n, sizeof *all, compare_near);
    for (int k = 0; k < MIN(dataset->n, SHORT_LIST); k++) {
        const Entry *entry = &dataset->entries[all[k].entry];
        float distance =
            stamps_copy_distance(question->fine, entry->picture.fine, STAMPS_COPY_SHIFT);
        if (distance < best.distance)
            best = (Near){distance, all[k].entry};
    }
    g_free(all);
    return best;
}

static void answer(const Dataset *dataset, const char *asked, const char *path)
{
    guint8 rgba[STAMPS_SIDE * STAMPS_SIDE * 4];
    StampsQuestion question;
    if (!read_png(path, rgba))
        die("is no PNG of 64x64.", path);
    stamps_question_from_rgba(&question, rgba);
    Near near = find_nearest(dataset, &question, 0);
    const Entry *entry = &dataset->entries[near.entry];
    Near copy = nearest_copy(dataset, &question);
    printf("%s\t%s\t%d\t%s\t%.4f\t%.4f\t%s\n", asked, path, entry->class_index, entry->path,
           (double)near.distance, (double)copy.distance, dataset->entries[copy.entry].path);
}

static void answer_all(const Dataset *dataset)
{
    char line[4096];
    while (fgets(line, sizeof line, stdin)) {
        char **fields = g_strsplit(g_strchomp(line), "\t", 2);
        if (fields[0] && fields[1])
            answer(dataset, fields[0], fields[1]);
        g_strfreev(fields);
    }
}

/* ---- validation ---- */

/* "fluent" and "fluent-flat", "noto" and "noto-v1" are one family. */
static guint family_of(char **styles, int style)
{
    guint mask = 0;
    size_t length = strcspn(styles[style], "-");
    for (int k = 0; styles[k]; k++) {
        if (strcspn(styles[k], "-") == length && strncmp(styles[k], styles[style], length) == 0)
            mask |= 1u << k;
    }
    return mask;
}

static void validate_style(const Dataset *dataset, int style, int counts[3])
{
    int here[3] = {0};
    for (int i = 0; i < dataset->n; i++) {
        const Entry *entry = &dataset->entries[i];
        if (entry->style != style)
            continue;
        Near alone = find_nearest(dataset, entry->question, 1u << style);
        Near family = find_nearest(dataset, entry->question, family_of(dataset->styles, style));
        here[0]++;
        here[1] += dataset->entries[alone.entry].class_index == entry->class_index;
        here[2] += dataset->entries[family.entry].class_index == entry->class_index;
    }
    printf(
        "left out %-12s: %4d pictures, own class nearest %5.1f %%, without its family %5.1f %%\n",
        dataset->styles[style], here[0], 100.0 * here[1] / MAX(here[0], 1),
        100.0 * here[2] / MAX(here[0], 1));
    for (int k = 0; k < 3; k++)
        counts[k] += here[k];
}

static int compare_floats(const void *a, const void *b)
{
    float difference = *(const float *)a - *(const float *)b;
    return (difference > 0) - (difference < 0);
}

/* How near, as copies, are two drawings of one thing by different hands? */
static void validate_copies(const Dataset *dataset)
{
    GArray *found = g_array_new(FALSE, FALSE, sizeof(float));
    for (int i = 0; i < dataset->n; i++) {
        for (int k = i + 1; k < dataset->n; k++) {
            const Entry *a = &dataset->entries[i], *b = &dataset->entries[k];
            if (a->class_index != b->class_index ||
                family_of(dataset->styles, a->style) & (1u << b->style))
                continue;
            float distance =
                stamps_copy_distance(a->picture.fine, b->picture.fine, STAMPS_COPY_SHIFT);
            g_array_append_val(found, distance);
        }
    }
    qsort(found->data, found->len, sizeof(float), compare_floats);
    printf("as copies, one class by two hands: 1 %% below %.3f, 10 %% %.3f, half %.3f\n",
           (double)g_array_index(found, float, found->len / 100),
           (double)g_array_index(found, float, found->len / 10),
           (double)g_array_index(found, float, found->len / 2));
    g_array_unref(found);
}

static void validate(const Dataset *dataset)
{
    int counts[3] = {0};
    for (int style = 0; dataset->styles[style]; style++)
        validate_style(dataset, style, counts);
    printf("left out, one by one: %d pictures, own class nearest %.1f %%, without its family "
           "%.1f %%\n",
           counts[0], 100.0 * counts[1] / MAX(counts[0], 1), 100.0 * counts[2] / MAX(counts[0], 1));
    validate_copies(dataset);
}

int main(int argc, char **argv)
{
    gboolean validating = argc == 3 && g_str_equal(argv[2], "--validate");
    if (argc != 2 && !validating) {
        fprintf(stderr, "Usage: edt-stamps-nearest DATASET [--validate]\n");
        return 2;
    }
    Dataset dataset = read_dataset(argv[1]);
    if (validating)
        validate(&dataset);
    else
        answer_all(&dataset);
    return 0;
}
