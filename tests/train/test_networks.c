/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Training of the other networks: MDTv2's masked pass against its authors' code; the gradients of
 * all kinds of weights of tiny ones against finite differences, plain and masked samples in one
 * forward; and short runs that learn, go on at the same bits, and end as a model that paints.
 */
#include "base/memory.h"
#include "files/safetensors.h"
#include "golden/golden.h"
#include "golden/hash_weights.h"
#include "golden/rig.h"
#include "machine.h"
#include "train.h"
#include "train/hiding.h"
#include "train/train_network.h"

#include <glib/gstdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A network with samples and hashed weights. */
typedef struct {
    EdtVariant v;
    EdtParameters *parameters;
    float *weights, *gradient, *x, *out;
    double *d_out; /* the loss: sum of out times this */
    EdtHalf *halves;
    int N, t[8], y[8];
    guint8 *seen;
    EdtTrainInput input; /* of the last forward */
} Case;

static gsize tokens(const Case *c)
{
    return (gsize)c->v.grid * (gsize)c->v.grid;
}

static gsize numbers(const Case *c, int channels)
{
    return (gsize)c->N * (gsize)(channels * c->v.latent_size * c->v.latent_size);
}

static void fill_weights(Case *c)
{
    EdtTensorSource *source = hash_weights_training(&c->v, HASH_ADALN_GAIN);

    for (guint i = 0; i < c->parameters->parameters->len; i++) {
        const EdtParameter *p = c->parameters->parameters->pdata[i];
        EdtTensorView view;
        g_assert_true(source->find(source, p->name, &view));
        memcpy(c->weights + p->offset, view.data, p->count * sizeof(float));
        source->done(source, p->name);
    }
    hash_weights_free(source);
}

static Case case_new(const EdtVariant *v, int N)
{
    Case c = {.v = *v, .N = N};
    GError *error = NULL;

    c.parameters = edt_parameters_new(v);
    c.weights = edt_parameters_array(c.parameters, &error);
    c.gradient = edt_parameters_array(c.parameters, &error);
    g_assert_no_error(error);
    c.x = g_new(float, numbers(&c, v->channels));
    c.out = g_new0(float, numbers(&c, v->out_channels));
    c.seen = g_new(guint8, (gsize)N * tokens(&c));
    memset(c.seen, 1, (gsize)N * tokens(&c));
    fill_weights(&c);
    return c;
}

static void case_free(Case *c)
{
    edt_parameters_free(c->parameters);
    edt_free(c->weights);
    edt_free(c->gradient);
    g_free(c->halves);
    g_free(c->x);
    g_free(c->out);
    g_free(c->d_out);
    g_free(c->seen);
}

static EdtTrainInput input_of(const Case *c)
{
    return (EdtTrainInput){.x = c->x, .timestep = c->t, .label = c->y, .seen = c->seen};
}

static EdtTrainNetwork *network_new(const Case *c, EdtType act, int threads)
{
    GError *error = NULL;
    EdtTrainNetwork *network = edt_train_network_new(c->parameters, c->N, act, threads, &error);
    g_assert_no_error(error);
    return network;
}

static void check_whole(EdtTrainNetwork *network)
{
    GError *error = NULL;
    edt_train_network_check(network, &error);
    g_assert_no_error(error);
}

/* ---- against the authors' code ---- */

/* Its noise hides the very tokens that it hid there. */
static void take_seen(Golden *golden, Case *c, int row, int sample)
{
    const int T = (int)tokens(c);
    const float ratio = golden_f32(golden, "ratio", 1)[0];
    const int n = edt_hiding_seen(T, (double)ratio, (double)ratio, 0);
    guint8 *seen = c->seen + row * T;
    g_autofree gint64 *ids = g_memdup2(golden_i64(golden, "ids_keep", (gsize)(2 * n)),
                                       (gsize)(2 * n) * sizeof *ids); /* a file's may lie askew */

    edt_hiding_choose(T, golden_f32(golden, "noise", (gsize)(2 * T)) + sample * T, n, seen);
    int found = 0;
    for (int i = 0; i < n; i++)
        found += seen[ids[sample * n + i]];
    g_assert_cmpint(found, ==, n);
}

