/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How much memory a run will take, before anything is loaded: in the machine's memory, or in that
 * of a GPU.  From what a model file says of itself; tests/unit and tests/cuda hold it against what
 * is really taken.  Asked by engine.c, `edt info`, `edt doctor` and the dialog.
 */
#include "machine.h"

#define MIB ((guint64)1 << 20)

#define HOST_FIXED (96 * MIB) /* libraries, their prepared kernels, thread stacks */
#define MODULATION                                                                                 \
    (64 * MIB) /* rows of all steps, computed in slices below this (conditions.h)                  \
                */

/* On a GPU: cuBLASLt's workspace (32 MiB), a convolution's gathered rows and its pixels (80), and
 * what the driver takes without being asked: kernels loaded at their first use (cuBLASLt's are
 * large), recorded steps (8 of them, some 300 nodes of less than 4 KiB each), roundings.  The
 * driver's share is an estimate: it has not been measured on hardware yet. */
#define DEVICE_FIXED ((32 + 80 + 96) * MIB)

/* What the network's own walk measured for each picture, see model/info.c. */
static guint64 forward_bytes(const EdtModelInfo *info, guint64 number_bytes, guint64 n)
{
    return n * info->forward_bytes[number_bytes == 2] + MODULATION;
}

/* What the decoder's own walk measured, see model/info.c. */
static guint64 decoder_bytes(const EdtModelInfo *info, guint64 number_bytes)
{
    return info->decoding_bytes[number_bytes == 2];
}

/* Weights are packed tensor by tensor, and the file's pages are given back after each, so the file
 * does not count twice.  A run keeps both what the network and what the decoder works in.  The
 * pictures of the batch wait as f32 of 4 channels. */
static guint64 host_bytes(const EdtModelInfo *info, guint64 number_bytes, guint64 n)
{
    guint64 pixels = (guint64)info->image_size * (guint64)info->image_size;

    return HOST_FIXED + info->n_parameters * number_bytes + forward_bytes(info, number_bytes, n) +
           decoder_bytes(info, number_bytes) + n * pixels * 4 * sizeof(float);
}

/* A GPU keeps what it has planned: forward and decoder count both.  Weights count with the VAE's
 * encoder: it is only loaded to encode, and its room is what the decoder's up-sampling taps and
 * tables in f32 take. */
static guint64 device_bytes(const EdtModelInfo *info, guint64 number_bytes, guint64 n)
{
    guint64 latent = (guint64)info->latent_size * (guint64)info->latent_size;
    guint64 samples = 2 * n * latent * (guint64)info->channels * 8 * sizeof(float);

    return DEVICE_FIXED + info->n_parameters * number_bytes + forward_bytes(info, number_bytes, n) +
           samples + decoder_bytes(info, number_bytes);
}

/* Guidance doubles the samples of a forward.  AUTO counts as f32, which may only be too much. */
guint64 edt_memory_forecast(const EdtModelInfo *info, const EdtEngineOptions *options, int batch)
{
    gboolean device = options && options->backend == EDT_BACKEND_CUDA;
    gboolean bf16 =
        options && options->precision == EDT_PRECISION_BF16 && (device || edt_cpu_has_bf16());

    return (device ? device_bytes : host_bytes)(info, bf16 ? 2 : 4, (guint64)MAX(batch, 1));
}
