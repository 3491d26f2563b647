/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How much memory a run will take, before anything is loaded: in the machine's memory, or in that
 * of a GPU.  From what a model file says of itself; tests/unit and tests/cuda hold it against what
 * is really taken.  Asked by engine.c, `edt info`, `edt doctor` and the dialog.
 */
#include "edt.h"

#include "network/shape.h"

#define MIB ((guint64)1 << 20)

#define HOST_FIXED (96 * MIB)         /* libraries, their prepared kernels, thread stacks */
#define MODULATION (64 * MIB)         /* rows of all steps, computed in slices below this (run.c) */
#define PARAMETERS_PER_WIDTH2 400     /* S: 38.3 M / 312^2 = 393, B the same, XL 797 */
#define HOST_NUMBERS 16               /* f32 for each token and width, see host_forward() */

/* On a GPU: cuBLASLt's workspace (32 MiB), a convolution's gathered rows and its pixels (80), and
 * what the driver takes without being asked: kernels loaded at their first use (cuBLASLt's are
 * large), recorded steps (8 of them, some 300 nodes of less than 4 KiB each), roundings.  The
 * driver's share is an estimate: it has not been measured on hardware yet. */
#define DEVICE_FIXED ((32 + 80 + 96) * MIB)

/* Width of the first stage; for sizes without a name from the number of parameters, and rather too
 * wide than too narrow. */
static guint64 width_of(const EdtModelInfo *info)
{
    EdtVariant v;
    guint64 width = 1;

    if (edt_variant_named(info->variant, info->image_size, &v))
        return (guint64)v.dims[0];
    while (width * width * PARAMETERS_PER_WIDTH2 < info->n_parameters)
        width++;
    return width;
}

/* Numbers of a residual stream: tokens of the finest stage times its width, of all samples. */
static guint64 stream_of(const EdtModelInfo *info, guint64 samples)
{
    guint64 side = (guint64)(info->needs_vae ? info->latent_size / 2 : info->latent_size / 4);
    return samples * MAX(side * side, 1) * width_of(info);
}

/* The decoder's last level works at full size: 256 channels and 128 between convolutions, both f32,
 * and the normed copy of 256. */
static guint64 decoder_bytes(const EdtModelInfo *info, guint64 number_bytes)
{
    guint64 pixels = (guint64)info->image_size * (guint64)info->image_size;
    return info->has_vae ? pixels * ((256 + 128) * sizeof(float) + 256 * number_bytes) : 0;
}

/* Weights are packed tensor by tensor, and the file's pages are given back after each, so the file
 * does not count twice.  Widest moment of a forward: the stream and its skip (f32, D each), the
 * normed input (D), q, k, v (3D), the MLP's hidden layer (4D), up-sampling and concatenation (4D +
 * 2D); about 16 D numbers.  Forward and decoder do not work at the same time.  The pictures of the
 * batch wait as f32 of 4 channels. */
static guint64 host_bytes(const EdtModelInfo *info, guint64 number_bytes, guint64 n)
{
    guint64 forward = stream_of(info, 2 * n) * HOST_NUMBERS * sizeof(float) + MODULATION;
    guint64 pixels = (guint64)info->image_size * (guint64)info->image_size;

    return HOST_FIXED + info->n_parameters * number_bytes +
           MAX(forward, decoder_bytes(info, number_bytes)) + n * pixels * 4 * sizeof(float);
}

/* A GPU keeps what it has planned: forward and decoder count both.  A forward is the stream, its
 * two skips and the patches in f32, and the normed input (2D), the hidden layer (4D) and a result
 * (D) as they are multiplied (model.c, carve()).  Weights count with the VAE's encoder: it is only
 * loaded to encode, and its room is what the decoder's up-sampling taps and tables in f32 take. */
static guint64 device_bytes(const EdtModelInfo *info, guint64 number_bytes, guint64 n)
{
    guint64 forward = stream_of(info, 2 * n) * (3 * sizeof(float) + 7 * number_bytes) + MODULATION;
    guint64 latent = (guint64)info->latent_size * (guint64)info->latent_size;
    guint64 samples = 2 * n * latent * (guint64)info->channels * 8 * sizeof(float);

    return DEVICE_FIXED + info->n_parameters * number_bytes + forward + samples +
           decoder_bytes(info, number_bytes);
}

/* Guidance doubles the samples of a forward.  AUTO counts as f32, which may only be too much. */
guint64 edt_memory_forecast(const EdtModelInfo *info, const EdtEngineOptions *options, int batch)
{
    gboolean bf16 = options && options->precision == EDT_PRECISION_BF16;
    gboolean device = options && options->backend == EDT_BACKEND_CUDA;

    return (device ? device_bytes : host_bytes)(info, bf16 ? 2 : 4, (guint64)MAX(batch, 1));
}