/* Rows 0 and 1 plain, rows 2 and 3 the same two masked. */
static void test_golden(void)
{
    Golden *golden = golden_open("o_mdtv2_masked");
    EdtVariant v;
    g_assert_true(edt_variant_named("MDTv2-S/2", 256, &v));
    Case c = case_new(&v, 4);
    const gsize in = numbers(&c, v.channels) / 2, out = numbers(&c, v.out_channels) / 2;

    hash_input("input.x.models", in, c.x);
    memcpy(c.x + in, c.x, in * sizeof(float));
    for (int i = 0; i < 4; i++) {
        c.t[i] = i % 2 ? 57 : 342;
        c.y[i] = i % 2 ? 88 : 417;
        if (i >= 2)
            take_seen(golden, &c, i, i - 2);
    }
    EdtTrainNetwork *network = network_new(&c, EDT_F32, 2);
    const EdtTrainInput input = input_of(&c);
    edt_train_network_use(network, c.weights, NULL);
    edt_train_network_forward(network, &input, c.out);
    check_whole(network);
    golden_check_tensor(golden, "out.full", c.out, out, 2e-6);
    golden_check_tensor(golden, "out.masked", c.out + out, out, 2e-6);
    edt_train_network_free(network);
    case_free(&c);
    golden_close(golden);
}

static void test_ratio(void)
{
    g_assert_cmpint(edt_hiding_seen(256, 0.3, 0.5, 0), ==, 179);
    g_assert_cmpint(edt_hiding_seen(1, 0.3, 0.5, 0), ==, 1); /* of one token none is hidden */
    g_assert_cmpint(edt_hiding_seen(256, 0.3, 0.5, 0.5f), ==, 153);
    g_assert_cmpint(edt_hiding_seen(256, 0.3, 0.5, 0.99999f), ==, 128);
}

/* ---- tiny ones ---- */

static const char *const tiny_names[] = {"DiT-S/2", "MDTv2-S/2", "MDT-S/2"};

#define TINY_D 32
#define TINY_ROWS 4

/* Of width 32 with two heads, on a grid of 4; each stage two blocks. */
static Case tiny_new(const char *name)
{
    EdtVariant v;
    EdtRandom random;
    g_assert_true(edt_variant_named(name, 64, &v));
    for (int s = 0; s < edt_variant_stages(&v); s++) {
        v.dims[s] = TINY_D;
        v.heads[s] = 2;
        v.depths[s] = 2;
    }
    v.n_classes = 5;
    Case c = case_new(&v, TINY_ROWS);
    const int T = (int)tokens(&c);

    hash_input("input.x", numbers(&c, v.channels), c.x);
    c.d_out = g_new(double, numbers(&c, v.out_channels));
    edt_random_seed(&random, 7);
    for (gsize i = 0; i < numbers(&c, v.out_channels); i++) {
        float draw;
        edt_random_uniform(&random, &draw, 1);
        c.d_out[i] = (double)draw - 0.5;
    }
    for (int i = 0; i < TINY_ROWS; i++) {
        float noise[16];
        c.t[i] = 100 + 250 * i;
        c.y[i] = i % 2 ? v.n_classes : i;
        edt_random_uniform(&random, noise, (gsize)T);
        if (i >= TINY_ROWS / 2)
            edt_hiding_choose(T, noise, 9, c.seen + i * T);
    }
    return c;
}

static double loss_of(const Case *c)
{
    double sum = 0;
    for (gsize i = 0; i < numbers(c, c->v.out_channels); i++)
        sum += c->d_out[i] * (double)c->out[i];
    return sum;
}

static double forward(Case *c, EdtTrainNetwork *network)
{
    c->input = input_of(c);
    edt_train_network_use(network, c->weights, c->halves);
    edt_train_network_forward(network, &c->input, c->out);
    check_whole(network);
    return loss_of(c);
}

static void backward(Case *c, EdtTrainNetwork *network)
{
    const gsize count = numbers(c, c->v.out_channels);
    g_autofree float *d_out = g_new(float, count);
    for (gsize i = 0; i < count; i++)
        d_out[i] = (float)c->d_out[i];
    memset(c->gradient, 0, c->parameters->count * sizeof(float));
    edt_train_network_backward(network, d_out, c->gradient);
    check_whole(network);
}

