/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A codec of our own as the autoencoder of a run: RGBA pictures, latents by the mean and deviation
 * of its metadata, and a model that says both and paints with alpha.
 */
#include "cpu/cpu.h"
#include "folder.h"
#include "golden/small_vae.h"
#include "model/foreign.h"
#include "train/dataset.h"
#include "train/discs.h"
#include "vae/vae.h"

#include <math.h>
#include <string.h>

#define SIDE 64
#define LATENT 8
#define PLANE (LATENT * LATENT)

static const char *const metadata[] = {"mean",      "[0.25, -0.5, 0, 1]",
                                       "deviation", "[0.5, 1, 2, 0.75]",
                                       "colours",   "[[0.5,0,0],[0,0.5,0],[0,0,0.5],[0,0,0]]",
                                       NULL};
static const float means[] = {0.25f, -0.5f, 0, 1}, deviations[] = {0.5f, 1, 2, 0.75f};

static const char *folder;
static char *pictures, *cache, *codec;

static EdtDataset *latents_open(const char *vae, GError **error)
{
    const EdtLatentOptions options = {.pictures = pictures,
                                      .vae = vae,
                                      .cache = cache,
                                      .image_size = SIDE,
                                      .latent_size = LATENT,
                                      .channels = 4,
                                      .threads = 2};
    return edt_latents_open(&options, error);
}

static void get(EdtDataset *dataset, int index, float *x)
{
    EdtRandom random;
    GError *error = NULL;
    EdtSampleLabels labels;
    edt_random_seed(&random, 1);
    g_assert_true(edt_dataset_get(dataset, index, &random, x, &labels, &error));
}

/* What the encoder makes of the picture with its alpha. */
static void encode(int index, float *mean)
{
    const EdtPictureOptions wish = {.side = SIDE, .channels = 4};
    g_autofree float *x = g_new(float, 4 * SIDE * SIDE);
    float logvar[4 * PLANE];
    GError *error = NULL;
    EdtDataset *dataset = edt_pictures_open(pictures, &wish, &error);
    get(dataset, index, x);
    edt_dataset_free(dataset);
    SmallVae *weights = small_vae_new(&small_vae_codec);
    const EdtBackend *backend = edt_backend_cpu();
    EdtDevice *dev = backend->open(&(EdtDeviceOptions){2, EDT_PRECISION_F32}, &error);
    EdtVae *vae = edt_vae_new(backend, dev, small_vae_source(weights), EDT_VAE_ENCODER, &error);
    g_assert_true(edt_vae_encode(vae, LATENT, LATENT, x, mean, logvar, &error));
    edt_vae_free(vae);
    backend->close(dev);
    small_vae_free(weights);
}

static void test_values(void)
{
    float ours[4 * PLANE], mean[4 * PLANE];
    GError *error = NULL;
    EdtDataset *dataset = latents_open(codec, &error);
    g_assert_no_error(error);
    get(dataset, 1, ours);
    encode(1, mean);
    for (int i = 0; i < 4 * PLANE; i++) {
        float expected = (mean[i] - means[i / PLANE]) / deviations[i / PLANE];
        g_assert_cmpfloat_with_epsilon(ours[i], expected, 1e-5f);
    }
    edt_dataset_free(dataset);
}

