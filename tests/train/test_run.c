/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whole runs on a handful of tiny pictures: learning happens, an interrupted run ends at the same
 * bits, checkpoints of other runs are refused, and the exported model makes pictures.
 */
#include "base/memory.h"
#include "files/safetensors.h"
#include "folder.h"
#include "train/discs.h"
#include "train/parameters.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

static const char *folder;

static char *file(const char *name)
{
    return g_build_filename(folder, name, NULL);
}

static double steps(EdtTrainer *trainer, int n)
{
    EdtTrainReport report = {0};
    GError *error = NULL;
    double sum = 0;
    for (int i = 0; i < n; i++) {
        g_assert_true(edt_trainer_step(trainer, &report, &error));
        g_assert_no_error(error);
        sum += report.mse; /* the variational term of a few samples is mostly chance */
    }
    return sum / n;
}

static EdtTrainer *trainer_new(const EdtTrainOptions *o, const char *checkpoint)
{
    GError *error = NULL;
    EdtTrainer *trainer = edt_trainer_resume(o, checkpoint, &error);
    g_assert_no_error(error);
    g_assert_nonnull(trainer);
    return trainer;
}

static void save(EdtTrainer *trainer, const char *path)
{
    GError *error = NULL;
    g_assert_true(edt_trainer_save(trainer, path, &error));
    g_assert_no_error(error);
}

static void assert_same_bytes(const char *a, const char *b)
{
    g_autoptr(GMappedFile) x = g_mapped_file_new(a, FALSE, NULL),
                           y = g_mapped_file_new(b, FALSE, NULL);
    g_assert_cmpmem(g_mapped_file_get_contents(x), g_mapped_file_get_length(x),
                    g_mapped_file_get_contents(y), g_mapped_file_get_length(y));
}

static void test_resume(gconstpointer precision)
{
    g_autofree char *pictures = file("pictures"), *half = file("half.safetensors");
    g_autofree char *straight = file("a.safetensors"), *resumed = file("b.safetensors");
    EdtTrainOptions o = discs_options(pictures);
    o.precision = (EdtPrecision)GPOINTER_TO_INT(precision);

    EdtTrainer *trainer = trainer_new(&o, NULL);
    steps(trainer, 20);
    save(trainer, straight);
    edt_trainer_free(trainer);

    trainer = trainer_new(&o, NULL);
    steps(trainer, 10);
    save(trainer, half);
    steps(trainer, 3); /* lost, as in an accident */
    edt_trainer_free(trainer);
    o.threads = 3;
    trainer = trainer_new(&o, half);
    g_assert_cmpint(edt_trainer_facts(trainer)->step, ==, 10);
    steps(trainer, 10);
    save(trainer, resumed);
    edt_trainer_free(trainer);
    assert_same_bytes(straight, resumed);
}

static void test_learns(void)
{
    g_autofree char *pictures = file("pictures"), *path = file("learned.safetensors");
    EdtTrainOptions o = discs_options(pictures);
    o.batch = o.micro = 8;
    o.label_dropout = 0;
    o.masked = FALSE;
    EdtTrainer *trainer = trainer_new(&o, NULL);
    const EdtTrainFacts *facts = edt_trainer_facts(trainer);

    g_assert_cmpint(facts->pictures, ==, 2 * DISCS_PICTURES);
    g_assert_cmpint(facts->skipped, ==, 1);
    g_assert_true(g_str_has_prefix(facts->skipped_names[0], "green/bad.png: "));
    g_assert_cmpstr(facts->class_names[0], ==, "blue");
    double before = steps(trainer, 10);
    steps(trainer, 130);
    double after = steps(trainer, 10);
    g_test_message("squared error %.3f, after 140 steps %.3f", before, after);
    g_assert_cmpfloat(after, <, 0.6 * before);
    save(trainer, path);
    edt_trainer_free(trainer);
}

/* Where x0 is predicted the variance is not learnt: its rows of the last layer, the second half of
 * each pixel's 2C, stay zero, and only they do. */
static void check_variance(const char *path)
{
    GError *error = NULL;
    EdtSafetensors *model = edt_safetensors_open(path, &error);
    g_assert_no_error(error);
    const EdtSafetensor *linear = edt_safetensors_find(model, "edt.final_layer.linear.weight");
    g_assert_nonnull(linear);
    const gsize rows = (gsize)linear->view.shape[0], size = linear->bytes / rows;

    for (gsize row = 0; row < rows; row++) {
        const guint8 *bytes = (const guint8 *)linear->view.data + row * size;
        gboolean zero = TRUE;
        for (gsize i = 0; i < size; i++)
            zero = zero && bytes[i] == 0;
        g_assert_cmpint(zero, ==, row % 8 >= 4);
    }
    edt_safetensors_close(model);
}

