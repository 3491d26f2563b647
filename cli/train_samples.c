/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A grid of pictures from the model as it is: the way to see a run go right or wrong.  Always the
 * same classes and seeds, so that grids of different steps can be laid side by side.
 */
#include "cli/training.h"
#include "record.h"

#include <string.h>

#define GRID 8 /* pictures a side, at most */
#define GAP 2  /* pixels between them */

/* One picture into the grid; where there is alpha, over a light grey. */
static void place(const EdtPicture *picture, EdtPicture *grid, int cell)
{
    const int w = picture->width, channels = picture->channels;
    int left = cell % GRID * (w + GAP), top = cell / GRID * (picture->height + GAP);

    for (int y = 0; y < picture->height; y++)
        for (int x = 0; x < w; x++) {
            const float *from = picture->pixels + (y * w + x) * channels;
            float *to = grid->pixels + ((top + y) * grid->width + left + x) * 3;
            float alpha = channels == 4 ? from[3] : 1.0f;
            for (int c = 0; c < 3; c++)
                to[c] = from[c] * alpha + 0.85f * (1 - alpha);
        }
}

static gboolean write_grid(gpointer grid, const EdtCliRunFile *file, GError **error)
{
    return edt_picture_save(grid, file->path, NULL, file->own ? EDT_WRITE_REPLACE : EDT_WRITE_NEW,
                            NULL, error);
}

/* Of a run that goes on from before it, a grid is made again. */
static gboolean save_grid(const EdtCliTraining *t, const EdtCliLog *log, gint64 step,
                          const EdtPictures *pictures, GError **error)
{
    const EdtPicture *first = &pictures->pictures[0];
    int rows = (pictures->n_pictures + GRID - 1) / GRID, columns = MIN(GRID, pictures->n_pictures);
    EdtPicture grid = {.width = columns * (first->width + GAP) - GAP,
                       .height = rows * (first->height + GAP) - GAP,
                       .channels = 3};
    g_autofree char *name = g_strdup_printf("samples-%06" G_GINT64_FORMAT ".png", step);
    EdtCliRunFile file = {"samples", g_build_filename(t->folder, name, NULL), t->force, FALSE};
    gsize numbers = (gsize)grid.width * (gsize)grid.height * 3;
    gboolean ok;

    grid.pixels = g_new(float, numbers);
    for (gsize i = 0; i < numbers; i++)
        grid.pixels[i] = 0.6f;
    for (int i = 0; i < pictures->n_pictures; i++)
        place(&pictures->pictures[i], &grid, i);
    ok = edt_cli_train_keep(&file, log, write_grid, &grid, error);
    g_free(grid.pixels);
    g_free(file.path);
    return ok;
}

gboolean edt_cli_train_samples(const EdtCliTraining *t, const EdtCliLog *log, const char *model,
                               gint64 step, GError **error)
{
    EdtEngineOptions options = {.threads = t->options.threads,
                                .backend = EDT_BACKEND_CPU,
                                .precision = t->options.precision};
    EdtEngine *engine = edt_engine_open(model, &options, error);
    EdtItem items[GRID * GRID];
    EdtRequest request;
    EdtPictures *pictures;
    gboolean ok = FALSE;

    if (!engine)
        return FALSE;
    const EdtModelInfo *info = edt_engine_info(engine);
    edt_request_init(&request, engine);
    request.n_items = MIN(GRID * GRID, info->n_classes);
    for (int i = 0; i < request.n_items; i++)
        items[i] = (EdtItem){.class_index = (int)((gint64)i * info->n_classes / request.n_items),
                             .seed = (guint64)i,
                             .style = info->n_styles ? i % info->n_styles : EDT_STYLE_ANY};
    request.items = items;
    request.steps = t->sample_steps;
    request.cfg_scale = t->sample_guidance;
    request.amm = EDT_AMM_OFF;
    gboolean blind = edt_model_info_makes(info) == EDT_MAKES_LATENTS_ONLY;
    request.latent_only = blind; /* nothing to look at: only that it runs */
    pictures = edt_generate(engine, &request, NULL, NULL, error);
    if (pictures && pictures->error)
        g_propagate_error(error, g_steal_pointer(&pictures->error));
    else
        ok = pictures && (blind || save_grid(t, log, step, pictures, error));
    edt_pictures_free(pictures);
    edt_engine_close(engine);
    return ok;
}