static void refused(const char *const *wrong, const char *what)
{
    g_autofree char *path = g_build_filename(folder, "wrong.safetensors", NULL);
    SmallVae *weights = small_vae_new(&small_vae_codec);
    GError *error = NULL;
    small_vae_write(weights, path, FALSE, wrong);
    g_assert_null(latents_open(path, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_assert_nonnull(strstr(error->message, what));
    g_clear_error(&error);
    small_vae_free(weights);
}

static void test_refused(void)
{
    refused((const char *const[]){"mean", "[0, 0, 0]", NULL}, "mean");
    refused((const char *const[]){"deviation", "[1, 1, 1, 0]", NULL}, "deviation");
    refused((const char *const[]){"deviation", "[1, 1, 1, \"2\"]", NULL}, "deviation");
    refused((const char *const[]){"mean", "{}", NULL}, "mean");
    refused((const char *const[]){"mean", "[0, 0, 0, 1e999]", NULL}, "mean");
    refused((const char *const[]){"colours", "[[0, 0, 0]]", NULL}, "colours");
}

/* ---- a whole run ---- */

static void note_preview(const EdtPreview *preview, gpointer count)
{
    gboolean painted = preview->width == SIDE; /* by the codec itself, with alpha */
    g_assert_cmpint(preview->width, ==, painted ? SIDE : LATENT);
    g_assert_cmpint(preview->channels, ==, painted ? 4 : 3);
    ++*(int *)count;
}

static void paint(const char *model)
{
    const EdtItem item = {.class_index = 1, .seed = 3};
    const EdtEngineOptions wish = {.threads = 2, .precision = EDT_PRECISION_F32};
    const EdtCallbacks callbacks = {.preview = note_preview};
    EdtRequest request;
    GError *error = NULL;
    int previews = 0;
    EdtEngine *engine = edt_engine_open(model, &wish, &error);
    g_assert_no_error(error);
    const EdtModelInfo *info = edt_engine_info(engine);
    g_assert_true(info->needs_vae && info->has_vae && info->has_alpha);
    g_assert_cmpint(info->image_size, ==, SIDE);
    g_assert_cmpint(info->guided_channels, ==, 4);
    for (int c = 0; c < 4; c++) {
        g_assert_cmpfloat(info->latents[c].shift, ==, means[c]);
        g_assert_cmpfloat(info->latents[c].scale, ==, 1 / deviations[c]);
        g_assert_cmpfloat(info->latents[c].colour[c % 3], ==, c < 3 ? 0.5f : 0);
    }
    edt_request_init(&request, engine);
    request.items = &item;
    request.n_items = 1;
    request.steps = 2;
    request.want_previews = TRUE;
    EdtPictures *made = edt_generate(engine, &request, &callbacks, &previews, &error);
    g_assert_no_error(error);
    g_assert_cmpint(made->pictures[0].width, ==, SIDE);
    g_assert_cmpint(made->pictures[0].channels, ==, 4);
    g_assert_cmpint(previews, >, 0);
    edt_pictures_free(made);
    edt_engine_close(engine);
}

static EdtTrainOptions options_with(const char *vae)
{
    EdtTrainOptions o = discs_options(pictures);
    o.variant = "EDT-Ti/2";
    o.image_size = SIDE;
    o.affine = o.hue = 0;
    o.batch = o.micro = 2;
    o.vae = vae;
    o.latents = cache;
    return o;
}

static void train(const char *vae, const char *model)
{
    EdtTrainOptions o = options_with(vae);
    EdtTrainExport export = {.output = model, .force = TRUE, .stored = EDT_STORED_F32};
    EdtTrainReport report = {0};
    GError *error = NULL;
    EdtTrainer *trainer = edt_trainer_new(&o, &error);
    g_assert_no_error(error);
    g_assert_true(edt_trainer_step(trainer, &report, &error));
    g_assert_true(isfinite(report.loss));
    g_assert_true(edt_trainer_export(trainer, &export, &error));
    g_assert_no_error(error);
    edt_trainer_free(trainer);
}

static void test_run(void)
{
    g_autofree char *model = g_build_filename(folder, "model.safetensors", NULL);
    g_autofree char *again = g_build_filename(folder, "again.safetensors", NULL);
    train(codec, model);
    paint(model);
    train(model, again); /* the codec of a model is one, too */
    paint(again);
}

/* A codec whose latents mean something else. */
static char *write_moved(void)
{
    static const char *const moved[] = {"mean", "[0.25, -0.5, 0.5, 1]", NULL};
    char *path = g_build_filename(folder, "moved.safetensors", NULL);
    SmallVae *weights = small_vae_new(&small_vae_codec);
    small_vae_write(weights, path, FALSE, moved);
    small_vae_free(weights);
    return path;
}

/* A run goes on, and becomes a model, with the codec that it began with, wherever that lies. */
static void test_other_codec(void)
{
    g_autofree char *checkpoint = g_build_filename(folder, "checkpoint.safetensors", NULL);
    g_autofree char *model = g_build_filename(folder, "exported.safetensors", NULL);
    g_autofree char *path = write_moved(),
                    *copy = g_build_filename(folder, "copy.safetensors", NULL);
    EdtTrainOptions o = options_with(codec);
    EdtTrainExport export = {.output = model, .force = TRUE, .stored = EDT_STORED_F32};
    GError *error = NULL;
    EdtTrainer *trainer = edt_trainer_new(&o, &error);
    g_assert_no_error(error);
    g_assert_true(edt_trainer_save(trainer, checkpoint, &error));
    edt_trainer_free(trainer);

    o.vae = path;
    g_assert_null(edt_trainer_resume(&o, checkpoint, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "“vae”"));
    g_clear_error(&error);
    export.vae = path;
    g_assert_false(edt_train_export(checkpoint, &export, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_assert_nonnull(strstr(error->message, "another than the one of the run"));
    g_clear_error(&error);

    g_autofree char *bytes = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(codec, &bytes, &length, NULL));
    g_assert_true(g_file_set_contents(copy, bytes, (gssize)length, NULL));
    o.vae = export.vae = copy;
    trainer = edt_trainer_resume(&o, checkpoint, &error);
    g_assert_no_error(error);
    edt_trainer_free(trainer);
    g_assert_true(edt_train_export(checkpoint, &export, &error));
    g_assert_no_error(error);
}

/* A model goes on where its latents are those of the run; in others its weights mean nothing. */
static void test_start(void)
{
    g_autofree char *model = g_build_filename(folder, "begun.safetensors", NULL);
    g_autofree char *path = write_moved();
    GError *error = NULL;

    train(codec, model);
    EdtTrainOptions o = options_with(codec);
    o.start = model;
    EdtTrainer *trainer = edt_trainer_new(&o, &error);
    g_assert_no_error(error);
    edt_trainer_free(trainer);
    o = options_with(path);
    o.start = model;
    g_assert_null(edt_trainer_new(&o, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "edt.latent_mean"));
    g_clear_error(&error);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    folder = test_folder();
    pictures = discs_make(folder);
    cache = g_build_filename(folder, "cache", NULL);
    codec = g_build_filename(folder, "codec.safetensors", NULL);
    SmallVae *weights = small_vae_new(&small_vae_codec);
    small_vae_write(weights, codec, FALSE, metadata);
    small_vae_free(weights);
    g_test_add_func("/codec/values", test_values);
    g_test_add_func("/codec/refused", test_refused);
    g_test_add_func("/codec/run", test_run);
    g_test_add_func("/codec/other-codec", test_other_codec);
    g_test_add_func("/codec/start", test_start);
    return g_test_run();
}
