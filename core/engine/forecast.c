/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How much memory a run will take, before anything is loaded: in the machine's memory, or in that
 * of a GPU.  What is measured is measured by the code that runs: the walks of network and decoder
 * and the room of their operations when a model's header is read (model/needs.c), the steps here.
 * tests/unit and tests/cuda hold it against what is really taken.  Asked by engine.c, `edt info`,
 * `edt doctor` and the dialog.
 */
#include "engine/forecast.h"
#include "machine.h"
#include "sample/conditions.h"
#include "sample/step.h"

#define MIB ((guint64)1 << 20)

#define HOST_FIXED (96 * MIB) /* libraries, their prepared kernels, threads' stacks and scratch */

/* On a GPU: cuBLASLt's workspace (32 MiB), a convolution's gathered rows and its pixels (80), and
 * what the driver takes without being asked: kernels loaded at their first use (cuBLASLt's are
 * large), recorded steps (8 of them, some 300 nodes of less than 4 KiB each), roundings.  The
 * driver's share is an estimate: it has not been measured on hardware yet. */
#define DEVICE_FIXED ((32 + 80 + 96) * MIB)

void edt_forecast_steps(const EdtModelInfo *info, int n, gsize *host, gsize *device)
{
    EdtArena there = {0}, here = {0};
    EdtStep step = {
        .pictures = n,
        .C = info->channels,
        .C_out = info->channels * (info->learned_variance ? 2 : 1),
        .hw = info->latent_size * info->latent_size,
        .guided = info->channels,
        .keeps = TRUE,
        .returns = TRUE,
    };
    edt_step_carve(&step, &here, &there);
    *host = here.used;
    *device = there.used;
}

/* What the network's own walk measured for each picture, and the modulations of a slice. */
static guint64 forward_bytes(const EdtModelInfo *info, int half, int n)
{
    return (guint64)n * info->forward_bytes[half] + EDT_MODULATION_BYTES;
}

/* What the weights take, and what their products as bytes work in. */
static guint64 weight_bytes(const EdtModelInfo *info, int half, gboolean int8, int n)
{
    const guint64 wide = half ? 2 : 4;
    if (!int8)
        return info->n_parameters * wide;
    return (info->n_parameters - info->n_inner) * wide + info->n_inner +
           (guint64)n * info->inner_bytes;
}

/* Weights are packed tensor by tensor, and the file's pages are given back after each, so the file
 * does not count twice.  A run keeps both what the network and what the decoder works in.  The
 * pictures of the batch wait as f32 of 4 channels, which those with a shape have. */
static guint64 host_bytes(const EdtModelInfo *info, int half, gboolean int8, int n)
{
    const guint64 pixels = (guint64)info->image_size * (guint64)info->image_size;
    gsize host, device;

    edt_forecast_steps(info, n, &host, &device);
    return HOST_FIXED + weight_bytes(info, half, int8, n) + forward_bytes(info, half, n) +
           info->decoding_bytes[half] +
           MAX((guint64)n * info->forward_room[half], info->decoding_room[half]) + host + device +
           (guint64)n * pixels * 4 * sizeof(float);
}

/* A GPU keeps what it has planned: forward and decoder count both.  Weights count with the VAE's
 * encoder: it is only loaded to encode, and its room is what the decoder's up-sampling taps and
 * tables in f32 take. */
static guint64 device_bytes(const EdtModelInfo *info, int half, int n)
{
    gsize host, device;

    edt_forecast_steps(info, n, &host, &device);
    return DEVICE_FIXED + weight_bytes(info, half, FALSE, n) + forward_bytes(info, half, n) +
           device + info->decoding_bytes[half];
}

/* Guidance doubles the samples of a forward.  AUTO counts as f32, which may only be too much. */
guint64 edt_memory_forecast(const EdtModelInfo *info, const EdtEngineOptions *options, int batch)
{
    const gboolean device = options && options->backend == EDT_BACKEND_CUDA;
    const EdtPrecision precision = options ? options->precision : EDT_PRECISION_AUTO;
    const gboolean int8 = precision == EDT_PRECISION_INT8;
    const int half = (int8 || precision == EDT_PRECISION_BF16) && (device || edt_cpu_has_bf16());

    return device ? device_bytes(info, half, MAX(batch, 1))
                  : host_bytes(info, half, int8, MAX(batch, 1));
}
