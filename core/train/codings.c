/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Changes of pictures before they are encoded; see codings.h.  Next: augment.c, which makes them.
 */
#include "train/codings.h"
#include "train/augment.h"
#include "train/draws.h"

struct EdtCodings {
    const EdtLatentOptions *o;
    const EdtDataset *pictures;
    int channels;
    gint64 *first; /* [pictures + 1]: the number of each picture's first coding */
};

static gboolean mirrors(const EdtCodings *c, const EdtPictureFacts *picture)
{
    return c->o->flip && picture->mirror;
}

static gboolean recolours(const EdtCodings *c, const EdtPictureFacts *picture)
{
    return c->o->hue > 0 && picture->recolour;
}

/* As many as differ from each other. */
static int count(const EdtCodings *c, const EdtPictureFacts *picture)
{
    if (c->o->affine > 0 || recolours(c, picture))
        return MAX(c->o->codings, 1);
    return mirrors(c, picture) ? 2 : 1;
}

EdtCodings *edt_codings_new(const EdtLatentOptions *options, const EdtDataset *pictures,
                            int channels)
{
    EdtCodings *c = g_new0(EdtCodings, 1);

    *c = (EdtCodings){options, pictures, channels, g_new0(gint64, pictures->count + 1)};
    for (int i = 0; i < pictures->count; i++) {
        EdtPictureFacts picture = edt_pictures_facts(pictures, i);
        c->first[i + 1] = c->first[i] + count(c, &picture);
    }
    return c;
}

void edt_codings_free(EdtCodings *c)
{
    if (c)
        g_free(c->first);
    g_free(c);
}

int edt_codings_of(const EdtCodings *c, int picture)
{
    return (int)(c->first[picture + 1] - c->first[picture]);
}

gint64 edt_codings_count(const EdtCodings *c)
{
    return c->first[c->pictures->count];
}

gint64 edt_codings_record(const EdtCodings *c, int picture, int coding)
{
    return c->first[picture] + coding;
}

/* ---- pixels ---- */

static void turn(int rows, int side, float *x)
{
    for (int row = 0; row < rows; row++)
        for (int i = 0; i < side / 2; i++) {
            float *left = x + (gsize)row * (gsize)side + i;
            float *right = x + (gsize)row * (gsize)side + side - 1 - i, was = *left;
            *left = *right;
            *right = was;
        }
}

void edt_codings_draw(const EdtCodings *c, int picture, int coding, const guint8 *pixels, float *x)
{
    const int side = c->o->image_size;
    EdtPictureFacts facts = edt_pictures_facts(c->pictures, picture);
    EdtPictureOptions how = {.side = side, .channels = c->channels};
    gboolean mirrored = mirrors(c, &facts) && coding % 2;
    EdtRandom random;

    if (coding > mirrored) { /* not the picture as it is, nor its plain mirror image */
        how.affine = c->o->affine;
        how.hue = recolours(c, &facts) ? c->o->hue : 0;
    }
    edt_train_random(&random, 0, EDT_DRAW_PICTURE, picture, coding);
    edt_augment(pixels, &how, &random, x);
    if (mirrored)
        turn(c->channels * side, side, x);
}
