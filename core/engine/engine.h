/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What an engine holds: the model file, its networks on a backend, and the working memory that
 * successive calls share.  edt.c walks the journey over it.
 */
#pragma once

#include "compute/backend.h"
#include "files/safetensors.h"
#include "network/network.h"
#include "vae/vae.h"

struct EdtEngine {
    GMutex lock; /* one call at a time */
    EdtEngineOptions wish;
    EdtDeviceOptions options;
    EdtModelInfo *info;
    EdtSafetensors *file; /* stays mapped for what is loaded later */
    const EdtBackend *backend;
    EdtDevice *dev;
    int proven;        /* largest batch that became pictures: what it needs is there */
    char *passed_over; /* why AUTO did not take the GPU that is there, or NULL */
    EdtNetwork *network;
    EdtVae *decoder, *draft, *encoder; /* made when first used */
    void *work;                        /* host memory of the sampler, see run.c */
    gsize work_bytes;
    float *device_work; /* device memory of the sampler */
    gsize device_bytes;
    float *planes; /* host memory of a decoded picture, see decode.c */
    gsize planes_bytes;
};

/* So many pictures of one batch were made. */
void edt_engine_proved(EdtEngine *engine, int batch);
/* Whether runs of `batch` pictures fit into the memory that is there; if not, a sentence with both
 * numbers and what to do. */
gboolean edt_engine_fits(const EdtEngine *engine, int batch, GError **error);

/* FALSE with the error of whoever needs a VAE that the model does not have. */
gboolean edt_engine_lacks_vae(const EdtModelInfo *info, GError **error);
/* The VAE's halves, loaded at the first use.  NULL with an error. */
EdtVae *edt_engine_decoder(EdtEngine *engine, EdtDecode which, GError **error);
EdtVae *edt_engine_encoder(EdtEngine *engine, GError **error);
/* Whether a decoder is quick enough for previews, and which: the draft, or the model's own where
 * that is a small one. */
gboolean edt_engine_painter(const EdtEngine *engine, EdtDecode *which);

/* What vae makes of a latent [C,h,w] of the sampler: planes [P,H,W] of -1..1, the engine's own and
 * kept until the next call.  NULL with an error. */
float *edt_engine_decode(EdtEngine *engine, EdtVae *vae, const float *latent, GError **error);

/* Room for the sampler: host and device memory of at least these sizes, kept between calls. */
gboolean edt_engine_need(EdtEngine *engine, gsize host_bytes, gsize device_bytes, GError **error);
