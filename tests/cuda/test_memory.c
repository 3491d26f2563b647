/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a run takes of a GPU's memory against what was forecast: EDT-S and the standard autoencoder
 * with weights of zero, loaded and planned on the simulated machine, which counts.  Nothing is
 * computed.
 */
#include "compare.h"

#include "host/simulated.h"

#include "base/memory.h"
#include "network/layers.h"
#include "sample/conditions.h"
#include "vae/vae.h"

#define MIB ((guint64)1 << 20)
#define DRIVER (96 * MIB) /* the part of a forecast that the simulated machine does not take */

/* ---- weights ---- */

typedef struct {
    EdtTensorSource source;
    GHashTable *views; /* name -> EdtTensorView */
    gsize largest;
    guint64 parameters;
} Zeros;

static gboolean find(EdtTensorSource *source, const char *name, EdtTensorView *view)
{
    const EdtTensorView *known = g_hash_table_lookup(((Zeros *)source)->views, name);
    if (known)
        *view = *known;
    return known != NULL;
}

static void done(EdtTensorSource *source, const char *name)
{
}

static void add(const char *name, int rank, const gint64 *shape, gpointer user_data)
{
    Zeros *zeros = user_data;
    EdtTensorView *view = g_new0(EdtTensorView, 1);
    gsize count = 1;
    view->rank = rank;
    for (int i = 0; i < rank; i++) {
        view->shape[i] = shape[i];
        count *= (gsize)shape[i];
    }
    zeros->largest = MAX(zeros->largest, count);
    zeros->parameters += count;
    g_hash_table_insert(zeros->views, g_strdup(name), view);
}

static Zeros zeros_new(void)
{
    return (Zeros){.source = {find, done},
                   .views = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free)};
}

/* All views show the same zeros; free them last. */
static float *fill(Zeros *zeros)
{
    float *values = g_new0(float, zeros->largest);
    GHashTableIter iter;
    gpointer view;
    g_hash_table_iter_init(&iter, zeros->views);
    while (g_hash_table_iter_next(&iter, NULL, &view))
        ((EdtTensorView *)view)->data = values;
    return values;
}

/* ---- one of each ---- */

static EdtNetwork *plan_model(Pair *pair, const EdtVariant *v, int pictures, guint64 *parameters)
{
    Zeros zeros = zeros_new();
    GError *error = NULL;
    edt_variant_tensors(v, add, &zeros);
    *parameters += zeros.parameters;
    float *values = fill(&zeros);
    EdtNetwork *model = edt_network_new(pair->other, pair->dev, v, &zeros.source, &error);
    g_assert_no_error(error);
    const gsize row =
        edt_network_workspace(v, EDT_F32, 1, 2) - edt_network_workspace(v, EDT_F32, 1, 1);
    edt_network_prepare(model, 2 * pictures, (int)(EDT_MODULATION_BYTES / row), &error);
    g_assert_no_error(error);
    g_hash_table_unref(zeros.views);
    g_free(values);
    return model;
}

/* The first launch fails and ends the decoding, when all its memory has been taken. */
static EdtVae *plan_decoder(Pair *pair, int latent_size, guint64 *parameters)
{
    const gsize side = (gsize)latent_size;
    g_autofree float *host = g_new0(float, side *side *(4 + 64 * 3));
    Zeros zeros = zeros_new();
    GError *error = NULL;
    edt_vae_tensors(&edt_vae_standard, EDT_VAE_DECODER | EDT_VAE_ENCODER, add, &zeros);
    *parameters += zeros.parameters;
    float *values = fill(&zeros);
    EdtVae *vae = edt_vae_new(pair->other, pair->dev, &zeros.source, EDT_VAE_DECODER, &error);
    g_assert_no_error(error);
    edt_host_machine.fail_launch = 1;
    g_assert_false(edt_vae_decode(vae, latent_size, latent_size, host, host + side * side * 4,
                                  &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BACKEND);
    g_clear_error(&error);
    g_hash_table_unref(zeros.views);
    g_free(values);
    return vae;
}

static void check_forecast(EdtPrecision precision, int image_size, int pictures, gboolean decodes)
{
    const EdtEngineOptions options = {.backend = EDT_BACKEND_CUDA, .precision = precision};
    Pair pair = pair_open(precision);
    EdtVariant v;
    EdtVae *vae = NULL;

    g_assert_true(edt_variant_named("EDT-S/2", image_size, &v));
    EdtModelInfo info = {.variant = v.name, .image_size = image_size, .latent_size = v.latent_size,
                         .channels = 4, .needs_vae = TRUE, .has_vae = decodes};
    EdtNetwork *model = plan_model(&pair, &v, pictures, &info.n_parameters);
    if (decodes)
        vae = plan_decoder(&pair, v.latent_size, &info.n_parameters);
    for (int half = 0; half < 2; half++)
        info.forward_bytes[half] = edt_network_workspace(&v, half ? EDT_BF16 : EDT_F32, 2, 1);
    for (int half = 0; half < 2 && decodes; half++)
        info.decoding_bytes[half] =
            edt_vae_workspace(&edt_vae_standard, half ? EDT_BF16 : EDT_F32, v.latent_size,
                              v.latent_size, EDT_VAE_DECODER);
    const guint64 taken = edt_host_machine.held;
    const guint64 forecast = edt_memory_forecast(&info, &options, pictures);
    g_test_message("%s, %d px, %d pictures%s: %.0f MiB taken, %.0f MiB forecast",
                   precision == EDT_PRECISION_BF16 ? "bf16" : "f32", image_size, pictures,
                   decodes ? " decoded" : "", (double)taken / MIB, (double)forecast / MIB);
    g_assert_cmpuint(forecast, >=, taken + DRIVER);
    g_assert_cmpuint(forecast, <=, taken + taken / 4 + 2 * DRIVER);
    edt_vae_free(vae);
    edt_network_free(model);
    pair_close(&pair);
    g_assert_cmpuint(edt_host_machine.held, ==, 0);
}

static void test_forecast_f32(void)
{
    check_forecast(EDT_PRECISION_F32, 256, 1, FALSE);
    check_forecast(EDT_PRECISION_F32, 256, 8, TRUE);
}

static void test_forecast_bf16(void)
{
    check_forecast(EDT_PRECISION_BF16, 256, 1, TRUE);
    check_forecast(EDT_PRECISION_BF16, 256, 16, FALSE);
    check_forecast(EDT_PRECISION_BF16, 512, 1, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cuda/memory/forecast-f32", test_forecast_f32);
    g_test_add_func("/cuda/memory/forecast-bf16", test_forecast_bf16);
    return g_test_run();
}
