/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Output, losses and the gradient of every weight of tiny networks against the reference: plain,
 * with masked tokens before the downs, with the middle mask, and at t = 0 (against its f64).  The
 * reference has no styles: their gradients against finite differences.
 */
#include "base/memory.h"
#include "golden/hash_weights.h"
#include "train/loss.h"
#include "train/train_network.h"
#include "train/tiny.h"

#include <math.h>
#include <string.h>

#define GATE 1e-5 /* gradients, data/../README: 1e-6 is the distance of f32 to f64 */
#define GATE_FORWARD 3e-6

typedef struct {
    Tiny *tiny;
    EdtNoiseSchedule *schedule;
    EdtLoss loss;
    int count; /* numbers of a picture */
    float *x0, *noise, *x_t, *out, *d_out, *gradient;
    float *told; /* what was told to be final, and how often */
    int *times, pieces;
    guint8 *middle, *down[2];
    int style[8];
    EdtLossTerms terms[8];
} Case;

static float *rows(const Case *c, int channels)
{
    return g_new0(float,
                  (gsize)c->tiny->N *(gsize)channels *(
                                    gsize)c->tiny->v.latent_size *(gsize)c->tiny->v.latent_size);
}

static Case *case_new(const char *name)
{
    Case *c = g_new0(Case, 1);
    Tiny *tiny = c->tiny = tiny_open(name);
    GError *error = NULL;

    c->count = tiny->v.channels * tiny->v.latent_size * tiny->v.latent_size;
    c->schedule =
        edt_noise_schedule_new(EDT_SCHEDULE_LINEAR, EDT_RESPACE_EVEN, EDT_TIMESTEPS, &error);
    g_assert_no_error(error);
    c->loss = (EdtLoss){c->schedule, EDT_PREDICT_NOISE, EDT_WEIGHTING_MIN_SNR, TRUE, c->count, 1.0};
    c->x0 = rows(c, tiny->v.channels);
    c->noise = rows(c, tiny->v.channels);
    c->x_t = rows(c, tiny->v.channels);
    c->out = rows(c, tiny->v.out_channels);
    c->d_out = rows(c, tiny->v.out_channels);
    c->gradient = edt_parameters_array(tiny->parameters, &error);
    g_assert_no_error(error);
    hash_input("input.x0", (gsize)(tiny->N * c->count), c->x0);
    hash_input("input.noise", (gsize)(tiny->N * c->count), c->noise);
    for (int i = 0; i < tiny->N; i++)
        edt_loss_noise(&c->loss, tiny->t[i], c->x0 + i * c->count, c->noise + i * c->count,
                       c->x_t + i * c->count);
    return c;
}

static void case_free(Case *c)
{
    edt_noise_schedule_free(c->schedule);
    edt_free(c->gradient);
    g_free(c->x0);
    g_free(c->noise);
    g_free(c->x_t);
    g_free(c->out);
    g_free(c->d_out);
    g_free(c->middle);
    g_free(c->down[0]);
    g_free(c->down[1]);
    tiny_close(c->tiny);
    g_free(c);
}

/* The reference drew uniform numbers in [0, 1) by the hash and kept tokens with rand >= p. */
static guint8 *mask(const char *name, double p, gsize count)
{
    g_autofree float *draws = g_new(float, count);
    guint8 *keep = g_new(guint8, count);
    hash_fill(name, 0.5, 0.5, count, draws);
    for (gsize i = 0; i < count; i++)
        keep[i] = (double)draws[i] >= p;
    return keep;
}

/* The draws of NAME.json, in order: ["random.uniform", low, high, "->", p], ["torch.rand", name,
 * shape]. */
static void read_masks(Case *c)
{
    JsonArray *order = json_object_get_array_member(c->tiny->facts, "rand_order");
    int n = (int)json_array_get_length(order) / 2;
    for (int i = 0; i < n; i++) {
        JsonArray *ratio = json_array_get_array_element(order, (guint)(2 * i));
        JsonArray *draw = json_array_get_array_element(order, (guint)(2 * i + 1));
        JsonArray *shape = json_array_get_array_element(draw, 2);
        guint8 *keep = mask(
            json_array_get_string_element(draw, 1), json_array_get_double_element(ratio, 4),
            (gsize)(json_array_get_int_element(shape, 0) * json_array_get_int_element(shape, 1)));
        if (n - i > 2)
            c->middle = keep;
        else
            c->down[2 - (n - i)] = keep;
    }
}

