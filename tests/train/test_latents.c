/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pictures through the autoencoder: the latents on disk are what its encoder says, scaled, mirrored
 * and changed as asked; they are made once, again where they are missing or damaged, and anew for
 * other pictures; a model trained on them comes out complete and paints.
 */
#include "cpu/cpu.h"
#include "files/safetensors.h"
#include "folder.h"
#include "model/foreign.h"
#include "train/dataset.h"
#include "train/discs.h"
#include "train/latent_file.h"
#include "vae/vae.h"

#include <gio/gio.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#define SIDE 64
#define LATENT 8
#define COUNT (4 * LATENT * LATENT)
#define GOOD (2 * DISCS_PICTURES)

static const char *folder;
static char *pictures, *cache;
static const char *vae;

static EdtLatentOptions options_of(void)
{
    return (EdtLatentOptions){.pictures = pictures,
                              .vae = vae,
                              .cache = cache,
                              .image_size = SIDE,
                              .latent_size = LATENT,
                              .channels = 4,
                              .mean = TRUE,
                              .threads = 2};
}

static EdtDataset *latents_open(const EdtLatentOptions *options)
{
    GError *error = NULL;
    EdtDataset *dataset = edt_latents_open(options, &error);
    g_assert_no_error(error);
    return dataset;
}

static int get(EdtDataset *dataset, int index, float *x)
{
    EdtRandom random;
    GError *error = NULL;
    EdtSampleLabels labels = {-1, -1};
    edt_random_seed(&random, 1);
    g_assert_true(edt_dataset_get(dataset, index, &random, x, &labels, &error));
    g_assert_no_error(error);
    return labels.class;
}

/* One of the n codings of a picture: by a random number that chooses it. */
static int get_coding(EdtDataset *dataset, int index, int n, int coding, float *x)
{
    EdtRandom random;
    GError *error = NULL;
    EdtSampleLabels labels = {-1, -1};
    guint64 seed = 0;
    do
        edt_random_seed(&random, ++seed);
    while ((int)edt_random_below(&random, (guint32)n) != coding);
    edt_random_seed(&random, seed);
    g_assert_true(edt_dataset_get(dataset, index, &random, x, &labels, &error));
    g_assert_no_error(error);
    return labels.class;
}

/* The picture as the network shall see it, by way of nothing but the encoder. */
static void encode(int index, gboolean mirrored, float *mean, float *deviation)
{
    EdtPictureOptions wish = {.side = SIDE, .channels = 3};
    EdtDeviceOptions device = {.threads = 2, .precision = EDT_PRECISION_F32};
    g_autofree float *x = g_new(float, 3 * SIDE * SIDE);
    GError *error = NULL;
    EdtDataset *dataset = edt_pictures_open(pictures, &wish, &error);
    get(dataset, index, x);
    edt_dataset_free(dataset);
    for (int row = 0; mirrored && row < 3 * SIDE; row++)
        for (int i = 0; i < SIDE / 2; i++) {
            float *a = x + row * SIDE + i, *b = x + row * SIDE + SIDE - 1 - i, was = *a;
            *a = *b;
            *b = was;
        }
    EdtForeign *file = edt_foreign_vae_open(vae, EDT_VAE_ENCODER, &error);
    g_assert_no_error(error);
    const EdtBackend *backend = edt_backend_cpu();
    EdtDevice *dev = backend->open(&device, &error);
    EdtVae *network = edt_vae_new(backend, dev, edt_foreign_source(file), EDT_VAE_ENCODER, &error);
    g_assert_no_error(error);
    g_assert_true(edt_vae_encode(network, LATENT, LATENT, x, mean, deviation, &error));
    for (int i = 0; i < COUNT; i++) {
        mean[i] *= 0.18215f;
        deviation[i] = expf(0.5f * deviation[i]) * 0.18215f;
    }
    edt_vae_free(network);
    backend->close(dev);
    edt_foreign_close(file);
}

static double distance(const float *a, const float *b)
{
    double off = 0, size = 0;
    for (int i = 0; i < COUNT; i++) {
        off += (double)(a[i] - b[i]) * (double)(a[i] - b[i]);
        size += (double)b[i] * (double)b[i];
    }
    return sqrt(off / size);
}

