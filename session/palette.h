/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Few colours: each pixel gets the one of a palette that looks most like its own.
 */
#pragma once

#include <glib.h>

typedef struct {
    int n;
    float *colours; /* [n, 3] of sRGB, 0..1 */
    float *looks;   /* [n, 3], the same as they are seen (Oklab) */
} EdtPalette;

/* colours are copied; n is at least 1. */
EdtPalette *edt_palette_new(const float *colours, int n);
void edt_palette_free(EdtPalette *palette); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EdtPalette, edt_palette_free)

/* Pixels of sRGB, 0..1, red, green, blue first of `channels`; others stay, such as alpha. */
void edt_palette_limit(const EdtPalette *palette, float *pixels, gsize n, int channels);
