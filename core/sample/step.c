/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See step.h.  The sampler's arithmetic is compute/step.h's, the same on every backend.
 */
#include "sample/step.h"

#include <string.h>

static gsize latents(const EdtStep *step)
{
    return (gsize)(step->pictures * step->C * step->hw);
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
    const gsize pixels = (gsize)(edt_step_samples(step) * step->hw) * sizeof(float);

    carve_news(step, &step->host, host);
    carve_news(step, &step->device, device);
    step->x = edt_arena_take(device, pixels * (gsize)step->C);
    step->denoised = edt_arena_take(device, latents(step) * sizeof(float));
    step->out = edt_arena_take(device, pixels * (gsize)step->C_out);
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
    const int samples = step->alone ? step->pictures : edt_step_samples(step);

    edt_network_forward(step->network, samples, step->x, step->device.row, &step->amm, step->out);
    step->backend->advance(step->dev, &(EdtSamplerStep){
                                          .N = step->pictures,
                                          .C = step->C,
                                          .C_out = step->C_out,
                                          .hw = step->hw,
                                          .guided = step->alone ? 0 : step->guided,
                                          .twice = step->guided != 0,
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
    int pictures, guided, alone;
    const void *news, *x, *denoised, *out;
} Key;

static void fill_key(const EdtStep *step, Key *key)
{
    memset(key, 0, sizeof *key); /* what lies between the fields is compared too */
    key->network = edt_network_key(step->network);
    key->amm = step->amm;
    key->pictures = step->pictures;
    key->guided = step->guided;
    key->alone = step->alone;
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
