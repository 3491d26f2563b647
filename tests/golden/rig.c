/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See rig.h.
 */
#include "golden/rig.h"
#include "cpu/cpu.h"

Rig rig_of(const EdtVariant *v, EdtTensorSource *source, EdtPrecision precision, int threads)
{
    Rig rig = {.backend = edt_backend_cpu(), .v = *v};
    GError *error = NULL;

    rig.dev = rig.backend->open(&(EdtDeviceOptions){threads, precision}, &error);
    g_assert_no_error(error);
    rig.model = edt_network_new(rig.backend, rig.dev, &rig.v, source, &error);
    g_assert_no_error(error);
    return rig;
}

Rig rig_new(const char *name, int image_size, double gain, EdtPrecision precision, int threads)
{
    EdtVariant v;

    g_assert_true(edt_variant_named(name, image_size, &v));
    EdtTensorSource *source = hash_weights_edt(&v, gain);
    Rig rig = rig_of(&v, source, precision, threads);
    hash_weights_free(source);
    return rig;
}

void rig_free(Rig *rig)
{
    edt_network_free(rig->model);
    rig->backend->close(rig->dev);
}

void rig_amm(Rig *rig, EdtAmm amm, double cfg)
{
    rig->amm = edt_amm_plan(&rig->v, amm, cfg);
}

gsize rig_in(const Rig *rig)
{
    return (gsize)(rig->v.channels * rig->v.latent_size * rig->v.latent_size);
}

gsize rig_out(const Rig *rig)
{
    return (gsize)(rig->v.out_channels * rig->v.latent_size * rig->v.latent_size);
}

float *rig_forward(Rig *rig, int N, const float *x, const float *t, const int *y)
{
    float *out = g_new(float, (gsize)N *rig_out(rig));
    int *row = g_new(int, N);
    GError *error = NULL;

    for (int i = 0; i < N; i++)
        row[i] = i;
    edt_network_prepare(rig->model, N, N, &error);
    g_assert_no_error(error);
    edt_network_modulate(rig->model, N, t, y, NULL);
    edt_network_forward(rig->model, N, x, row, &rig->amm, FALSE, out); /* the CPU's memory */
    rig->backend->sync(rig->dev, &error);
    g_assert_no_error(error);
    g_free(row);
    return out;
}

void rig_guide(const Rig *rig, float scale, const float *pair, float *estimate)
{
    const EdtStepCoefficients how = {.flags = EDT_STEP_PREDICTS_DENOISED, .guidance = scale};
    g_autofree float *x_t = g_new0(float, 2 * rig_in(rig));
    rig->backend->advance(rig->dev, &(EdtSamplerStep){.N = 1,
                                                      .C = rig->v.channels,
                                                      .C_out = rig->v.out_channels,
                                                      .hw = rig->v.latent_size * rig->v.latent_size,
                                                      .guided = 3,
                                                      .how = &how,
                                                      .out = pair,
                                                      .x = x_t,
                                                      .denoised = estimate});
}
