/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The latents of an autoencoder that has its own, as metadata: lists of numbers in JSON, one for
 * each channel.  A codec's file says them of itself, a model's file of the codec in it.
 */
#pragma once

#include "edt.h"

typedef struct {
    const char *mean, *deviation; /* [numbers]; NULL: 0, 1 */
    const char *colours;          /* [[red, green, blue], ...]; NULL: none are known */
} EdtLatentTexts;

/* To be freed; NULL where one of them is no such list of that many channels. */
EdtLatentChannel *edt_latents_read(const EdtLatentTexts *texts, int channels);
/* The same written, to be freed; colours is NULL where there are none. */
void edt_latents_write(const EdtLatentChannel *latents, int channels, char **mean, char **deviation,
                       char **colours);