static void test_values(void)
{
    EdtLatentOptions o = options_of();
    float ours[COUNT], mean[COUNT], deviation[COUNT];
    EdtDataset *dataset = latents_open(&o);

    g_assert_cmpint(dataset->count, ==, GOOD);
    g_assert_cmpint(dataset->n_classes, ==, 2);
    g_assert_cmpstr(dataset->classes.names[1], ==, "green");
    g_assert_nonnull(strstr(dataset->classes.translations, "Blau"));
    g_assert_cmpint(dataset->skipped->len, ==, 1);
    g_assert_true(g_str_has_prefix(dataset->skipped->pdata[0], "green/bad.png: "));
    g_assert_cmpint(get(dataset, 1, ours), ==, 0);
    encode(1, FALSE, mean, deviation);
    g_assert_cmpfloat(distance(ours, mean), <, 1e-6);
    g_assert_cmpint(get(dataset, GOOD - 1, ours), ==, 1);
    g_assert_cmpfloat(distance(ours, mean), >, 1e-2); /* the test sees a difference */
    encode(GOOD - 1, FALSE, mean, deviation);
    g_assert_cmpfloat(distance(ours, mean), <, 1e-6);
    edt_dataset_free(dataset);
}

static void test_mirrored(void)
{
    EdtLatentOptions o = options_of();
    float ours[COUNT], mean[COUNT], deviation[COUNT];
    o.flip = TRUE;
    EdtDataset *dataset = latents_open(&o);

    g_assert_cmpint(dataset->count, ==, GOOD);
    for (int mirrored = 0; mirrored < 2; mirrored++) {
        g_assert_cmpint(get_coding(dataset, 0, 2, mirrored, ours), ==, 0);
        encode(0, mirrored, mean, deviation);
        g_assert_cmpfloat(distance(ours, mean), <, 1e-6);
    }
    edt_dataset_free(dataset);
}

/* Draws lie around the mean as far as the deviation says. */
static void test_drawn(void)
{
    EdtLatentOptions o = options_of();
    float ours[COUNT], mean[COUNT], deviation[COUNT];
    double sum = 0, squares = 0;
    o.mean = FALSE;
    EdtDataset *dataset = latents_open(&o);

    get(dataset, 2, ours);
    encode(2, FALSE, mean, deviation);
    for (int i = 0; i < COUNT; i++) {
        double z = (double)(ours[i] - mean[i]) / (double)deviation[i];
        sum += z;
        squares += z * z;
    }
    g_test_message("mean %.3f, square %.3f", sum / COUNT, squares / COUNT);
    g_assert_cmpfloat(fabs(sum / COUNT), <, 0.25); /* 4 deviations of the mean of 256 */
    g_assert_cmpfloat(fabs(squares / COUNT - 1), <, 0.4);
    edt_dataset_free(dataset);
}

/* ---- made once ---- */

typedef struct {
    int calls, stop_at;
} Progress;

static gboolean note_progress(int done, int total, gpointer data)
{
    Progress *progress = data;
    progress->calls++;
    return done != progress->stop_at;
}

/* The set that is not known yet. */
static char *new_file(const char *known)
{
    GDir *dir = g_dir_open(cache, 0, NULL);
    char *path = NULL;
    const char *name;
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *found = g_build_filename(cache, name, NULL);
        if (g_strcmp0(found, known) != 0) {
            g_assert_null(path);
            path = g_steal_pointer(&found);
        }
    }
    g_dir_close(dir);
    return path;
}

#define RECORDS (GOOD + 1) /* and the bad one, the last but 0.png to 2.png of green */

static EdtLatentFile *open_file(const char *path)
{
    GError *error = NULL;
    EdtLatentFile *file = edt_latent_file_open(path, RECORDS, COUNT, &error);
    g_assert_no_error(error);
    return file;
}

