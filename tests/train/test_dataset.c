/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Data: pictures come cropped, scaled and premultiplied; mirroring, classes.json and the lists of
 * skipped files; augmentation keeps its promises; official feature folders.
 */
#include "files/npy.h"
#include "files/png.h"
#include "exif.h"
#include "folder.h"
#include "train/augment.h"

#include "machine.h"
#include "files/picture_file.h"

#include <glib/gstdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* gdk-pixbuf's loader of JPEG XL itself loses some bytes of each picture. */
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#define LOSES(loses) ((loses) ? __lsan_disable() : __lsan_enable())
#else
#define LOSES(loses) ((void)(loses))
#endif

#define SIDE 4
#define AREA (SIDE * SIDE)

static const char *folder;

static char *path_of(const char *a, const char *b)
{
    char *path = g_build_filename(folder, a, b, NULL);
    g_autofree char *parent = g_path_get_dirname(path);
    g_assert_cmpint(g_mkdir_with_parents(parent, 0700), ==, 0);
    return path;
}

static void write_png(const char *a, const char *b, int width, int height, int channels,
                      const guint8 *pixels)
{
    g_autofree char *path = path_of(a, b);
    GError *error = NULL;
    edt_png_write(path, width, height, channels, pixels, NULL, NULL, 0, &error);
    g_assert_no_error(error);
}

static EdtDataset *open_pictures(const char *sub, EdtPictureOptions options)
{
    g_autofree char *path = g_build_filename(folder, sub, NULL);
    GError *error = NULL;
    EdtDataset *dataset = edt_pictures_open(path, &options, &error);
    g_assert_no_error(error);
    return dataset;
}

static EdtSampleLabels get_labels(EdtDataset *dataset, int index, guint64 seed, float *x)
{
    EdtRandom random;
    GError *error = NULL;
    EdtSampleLabels labels = {-1, -1};
    edt_random_seed(&random, seed);
    g_assert_true(edt_dataset_get(dataset, index, &random, x, &labels, &error));
    g_assert_no_error(error);
    return labels;
}

static int get(EdtDataset *dataset, int index, guint64 seed, float *x)
{
    return get_labels(dataset, index, seed, x).class;
}

/* Half transparent red: colour 0.5 of 1 after premultiplication, alpha 0.5. */
static void test_premultiplied(void)
{
    guint8 pixels[AREA * 4];
    float x[4 * AREA];
    for (int i = 0; i < AREA; i++)
        memcpy(pixels + 4 * i, (guint8[]){255, 0, 0, 128}, 4);
    write_png("half/red", "1.png", SIDE, SIDE, 4, pixels);
    EdtDataset *dataset = open_pictures("half", (EdtPictureOptions){.side = SIDE, .channels = 4});
    g_assert_cmpint(get(dataset, 0, 1, x), ==, 0);
    for (int i = 0; i < AREA; i++) {
        g_assert_cmpfloat_with_epsilon(x[i], 2 * 128 / 255.0 - 1, 1e-6);
        g_assert_cmpfloat(x[AREA + i], ==, -1.0f);
        g_assert_cmpfloat_with_epsilon(x[3 * AREA + i], 2 * 128 / 255.0 - 1, 1e-6);
    }
    edt_dataset_free(dataset);
    dataset = open_pictures("half", (EdtPictureOptions){.side = SIDE, .channels = 3});
    get(dataset, 0, 1, x); /* on white */
    g_assert_cmpfloat_with_epsilon(x[0], 1.0, 1e-6);
    g_assert_cmpfloat_with_epsilon(x[AREA], 1 - 2 * 128 / 255.0, 1e-6);
    edt_dataset_free(dataset);
}

/* 12 x 4, black | white | black: the middle square is white. */
static void test_crop(void)
{
    guint8 pixels[12 * 4 * 3];
    float x[3 * AREA];
    for (int i = 0; i < 12 * 4; i++)
        memset(pixels + 3 * i, i % 12 / 4 == 1 ? 255 : 0, 3);
    write_png("wide/white", "1.png", 12, 4, 3, pixels);
    EdtDataset *dataset = open_pictures("wide", (EdtPictureOptions){.side = SIDE, .channels = 3});
    get(dataset, 0, 1, x);
    for (int i = 0; i < 3 * AREA; i++)
        g_assert_cmpfloat(x[i], ==, 1.0f);
    edt_dataset_free(dataset);
}