static void run_telling(Case *c, int threads, EdtGradientReady ready)
{
    GError *error = NULL;
    Tiny *tiny = c->tiny;
    EdtTrainNetwork *network =
        edt_train_network_new(tiny->parameters, tiny->N, EDT_F32, threads, &error);
    g_assert_no_error(error);
    edt_train_network_tell(network, ready, c);
    EdtTrainInput input = {.x = c->x_t,
                           .timestep = tiny->t,
                           .label = tiny->y,
                           .style = c->style,
                           .middle = c->middle,
                           .down = {c->down[0], c->down[1]}};

    memset(c->gradient, 0, tiny->parameters->count * sizeof(float));
    edt_train_network_use(network, tiny->weights, NULL);
    edt_train_network_forward(network, &input, c->out);
    for (int i = 0; i < tiny->N; i++)
        c->terms[i] =
            edt_loss_of(&c->loss, tiny->t[i], c->x0 + i * c->count, c->noise + i * c->count,
                        c->x_t + i * c->count, c->out + 2 * i * c->count, 1.0 / tiny->N,
                        c->d_out + 2 * i * c->count);
    edt_train_network_backward(network, c->d_out, c->gradient);
    g_assert_true(edt_train_network_check(network, &error));
    edt_train_network_free(network);
}

static void run(Case *c, int threads)
{
    run_telling(c, threads, NULL);
}

static void check_losses(Case *c, const char *prefix)
{
    float mse[8], vb[8], loss[8];
    g_autofree char *mse_name = g_strconcat(prefix, ".mse", NULL);
    g_autofree char *vb_name = g_strconcat(prefix, ".vb", NULL);
    g_autofree char *loss_name = g_strconcat(prefix, ".loss", NULL);
    for (int i = 0; i < c->tiny->N; i++) {
        mse[i] = (float)c->terms[i].mse;
        vb[i] = (float)c->terms[i].vb;
        loss[i] = (float)c->terms[i].loss;
    }
    golden_check_tensor(c->tiny->golden, mse_name, mse, (gsize)c->tiny->N, GATE_FORWARD);
    golden_check_tensor(c->tiny->golden, vb_name, vb, (gsize)c->tiny->N, GATE_FORWARD);
    golden_check_tensor(c->tiny->golden, loss_name, loss, (gsize)c->tiny->N, GATE_FORWARD);
}

/* Of T = 1 the bias gradient is exactly zero; ours must be nothing next to the others. */
static gboolean is_zero(Case *c, const char *name)
{
    JsonArray *zero = json_object_has_member(c->tiny->facts, "zero_grads")
                          ? json_object_get_array_member(c->tiny->facts, "zero_grads")
                          : NULL;
    for (guint i = 0; zero && i < json_array_get_length(zero); i++)
        if (strcmp(json_array_get_string_element(zero, i), name) == 0)
            return TRUE;
    return FALSE;
}

static void check_gradients(Case *c, const char *prefix)
{
    for (guint i = 0; i < c->tiny->parameters->parameters->len; i++) {
        const EdtParameter *p = c->tiny->parameters->parameters->pdata[i];
        g_autofree char *name = g_strconcat(prefix, ".", p->name, NULL);
        const float *ours = c->gradient + p->offset;
        if (is_zero(c, p->name)) {
            for (gsize k = 0; k < p->count; k++)
                g_assert_cmpfloat(fabs((double)ours[k]), <, 1e-8);
            continue;
        }
        golden_check_tensor(c->tiny->golden, name, ours, p->count, GATE);
    }
}

static void test_case(gconstpointer name)
{
    Case *c = case_new(name);
    gsize count = (gsize)(c->tiny->N * c->count);
    read_masks(c);
    golden_check_tensor(c->tiny->golden, "x_t", c->x_t, count, 3e-7);
    run(c, 2);
    golden_check_tensor(c->tiny->golden, "model_output", c->out, 2 * count, GATE_FORWARD);
    check_losses(c, "loss");
    check_gradients(c, "grad");
    case_free(c);
}