/* Without hidden tokens it is what inference computes, which has the authors' numbers. */
static void test_inference(gconstpointer name)
{
    Case c = tiny_new(name);
    EdtTensorSource *source = hash_weights_edt(&c.v, HASH_ADALN_GAIN);
    Rig rig = rig_of(&c.v, source, EDT_PRECISION_F32, 1);
    EdtTrainNetwork *network = network_new(&c, EDT_F32, 1);
    float t[TINY_ROWS];

    for (int i = 0; i < TINY_ROWS; i++)
        t[i] = (float)c.t[i];
    memset(c.seen, 1, TINY_ROWS * tokens(&c));
    g_autofree float *expected = rig_forward(&rig, TINY_ROWS, c.x, t, c.y);
    forward(&c, network);
    golden_check(name, c.out, expected, numbers(&c, c.v.out_channels), 2e-6);
    edt_train_network_free(network);
    rig_free(&rig);
    hash_weights_free(source);
    case_free(&c);
}

/* To both sides, along the gradient and as far along a random direction. */
#define STEP 0.02f

static double difference(Case *c, EdtTrainNetwork *network, const EdtParameter *p,
                         const float *along)
{
    float *weights = c->weights + p->offset;
    g_autofree float *was = g_memdup2(weights, p->count * sizeof(float));
    double sides[2];

    for (int side = 0; side < 2; side++) {
        for (gsize i = 0; i < p->count; i++)
            weights[i] = was[i] + (side ? STEP : -STEP) * along[i];
        sides[side] = forward(c, network);
    }
    memcpy(weights, was, p->count * sizeof(float));
    return (sides[1] - sides[0]) / (2 * (double)STEP);
}

static void check_parameter(Case *c, EdtTrainNetwork *network, guint number)
{
    const EdtParameter *p = c->parameters->parameters->pdata[number];
    g_autofree float *along = g_new(float, p->count);
    const float *gradient = c->gradient + p->offset;
    double expected = 0, length = 0;
    EdtRandom random;

    for (gsize i = 0; i < p->count; i++)
        length += (double)gradient[i] * (double)gradient[i];
    length = sqrt(length);
    g_assert_cmpfloat(length, >, 0); /* every weight takes part */
    edt_random_seed(&random, number);
    edt_random_normal(&random, along, p->count);
    for (gsize i = 0; i < p->count; i++) {
        along[i] = along[i] / sqrtf((float)p->count) + gradient[i] / (float)length;
        expected += (double)gradient[i] * (double)along[i];
    }
    const double found = difference(c, network, p, along);
    g_test_message("%s: %.6f, by differences %.6f, of %.4f", p->name, expected, found, length);
    g_assert_cmpfloat_with_epsilon(found, expected, 0.002 * length + 2e-4);
}

static void test_differences(gconstpointer name)
{
    Case c = tiny_new(name);
    EdtTrainNetwork *network = network_new(&c, EDT_F32, 1);

    forward(&c, network);
    backward(&c, network);
    for (guint i = 0; i < c.parameters->parameters->len; i++)
        check_parameter(&c, network, i);
    edt_train_network_free(network);
    case_free(&c);
}

/* ---- bits and pieces ---- */

typedef struct {
    Case *c;
    float *told;
    int *times, pieces;
} Pieces;

static void note_piece(gpointer data, gsize offset, gsize count)
{
    Pieces *pieces = data;
    memcpy(pieces->told + offset, pieces->c->gradient + offset, count * sizeof(float));
    for (gsize i = 0; i < count; i++)
        pieces->times[offset + i]++;
    pieces->pieces += count > 0;
}

/* The same bits for any number of threads, after other numbers of hidden tokens, and told in
 * pieces that are final. */
static void test_bits(gconstpointer name)
{
    Case c = tiny_new(name);
    const gsize count = c.parameters->count, bytes = count * sizeof(float);
    const int T = (int)tokens(&c);
    EdtTrainNetwork *one = network_new(&c, EDT_F32, 1), *three = network_new(&c, EDT_F32, 3);
    g_autofree float *told = g_new0(float, count);
    g_autofree int *times = g_new0(int, count);
    g_autofree guint8 *seen = g_memdup2(c.seen, (gsize)(TINY_ROWS * T));
    Pieces pieces = {&c, told, times, 0};

    forward(&c, one);
    backward(&c, one);
    g_autofree float *expected = g_memdup2(c.gradient, bytes);
    memset(c.seen, 1, (gsize)(TINY_ROWS * T)); /* nothing hidden */
    const double plain = forward(&c, three);
    backward(&c, three);
    for (int row = 2; row < TINY_ROWS; row++) /* five seen */
        memset(c.seen + row * T, 0, (gsize)T - 5);
    forward(&c, three);
    backward(&c, three);
    memcpy(c.seen, seen, (gsize)(TINY_ROWS * T));
    edt_train_network_tell(three, note_piece, &pieces);
    const double masked = forward(&c, three);
    backward(&c, three);
    g_assert_cmpmem(expected, bytes, c.gradient, bytes);
    g_assert_cmpmem(expected, bytes, told, bytes);
    for (gsize i = 0; i < count; i++)
        g_assert_cmpint(times[i], ==, 1);
    g_assert_cmpint(pieces.pieces, ==, edt_variant_stages(&c.v) + 2);
    g_assert_true((plain != masked) == (edt_variant_filling(&c.v) > 0));
    edt_train_network_free(one);
    edt_train_network_free(three);
    case_free(&c);
}