static void assert_states(const char *path, int good)
{
    EdtLatentFile *file = open_file(path);
    for (int i = 0; i < RECORDS; i++)
        g_assert_cmpint(edt_latent_file_state(file, i), ==,
                        i < good ? EDT_LATENT_GOOD : EDT_LATENT_MISSING);
    edt_latent_file_close(file);
}

/* Another latent, as if it were that of the picture: so it shows whether it was made again. */
static void mark_first(const char *path)
{
    const float marked[COUNT] = {[0] = 5, [COUNT - 1] = 7};
    EdtLatentFile *file = open_file(path);
    g_assert_true(edt_latent_file_put(file, 0, marked, NULL));
    edt_latent_file_close(file);
}

/* As by a bad disk. */
static void damage(const char *path, int record)
{
    gsize stride = COUNT * sizeof(float) + 64;
    int fd = open(path, O_RDWR);
    g_assert_cmpint(pwrite(fd, "?", 1, (off_t)(64 + (gsize)record * stride + 21)), ==, 1);
    close(fd);
}

static void assert_first_is_marked_and_second_right(EdtDataset *dataset)
{
    float ours[COUNT], mean[COUNT], deviation[COUNT];
    get(dataset, 0, ours);
    g_assert_true(ours[0] == 5 && ours[COUNT - 1] == 7);
    get(dataset, 1, ours);
    encode(1, FALSE, mean, deviation);
    g_assert_cmpfloat(distance(ours, mean), <, 1e-6);
}

static void touch(const char *path)
{
    GError *error = NULL;
    g_autoptr(GFile) file = g_file_new_for_path(path);
    g_assert_true(g_file_set_attribute_uint64(file, G_FILE_ATTRIBUTE_TIME_MODIFIED, 1000000,
                                              G_FILE_QUERY_INFO_NONE, NULL, &error));
}

static void test_once(void)
{
    Progress progress = {.stop_at = 2};
    EdtLatentOptions o = options_of();
    GError *error = NULL;
    g_autofree char *other = g_build_filename(folder, "other", NULL);
    char *usual = cache;
    o.cache = cache = other;
    o.progress = note_progress;
    o.data = &progress;

    g_assert_null(edt_latents_open(&o, &error)); /* stopped: two are there, and stay */
    g_assert_error(error, EDT_ERROR, EDT_ERROR_CANCELLED);
    g_clear_error(&error);
    g_autofree char *set = new_file(NULL);
    assert_states(set, 2);
    mark_first(set);
    damage(set, 1);
    assert_states(set, 1);
    progress.stop_at = -1;
    EdtDataset *dataset = latents_open(&o);
    assert_first_is_marked_and_second_right(dataset);
    edt_dataset_free(dataset);

    progress.calls = 0;
    edt_dataset_free(latents_open(&o)); /* all there: nothing is encoded */
    g_assert_cmpint(progress.calls, ==, 0);
    g_assert_cmpint(truncate(set, 64 + COUNT * 4 + 64), ==, 0); /* all but the first are lost */
    dataset = latents_open(&o);
    g_assert_cmpint(dataset->count, ==, GOOD);
    g_assert_cmpint(progress.calls, >, 0);
    assert_first_is_marked_and_second_right(dataset);
    damage(set, 0); /* while it is in use: the next one takes its place, and it is named */
    float ours[COUNT], mean[COUNT], deviation[COUNT];
    get(dataset, 0, ours);
    encode(1, FALSE, mean, deviation);
    g_assert_cmpfloat(distance(ours, mean), <, 1e-6);
    g_assert_cmpint(dataset->skipped->len, ==, 2);
    edt_dataset_free(dataset);

    EdtLatentFile *file = edt_latent_file_open(set, GOOD + 1, COUNT, &error);
    g_assert_no_error(error);
    g_assert_true(edt_latent_file_put_bad(file, 1, "there is no loader", &error));
    edt_latent_file_close(file);
    dataset = latents_open(&o); /* by now it can be read */
    g_assert_cmpint(dataset->count, ==, GOOD);
    get(dataset, 1, ours);
    g_assert_cmpfloat(distance(ours, mean), <, 1e-6);
    edt_dataset_free(dataset);

    g_autofree char *picture = g_build_filename(pictures, "blue", "0.png", NULL);
    touch(picture); /* changed since: another set */
    progress.calls = 0;
    edt_dataset_free(latents_open(&o));
    g_assert_cmpint(progress.calls, >, 0);
    g_autofree char *second = new_file(set);
    g_assert_nonnull(second);
    cache = usual;
}