/* Left column white.  classes.json: b may not be mirrored, and is class 0. */
static void test_flip(void)
{
    static const char json[] = "{\"classes\": [{\"folder\": \"b\", \"concept\": \"letter\", "
                               "\"mirror\": false}, {\"folder\": \"a\"}]}";
    guint8 pixels[AREA * 3] = {0};
    float x[3 * AREA];
    int mirrored[2] = {0};

    for (int y = 0; y < SIDE; y++)
        memset(pixels + 3 * y * SIDE, 255, 3);
    write_png("flip/a", "1.png", SIDE, SIDE, 3, pixels);
    write_png("flip/b", "1.png", SIDE, SIDE, 3, pixels);
    g_autofree char *list = path_of("flip", "classes.json");
    g_assert_true(g_file_set_contents(list, json, -1, NULL));
    EdtDataset *dataset =
        open_pictures("flip", (EdtPictureOptions){.side = SIDE, .channels = 3, .flip = TRUE});
    g_assert_cmpstr(dataset->classes.names[0], ==, "letter");
    g_assert_cmpstr(dataset->classes.names[1], ==, "a");
    for (guint64 seed = 0; seed < 40; seed++)
        for (int i = 0; i < 2; i++) {
            g_assert_cmpint(get(dataset, i, seed, x), ==, i);
            g_assert_cmpfloat(x[0] + x[SIDE - 1], ==, 0.0f);
            mirrored[i] += x[0] < 0;
        }
    g_assert_cmpint(mirrored[0], ==, 0);
    g_assert_cmpint(mirrored[1], >, 10);
    g_assert_cmpint(mirrored[1], <, 30);
    edt_dataset_free(dataset);
}