static double cosine(const float *a, const float *b, gsize n)
{
    double ab = 0, aa = 0, bb = 0;
    for (gsize i = 0; i < n; i++) {
        ab += (double)a[i] * (double)b[i];
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
    }
    return ab / sqrt(aa * bb);
}

static void test_bf16(gconstpointer name)
{
    if (!edt_cpu_has_bf16()) {
        g_test_skip("this processor computes no bf16");
        return;
    }
    Case c = tiny_new(name);
    const gsize count = c.parameters->count, outs = numbers(&c, c.v.out_channels);
    EdtTrainNetwork *network = network_new(&c, EDT_F32, 1);

    forward(&c, network);
    backward(&c, network);
    g_autofree float *gradient = g_memdup2(c.gradient, count * sizeof(float));
    g_autofree float *out = g_memdup2(c.out, outs * sizeof(float));
    edt_train_network_free(network);
    c.halves = g_new(EdtHalf, count);
    for (gsize i = 0; i < count; i++)
        c.halves[i] = edt_f32_to_bf16(c.weights[i]);
    network = network_new(&c, EDT_BF16, 1);
    forward(&c, network);
    backward(&c, network);
    golden_check(name, c.out, out, outs, 1e-2);
    g_assert_cmpfloat(golden_distance(c.out, out, outs), >, 1e-5); /* it was bf16 */
    g_assert_cmpfloat(cosine(c.gradient, gradient, count), >, 0.999);
    edt_train_network_free(network);
    case_free(&c);
}

/* ---- runs ---- */

static char *folder;

#define SIDE 8 /* of latents of 64 pixels */
#define AREA (SIDE * SIDE)
#define FEATURES 4

static char *file(const char *name)
{
    return g_build_filename(folder, name, NULL);
}

static void write_features(void)
{
    g_autofree char *features = file("imagenet_features"), *labels = file("imagenet_labels");
    GError *error = NULL;

    g_assert_cmpint(g_mkdir_with_parents(features, 0700), ==, 0);
    g_assert_cmpint(g_mkdir_with_parents(labels, 0700), ==, 0);
    for (int n = 0; n < FEATURES; n++) {
        g_autofree char *name = g_strdup_printf("%d.npy", n);
        g_autofree char *feature = g_build_filename(features, name, NULL);
        g_autofree char *label = g_build_filename(labels, name, NULL);
        const float class = (float)(n % 2);
        float latent[4 * AREA];
        for (int i = 0; i < 4 * AREA; i++)
            latent[i] = i / AREA == n % 2 ? 1.0f : -0.5f;
        g_assert_true(edt_npy_save(feature, latent, 4, (gint64[]){1, 4, SIDE, SIDE}, &error));
        g_assert_true(edt_npy_save(label, &class, 1, (gint64[]){1}, &error));
    }
}

/* Every timestep weighs the same: so the loss begins at 1. */
static EdtTrainOptions run_options(const char *variant)
{
    EdtTrainOptions o;
    edt_train_options_init(&o);
    g_assert_true(edt_train_options_own(&o, variant));
    o.image_size = 64;
    o.features = folder;
    o.n_classes = 2;
    o.batch = 4;
    o.micro = 2;
    o.rate = o.rate_end = 2e-3;
    o.weighting = EDT_WEIGHTING_PLAIN;
    o.open_gates = TRUE;
    o.average = 0.5;
    o.precision = EDT_PRECISION_F32;
    o.threads = 2;
    return o;
}