/* The squared error of a known difference, by all weightings; the derivative goes with it. */
static void test_weighting(void)
{
    GError *error = NULL;
    EdtNoiseSchedule *s =
        edt_noise_schedule_new(EDT_SCHEDULE_COSINE, EDT_RESPACE_EVEN, 1000, &error);
    g_assert_no_error(error);
    const float x0[] = {0.5f, -1.0f}, noise[] = {0.25f, 2.0f}, out[] = {0.75f, -1.5f};
    const double squares = (0.25 * 0.25 + 0.5 * 0.5) / 2;
    EdtLoss loss = {s, EDT_PREDICT_DENOISED, EDT_WEIGHTING_MIN_SNR, FALSE, 2, 0.0};
    float x_t[2], d[2];

    for (int t = 0; t < 1000; t += 37) {
        double snr = s->alphas_cumprod[t] / (1.0 - s->alphas_cumprod[t]);
        for (int velocity = 0; velocity < 2; velocity++) {
            double w = MIN(velocity ? snr + 1.0 : snr, 5.0);
            loss.weighting = velocity ? EDT_WEIGHTING_VELOCITY : EDT_WEIGHTING_MIN_SNR;
            edt_loss_noise(&loss, t, x0, noise, x_t);
            EdtLossTerms terms = edt_loss_of(&loss, t, x0, noise, x_t, out, 1.0, d);
            g_assert_cmpfloat_with_epsilon(terms.loss, w * squares, 1e-6 * w);
            int band;
            double x0_error = edt_loss_x0_error(&loss, t, terms.mse, &band);
            g_assert_cmpfloat_with_epsilon(x0_error, squares, 1e-6);
            g_assert_cmpint(band, ==, (snr >= 0.01) + (snr >= 0.1) + (snr >= 1) + (snr >= 10));
            g_assert_cmpfloat_with_epsilon((double)d[0], w * 0.25, 1e-6 * w);
            g_assert_cmpfloat_with_epsilon((double)d[1], w * -0.5, 1e-6 * w);
        }
        loss.weighting = EDT_WEIGHTING_PLAIN;
        g_assert_cmpfloat_with_epsilon(edt_loss_of(&loss, t, x0, noise, x_t, out, 1.0, d).loss,
                                       squares, 1e-6);
        g_assert_cmpfloat_with_epsilon((double)d[1], -0.5, 1e-6);
    }
    edt_noise_schedule_free(s);
}

/* ---- styles ---- */

#define STYLES 3
#define STEP 0.01f

/* The same network with a table of styles. */
static void give_styles(Case *c)
{
    Tiny *tiny = c->tiny;
    EdtParameters *before = tiny->parameters;
    float *weights = tiny->weights;
    GError *error = NULL;
    EdtRandom random;

    tiny->v.n_styles = STYLES;
    tiny->parameters = edt_parameters_new(&tiny->v);
    tiny->weights = edt_parameters_array(tiny->parameters, &error);
    edt_free(c->gradient);
    c->gradient = edt_parameters_array(tiny->parameters, &error);
    edt_random_seed(&random, 4);
    for (guint i = 0; i < tiny->parameters->parameters->len; i++) {
        const EdtParameter *p = tiny->parameters->parameters->pdata[i];
        const EdtParameter *from = edt_parameters_get(before, p->name);
        if (from)
            memcpy(tiny->weights + p->offset, weights + from->offset, p->count * sizeof(float));
        else
            edt_random_normal(&random, tiny->weights + p->offset, p->count);
    }
    edt_parameters_free(before);
    edt_free(weights);
}

static double loss_sum(Case *c)
{
    double sum = 0;
    run(c, 2);
    for (int i = 0; i < c->tiny->N; i++)
        sum += c->terms[i].loss / c->tiny->N;
    return sum;
}