/* The model with another digit there: it would be read as what it is not. */
static void refuse_alpha(const char *model, const char *words, char digit)
{
    g_autofree char *path = file("alpha.safetensors"), *bytes = NULL;
    GError *error = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(model, &bytes, &length, NULL));
    char *at = g_strstr_len(bytes + 8, 4096, words);
    g_assert_nonnull(at);
    at[strlen(words) - 2] = digit;
    g_assert_true(g_file_set_contents(path, bytes, (gssize)length, NULL));
    g_assert_null(edt_model_info_read(path, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_assert_nonnull(strstr(error->message, "edt.alpha"));
    g_clear_error(&error);
}

/* The exported average, on the engine, paints each class in its colour. */
static void test_export(void)
{
    g_autofree char *checkpoint = file("learned.safetensors"), *model = file("model.safetensors");
    EdtTrainExport export = {.output = model,
                             .stored = EDT_STORED_BF16,
                             .title = "discs",
                             .licence = "none",
                             .cfg_scale = 4.5};
    EdtItem items[2] = {{.class_index = 0, .seed = 1}, {.class_index = 1, .seed = 2}};
    EdtRequest request;
    GError *error = NULL;

    g_assert_true(edt_train_export(checkpoint, &export, &error));
    g_assert_no_error(error);
    check_variance(model);
    EdtEngine *engine = edt_engine_open(model, NULL, &error);
    g_assert_no_error(error);
    const EdtModelInfo *info = edt_engine_info(engine);
    g_assert_cmpstr(info->class_names[1], ==, "green");
    g_assert_cmpint(info->guided_channels, ==, 4);
    g_assert_true(info->has_alpha && !info->needs_vae && info->stored == EDT_STORED_BF16);
    g_assert_cmpint(info->schedule, ==, EDT_SCHEDULE_COSINE);
    g_assert_cmpint(info->prediction, ==, EDT_PREDICT_DENOISED);
    edt_request_init(&request, engine);
    g_assert_cmpfloat(request.cfg_scale, ==, 4.5);
    refuse_alpha(model, "\"edt.alpha\":\"1\"", '0');
    request.items = items;
    request.n_items = 2;
    request.steps = 10;
    EdtPictures *made = edt_generate(engine, &request, NULL, NULL, &error);
    g_assert_no_error(error);
    for (int i = 0; i < 2; i++) {
        const float *middle = made->pictures[i].pixels + (8 * DISCS_SIDE + 8) * 4;
        g_test_message("%s: %.2f %.2f %.2f %.2f", info->class_names[i], (double)middle[0],
                       (double)middle[1], (double)middle[2], (double)middle[3]);
        g_assert_cmpfloat(middle[2 - i], >, middle[1 + i]);
        g_assert_cmpfloat(middle[3], >, 0.7);
    }
    edt_pictures_free(made);
    edt_engine_close(engine);
}

static void note_preview(const EdtPreview *preview, gpointer channels)
{
    *(int *)channels = preview->channels;
}

/* A model of pictures without alpha has previews without it. */
static void test_rgb(void)
{
    g_autofree char *pictures = file("pictures"), *model = file("rgb.safetensors");
    EdtTrainOptions o = discs_options(pictures);
    EdtTrainExport export = {.output = model, .stored = EDT_STORED_BF16};
    EdtItem item = {.seed = 1};
    EdtCallbacks callbacks = {.preview = note_preview};
    EdtRequest request;
    GError *error = NULL;
    int channels = 0;
    o.channels = 3;
    EdtTrainer *trainer = trainer_new(&o, NULL);
    g_assert_true(edt_trainer_export(trainer, &export, &error));
    edt_trainer_free(trainer);
    EdtEngine *engine = edt_engine_open(model, NULL, &error);
    g_assert_no_error(error);
    edt_request_init(&request, engine);
    request.items = &item;
    request.n_items = 1;
    request.steps = 2;
    request.want_previews = TRUE;
    EdtPictures *made = edt_generate(engine, &request, &callbacks, &channels, &error);
    g_assert_no_error(error);
    g_assert_cmpint(channels, ==, 3);
    g_assert_cmpint(made->pictures[0].channels, ==, 3);
    edt_pictures_free(made);
    refuse_alpha(model, "\"edt.alpha\":\"0\"", '1');

    item.seed = G_MAXUINT64; /* no record could hold it */
    g_assert_null(edt_generate(engine, &request, NULL, NULL, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_clear_error(&error);
    edt_engine_close(engine);
}

/* The same pictures, one more class before them. */
static char *make_more_pictures(void)
{
    char *root = file("more");
    g_autofree char *aqua = g_build_filename(root, "aqua", NULL), *pictures = file("pictures");
    g_assert_cmpint(g_mkdir_with_parents(aqua, 0700), ==, 0);
    g_autofree char *picture = g_build_filename(aqua, "0.png", NULL);
    g_autofree char *known = g_build_filename(pictures, "green", "0.png", NULL);
    g_assert_cmpint(symlink(known, picture), ==, 0);
    for (const char *const *name = (const char *const[]){"blue", "green", NULL}; *name; name++) {
        g_autofree char *from = g_build_filename(pictures, *name, NULL);
        g_autofree char *to = g_build_filename(root, *name, NULL);
        g_assert_cmpint(symlink(from, to), ==, 0);
    }
    g_autofree char *list = g_build_filename(root, "classes.json", NULL);
    g_assert_true(g_file_set_contents(
        list,
        "{\"classes\": [{\"folder\": \"aqua\", \"names\": {\"de\": \"Türkis\", \"fr\": "
        "\"turquoise\"}},"
        " {\"folder\": \"blue\", \"names\": {\"de\": \"Blau\"}},"
        " {\"folder\": \"green\", \"names\": {\"de\": \"Grün\", \"fr\": \"vert\"}}]}",
        -1, NULL));
    return root;
}

static const float *tensor(EdtSafetensors *model, const char *name)
{
    const EdtSafetensor *found = edt_safetensors_find(model, name);
    g_assert_nonnull(found);
    g_assert_cmpint(found->view.type, ==, EDT_F32);
    return found->view.data;
}

static EdtSafetensors *exported(EdtTrainer *trainer, const char *path)
{
    GError *error = NULL;
    EdtTrainExport export = {.output = path, .force = TRUE, .stored = EDT_STORED_F32};
    g_assert_true(edt_trainer_export(trainer, &export, &error));
    EdtSafetensors *model = edt_safetensors_open(path, &error);
    g_assert_no_error(error);
    return model;
}

static double rms(const float *x, gsize count)
{
    double sum = 0;
    for (gsize i = 0; i < count; i++)
        sum += (double)x[i] * (double)x[i];
    return sqrt(sum / (double)count);
}

/* A model goes on learning with one class more: weights and known classes are the model's, and the
 * new one is as strong as these. */
static void test_start(void)
{
    static const char table[] = "edt.y_embedder.embedding_table.weight",
                      other[] = "edt.blocks.1.mlp.fc1.weight";
    g_autofree char *learned = file("learned.safetensors"), *before = file("before.safetensors");
    g_autofree char *after = file("after.safetensors"), *more = make_more_pictures();
    EdtTrainOptions o = discs_options(more);
    EdtTrainExport export = {.output = before, .stored = EDT_STORED_F32};
    GError *error = NULL;

    g_assert_true(edt_train_export(learned, &export, &error));
    o.start = before;
    EdtTrainer *trainer = trainer_new(&o, NULL);
    EdtSafetensors *old = edt_safetensors_open(before, &error), *new = exported(trainer, after);
    gsize D = 156, row = D * sizeof(float);
    g_assert_cmpint(edt_safetensors_find(new, table)->view.shape[0], ==, 4); /* and no class */
    for (gsize i = 0; i < 3; i++)
        g_assert_cmpmem(tensor(old, table) + i * D, row, tensor(new, table) + (i + 1) * D, row);
    g_assert_cmpint(memcmp(tensor(new, table), tensor(new, table) + D, row), !=, 0);
    const double known = (rms(tensor(old, table), D) + rms(tensor(old, table) + D, D)) / 2;
    g_assert_cmpfloat_with_epsilon(rms(tensor(new, table), D), known, 1e-5 * known);
    g_assert_cmpmem(tensor(old, other), row, tensor(new, other), row);
    /* only a language that names all of them */
    g_assert_cmpstr(edt_safetensors_metadata(new, "edt.class_translations"), ==,
                    "{\"de\":[\"Türkis\",\"Blau\",\"Grün\"]}");
    edt_safetensors_close(old);
    edt_safetensors_close(new);
    edt_trainer_free(trainer);
    g_setenv("LC_ALL", "de_DE.UTF-8", TRUE);
    g_setenv("LANGUAGE", "de", TRUE);
    EdtModelInfo *info = edt_model_info_read(after, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(info->class_names[2], ==, "green");
    g_assert_cmpstr(info->class_labels[2], ==, "Grün");
    edt_model_info_free(info);
    g_unsetenv("LC_ALL");
    g_unsetenv("LANGUAGE");

    o.prediction = EDT_PREDICT_NOISE; /* it never learned that */
    g_assert_null(edt_trainer_new(&o, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "prediction"));
    g_clear_error(&error);
    o = discs_options(more);
    o.start = before;
    o.channels = 3;
    g_assert_null(edt_trainer_new(&o, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "x_embedder"));
    g_clear_error(&error);
}

/* Open gates change the condition's weights and nothing else. */
static void test_open_gates(void)
{
    GError *error = NULL;
    EdtVariant v;
    EdtRandom random;
    g_assert_true(edt_variant_named("EDT-Ti/4", 64, &v));
    EdtParameters *parameters = edt_parameters_new(&v);
    float *official = edt_parameters_array(parameters, &error),
          *open = edt_parameters_array(parameters, &error);
    g_assert_no_error(error);

    edt_random_seed(&random, 1);
    edt_parameters_initialise(parameters, &random, official);
    memcpy(open, official, parameters->count * sizeof(float));
    edt_parameters_open_gates(parameters, &random, open);
    for (guint i = 0; i < parameters->parameters->len; i++) {
        const EdtParameter *p = parameters->parameters->pdata[i];
        const float *x = open + p->offset;
        if (g_str_has_prefix(p->name, "blocks.") && strstr(p->name, "adaLN_modulation.1.bias"))
            for (gsize j = 0; j < p->count; j++)
                g_assert_cmpfloat((double)x[j], ==, j * 6 / p->count % 3 == 2 ? 0.5 : 0.0);
        else if (g_str_has_prefix(p->name, "blocks.") && strstr(p->name, "adaLN_modulation."))
            g_assert_cmpfloat_with_epsilon(rms(x, p->count), 0.02, 1e-3);
        else if (!strcmp(p->name, "y_embedder.embedding_table.weight"))
            g_assert_cmpfloat_with_epsilon(rms(x, p->count), 1.0, 0.02);
        else if (g_str_has_prefix(p->name, "t_embedder.") && !g_str_has_suffix(p->name, ".bias"))
            g_assert_cmpfloat(rms(x, p->count), >, 0.05);
        else
            g_assert_cmpmem(x, p->count * sizeof(float), official + p->offset,
                            p->count * sizeof(float));
    }
    edt_free(official);
    edt_free(open);
    edt_parameters_free(parameters);
}

static char *identity(const char *checkpoint, gboolean raw)
{
    g_autofree char *path = file("identity.safetensors");
    EdtTrainExport export = {.output = path, .force = TRUE, .raw = raw};
    GError *error = NULL;
    g_assert_true(edt_train_export(checkpoint, &export, &error));
    EdtModelInfo *info = edt_model_info_read(path, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(info->title, ==, "of the run");
    g_assert_cmpstr(info->licence, ==, "its licence");
    g_assert_cmpfloat(info->cfg_scale, ==, 2.5);
    char *sha256 = g_strdup(info->sha256);
    edt_model_info_free(info);
    return sha256;
}

/* A checkpoint keeps what its model is to be called; models of other weights are called otherwise.
 */
static void test_identity(void)
{
    g_autofree char *pictures = file("pictures"), *checkpoint = file("words.safetensors");
    EdtTrainOptions o = discs_options(pictures), kept;
    GError *error = NULL;
    o.title = "of the run";
    o.licence = "its licence";
    o.cfg_scale = 2.5;
    o.steps = 77;
    EdtTrainer *trainer = trainer_new(&o, NULL);
    steps(trainer, 2);
    save(trainer, checkpoint);
    edt_trainer_free(trainer);
    g_assert_true(edt_train_options_read(&kept, checkpoint, &error));
    g_assert_cmpint(kept.steps, ==, 77);
    g_assert_cmpint(kept.precision, ==, EDT_PRECISION_F32);
    g_autofree char *average = identity(checkpoint, FALSE), *raw = identity(checkpoint, TRUE);
    g_autofree char *again = identity(checkpoint, FALSE);
    g_assert_cmpstr(average, !=, raw);
    g_assert_cmpstr(average, ==, again);
}

/* Another name at a class's place is another class. */
static void test_classes_moved(void)
{
    g_autofree char *pictures = file("pictures"), *checkpoint = file("learned.safetensors");
    g_autofree char *list = g_build_filename(pictures, "classes.json", NULL);
    EdtTrainOptions o = discs_options(pictures);
    GError *error = NULL;
    g_assert_true(g_file_set_contents(
        list, "{\"classes\": [{\"folder\": \"green\"}, {\"folder\": \"blue\"}]}", -1, NULL));
    g_assert_null(edt_trainer_resume(&o, checkpoint, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "class_names"));
    g_clear_error(&error);
    g_unlink(list);
}

static void refuse_options(const EdtTrainOptions *o, const char *word)
{
    GError *error = NULL;
    g_assert_null(edt_trainer_new(o, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, word));
    g_clear_error(&error);
}

static void test_limits(void)
{
    g_autofree char *pictures = file("pictures");
    EdtTrainOptions o = discs_options(pictures);
    o.title = "a\nb";
    refuse_options(&o, "control characters");
    o = discs_options("caf\xe9"); /* Latin-1 */
    refuse_options(&o, "UTF-8");
    o = discs_options(pictures);
    o.batch = o.micro = 1 << 30;
    refuse_options(&o, "batch");
    o = discs_options(pictures);
    o.n_classes = -5;
    refuse_options(&o, "classes");
    o = discs_options(pictures);
    o.schedule = (EdtSchedule)9;
    refuse_options(&o, "schedule");
}

static void test_refused(void)
{
    g_autofree char *pictures = file("pictures"), *checkpoint = file("learned.safetensors");
    g_autofree char *model = file("model.safetensors"), *nothing = file("nothing");
    EdtTrainOptions o = discs_options(pictures);
    GError *error = NULL;

    o.schedule = EDT_SCHEDULE_LINEAR; /* another run */
    g_assert_null(edt_trainer_resume(&o, checkpoint, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "schedule"));
    g_clear_error(&error);
    o = discs_options(pictures);
    o.batch = o.micro = 8;
    g_assert_null(edt_trainer_resume(&o, model, &error)); /* a model is no checkpoint */
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_clear_error(&error);
    g_mkdir(nothing, 0700);
    o.pictures = nothing;
    g_assert_null(edt_trainer_new(&o, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_clear_error(&error);
    o = discs_options(pictures);
    o.micro = 3;
    g_assert_null(edt_trainer_new(&o, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_clear_error(&error);
    o = discs_options(pictures);
    o.prediction = EDT_PREDICT_NOISE;
    o.weighting = EDT_WEIGHTING_VELOCITY;
    g_assert_null(edt_trainer_new(&o, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_clear_error(&error);
}

/* An absurd rate: the run stops with words, not with a model of NaN. */
static void test_diverges(void)
{
    g_autofree char *pictures = file("pictures"), *path = file("diverged.safetensors");
    EdtTrainOptions o = discs_options(pictures);
    EdtTrainReport report;
    GError *error = NULL;
    o.rate = 1e30;
    o.batch = o.micro = 1;
    EdtTrainer *trainer = trainer_new(&o, NULL);
    for (int i = 0; i < 10 && edt_trainer_step(trainer, &report, &error); i++)
        ;
    g_assert_error(error, EDT_ERROR, EDT_ERROR_FAILED);
    g_clear_error(&error);
    save(trainer, path); /* what chooses timesteps has not heard of it */
    edt_trainer_free(trainer);
    edt_trainer_free(trainer_new(&o, path));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    folder = test_folder();
    g_free(discs_make(folder));
    g_test_add_data_func("/run/resume/f32", GINT_TO_POINTER(EDT_PRECISION_F32), test_resume);
    g_test_add_data_func("/run/resume/bf16", GINT_TO_POINTER(EDT_PRECISION_BF16), test_resume);
    g_test_add_func("/run/learns", test_learns);
    g_test_add_func("/run/export", test_export);
    g_test_add_func("/run/rgb", test_rgb);
    g_test_add_func("/run/start", test_start);
    g_test_add_func("/run/open-gates", test_open_gates);
    g_test_add_func("/run/identity", test_identity);
    g_test_add_func("/run/classes-moved", test_classes_moved);
    g_test_add_func("/run/limits", test_limits);
    g_test_add_func("/run/refused", test_refused);
    g_test_add_func("/run/diverges", test_diverges);
    return g_test_run();
}
