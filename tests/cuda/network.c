/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See network.h.
 */
#include "network.h"

#include "golden/hash_weights.h"
#include "sample/random.h"
#include "shapes.h"

#include <string.h>

gsize network_in(const Network *network)
{
    return (gsize)(network->v.channels * network->v.latent_size * network->v.latent_size);
}

gsize network_out(const Network *network)
{
    return (gsize)(network->v.out_channels * network->v.latent_size * network->v.latent_size);
}

/* A step of so many pictures in the memory that is there; where there is none, what it would take.
 */
static void arrange(Network *network, int pictures, gboolean guided, EdtArena *host,
                    EdtArena *device)
{
    *host = (EdtArena){.base = network->host};
    *device = (EdtArena){.base = network->memory};
    network->step = (EdtStep){.network = network->model,
                              .backend = network->backend,
                              .dev = network->dev,
                              .amm = network->amm,
                              .pictures = pictures,
                              .C = network->v.channels,
                              .C_out = network->v.out_channels,
                              .hw = network->v.latent_size * network->v.latent_size,
                              .guided = guided ? 3 : 0,
                              .looks_back = TRUE};
    edt_step_carve(&network->step, host, device);
}

static gboolean load(Network *network, GError **error)
{
    const EdtBackend *b = network->backend;
    EdtTensorSource *source = hash_weights_edt(&network->v, HASH_ADALN_GAIN);
    EdtArena host, device;
    network->model = edt_network_new(b, network->dev, &network->v, source, error);
    hash_weights_free(source);
    if (!network->model)
        return FALSE;
    arrange(network, network->N, FALSE, &host, &device);
    network->host = g_malloc0(host.used);
    network->memory = b->alloc(network->dev, device.used, error);
    return network->memory != NULL;
}

/* 8x8, 4x4, 2x2 tokens, head widths 12, 16 and 20: everything that an EDT has, in little. */
static const EdtVariant small = {
    .name = "small",
    .channels = 4,
    .patch = 2,
    .latent_size = 16,
    .grid = 8,
    .dims = {24, 32, 40, 32, 24},
    .heads = {2, 2, 2, 2, 2},
    .depths = {2, 1, 1, 3, 2}, /* AMM falls on stages 3 and 4 */
    .mlp_ratio = 4,
    .n_classes = 10,
    .out_channels = 8,
};

static gboolean own_variant(const char *name, EdtVariant *v)
{
    if (!name)
        *v = small;
    else if (g_str_equal(name, "least"))
        *v = shape_least();
    else if (g_str_equal(name, "small DiT"))
        *v = shape_little(EDT_FAMILY_DIT, 24, 2, 2);
    else if (g_str_equal(name, "small MDTv2")) {
        *v = shape_little(EDT_FAMILY_MDTV2, 24, 2, 3);
        v->depths[2] = 6; /* all of its skips */
    } else
        return FALSE;
    return TRUE;
}

gboolean network_try(Network *network, const EdtBackend *backend, const char *variant,
                     int image_size, EdtPrecision precision, int N, GError **error)
{
    *network = (Network){.backend = backend, .N = N};
    if (!own_variant(variant, &network->v))
        g_assert_true(edt_variant_named(variant, image_size, &network->v));
    network->dev = backend->open(&(EdtDeviceOptions){1, precision}, error);
    if (network->dev && load(network, error))
        return TRUE;
    network_close(network);
    return FALSE;
}

Network network_open(const EdtBackend *backend, const char *variant, int image_size,
                     EdtPrecision precision, int N)
{
    Network network;
    GError *error = NULL;
    network_try(&network, backend, variant, image_size, precision, N, &error);
    g_assert_no_error(error);
    return network;
}

void network_close(Network *network)
{
    const EdtBackend *b = network->backend;
    edt_network_free(network->model);
    if (network->dev) {
        b->free(network->dev, network->memory);
        b->close(network->dev);
    }
    g_free(network->host);
}

gboolean network_condition(Network *network, int R, const float *timestep, const int *label,
                           GError **error)
{
    if (!edt_network_prepare(network->model, network->N, R, error))
        return FALSE;
    edt_network_modulate(network->model, R, timestep, label, NULL);
    return network->backend->sync(network->dev, error);
}

gboolean network_forward(Network *network, int N, const float *x, const int *row, float *out,
                         GError **error)
{
    const EdtBackend *b = network->backend;
    EdtArena host, device;
    arrange(network, N, FALSE, &host, &device);
    const EdtStep *step = &network->step;
    *step->host.how = (EdtStepCoefficients){.of_x = 1, .of_rest = 1}; /* x stays */
    memcpy(step->host.row, row, (gsize)N * sizeof(int));
    b->upload(network->dev, step->x, x, (gsize)N * network_in(network) * sizeof(float));
    edt_step_take(step);
    b->download(network->dev, out, step->out, (gsize)N * network_out(network) * sizeof(float));
    return b->sync(network->dev, error);
}

/* Rows of modulation: step s of the class, then of the null class. */
static gboolean condition_steps(Network *network, const EdtNoiseSchedule *schedule, int label,
                                GError **error)
{
    const int S = schedule->S;
    g_autofree float *timestep = g_new(float, 2 * S);
    g_autofree int *labels = g_new(int, 2 * S);
    for (int r = 0; r < 2 * S; r++) {
        timestep[r] = (float)schedule->timestep[r % S];
        labels[r] = r < S ? label : network->v.n_classes;
    }
    return network_condition(network, 2 * S, timestep, labels, error) &&
           edt_network_prepare(network->model, 1, 2 * S, error);
}

static void descend(Network *network, const EdtSampling *sampling, guint64 seed, float *latent)
{
    const EdtBackend *b = network->backend;
    EdtStep *step = &network->step;
    const gsize count = network_in(network), bytes = count * sizeof(float);
    const int S = sampling->schedule->S, N = edt_step_samples(step);
    EdtRandom random;

    edt_random_seed(&random, seed);
    edt_random_normal(&random, latent, count);
    for (int half = 0; half < N; half++)
        b->upload(network->dev, step->x + (gsize)half * count, latent, bytes);
    for (int s = S - 1; s >= 0; s--) {
        *step->host.how = edt_sampling_coefficients(sampling, s);
        for (int half = 0; half < N; half++)
            step->host.row[half] = s + half * S;
        edt_random_normal(&random, step->host.noise, count);
        if (N == 2) /* the null half's draw */
            edt_random_skip_normal(&random, count);
        step->alone = step->guided && !edt_sampling_guides(sampling, s);
        edt_step_take(step);
    }
    b->download(network->dev, latent, step->x, bytes);
}

gboolean network_sample(Network *network, const EdtSampling *sampling, int label, guint64 seed,
                        float *latent, GError **error)
{
    EdtArena host, device;
    if (!condition_steps(network, sampling->schedule, label, error))
        return FALSE;
    arrange(network, 1, sampling->guidance != 1, &host, &device);
    descend(network, sampling, seed, latent);
    return network->backend->sync(network->dev, error);
}
