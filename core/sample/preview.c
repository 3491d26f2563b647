/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See preview.h.  Called from engine/run.c.
 */
#include "sample/preview.h"

#include <math.h>

gboolean edt_preview_knows(const EdtLatentChannel *latents, int C)
{
    for (int c = 0; c < C; c++)
        for (int k = 0; k < 3; k++)
            if (latents[c].colour[k] != 0.0f)
                return TRUE;
    return FALSE;
}

/* The sum lies about -1..1; fmaxf also takes NaN to 0. */
static guint8 byte(float sum)
{
    return (guint8)(fminf(fmaxf((sum + 1.0f) / 2.0f, 0.0f), 1.0f) * 255.0f + 0.5f);
}

void edt_preview_latent(const EdtLatentChannel *latents, int C, const float *latent, int hw,
                        guint8 *rgb)
{
    const gsize plane = (gsize)hw;

    for (gsize i = 0; i < plane; i++)
        for (gsize k = 0; k < 3; k++) {
            float sum = 0.0f;
            for (gsize c = 0; c < (gsize)C; c++)
                sum += latent[c * plane + i] * latents[c].colour[k];
            rgb[3 * i + k] = byte(sum);
        }
}