/* ---- several latents of a picture ---- */

static void write_classes(const char *green)
{
    g_autofree char *list = g_build_filename(pictures, "classes.json", NULL);
    g_autofree char *json =
        g_strdup_printf("{\"classes\": [{\"folder\": \"blue\", \"names\": {\"de\": \"Blau\"}},"
                        " {\"folder\": \"green\", \"names\": {\"de\": \"Grün\"}%s}]}",
                        green);
    g_assert_true(g_file_set_contents(list, json, -1, NULL));
}

/* As it is, its mirror image, then changed ones, each another and always the same. */
static void test_codings(void)
{
    EdtLatentOptions o = options_of();
    float ours[4][COUNT], mean[COUNT], deviation[COUNT], again[COUNT];
    g_autofree char *other = g_build_filename(folder, "codings", NULL);
    o.flip = TRUE;
    o.affine = 0.1;
    o.hue = 30;
    o.codings = 4;
    EdtDataset *dataset = latents_open(&o);
    g_assert_cmpint(dataset->count, ==, GOOD);
    for (int i = 0; i < 4; i++)
        g_assert_cmpint(get_coding(dataset, GOOD - 1, 4, i, ours[i]), ==, 1);
    edt_dataset_free(dataset);
    encode(GOOD - 1, FALSE, mean, deviation);
    g_assert_cmpfloat(distance(ours[0], mean), <, 1e-6);
    encode(GOOD - 1, TRUE, mean, deviation);
    g_assert_cmpfloat(distance(ours[1], mean), <, 1e-6);
    for (int a = 0; a < 4; a++)
        for (int b = 0; b < a; b++)
            g_assert_cmpfloat(distance(ours[a], ours[b]), >, 1e-2);
    o.cache = other; /* made anew */
    dataset = latents_open(&o);
    get_coding(dataset, GOOD - 1, 4, 3, again);
    g_assert_cmpmem(again, sizeof again, ours[3], sizeof ours[3]);
    edt_dataset_free(dataset);
    o.flip = FALSE; /* as many codings, of which none is the mirror image */
    dataset = latents_open(&o);
    get_coding(dataset, GOOD - 1, 4, 1, again);
    g_assert_cmpfloat(distance(again, ours[1]), >, 1e-2);
    edt_dataset_free(dataset);
}

/* What a class does not allow is not done, and does not make a second latent of the same; its
 * pictures are drawn as often as others. */
static void test_allowed(void)
{
    EdtLatentOptions o = options_of();
    float ours[COUNT], mean[COUNT], deviation[COUNT];
    o.flip = TRUE;
    o.hue = 30;
    o.codings = 3;
    write_classes(", \"recolour\": false, \"mirror\": false");
    EdtDataset *dataset = latents_open(&o);
    g_assert_cmpint(dataset->count, ==, GOOD);
    encode(GOOD - 1, FALSE, mean, deviation);
    for (int i = 0; i < 3; i++) {
        g_assert_cmpint(get_coding(dataset, GOOD - 1, 3, i, ours), ==, 1);
        g_assert_cmpfloat(distance(ours, mean), <, 1e-6);
    }
    edt_dataset_free(dataset);
    o.affine = 0.1;
    dataset = latents_open(&o);
    g_assert_cmpint(dataset->count, ==, GOOD);
    g_assert_cmpint(get_coding(dataset, GOOD - 1, 3, 1, ours), ==, 1);
    encode(GOOD - 1, TRUE, mean, deviation);
    g_assert_cmpfloat(distance(ours, mean), >, 1e-2);
    edt_dataset_free(dataset);
    write_classes("");
}