static EdtTrainer *trainer_new(const EdtTrainOptions *o, const char *checkpoint)
{
    GError *error = NULL;
    EdtTrainer *trainer = edt_trainer_resume(o, checkpoint, &error);
    g_assert_no_error(error);
    return trainer;
}

/* The mean of the plain pass's error. */
static double steps(EdtTrainer *trainer, int n)
{
    GError *error = NULL;
    EdtTrainReport report;
    double sum = 0;
    for (int i = 0; i < n; i++) {
        edt_trainer_step(trainer, &report, &error);
        g_assert_no_error(error);
        sum += report.mse / n;
    }
    return sum;
}

static void save(EdtTrainer *trainer, const char *path)
{
    GError *error = NULL;
    edt_trainer_save(trainer, path, &error);
    g_assert_no_error(error);
}

static void assert_same_bytes(const char *a, const char *b)
{
    g_autoptr(GMappedFile) x = g_mapped_file_new(a, FALSE, NULL),
                           y = g_mapped_file_new(b, FALSE, NULL);
    g_assert_true(g_mapped_file_get_length(x) == g_mapped_file_get_length(y) &&
                  memcmp(g_mapped_file_get_contents(x), g_mapped_file_get_contents(y),
                         g_mapped_file_get_length(x)) == 0);
}

