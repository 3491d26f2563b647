/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a forward is fed: pictures, timesteps, noise, labels with dropout, masks.  Rows 0..micro-1
 * are the plain pass, the next ones the masked pass over the same pictures and timesteps, with
 * their own noise and dropout, as the official code has two calls of training_losses.
 */
#include "train/state.h"
#include "base/arena.h"
#include "base/memory.h"
#include "train/hiding.h"

#include <string.h>

/* ---- memory ---- */

static void carve(EdtBatch *b, EdtArena *a, gsize T0)
{
    gsize rows = (gsize)b->rows, pictures = (gsize)b->pictures;
    b->x0 = edt_arena_take(a, pictures * b->count * sizeof(float));
    b->noise = edt_arena_take(a, rows * b->count * sizeof(float));
    b->x_t = edt_arena_take(a, rows * b->count * sizeof(float));
    b->out = edt_arena_take(a, rows * b->out_count * sizeof(float));
    b->d_out = edt_arena_take(a, rows * b->out_count * sizeof(float));
    b->timestep = edt_arena_take(a, rows * sizeof(int));
    b->label = edt_arena_take(a, rows * sizeof(int));
    b->style = edt_arena_take(a, rows * sizeof(int));
    b->picture_labels = edt_arena_take(a, pictures * sizeof(EdtSampleLabels));
    b->weight = edt_arena_take(a, pictures * sizeof(float));
    b->uniforms = edt_arena_take(a, pictures * sizeof(double));
    b->middle = edt_arena_take(a, rows * T0);
    b->down[0] = edt_arena_take(a, rows * T0);
    b->down[1] = edt_arena_take(a, rows * T0 / 4);
    b->seen = edt_arena_take(a, rows * T0);
    b->terms = edt_arena_take(a, rows * sizeof(EdtLossTerms));
}

gboolean edt_batch_make(EdtTrainer *trainer, GError **error)
{
    EdtBatch *b = &trainer->batch;
    const EdtVariant *v = &trainer->v;
    gsize area = (gsize)v->latent_size * (gsize)v->latent_size,
          T0 = (gsize)v->grid * (gsize)v->grid;
    EdtArena arena = {0};

    b->pictures = trainer->options.micro;
    b->rows = b->pictures * (trainer->options.masked ? 2 : 1);
    b->count = (gsize)v->channels * area;
    b->out_count = (gsize)v->out_channels * area;
    carve(b, &arena, T0);
    b->memory = edt_alloc(arena.used, error);
    if (b->memory == NULL)
        return FALSE;
    arena = (EdtArena){.base = b->memory};
    carve(b, &arena, T0);
    memset(b->middle, 1, (gsize)b->rows * T0);
    memset(b->down[0], 1, (gsize)b->rows * T0);
    memset(b->down[1], 1, (gsize)b->rows * T0 / 4);
    memset(b->seen, 1, (gsize)b->rows * T0);
    return TRUE;
}

EdtTrainInput edt_batch_input(const EdtTrainer *trainer)
{
    const EdtBatch *b = &trainer->batch;
    EdtTrainInput input = {
        .x = b->x_t, .timestep = b->timestep, .label = b->label, .style = b->style};

    if (trainer->options.masked) {
        input.middle = b->middle;
        input.down[0] = b->down[0];
        input.down[1] = b->down[1];
        input.seen = b->seen;
    }
    return input;
}

void edt_batch_clear(EdtBatch *b)
{
    edt_free(b->memory);
    *b = (EdtBatch){0};
}

/* ---- filling ---- */

typedef struct {
    EdtTrainer *trainer;
    gint64 step; /* 0, 1, ... */
    int part;
    int *index; /* of the pictures */
    GError *error;
} Filling;

static void fill_picture(Filling *f, int i)
{
    EdtTrainer *trainer = f->trainer;
    EdtBatch *b = &trainer->batch;
    GError *error = NULL;
    EdtRandom random;

    edt_train_random(&random, trainer->options.seed, EDT_DRAW_PICTURE, f->step,
                     f->part * b->pictures + i);
    if (!edt_dataset_get(trainer->dataset, f->index[i], &random, b->x0 + (gsize)i * b->count,
                         &b->picture_labels[i], &error)) {
#pragma omp critical(edt_train_filling)
        if (f->error == NULL)
            g_propagate_error(&f->error, g_steal_pointer(&error));
        g_clear_error(&error);
    }
}

/* ---- noise and labels of a row ---- */

/* Each label is dropped on its own: so the network learns the class in any style, the style of any
 * class, and neither.  Guidance leans on neither, so where the class is dropped the style is in
 * half of the rows. */
static void fill_labels(Filling *f, int row, EdtRandom *random)
{
    EdtTrainer *trainer = f->trainer;
    const EdtVariant *v = &trainer->v;
    const double dropout = trainer->options.label_dropout;
    EdtBatch *b = &trainer->batch;
    const EdtSampleLabels *labels = &b->picture_labels[row % b->pictures];
    float draws[2];

    edt_random_uniform(random, draws, v->n_styles ? 2 : 1);
    gboolean dropped = (double)draws[0] < dropout;
    b->label[row] = dropped ? v->n_classes : labels->class;
    if (v->n_styles == 0)
        return;
    double share = dropped ? MAX(0.5, dropout) : dropout;
    b->style[row] = labels->style < 0 || (double)draws[1] < share ? v->n_styles : labels->style;
}