/* A latent has the style of its picture. */
static void test_styled(void)
{
    static const char *const styles[] = {"blue", "green"};
    g_autofree char *root = g_build_filename(folder, "styled", NULL);
    g_autofree char *class = g_build_filename(root, "disc", NULL);
    EdtLatentOptions o = options_of();
    EdtSampleLabels labels;
    EdtRandom random;
    float ours[COUNT];

    g_assert_cmpint(g_mkdir_with_parents(class, 0700), ==, 0);
    for (int i = 0; i < 2; i++) {
        g_autofree char *from = g_build_filename(pictures, styles[i], NULL);
        g_autofree char *to = g_build_filename(class, styles[i], NULL);
        g_assert_cmpint(symlink(from, to), ==, 0);
    }
    o.pictures = root;
    EdtDataset *dataset = latents_open(&o);
    g_assert_cmpint(dataset->n_styles, ==, 2);
    g_assert_cmpstr(dataset->styles.names[1], ==, "green");
    edt_random_seed(&random, 1);
    for (int i = 0; i < GOOD; i++) {
        g_assert_true(edt_dataset_get(dataset, i, &random, ours, &labels, NULL));
        g_assert_cmpint(labels.class, ==, 0);
        g_assert_cmpint(labels.style, ==, i / DISCS_PICTURES);
    }
    edt_dataset_free(dataset);
}

/* The autoencoder once more with other names; twice: one of its tensors under two of them. */
static char *write_wrapped(const char *name, const char *wrapper, gboolean twice)
{
    char *path = g_build_filename(folder, name, NULL);
    EdtSafetensors *from = edt_safetensors_open(vae, NULL);
    EdtSafetensorsWriter *w = edt_safetensors_writer_new(path, TRUE, NULL);
    guint count = edt_safetensors_count(from);

    for (guint i = 0; i < count + twice; i++) {
        const EdtSafetensor *t = edt_safetensors_get(from, i % count);
        g_autofree char *wrapped = g_strconcat(i < count ? wrapper : "", t->name, NULL);
        edt_safetensors_writer_declare(w, wrapped, t->view.type, t->view.rank, t->view.shape);
    }
    for (guint i = 0; i < count + twice; i++) {
        const EdtSafetensor *t = edt_safetensors_get(from, i % count);
        g_assert_true(edt_safetensors_writer_data(w, t->view.data, t->bytes, NULL));
    }
    g_assert_true(edt_safetensors_writer_finish(w, NULL));
    edt_safetensors_close(from);
    return path;
}