/* The loss a little to both sides of a row, along a direction, against what the gradient says. */
static void check_row(Case *c, const char *name, int row)
{
    const EdtParameter *p = edt_parameters_get(c->tiny->parameters, name);
    const gsize D = (gsize)p->shape[1];
    float *weights = c->tiny->weights + p->offset + (gsize)row * D;
    const float *gradient = c->gradient + p->offset + (gsize)row * D;
    g_autofree float *along = g_new(float, D), *was = g_memdup2(weights, D * sizeof(float));
    double sides[2], expected = 0;
    EdtRandom random;

    edt_random_seed(&random, (guint64)row);
    edt_random_normal(&random, along, D);
    run(c, 2);
    for (gsize i = 0; i < D; i++)
        expected += (double)gradient[i] * (double)along[i];
    for (int side = 0; side < 2; side++) {
        for (gsize i = 0; i < D; i++)
            weights[i] = was[i] + (side ? STEP : -STEP) * along[i];
        sides[side] = loss_sum(c);
    }
    memcpy(weights, was, D * sizeof(float));
    double found = (sides[1] - sides[0]) / (2 * (double)STEP);
    g_test_message("%s row %d: %.6f, by differences %.6f", name, row, expected, found);
    g_assert_cmpfloat_with_epsilon(found, expected, 0.01 * fabs(expected) + 1e-4);
}

static void test_styles(void)
{
    static const char classes[] = "y_embedder.embedding_table.weight";
    static const char styles[] = "style_embedder.embedding_table.weight";
    Case *c = case_new("h_train_tiny");
    c->loss.share = 0.0; /* that term lets no gradient through to the prediction */
    double without = loss_sum(c);

    give_styles(c);
    for (int i = 0; i < c->tiny->N; i++)
        c->style[i] = i % 2 ? STYLES : 1; /* none and the second */
    g_assert_cmpfloat(fabs(loss_sum(c) - without), >, 1e-3);
    check_row(c, classes, c->tiny->y[0]);
    check_row(c, styles, 1);
    check_row(c, styles, STYLES);
    run(c, 2);
    const EdtParameter *p = edt_parameters_get(c->tiny->parameters, styles);
    const gsize D = (gsize)p->shape[1];
    for (gsize i = 0; i < D; i++) { /* nobody asked for these */
        g_assert_cmpfloat(c->gradient[p->offset + i], ==, 0.0f);
        g_assert_cmpfloat(c->gradient[p->offset + 2 * D + i], ==, 0.0f);
    }
    case_free(c);
}

static void test_t0(void)
{
    Case *c = case_new("h_train_tiny16_t0");
    run(c, 2);
    check_losses(c, "loss64");
    check_gradients(c, "grad64");
    case_free(c);
}

static void test_threads(void)
{
    Case *c = case_new("h_train_tiny16");
    gsize bytes = c->tiny->parameters->count * sizeof(float);
    run(c, 1);
    g_autofree float *one = g_memdup2(c->gradient, bytes);
    run(c, 3);
    g_assert_cmpmem(one, bytes, c->gradient, bytes);
    case_free(c);
}

static void note_piece(gpointer data, gsize offset, gsize count)
{
    Case *c = data;
    memcpy(c->told + offset, c->gradient + offset, count * sizeof(float));
    for (gsize i = 0; i < count; i++)
        c->times[offset + i]++;
    c->pieces += count > 0;
}

/* Each piece is told once and is final then; telling changes no bit. */
static void test_pieces(void)
{
    Case *c = case_new("h_train_tiny16");
    gsize count = c->tiny->parameters->count, bytes = count * sizeof(float);
    run(c, 2);
    g_autofree float *silent = g_memdup2(c->gradient, bytes);
    g_autofree float *told = c->told = g_new0(float, count);
    g_autofree int *times = c->times = g_new0(int, count);
    run_telling(c, 2, note_piece);
    g_assert_cmpmem(silent, bytes, c->gradient, bytes);
    g_assert_cmpmem(silent, bytes, told, bytes);
    for (gsize i = 0; i < count; i++)
        g_assert_cmpint(times[i], ==, 1);
    g_assert_cmpint(c->pieces, ==, edt_variant_stages(&c->tiny->parameters->v) + 2);
    case_free(c);
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"h_train_tiny", "h_train_tiny16", "h_train_tiny_downmask",
                                        "h_train_tiny16_downmask", "h_train_tiny_midmask"};
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_strconcat("/gradients/", names[i], NULL);
        g_test_add_data_func(path, names[i], test_case);
    }
    g_test_add_func("/gradients/weighting", test_weighting);
    g_test_add_func("/gradients/styles", test_styles);
    g_test_add_func("/gradients/t0", test_t0);
    g_test_add_func("/gradients/threads", test_threads);
    g_test_add_func("/gradients/pieces", test_pieces);
    return g_test_run();
}