static void fill_row(Filling *f, int row)
{
    EdtTrainer *trainer = f->trainer;
    EdtBatch *b = &trainer->batch;
    const int picture = row % b->pictures;
    EdtRandom random;

    edt_train_random(&random, trainer->options.seed, EDT_DRAW_NOISE, f->step,
                     f->part * b->rows + row);
    edt_random_normal(&random, b->noise + (gsize)row * b->count, b->count);
    fill_labels(f, row, &random);
    b->timestep[row] = b->timestep[picture];
    edt_loss_noise(&trainer->loss, b->timestep[row], b->x0 + (gsize)picture * b->count,
                   b->noise + (gsize)row * b->count, b->x_t + (gsize)row * b->count);
}

/* ---- masks: one ratio for a batch, in the official order of draws ---- */

static void draw_mask(EdtRandom *random, double low, double high, guint8 *keep, gsize count)
{
    float ratio, *draws = g_new(float, count);

    edt_random_uniform(random, &ratio, 1);
    edt_random_uniform(random, draws, count);
    for (gsize i = 0; i < count; i++)
        keep[i] = (double)draws[i] >= low + (high - low) * (double)ratio;
    g_free(draws);
}

/* XL, and whatever else has a block 4 in stage 0. */
static gboolean has_middle(const EdtTrainer *trainer)
{
    return trainer->v.depths[0] > 4;
}

static void draw_drops(const EdtTrainer *trainer, EdtRandom *random)
{
    const EdtBatch *b = &trainer->batch;
    gsize T0 = (gsize)trainer->v.grid * (gsize)trainer->v.grid, n = (gsize)b->pictures;

    if (has_middle(trainer))
        draw_mask(random, 0.15, 0.25, b->middle + n * T0, n * T0);
    draw_mask(random, 0.4, 0.5, b->down[0] + n * T0, n * T0);
    draw_mask(random, 0.1, 0.2, b->down[1] + n * T0 / 4, n * T0 / 4);
}

static void draw_seen(const EdtTrainer *trainer, EdtRandom *random)
{
    const EdtTraining *training = edt_variant_training(&trainer->v);
    const EdtBatch *b = &trainer->batch;
    const int T0 = trainer->v.grid * trainer->v.grid;
    g_autofree float *noise = g_new(float, T0);
    float draw;

    edt_random_uniform(random, &draw, 1);
    const int seen = edt_hiding_seen(T0, training->least, training->most, draw);
    for (int row = b->pictures; row < b->rows; row++) {
        edt_random_uniform(random, noise, (gsize)T0);
        edt_hiding_choose(T0, noise, seen, b->seen + (gsize)row * (gsize)T0);
    }
}

static void fill_masks(Filling *f)
{
    EdtTrainer *trainer = f->trainer;
    EdtRandom random;

    edt_train_random(&random, trainer->options.seed, EDT_DRAW_MASKS, f->step, f->part);
    switch (edt_variant_training(&trainer->v)->hiding) {
    case EDT_HIDING_NONE:
        break;
    case EDT_HIDING_DOWN:
        draw_drops(trainer, &random);
        break;
    case EDT_HIDING_SIDE:
        draw_seen(trainer, &random);
        break;
    }
}

/* Two words of 24 and 29 bits make a number in [0, 1). */
static void fill_timesteps(Filling *f)
{
    EdtTrainer *trainer = f->trainer;
    EdtBatch *b = &trainer->batch;
    EdtRandom random;

    edt_train_random(&random, trainer->options.seed, EDT_DRAW_TIMESTEPS, f->step, f->part);
    for (int i = 0; i < b->pictures; i++) {
        double high = edt_random_below(&random, 1u << 24),
               low = edt_random_below(&random, 1u << 29);
        b->uniforms[i] = (high + low * 0x1p-29) * 0x1p-24;
    }
    edt_resampler_sample(trainer->resampler, b->pictures, b->uniforms, b->timestep, b->weight);
}

gboolean edt_batch_fill(EdtTrainer *trainer, int part, GError **error)
{
    EdtBatch *b = &trainer->batch;
    g_autofree int *index = g_new(int, b->pictures);
    Filling f = {trainer, trainer->step, part, index, NULL};

    for (int i = 0; i < b->pictures; i++)
        index[i] = edt_picture_draw_at(trainer->draw, trainer->step * trainer->options.batch +
                                                          part * b->pictures + i);
    fill_timesteps(&f);
    if (trainer->options.masked)
        fill_masks(&f);
#pragma omp parallel for schedule(dynamic, 1) num_threads(trainer->threads)
    for (int i = 0; i < b->pictures; i++)
        fill_picture(&f, i);
    if (f.error) {
        g_propagate_error(error, f.error);
        return FALSE;
    }
#pragma omp parallel for schedule(dynamic, 1) num_threads(trainer->threads)
    for (int row = 0; row < b->rows; row++)
        fill_row(&f, row);
    return TRUE;
}