/* What `edt import --vae` takes (tests/import), and nothing that it refuses. */
static void test_wrapped(void)
{
    EdtLatentOptions o = options_of();
    float ours[COUNT], mean[COUNT], deviation[COUNT];
    g_autofree char *wrapped = write_wrapped("wrapped.safetensors", "module._orig_mod.", FALSE);
    g_autofree char *twice = write_wrapped("twice.safetensors", "_orig_mod.", TRUE);
    GError *error = NULL;

    o.vae = wrapped;
    EdtDataset *dataset = latents_open(&o);
    get(dataset, 1, ours);
    edt_dataset_free(dataset);
    encode(1, FALSE, mean, deviation);
    g_assert_cmpfloat(distance(ours, mean), <, 1e-6);
    o.vae = twice;
    g_assert_null(edt_latents_open(&o, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_assert_nonnull(strstr(error->message, "two of its tensors"));
    g_clear_error(&error);
}

static void test_refused(void)
{
    g_autofree char *nothing = g_build_filename(pictures, "blue", "0.png", NULL);
    EdtLatentOptions o = options_of();
    GError *error = NULL;
    o.vae = nothing;
    g_assert_null(edt_latents_open(&o, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_clear_error(&error);
    o = options_of();
    o.image_size = 2 * SIDE; /* the autoencoder makes 16 x 16 of that */
    g_assert_null(edt_latents_open(&o, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_clear_error(&error);
    EdtTrainOptions t = discs_options(pictures);
    t.vae = vae;
    t.variant = "EDT-S/2";
    t.image_size = SIDE;
    t.affine = t.hue = 0;
    g_assert_null(edt_trainer_new(&t, &error)); /* where to? */
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "latents"));
    g_clear_error(&error);
    t = discs_options(pictures);
    t.vae = vae;
    t.latents = cache;
    g_assert_null(edt_trainer_new(&t, &error)); /* Ti/4 works on pixels */
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_clear_error(&error);
}

/* ---- a whole run ---- */

static void paint(const char *model)
{
    EdtItem item = {.class_index = 1, .seed = 3};
    EdtEngineOptions wish = {.threads = 2, .precision = EDT_PRECISION_F32};
    EdtRequest request;
    GError *error = NULL;
    EdtEngine *engine = edt_engine_open(model, &wish, &error);
    g_assert_no_error(error);
    const EdtModelInfo *info = edt_engine_info(engine);
    g_assert_true(info->needs_vae && info->has_vae);
    g_assert_cmpint(info->image_size, ==, SIDE);
    g_assert_cmpint(info->guided_channels, ==, 3);
    g_assert_cmpstr(info->class_names[1], ==, "green");
    edt_request_init(&request, engine);
    request.items = &item;
    request.n_items = 1;
    request.steps = 2;
    EdtPictures *made = edt_generate(engine, &request, NULL, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpint(made->pictures[0].width, ==, SIDE);
    g_assert_cmpint(made->pictures[0].channels, ==, 3);
    edt_pictures_free(made);
    edt_engine_close(engine);
}

static void test_run(void)
{
    EdtTrainOptions o = discs_options(pictures);
    EdtTrainExport export = {.force = TRUE, .stored = EDT_STORED_BF16};
    EdtTrainReport report = {0};
    GError *error = NULL;
    g_autofree char *model = g_build_filename(folder, "model.safetensors", NULL);
    g_autofree char *again = g_build_filename(folder, "again.safetensors", NULL);
    g_autofree char *checkpoint = g_build_filename(folder, "checkpoint.safetensors", NULL);
    o.variant = "EDT-S/2";
    o.image_size = SIDE;
    o.affine = o.hue = 0;
    o.batch = o.micro = 2;
    o.vae = vae;
    o.latents = cache;
    EdtTrainer *trainer = edt_trainer_new(&o, &error);
    g_assert_no_error(error);
    for (int i = 0; i < 2; i++)
        g_assert_true(edt_trainer_step(trainer, &report, &error));
    g_assert_true(isfinite(report.loss) && report.mse > 0);
    export.output = model;
    g_assert_true(edt_trainer_export(trainer, &export, &error));
    g_assert_no_error(error);
    g_assert_true(edt_trainer_save(trainer, checkpoint, &error));
    edt_trainer_free(trainer);
    paint(model);
    g_assert_true(edt_train_export(checkpoint, &export, &error)); /* without the run's folder */
    g_assert_no_error(error);
    paint(model);

    o.vae = model; /* the autoencoder of a model is one, too: and another set, as the file is */
    trainer = edt_trainer_new(&o, &error);
    g_assert_no_error(error);
    g_assert_false(edt_trainer_export(trainer, &export, &error)); /* over what it reads */
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_clear_error(&error);
    export.output = again;
    g_assert_true(edt_trainer_export(trainer, &export, &error));
    edt_trainer_free(trainer);
    paint(again);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    folder = test_folder();
    pictures = discs_make(folder);
    write_classes("");
    cache = g_build_filename(folder, "cache", NULL);
    vae = g_getenv("EDT_TEST_VAE");
    g_test_add_func("/latents/values", test_values);
    g_test_add_func("/latents/mirrored", test_mirrored);
    g_test_add_func("/latents/codings", test_codings);
    g_test_add_func("/latents/allowed", test_allowed);
    g_test_add_func("/latents/styled", test_styled);
    g_test_add_func("/latents/drawn", test_drawn);
    g_test_add_func("/latents/wrapped", test_wrapped);
    g_test_add_func("/latents/refused", test_refused);
    g_test_add_func("/latents/run", test_run);
    g_test_add_func("/latents/once", test_once);
    int code = g_test_run();
    g_free(cache);
    g_free(pictures);
    return code;
}
