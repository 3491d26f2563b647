/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pictures through the autoencoder: the features on disk are what its encoder says, scaled and
 * mirrored as asked; they are made once, again where they are missing or damaged, and anew for
 * other pictures; a model trained on them comes out complete and paints.
 */
#include "cpu/cpu.h"
#include "files/safetensors.h"
#include "model/foreign.h"
#include "train/dataset.h"
#include "train/discs.h"
#include "vae/vae.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SIDE 64
#define LATENT 8
#define COUNT (4 * LATENT * LATENT)
#define GOOD (2 * DISCS_PICTURES)

static char *folder, *pictures, *cache;
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

    g_assert_cmpint(dataset->count, ==, 2 * GOOD);
    g_assert_cmpint(get(dataset, 1, ours), ==, 0); /* of picture 0 */
    encode(0, TRUE, mean, deviation);
    g_assert_cmpfloat(distance(ours, mean), <, 1e-6);
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

static char *only_folder(void)
{
    GDir *dir = g_dir_open(cache, 0, NULL);
    char *path = g_build_filename(cache, g_dir_read_name(dir), NULL);
    g_assert_null(g_dir_read_name(dir));
    g_dir_close(dir);
    return path;
}

static guint64 time_of(const char *path)
{
    GStatBuf status;
    g_assert_cmpint(g_stat(path, &status), ==, 0);
    return (guint64)status.st_mtim.tv_sec * 1000000000 + (guint64)status.st_mtim.tv_nsec;
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
    g_autofree char *set = only_folder();
    g_autofree char *first = g_build_filename(set, "imagenet_features", "000000000a.npy", NULL);
    g_autofree char *second = g_build_filename(set, "imagenet_features", "000000001a.npy", NULL);
    guint64 before = time_of(first);
    g_assert_true(g_file_set_contents(second, "cut short", -1, NULL)); /* as by a bad disk */
    progress.stop_at = -1;
    edt_dataset_free(latents_open(&o));
    g_assert_cmpint(time_of(first), ==, before);

    progress.calls = 0;
    edt_dataset_free(latents_open(&o)); /* all there: nothing is encoded */
    g_assert_cmpint(progress.calls, ==, 0);
    g_unlink(second);
    EdtDataset *dataset = latents_open(&o); /* lost again: made again */
    g_assert_cmpint(dataset->count, ==, GOOD);
    g_assert_cmpint(progress.calls, >, 0);
    float ours[COUNT], mean[COUNT], deviation[COUNT];
    get(dataset, 1, ours);
    encode(1, FALSE, mean, deviation);
    g_assert_cmpfloat(distance(ours, mean), <, 1e-6);
    edt_dataset_free(dataset);

    g_autofree char *picture = g_build_filename(pictures, "blue", "0.png", NULL);
    GFile *file = g_file_new_for_path(picture); /* changed since: another set */
    g_assert_true(g_file_set_attribute_uint64(file, G_FILE_ATTRIBUTE_TIME_MODIFIED, 1000000,
                                              G_FILE_QUERY_INFO_NONE, NULL, &error));
    g_object_unref(file);
    progress.calls = 0;
    edt_dataset_free(latents_open(&o));
    g_assert_cmpint(progress.calls, >, 0);
    g_assert_cmpint(time_of(first), ==, before); /* the old set is as it was */
    cache = usual;
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
    export.output = again;
    g_assert_true(edt_trainer_export(trainer, &export, &error));
    edt_trainer_free(trainer);
    paint(again);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    folder = g_dir_make_tmp("edt-latents-XXXXXX", NULL);
    pictures = discs_make(folder);
    g_autofree char *list = g_build_filename(pictures, "classes.json", NULL);
    g_assert_true(
        g_file_set_contents(list,
                            "{\"classes\": [{\"folder\": \"blue\", \"names\": {\"de\": \"Blau\"}},"
                            " {\"folder\": \"green\", \"names\": {\"de\": \"Grün\"}}]}",
                            -1, NULL));
    cache = g_build_filename(folder, "cache", NULL);
    vae = g_getenv("EDT_TEST_VAE");
    g_test_add_func("/latents/values", test_values);
    g_test_add_func("/latents/mirrored", test_mirrored);
    g_test_add_func("/latents/drawn", test_drawn);
    g_test_add_func("/latents/wrapped", test_wrapped);
    g_test_add_func("/latents/refused", test_refused);
    g_test_add_func("/latents/run", test_run);
    g_test_add_func("/latents/once", test_once);
    int code = g_test_run();
    g_free(cache);
    g_free(pictures);
    g_autofree char *remove = g_strdup_printf("rm -r '%s'", folder);
    return system(remove) == 0 ? code : 1;
}
