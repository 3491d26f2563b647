/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sources and masks, beside edt.h: what EdtItem starts from and where it is made, out of bytes and
 * files, and how they are kept so that a record can be made again.
 *
 * A record names both by the SHA-256 of their numbers.  What was made by these functions has whole
 * bytes and is kept as a PNG without loss.
 */
#pragma once

#include "edt.h"

G_BEGIN_DECLS

typedef enum {
    EDT_CANVAS_SOURCE, /* EdtItem.source */
    EDT_CANVAS_MASK,   /* EdtItem.mask */
} EdtCanvasPart;

/* How free a picture is that redraws its source, unless something else is said. */
#define EDT_CANVAS_FREEDOM 0.6

/* Channels of a source's bytes: 3, or 4 for models with alpha. */
int edt_canvas_source_channels(const EdtModelInfo *info);

/* Of image_size x image_size pixels in rows of bytes.  A source is sRGB in
 * edt_canvas_source_channels(), alpha straight; a mask is one byte a pixel, 255 where the picture
 * is made.  Free with g_free(). */
float *edt_canvas_from_bytes(const EdtModelInfo *info, EdtCanvasPart part, const guint8 *bytes);
/* The same bytes again, where the numbers were made of bytes. */
guint8 *edt_canvas_to_bytes(const EdtModelInfo *info, EdtCanvasPart part, const float *numbers);

/* Straight RGBA of any size to such bytes: premultiplied, scaled to fit the square, in its middle.
 * With alpha all of it and transparent beside it; without, the middle square of it, on white.  A
 * mask of RGBA is how bright it is, 0 where it is transparent.  Source and mask of the same size
 * stay in place with each other.  Free with g_free(). */
guint8 *edt_canvas_fit(const EdtModelInfo *info, EdtCanvasPart part, const guint8 *rgba, int width,
                       int height);

/* Line art and scans on white paper are no drawing to a model with alpha: its ground is
 * transparent.  Makes the paper that reaches the border transparent, also through gaps of two
 * pixels in an outline, and what the outline encloses of it grey, in place.  FALSE, and nothing
 * changed: there is no white paper (the border is mostly of another colour, or transparent). */
gboolean edt_canvas_clear_paper(guint8 *rgba, int width, int height);

typedef enum { EDT_PAPER_AUTO, EDT_PAPER_KEEP, EDT_PAPER_CLEAR } EdtPaper;
extern const char *const edt_paper_words[];

/* A picture file in any format of gdk-pixbuf, fitted.  paper, of sources for models with alpha:
 * AUTO clears it where the picture has no transparent pixel.  Errors: EDT_ERROR_BAD_FILE. */
float *edt_canvas_load(const EdtModelInfo *info, EdtCanvasPart part, const char *path,
                       EdtPaper paper, GError **error);

/* NULL for NULL; free with g_free(). */
char *edt_canvas_sha256(const EdtModelInfo *info, EdtCanvasPart part, const float *numbers);

/* $XDG_STATE_HOME/edt/history/sources: "<sha256>.png" each; the ones used least lately go. */
char *edt_canvas_folder(void);
/* Keeps source and mask of a picture there.  Errors: EDT_ERROR_FAILED; EDT_ERROR_USAGE where
 * numbers are no whole bytes, so that a PNG could not give them back. */
gboolean edt_canvas_keep(const EdtModelInfo *info, const EdtItem *item, GError **error);
/* What a record names, from there or from the folder `beside` (may be NULL) and its "sources".
 * Errors: EDT_ERROR_BAD_FILE, which says what is missing. */
float *edt_canvas_find(const EdtModelInfo *info, EdtCanvasPart part, const char *sha256,
                       const char *beside, GError **error);
/* Whether path is one of the files which that looks at. */
gboolean edt_canvas_is_at(const char *sha256, const char *beside, const char *path);

G_END_DECLS