/* The engine reads it as what it is, with its authors' guidance, and samples with it. */
static void check_model(const char *checkpoint, const char *variant)
{
    g_autofree char *model = file("model.safetensors");
    const EdtTrainExport export = {
        .output = model, .force = TRUE, .stored = EDT_STORED_BF16, .title = "", .licence = ""};
    EdtItem item;
    EdtRequest request;
    EdtVariant v;
    GError *error = NULL;

    edt_train_export(checkpoint, &export, &error);
    g_assert_no_error(error);
    EdtEngine *engine = edt_engine_open(model, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(edt_engine_info(engine)->variant, ==, variant);
    edt_request_init(&request, engine);
    edt_variant_named(variant, 64, &v);
    g_assert_cmpfloat(request.cfg_pow, ==, edt_variant_guidance(&v).power);
    edt_item_init(&item);
    request.items = &item;
    request.n_items = 1;
    request.steps = 2;
    request.latent_only = TRUE;
    EdtPictures *made = edt_generate(engine, &request, NULL, NULL, &error);
    g_assert_no_error(error);
    for (int i = 0; i < 4 * AREA; i++)
        g_assert_true(isfinite(made->pictures[0].latent[i]));
    edt_pictures_free(made);
    edt_engine_close(engine);
}

/* A run that begins with that model, whose file has nothing that only training needs. */
static void check_init(const char *variant)
{
    g_autofree char *model = file("model.safetensors");
    EdtTrainOptions o = run_options(variant);
    EdtTrainReport report;
    GError *error = NULL;

    o.start = model;
    o.batch = o.micro = 2;
    EdtTrainer *trainer = trainer_new(&o, NULL);
    g_assert_true(edt_trainer_step(trainer, &report, &error));
    g_assert_cmpfloat(report.mse, <, 0.95); /* a new one begins at 1 */
    g_assert_cmpint(report.masked_mse > 0, ==, o.masked);
    edt_trainer_free(trainer);
}

static void test_run(gconstpointer variant)
{
    g_autofree char *half = file("half"), *straight = file("straight"), *resumed = file("resumed");
    EdtTrainOptions o = run_options(variant);

    EdtTrainer *trainer = trainer_new(&o, NULL);
    const double before = steps(trainer, 3);
    steps(trainer, 5);
    save(trainer, half);
    const double after = steps(trainer, 4);
    save(trainer, straight);
    edt_trainer_free(trainer);
    g_test_message("squared error %.3f, then %.3f", before, after);
    g_assert_cmpfloat(after, <, 0.9 * before);

    o.threads = 1;
    trainer = trainer_new(&o, half);
    steps(trainer, 4);
    save(trainer, resumed);
    edt_trainer_free(trainer);
    assert_same_bytes(straight, resumed);
    check_model(straight, variant);
    check_init(variant);
}

static void expect_refused(const EdtTrainOptions *o, const char *checkpoint, const char *says)
{
    GError *error = NULL;
    g_assert_null(edt_trainer_resume(o, checkpoint, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, says));
    g_clear_error(&error);
}

/* Half of the blocks in the decoder: the run knows, and the engine sees it. */
static void test_decoder(void)
{
    g_autofree char *checkpoint = file("decoder"), *model = file("model.safetensors");
    EdtTrainOptions o = run_options("MDTv2-Ti/2");

    o.decode_layer = 6;
    EdtTrainer *trainer = trainer_new(&o, NULL);
    steps(trainer, 1);
    save(trainer, checkpoint);
    edt_trainer_free(trainer);
    check_model(checkpoint, "MDTv2-Ti/2");
    EdtSafetensors *made = edt_safetensors_open(model, NULL);
    g_assert_nonnull(edt_safetensors_find(made, "edt.de_blocks.5.attn.qkv.weight"));
    g_assert_nonnull(edt_safetensors_find(made, "edt.en_inblocks.2.attn.qkv.weight"));
    g_assert_null(edt_safetensors_find(made, "edt.en_inblocks.3.attn.qkv.weight"));
    edt_safetensors_close(made);

    o.decode_layer = 4;
    expect_refused(&o, checkpoint, "decode_layer");
    o.decode_layer = 11; /* of 12, and two stages come before */
    expect_refused(&o, NULL, "decode layer");
    o = run_options("DiT-Ti/2");
    o.decode_layer = 2;
    expect_refused(&o, NULL, "decode layer");
}

static void test_own(void)
{
    EdtTrainOptions o, edt;

    edt_train_options_init(&o);
    edt = o;
    g_assert_true(edt_train_options_own(&edt, "EDT-Ti/4"));
    g_assert_cmpmem(&edt.schedule, sizeof o - G_STRUCT_OFFSET(EdtTrainOptions, schedule),
                    &o.schedule, sizeof o - G_STRUCT_OFFSET(EdtTrainOptions, schedule));
    g_assert_true(edt_train_options_own(&o, "MDTv2-XL/2"));
    g_assert_true(o.uniform && o.masked && o.weighting == EDT_WEIGHTING_MIN_SNR);
    g_assert_true(o.prediction == EDT_PREDICT_NOISE && o.schedule == EDT_SCHEDULE_LINEAR);
    g_assert_cmpfloat(o.clip, ==, 1);
    g_assert_cmpfloat(o.rate, ==, 3e-4);
    g_assert_cmpint(o.decode_layer, ==, 0);
    g_assert_true(edt_train_options_own(&o, "MDTv2-S/2")); /* its run.sh */
    g_assert_cmpfloat(o.rate, ==, 5e-4);
    g_assert_cmpfloat(o.rate_end, ==, 5e-4);
    g_assert_cmpint(o.decode_layer, ==, 6);
    g_assert_true(edt_train_options_own(&o, "MDT-S/2"));
    g_assert_cmpfloat(o.rate, ==, 3e-4);
    g_assert_true(edt_train_options_own(&o, "DiT-XL/8"));
    g_assert_true(o.uniform && !o.masked && o.weighting == EDT_WEIGHTING_PLAIN);
    g_assert_false(edt_train_options_own(&o, "UNet-S/2"));
}

static void add(const char *what, gsize i, const char *name, GTestDataFunc test)
{
    g_autofree char *path = g_strdup_printf("/networks/%s/%" G_GSIZE_FORMAT, what, i);
    g_test_add_data_func(path, name, test);
}

int main(int argc, char **argv)
{
    static const char *const runs[] = {"DiT-Ti/2", "MDTv2-Ti/2", "MDT-Ti/2"};
    GError *error = NULL;

    g_test_init(&argc, &argv, NULL);
    folder = g_dir_make_tmp("edt-networks-XXXXXX", &error);
    g_assert_no_error(error);
    write_features();
    g_test_add_func("/networks/golden", test_golden);
    g_test_add_func("/networks/ratio", test_ratio);
    g_test_add_func("/networks/own", test_own);
    g_test_add_func("/networks/decoder", test_decoder);
    for (gsize i = 0; i < G_N_ELEMENTS(tiny_names); i++) {
        add("inference", i, tiny_names[i], test_inference);
        add("differences", i, tiny_names[i], test_differences);
        add("bits", i, tiny_names[i], test_bits);
        add("bf16", i, tiny_names[i], test_bf16);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(runs); i++)
        add("run", i, runs[i], test_run);
    int code = g_test_run();
    g_autofree char *remove = g_strdup_printf("rm -r '%s'", folder);
    g_free(folder);
    return system(remove) == 0 ? code : 1;
}
