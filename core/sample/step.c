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
    return step->pictures * (1 + (step->guided ? 1 : 0) + step->more);
}

int edt_step_active(const EdtStep *step)
{
    return edt_step_samples(step) - (step->alone ? step->pictures : 0);
}

static void carve_news(const EdtStep *step, EdtStepNews *news, EdtArena *arena)
{
    news->how = edt_arena_take(arena, sizeof *news->how);
    news->row = edt_arena_take(arena, (gsize)edt_step_samples(step) * sizeof(int));
    news->noise = edt_arena_take(arena, latents(step) * sizeof(float));
    news->again = step->returns ? edt_arena_take(arena, latents(step) * sizeof(float)) : NULL;
}

/* What is uploaded once; NULL where no step reads it. */
static void carve_canvas(EdtStep *step, EdtArena *device)
{
    const gsize one = (gsize)(step->pictures * step->hw), all = latents(step);

    step->weight =
        step->more
            ? edt_arena_take(device, (gsize)(step->pictures * (1 + step->more)) * sizeof(float))
            : NULL;
    step->source = step->keeps ? edt_arena_take(device, all * sizeof(float)) : NULL;
    step->z = step->keeps ? edt_arena_take(device, all * sizeof(float)) : NULL;
    step->mask = step->keeps || step->shapes ? edt_arena_take(device, one * sizeof(float)) : NULL;
}

void edt_step_carve(EdtStep *step, EdtArena *host, EdtArena *device)
{
    const gsize pixels = (gsize)(edt_step_samples(step) * step->hw) * sizeof(float);

    carve_news(step, &step->host, host);
    carve_news(step, &step->device, device);
    step->x = edt_arena_take(device, pixels * (gsize)step->C);
    step->denoised = edt_arena_take(device, latents(step) * sizeof(float));
    step->older = step->looks_back ? edt_arena_take(device, latents(step) * sizeof(float)) : NULL;
    step->out = edt_arena_take(device, pixels * (gsize)step->C_out);
    carve_canvas(step, device);
}

void edt_step_place(const EdtStep *step, const float *x)
{
    for (int i = 0; i < edt_step_samples(step); i += step->pictures)
        step->backend->upload(step->dev, step->x + (gsize)i * (gsize)(step->C * step->hw), x,
                              latents(step) * sizeof(float));
}

static void send(const EdtStep *step)
{
    const EdtStepNews *host = &step->host;
    gsize bytes = (gsize)((const char *)host->noise - (const char *)host->how);

    if (host->how->flags & EDT_STEP_DRAWS)
        bytes += latents(step) * sizeof(float);
    if (host->how->flags & EDT_STEP_RETURNS)
        bytes = (gsize)((const char *)(host->again + latents(step)) - (const char *)host->how);
    step->backend->upload(step->dev, step->device.how, host->how, bytes);
}

static void run(const EdtStep *step)
{
    edt_network_forward(step->network, edt_step_active(step), step->x, step->device.row, &step->amm,
                        step->reuses, step->out);
    step->backend->advance(step->dev, &(EdtSamplerStep){
                                          .N = step->pictures,
                                          .C = step->C,
                                          .C_out = step->C_out,
                                          .hw = step->hw,
                                          .guided = step->alone ? 0 : step->guided,
                                          .rests = step->guided != 0,
                                          .more = step->more,
                                          .how = step->device.how,
                                          .out = step->out,
                                          .noise = step->device.noise,
                                          .again = step->device.again,
                                          .weight = step->weight,
                                          .source = step->source,
                                          .z = step->z,
                                          .mask = step->mask,
                                          .x = step->x,
                                          .denoised = step->denoised,
                                          .older = step->older,
                                      });
}

/* All that the operations of a step depend on, beside the contents of memory. */
typedef struct {
    EdtNetworkKey network;
    EdtAmmPlan amm;
    int pictures, guided, more, alone, reuses;
    const void *news, *again, *x, *denoised, *older, *out, *weight, *source, *mask;
} Key;

static void fill_key(const EdtStep *step, Key *key)
{
    memset(key, 0, sizeof *key); /* what lies between the fields is compared too */
    key->network = edt_network_key(step->network);
    key->amm = step->amm;
    key->pictures = step->pictures;
    key->guided = step->guided;
    key->alone = step->alone;
    key->reuses = step->reuses;
    key->more = step->more;
    key->news = step->device.how;
    key->again = step->device.again;
    key->weight = step->weight;
    key->source = step->source; /* and z behind it */
    key->mask = step->mask;
    key->x = step->x;
    key->denoised = step->denoised;
    key->older = step->older;
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
