/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See step.h.  The sampler's arithmetic is compute/step.h's, the same on every backend.
 */
#include "sample/step.h"

#include <string.h>

static gsize latents(const EdtStep *step)
{
    const EdtVariant *v = edt_network_variant(step->network);
    return (gsize)(step->pictures * v->channels * v->latent_size * v->latent_size);
}

int edt_step_samples(const EdtStep *step)
{
    return step->guided ? 2 * step->pictures : step->pictures;
}

static void carve_news(const EdtStep *step, EdtStepNews *news, EdtArena *arena)
{
    news->how = edt_arena_take(arena, sizeof *news->how);
    news->row = edt_arena_take(arena, (gsize)edt_step_samples(step) * sizeof(int));
    news->noise = edt_arena_take(arena, latents(step) * sizeof(float));
}

void edt_step_carve(EdtStep *step, EdtArena *host, EdtArena *device)
{
    const EdtVariant *v = edt_network_variant(step->network);
    const gsize N = (gsize)edt_step_samples(step);
    const gsize pixels = (gsize)(v->latent_size * v->latent_size) * sizeof(float);

    carve_news(step, &step->host, host);
    carve_news(step, &step->device, device);
    step->x = edt_arena_take(device, N * (gsize)v->channels * pixels);
    step->denoised = edt_arena_take(device, latents(step) * sizeof(float));
    step->out = edt_arena_take(device, N * (gsize)v->out_channels * pixels);
}

static void send(const EdtStep *step)
{
    const EdtStepNews *host = &step->host;
    gsize bytes = (gsize)((const char *)host->noise - (const char *)host->how);

    if (host->how->flags & EDT_STEP_DRAWS)
        bytes += latents(step) * sizeof(float);
    step->backend->upload(step->dev, step->device.how, host->how, bytes);
}

static void run(const EdtStep *step)
{
    const EdtVariant *v = edt_network_variant(step->network);

    edt_network_forward(step->network, edt_step_samples(step), step->x, step->device.row,
                        &step->amm, step->out);
    step->backend->advance(step->dev, &(EdtSamplerStep){
                                          .N = step->pictures,
                                          .C = v->channels,
                                          .C_out = v->out_channels,
                                          .hw = v->latent_size * v->latent_size,
                                          .guided = step->guided,
                                          .how = step->device.how,
                                          .out = step->out,
                                          .noise = step->device.noise,
                                          .x = step->x,
                                          .denoised = step->denoised,
                                      });
}

/* All that the operations of a step depend on, beside the contents of memory. */
typedef struct {
    EdtNetworkKey network;
    EdtAmmPlan amm;
    int pictures, guided;
    const void *news, *x, *denoised, *out;
} Key;

static void fill_key(const EdtStep *step, Key *key)
{
    memset(key, 0, sizeof *key); /* what lies between the fields is compared too */
    key->network = edt_network_key(step->network);
    key->amm = step->amm;
    key->pictures = step->pictures;
    key->guided = step->guided;
    key->news = step->device.how;
    key->x = step->x;
    key->denoised = step->denoised;
    key->out = step->out;
}

void edt_step_take(const EdtStep *step)
{
    const EdtBackend *b = step->backend;
    Key key;

    send(step);
    if (b->step_begin) {
        fill_key(step, &key);
        if (b->step_begin(step->dev, &key, sizeof key))
            return;
    }
    run(step);
    if (b->step_end)
        b->step_end(step->dev);
}