static void test_skipped(void)
{
    guint8 pixels[AREA * 3] = {0};
    GError *error = NULL;
    write_png("bad/a", "1.png", SIDE, SIDE, 3, pixels);
    g_autofree char *bad = path_of("bad/a", "0.jpg");
    g_assert_true(g_file_set_contents(bad, "text", -1, NULL));
    EdtDataset *dataset = open_pictures("bad", (EdtPictureOptions){.side = SIDE, .channels = 3});
    g_assert_cmpint(dataset->count, ==, 1);
    g_assert_cmpint(dataset->skipped->len, ==, 1);
    g_assert_true(g_str_has_prefix(dataset->skipped->pdata[0], "a/0.jpg: "));
    edt_dataset_free(dataset);
    g_autofree char *empty = g_build_filename(folder, "empty", NULL);
    g_mkdir_with_parents(empty, 0700);
    g_assert_null(
        edt_pictures_open(empty, &(EdtPictureOptions){.side = SIDE, .channels = 3}, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_clear_error(&error);
}

/* A class that nothing teaches is named; so is what is no file, without being opened. */
static void test_empty_class(void)
{
    guint8 pixels[AREA * 3] = {0};
    write_png("lack/a", "1.png", SIDE, SIDE, 3, pixels);
    g_autofree char *nothing = g_build_filename(folder, "lack", "b", NULL);
    g_autofree char *pipe = path_of("lack/a", "pipe.png");
    g_assert_cmpint(g_mkdir(nothing, 0700), ==, 0);
    g_assert_cmpint(mkfifo(pipe, 0600), ==, 0);
    EdtDataset *dataset = open_pictures("lack", (EdtPictureOptions){.side = SIDE, .channels = 3});
    g_assert_cmpint(dataset->count, ==, 1);
    g_assert_cmpint(dataset->n_classes, ==, 1);
    g_assert_cmpint(dataset->skipped->len, ==, 2);
    g_assert_cmpstr(dataset->skipped->pdata[0], ==, "b: a folder without pictures");
    g_assert_cmpstr(dataset->skipped->pdata[1], ==, "a/pipe.png: is no file");
    edt_dataset_free(dataset);
}

/* ---- styles ---- */

static void write_styled(const char *root, const char *place, const char *name)
{
    guint8 pixels[AREA * 3] = {0};
    g_autofree char *sub = g_build_filename(root, place, NULL);
    write_png(sub, name, SIDE, SIDE, 3, pixels);
}

static void assert_styles(EdtDataset *dataset, const int *classes, const int *styles, int n)
{
    float x[3 * AREA];
    g_assert_cmpint(dataset->count, ==, n);
    for (int i = 0; i < n; i++) {
        EdtSampleLabels labels = get_labels(dataset, i, 1, x);
        g_assert_cmpint(labels.class, ==, classes[i]);
        g_assert_cmpint(labels.style, ==, styles[i]);
    }
}

/* By sub-folder and by how a file's name begins; what styles.json does not name is no style. */
static void test_styles(void)
{
    static const char json[] =
        "{\"styles\": [{\"name\": \"wash\", \"labels\": {\"de\": \"Aquarell\"}},"
        " {\"name\": \"inks\", \"prefix\": \"ink\", \"labels\": {\"de\": \"Tusche\"}},"
        " {\"name\": \"oil\"}]}";

    write_styled("styled", "rose", "ink-1.png");
    write_styled("styled", "rose", "inkling.png");
    write_styled("styled", "rose/inks", "1.png");
    write_styled("styled", "rose/wash", "ink.png"); /* the folder counts */
    write_styled("styled", "rose", "a.png");
    write_styled("styled", "tulip", "wash.png");
    g_autofree char *list = path_of("styled", "styles.json");
    g_autofree char *stray = path_of("styled/rose/sketches", "1.png");
    g_assert_true(g_file_set_contents(list, json, -1, NULL));
    g_assert_true(g_file_set_contents(stray, "", -1, NULL));
    EdtDataset *dataset = open_pictures("styled", (EdtPictureOptions){.side = SIDE, .channels = 3});
    g_assert_cmpint(dataset->n_styles, ==, 3);
    g_assert_cmpstr(dataset->styles.names[1], ==, "inks");
    g_assert_null(dataset->styles.translations); /* oil has no German name */
    g_assert_cmpint(dataset->n_classes, ==, 2);
    /* rose/a, rose/ink-1, rose/inkling, rose/inks/1, rose/wash/ink, tulip/wash */
    assert_styles(dataset, (const int[]){0, 0, 0, 0, 0, 1}, (const int[]){-1, 1, -1, 1, 0, 0}, 6);
    g_assert_cmpint(dataset->skipped->len, ==, 2);
    g_assert_cmpstr(dataset->skipped->pdata[0], ==, "rose/sketches: is no file");
    g_assert_cmpstr(dataset->skipped->pdata[1], ==, "oil: a style without pictures");
    edt_dataset_free(dataset);
}

/* Without a list sub-folders are the styles, by name. */
static void test_style_folders(void)
{
    write_styled("folders", "rose/wash", "1.png");
    write_styled("folders", "tulip/inks", "1.png");
    write_styled("folders", "tulip", "inks-2.png");
    EdtDataset *dataset =
        open_pictures("folders", (EdtPictureOptions){.side = SIDE, .channels = 3});
    g_assert_cmpint(dataset->n_styles, ==, 2);
    g_assert_cmpstr(dataset->styles.names[0], ==, "inks");
    assert_styles(dataset, (const int[]){0, 1, 1}, (const int[]){1, 0, 0}, 3);
    edt_dataset_free(dataset);
}

/* Opening the data with what its list says now; the sentence says this. */
static void expect_bad_list(const char *data, const char *list, const char *json, const char *says)
{
    const EdtPictureOptions options = {.side = SIDE, .channels = 3};
    g_autoptr(GError) error = NULL;
    g_assert_true(g_file_set_contents(list, json, -1, NULL));
    g_assert_null(edt_pictures_open(data, &options, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_assert_nonnull(strstr(error->message, says));
    g_assert_null(strstr(error->message, "holds no pictures"));
}

static void test_style_lists(void)
{
    static const struct {
        const char *json, *says;
    } bad[] = {
        {"[]", "is no list of styles"},
        {"{\"styles\": [\"inks\"]}", "is no list of styles"},
        {"{\"styles\": [{\"labels\": {}}]}", "number 1 of its styles must have a “name”"},
        {"{\"styles\": [{\"name\": \"a\"}, {\"name\": 5}]}", "number 2 of its styles"},
        {"{\"styles\": [{\"name\": \"a\", \"prefix\": false}]}", "“prefix” that is a text"},
        {"{\"styles\": [{\"name\": \"a\", \"share\": \"2\"}]}", "“share” that is a number"},
        {"{\"styles\": [{\"name\": \"a\", \"labels\": []}]}", "“labels” that is an object"},
        {"{\"styles\": [{\"name\": \"a\\tb\"}]}", "cannot be named so"},
        {"{\"styles\": [{\"name\": \"a\", \"labels\": {\"de\": 5}}]}", "cannot be named so"},
        {"{\"styles\": [{\"name\": \"a\"}, {\"name\": \"a\"}]}", "twice"},
        {"{\"styles\": [], \"styles\": [{\"name\": \"a\"}]}", "says “styles” twice"},
        {"{\"styles\": [{\"name\": \"a\\u0000b\"}]}", "a character 0"},
        {"{", "cannot be read as a list"},
    };
    g_autofree char *path = g_build_filename(folder, "lists", NULL);
    g_autofree char *list = path_of("lists", "styles.json");

    write_styled("lists", "rose", "1.png");
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        expect_bad_list(path, list, bad[i].json, bad[i].says);
    GError *error = NULL;
    g_assert_cmpint(g_unlink(list) | mkfifo(list, 0600), ==, 0); /* which nobody writes to */
    g_assert_null(
        edt_pictures_open(path, &(EdtPictureOptions){.side = SIDE, .channels = 3}, &error));
    g_assert_nonnull(strstr(error->message, "it is no file"));
    g_clear_error(&error);
    g_assert_cmpint(g_unlink(list), ==, 0);
    static const char marked[] = "\xef\xbb\xbf{\"styles\": [{\"name\": \"a\"}]}\r\n";
    g_assert_true(g_file_set_contents(list, marked, -1, NULL));
    EdtDataset *dataset = open_pictures("lists", (EdtPictureOptions){.side = SIDE, .channels = 3});
    g_assert_cmpint(dataset->n_styles, ==, 1);
    edt_dataset_free(dataset);
    static const char *const folders[] = {".", "..", ""};
    g_autofree char *classes = path_of("lists", "classes.json");
    for (gsize i = 0; i < G_N_ELEMENTS(folders); i++) {
        g_autofree char *json = g_strdup_printf(
            "{\"classes\": [{\"folder\": \"%s\", \"concept\": \"x\"}]}", folders[i]);
        expect_bad_list(path, classes, json, "is no list of classes");
    }
}

/* What a list says twice, and what is not there, would be learnt wrongly or not at all. */
static void test_class_lists(void)
{
    static const struct {
        const char *json, *says;
    } bad[] = {
        {"{\"classes\": [{\"folder\": \"a\"}, {\"folder\": \"a\", \"concept\": \"x\"}]}",
         "two classes with the same folder “a”. Leave one of them out."},
        {"{\"classes\": [{\"folder\": \"a\", \"concept\": \"x\"}, {\"folder\": \"b\", "
         "\"concept\": \"x\"}]}",
         "two classes with the same name “x”. Give one of them another \"concept\"."},
        {"{\"classes\": [{\"folder\": \"a\", \"folder\": \"b\"}]}", "says “folder” twice"},
        {"{\"classes\": [{\"folder\": \"a\"}, {\"folder\": \"gone\"}]}",
         "“gone” that cannot be read"},
    };
    g_autofree char *path = g_build_filename(folder, "twice", NULL);
    g_autofree char *list = path_of("twice", "classes.json");
    write_styled("twice", "a", "1.png");
    write_styled("twice", "b", "1.png");
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        expect_bad_list(path, list, bad[i].json, bad[i].says);
}

/* As one who may not read what root may. */
static void test_unreadable(void)
{
    g_autofree char *path = g_build_filename(folder, "closed", NULL);
    g_autofree char *closed = g_build_filename(path, "b", NULL);
    const char *const open[] = {folder, path, NULL};
    const gboolean root = geteuid() == 0;
    write_styled("closed", "a", "1.png");
    write_styled("closed", "b", "1.png");
    g_assert_cmpint(g_chmod(closed, 0), ==, 0);
    for (int i = 0; open[i]; i++)
        g_assert_cmpint(g_chmod(open[i], 0755), ==, 0);
    g_autofree char *a = g_build_filename(path, "a", NULL);
    g_assert_cmpint(g_chmod(a, 0755), ==, 0);
    if (root && seteuid(65534) != 0) {
        g_assert_cmpint(g_chmod(closed, 0755), ==, 0);
        g_test_skip("root cannot be anybody else here");
        return;
    }
    EdtDataset *data = open_pictures("closed", (EdtPictureOptions){.side = SIDE, .channels = 3});
    g_assert_cmpint(root ? seteuid(0) : 0, ==, 0);
    g_assert_cmpint(g_chmod(closed, 0755), ==, 0);
    g_assert_cmpint(data->n_classes, ==, 1);
    g_assert_cmpstr(data->skipped->pdata[0], ==, "b: a folder without pictures; Permission denied");
    edt_dataset_free(data);
}

/* The grids of a run that lies in the data are no class and no style. */
static void test_run_inside(void)
{
    static const char *const runs[] = {"runs/old", "runs/a/old"};
    static const char *const kept[] = {"checkpoint.safetensors", "model-1.safetensors"};
    for (gsize i = 0; i < G_N_ELEMENTS(runs); i++) {
        g_autofree char *log = path_of(runs[i], "log.jsonl");
        g_autofree char *checkpoint = path_of(runs[i], kept[i]);
        write_styled(runs[i], "", "samples-000001.png");
        g_assert_true(g_file_set_contents(log, "{}", -1, NULL));
        g_assert_true(g_file_set_contents(checkpoint, "", -1, NULL));
    }
    write_styled("runs", "a", "1.png");
    EdtDataset *data = open_pictures("runs", (EdtPictureOptions){.side = SIDE, .channels = 3});
    g_assert_cmpint(data->n_classes, ==, 1);
    g_assert_cmpint(data->n_styles, ==, 0);
    g_assert_cmpstr(data->skipped->pdata[0], ==, "old: the folder of a run, not a class");
    edt_dataset_free(data);
}

/* What no model can hold is refused before the first step. */
static void test_names(void)
{
    g_autofree char *path = g_build_filename(folder, "names", NULL), *longer = g_strnfill(257, 'x');
    g_autofree char *json = path_of("names", "classes.json");
    const char *const bad[] = {"\"tab\\there\"", "\"\"", "5", longer};
    for (gsize i = 0; i < G_N_ELEMENTS(bad) * 2; i++) {
        const char *name = bad[i / 2];
        g_autofree char *quoted = name == longer ? g_strdup_printf("\"%s\"", name) : g_strdup(name);
        g_autofree char *list =
            i % 2
                ? g_strdup_printf("{\"classes\": [{\"folder\": \"a\", \"names\": {\"de\": %s}}]}",
                                  quoted)
                : g_strdup_printf("{\"classes\": [{\"folder\": \"a\", \"concept\": %s}]}", quoted);
        GError *error = NULL;
        g_assert_true(g_file_set_contents(json, list, -1, NULL));
        g_assert_null(
            edt_pictures_open(path, &(EdtPictureOptions){.side = SIDE, .channels = 3}, &error));
        g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
        gboolean no_text = i % 2 == 0 && strcmp(bad[i / 2], "5") == 0;
        g_assert_nonnull(
            strstr(error->message, no_text ? "“concept” that is a text" : "cannot be named so"));
        g_clear_error(&error);
    }
}

/* Small changes: mass of alpha stays about, colour never exceeds alpha, grey keeps its hue. */
static void test_augment(void)
{
    enum { BIG = 32 };
    guint8 *pixels = g_new0(guint8, BIG * BIG * 4);
    float *x = g_new(float, 4 * BIG * BIG), *y = g_new(float, 4 * BIG * BIG);
    EdtPictureOptions plain = {.side = BIG, .channels = 4};
    EdtPictureOptions wild = {.side = BIG, .channels = 4, .flip = TRUE, .affine = 0.1, .hue = 60};
    EdtRandom random;
    double before = 0, after = 0, moved = 0;

    for (int i = 0; i < BIG * BIG; i++)
        if (abs(i % BIG - 16) < 8 && abs(i / BIG - 16) < 8)
            memcpy(pixels + 4 * i, (guint8[]){200, 200, 200, 255}, 4);
    edt_random_seed(&random, 5);
    edt_augment(pixels, &plain, &random, x);
    edt_augment(pixels, &wild, &random, y);
    for (int i = 0; i < BIG * BIG; i++) {
        float alpha = (y[3 * BIG * BIG + i] + 1) / 2;
        before += (x[3 * BIG * BIG + i] + 1) / 2;
        after += alpha;
        moved += fabs(x[i] - y[i]);
        for (int c = 0; c < 3; c++)
            g_assert_cmpfloat((y[c * BIG * BIG + i] + 1) / 2, <=, alpha + 1e-6f);
        g_assert_cmpfloat_with_epsilon(y[i], y[BIG * BIG + i], 1e-5); /* grey stays grey */
        g_assert_cmpfloat_with_epsilon(y[i], y[2 * BIG * BIG + i], 1e-5);
    }
    g_assert_cmpfloat(fabs(after / before - 1), <, 0.3);
    g_assert_cmpfloat(moved, >, 10);
    g_free(pixels);
    g_free(x);
    g_free(y);
}

/* A third of a turn takes red to green. */
static void test_hue(void)
{
    guint8 pixels[AREA * 4];
    float x[4 * AREA];
    gboolean turned = FALSE;
    EdtPictureOptions options = {.side = SIDE, .channels = 4, .hue = 180};
    for (int i = 0; i < AREA; i++)
        memcpy(pixels + 4 * i, (guint8[]){255, 0, 0, 255}, 4);
    for (guint64 seed = 0; seed < 200; seed++) {
        EdtRandom random;
        edt_random_seed(&random, seed);
        edt_augment(pixels, &options, &random, x);
        turned |= x[AREA] > 0.9f && x[0] < -0.8f && x[2 * AREA] < -0.8f;
    }
    g_assert_true(turned);
}

static void write_features(const char *sub)
{
    float latent[4 * AREA];
    GError *error = NULL;
    for (int n = 0; n < 2; n++) {
        g_autofree char *name = g_strdup_printf("%d.npy", n);
        g_autofree char *features = g_build_filename(sub, "imagenet_features", NULL);
        g_autofree char *labels = g_build_filename(sub, "imagenet_labels", NULL);
        g_autofree char *feature = path_of(features, name), *label = path_of(labels, name);
        float class = (float)(7 - n);
        for (int i = 0; i < 4 * AREA; i++)
            latent[i] = (float)(n * 1000 + i);
        edt_npy_save(feature, latent, 4, (gint64[]){1, 4, SIDE, SIDE}, &error);
        g_assert_no_error(error);
        edt_npy_save(label, &class, 1, (gint64[]){1}, &error);
        g_assert_no_error(error);
    }
}

static void test_features(void)
{
    g_autofree char *path = g_build_filename(folder, "features", NULL);
    float x[4 * AREA];
    GError *error = NULL;

    write_features("features");
    EdtDataset *dataset = edt_features_open(path, 4, SIDE, 10, &error);
    g_assert_no_error(error);
    g_assert_cmpint(dataset->count, ==, 2);
    g_assert_cmpint(get(dataset, 1, 0, x), ==, 6);
    g_assert_cmpfloat(x[5], ==, 1005.0f);
    edt_dataset_free(dataset);
    dataset =
        edt_features_open(path, 4, SIDE, 7, &error); /* class 7 is too many: the other comes */
    g_assert_cmpint(get(dataset, 0, 0, x), ==, 6);
    g_assert_cmpint(dataset->skipped->len, ==, 1);
    edt_dataset_free(dataset);
}

/* As many numbers in another order are another thing. */
static void test_features_layout(void)
{
    static const gint64 wrong[][4] = {{1, SIDE, 2 * SIDE, 2}, {4, 1, SIDE, SIDE}, {1, 4, 1, AREA}};
    g_autofree char *path = g_build_filename(folder, "layout", NULL);
    g_autofree char *feature = path_of("layout/imagenet_features", "0.npy");
    float latent[4 * AREA] = {0};

    write_features("layout");
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_assert_true(edt_npy_save(feature, latent, 4, wrong[i], NULL));
        EdtDataset *dataset = edt_features_open(path, 4, SIDE, 10, NULL);
        g_assert_cmpint(get(dataset, 0, 0, latent), ==, 6); /* the other one */
        g_assert_nonnull(strstr(dataset->skipped->pdata[0], "is not [1, 4, "));
        edt_dataset_free(dataset);
    }
    g_assert_true(edt_npy_save(feature, latent, 3, (gint64[]){4, SIDE, SIDE}, NULL));
    EdtDataset *dataset = edt_features_open(path, 4, SIDE, 10, NULL);
    g_assert_cmpint(get(dataset, 0, 0, latent), ==, 7);
    edt_dataset_free(dataset);
}

/* A label that is missing does not give its neighbours' to others; hidden files are none. */
static void test_features_pairs(void)
{
    g_autofree char *path = g_build_filename(folder, "pairs", NULL);
    g_autofree char *from = path_of("pairs/imagenet_labels", "0.npy");
    g_autofree char *to = path_of("pairs/imagenet_labels", "2.npy");
    g_autofree char *hidden = path_of("pairs/imagenet_features", "._0.npy");
    GError *error = NULL;

    write_features("pairs");
    g_assert_true(g_file_set_contents(hidden, "Mac OS X", -1, NULL));
    EdtDataset *dataset = edt_features_open(path, 4, SIDE, 10, &error);
    g_assert_no_error(error);
    g_assert_cmpint(dataset->count, ==, 2);
    edt_dataset_free(dataset);
    g_assert_cmpint(g_rename(from, to), ==, 0); /* labels 1 and 2 of features 0 and 1 */
    dataset = edt_features_open(path, 4, SIDE, 10, &error);
    g_assert_no_error(error); /* no two names agree: their order counts */
    edt_dataset_free(dataset);
    static const char *const parts[] = {"pairs/imagenet_features", "pairs/imagenet_labels"};
    for (int i = 0; i < 2; i++) { /* now two do */
        g_autofree char *one = path_of(parts[i], "1.npy"), *five = path_of(parts[i], "5.npy");
        g_assert_cmpint(link(one, five), ==, 0);
    }
    g_assert_null(edt_features_open(path, 4, SIDE, 10, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_assert_nonnull(strstr(error->message, "no imagenet_labels/0.npy"));
    g_clear_error(&error);
    g_autofree char *zero = path_of(parts[0], "0.npy"), *seven = path_of(parts[0], "7.npy");
    g_assert_cmpint(g_rename(zero, seven), ==, 0); /* 1, 5, 7 of labels 1, 2, 5 */
    g_assert_null(edt_features_open(path, 4, SIDE, 10, &error));
    g_assert_nonnull(strstr(error->message, "no imagenet_features/2.npy"));
    g_clear_error(&error);
}

/* A number that is none would end every run with the loss. */
static void test_features_not_finite(void)
{
    g_autofree char *path = g_build_filename(folder, "infinite", NULL);
    g_autofree char *feature = path_of("infinite/imagenet_features", "0.npy");
    float x[4 * AREA], latent[4 * AREA] = {[7] = INFINITY};
    GError *error = NULL;

    write_features("infinite");
    edt_npy_save(feature, latent, 4, (gint64[]){1, 4, SIDE, SIDE}, &error);
    g_assert_no_error(error);
    EdtDataset *dataset = edt_features_open(path, 4, SIDE, 10, &error);
    g_assert_cmpint(get(dataset, 0, 0, x), ==, 6);
    g_assert_cmpint(dataset->skipped->len, ==, 1);
    g_assert_true(g_str_has_prefix(dataset->skipped->pdata[0], "imagenet_features/0.npy: "));
    edt_dataset_free(dataset);
}

/* ---- pictures as people have them ---- */

static void write_bytes(const char *place, const char *name, const guint8 *bytes, gsize size)
{
    g_autofree char *path = path_of(place, name);
    g_assert_true(g_file_set_contents(path, (const char *)bytes, (gssize)size, NULL));
}

/* What archives and thumbnailers leave behind is neither class nor style. */
static void expect_skipped(const EdtDataset *data, const char *begin)
{
    for (guint i = 0; i < data->skipped->len; i++)
        if (g_str_has_prefix(data->skipped->pdata[i], begin))
            return;
    g_error("nothing is passed over as %s", begin);
}

static void test_leavings(void)
{
    const guint8 text[] = "no picture", pixels[AREA * 3] = {0};
    write_png("left/rose", "1.png", SIDE, SIDE, 3, pixels);
    write_bytes("left/rose/@eaDir/1.png", "thumb.dat", text, sizeof text);
    write_png("left/rose/@eaDir/2.png", "SYNOPHOTO_THUMB_M.png", SIDE, SIDE, 3, pixels);
    write_png("left/rose/#recycle", "1.png", SIDE, SIDE, 3, pixels);
    write_png("left/@eaDir/cover.png", "SYNOPHOTO_THUMB_M.png", SIDE, SIDE, 3, pixels);
    write_png("left/$RECYCLE.BIN/rose", "1.png", SIDE, SIDE, 3, pixels);
    write_bytes("left/__MACOSX", "rose.dat", text, sizeof text);
    write_bytes("left/empty", "rose.dat", text, sizeof text);
    g_autofree char *loop = path_of("left", "loop"), *up = path_of("left/rose", "up");
    g_assert_cmpint(symlink(".", loop) | symlink("../..", up), ==, 0);
    EdtDataset *data = open_pictures("left", (EdtPictureOptions){.side = SIDE, .channels = 3});
    static const char *const names[] = {"rose", NULL};
    g_assert_cmpstrv(data->classes.names, names);
    g_assert_cmpint(data->n_styles, ==, 0);
    g_assert_cmpint(data->count, ==, 1);
    expect_skipped(data, "__MACOSX: left by ");
    expect_skipped(data, "@eaDir: left by ");
    expect_skipped(data, "$RECYCLE.BIN: left by ");
    expect_skipped(data, "empty: a folder without pictures; rose.dat");
    edt_dataset_free(data);
}

/* Where no picture is there, the error says what is. */
static void test_reasons(void)
{
    const guint8 text[] = "no picture";
    GError *error = NULL;
    write_bytes("none/rose", "1.webq", text, sizeof text);
    g_autofree char *path = g_build_filename(folder, "none", NULL);
    const EdtPictureOptions options = {.side = SIDE, .channels = 3};
    g_assert_null(edt_pictures_open(path, &options, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_assert_nonnull(strstr(error->message, "1.webq: "));
    g_error_free(error);
}

/* A GIF ends at its trailer, wherever another such byte is, and whatever follows. */
static void test_gif(void)
{
    static const guint8 gif[] = {'G', 'I',  'F',  '8', '9', 'a',  1,    0,    1,    0,    0x80,
                                 0,   0,    0x3b, 0,   0,   0xff, 0xff, 0xff, 0x21, 0xf9, 4,
                                 0,   0x3b, 0,    0,   0,   0x2c, 0,    0,    0,    0,    1,
                                 0,   1,    0,    0,   2,   2,    0x44, 0x01, 0,    0x3b, '\n'};
    const gsize whole = sizeof gif - 1;
    g_assert_true(edt_picture_is_whole(gif, whole));
    g_assert_true(edt_picture_is_whole(gif, sizeof gif));
    for (gsize size = 6; size < whole; size++)
        g_assert_false(edt_picture_is_whole(gif, size));
    write_bytes("gif", "1.gif", gif, sizeof gif);
    g_autofree char *path = path_of("gif", "1.gif"), *why = NULL;
    g_autoptr(GdkPixbuf) read = edt_picture_file_read(path, &why);
    g_assert_cmpstr(why, ==, NULL);
}

/* A quarter of it: its reader would fill it up. */
static void test_cut(void)
{
    g_autoptr(GdkPixbuf) picture = gdk_pixbuf_new(GDK_COLORSPACE_RGB, FALSE, 8, 64, 64);
    g_autofree char *whole = NULL;
    gsize size;
    guint32 state = 1;
    for (int i = 0; i < 64 * gdk_pixbuf_get_rowstride(picture); i++)
        gdk_pixbuf_get_pixels(picture)[i] = (guint8)((state = state * 1664525 + 1013904223) >> 24);
    g_assert_true(gdk_pixbuf_save_to_buffer(picture, &whole, &size, "jpeg", NULL, NULL));
    g_assert_true(edt_picture_is_whole((guint8 *)whole, size));
    g_assert_false(edt_picture_is_whole((guint8 *)whole, size / 4));
    write_bytes("cut/rose", "1.jpg", (guint8 *)whole, size);
    write_bytes("cut/rose", "2.jpg", (guint8 *)whole, size / 4);
    EdtDataset *data = open_pictures("cut", (EdtPictureOptions){.side = SIDE, .channels = 3});
    g_assert_cmpint(data->count, ==, 1);
    g_assert_true(g_str_has_prefix(data->skipped->pdata[0], "rose/2.jpg: "));
    edt_dataset_free(data);
    g_assert_true(edt_picture_is_whole((const guint8 *)"RIFF\4\0\0\0WEBP", 12));
    g_assert_false(edt_picture_is_whole((const guint8 *)"RIFF\5\0\0\0WEBP", 12));
    g_assert_false(edt_picture_is_whole((const guint8 *)"\xff\xd8\xff\xe0\xff\xff", 6));
}

/* Formats whose readers are content with a part; JPEG XL where there is a reader. */
static void test_cut_others(void)
{
    static const char *const types[] = {"bmp", "ico", "jxl"};
    g_autoptr(GdkPixbuf) picture = gdk_pixbuf_new(GDK_COLORSPACE_RGB, FALSE, 8, 64, 63);
    gdk_pixbuf_fill(picture, 0xc08040ff);
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
        g_autofree char *whole = NULL, *why = NULL;
        g_autofree char *name = g_strconcat("1.", types[i], NULL), *path = path_of("others", name);
        gsize size;
        if (!gdk_pixbuf_save_to_buffer(picture, &whole, &size, types[i], NULL, NULL)) {
            g_test_message("no %s here", types[i]);
            continue;
        }
        write_bytes("others", name, (guint8 *)whole, size);
        const gboolean loses = g_str_equal(types[i], "jxl");
        if (loses)
            LOSES(TRUE);
        g_autoptr(GdkPixbuf) read = edt_picture_file_read(path, &why);
        g_assert_cmpstr(why, ==, NULL);
        g_assert_nonnull(read);
        write_bytes("others", name, (guint8 *)whole, size - 1);
        g_assert_null(edt_picture_file_read(path, &why));
        g_assert_cmpstr(why, ==, "its end is missing");
        if (loses)
            LOSES(FALSE);
    }
    g_assert_false(edt_picture_is_whole((const guint8 *)"BM", 2));
    g_assert_false(edt_picture_is_whole((const guint8 *)"\0\0\1\0\1", 6));
    g_assert_true(edt_picture_is_whole((const guint8 *)"\0\0\2\0\0\0", 6)); /* a TGA */
}

static void add_exif(const char *place, const char *name)
{
    g_autofree char *path = path_of(place, name), *text = NULL;
    gsize size;
    test_add_exif(path);
    g_assert_true(g_file_get_contents(path, &text, &size, NULL));
    const guint8 *bytes = (const guint8 *)text;
    g_assert_cmpint(edt_picture_orientation(bytes, size), ==, 6);
    for (gsize cut = 0; cut < size; cut++) /* never beyond what is there */
        g_assert_cmpint(edt_picture_orientation(bytes, cut) % 6, ==, 0);
}

/* A PNG that says "turn me to the right": its first row becomes its last column. */
static void test_turned(void)
{
    guint8 pixels[AREA * 3] = {0};
    float x[3 * AREA];
    EdtSampleLabels labels;
    EdtRandom random = {0};
    memset(pixels, 255, SIDE * 3);
    write_png("turned/rose", "1.png", SIDE, SIDE, 3, pixels);
    add_exif("turned/rose", "1.png");
    EdtDataset *data = open_pictures("turned", (EdtPictureOptions){.side = SIDE, .channels = 3});
    GError *error = NULL;
    g_assert_true(edt_dataset_get(data, 0, &random, x, &labels, &error));
    for (int i = 0; i < AREA; i++)
        g_assert_cmpfloat(x[i], ==, i % SIDE == SIDE - 1 ? 1 : -1);
    edt_dataset_free(data);
}

/* Folders that are all numbers keep the order of numbers, so that names and numbers agree. */
static void test_numbered(void)
{
    static const char *const names[] = {"0", "1", "2", "9", "10", "100", NULL};
    const guint8 pixels[AREA * 3] = {0};
    for (int i = 0; names[i]; i++) {
        g_autofree char *place = g_build_filename("numbered", names[i], NULL);
        write_png(place, "1.png", SIDE, SIDE, 3, pixels);
    }
    EdtDataset *data = open_pictures("numbered", (EdtPictureOptions){.side = SIDE, .channels = 3});
    g_assert_cmpstrv(data->classes.names, names);
    edt_dataset_free(data);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    folder = test_folder();
    g_test_add_func("/dataset/premultiplied", test_premultiplied);
    g_test_add_func("/dataset/leavings", test_leavings);
    g_test_add_func("/dataset/reasons", test_reasons);
    g_test_add_func("/dataset/cut", test_cut);
    g_test_add_func("/dataset/cut-others", test_cut_others);
    g_test_add_func("/dataset/gif", test_gif);
    g_test_add_func("/dataset/turned", test_turned);
    g_test_add_func("/dataset/numbered", test_numbered);
    g_test_add_func("/dataset/crop", test_crop);
    g_test_add_func("/dataset/flip", test_flip);
    g_test_add_func("/dataset/skipped", test_skipped);
    g_test_add_func("/dataset/empty-class", test_empty_class);
    g_test_add_func("/dataset/styles", test_styles);
    g_test_add_func("/dataset/style-folders", test_style_folders);
    g_test_add_func("/dataset/style-lists", test_style_lists);
    g_test_add_func("/dataset/class-lists", test_class_lists);
    g_test_add_func("/dataset/unreadable", test_unreadable);
    g_test_add_func("/dataset/run-inside", test_run_inside);
    g_test_add_func("/dataset/names", test_names);
    g_test_add_func("/dataset/augment", test_augment);
    g_test_add_func("/dataset/hue", test_hue);
    g_test_add_func("/dataset/features", test_features);
    g_test_add_func("/dataset/features-pairs", test_features_pairs);
    g_test_add_func("/dataset/features-layout", test_features_layout);
    g_test_add_func("/dataset/features-not-finite", test_features_not_finite);
    return g_test_run();
}
