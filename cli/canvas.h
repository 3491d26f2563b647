/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The canvas at the command line: what a picture starts from and where it is made, which other
 * classes and seeds have a part in it, and the frames from one to the other.
 */
#pragma once

#include "cli/settings.h"

/* Numbers of a source and a mask, shared by the tasks of one plan; NULL: none. */
typedef struct {
    GBytes *source, *mask;
} EdtCliCanvas;

EdtCliCanvas edt_cli_canvas_ref(const EdtCliCanvas *canvas);
void edt_cli_canvas_clear(EdtCliCanvas *canvas);
/* Lays them under an item, which borrows them. */
void edt_cli_canvas_lay(const EdtCliCanvas *canvas, EdtItem *item);

/* Takes source and mask: each a file, or what was kept under a SHA-256 (folder `beside` is looked
 * at too); NULL: none. */
gboolean edt_cli_canvas_take(EdtCliCanvas *canvas, const EdtCliSettings *settings,
                             const EdtModelInfo *info, const char *source, const char *mask,
                             const char *beside, GError **error);
/* What was not said of freedom and fill: what suits a source and a mask. */
void edt_cli_canvas_suit(EdtItem *item, gboolean freedom_said, gboolean fill_said);

/* What of a mix and of variations was left to chance: another one every time it is read. */
enum { EDT_CLI_CLASS_DRAWN = 1, EDT_CLI_STYLE_DRAWN = 2 };
typedef struct {
    guint mix[EDT_MIX_MAX];
    guint variation[EDT_VARIATIONS_MAX]; /* its seed */
} EdtCliDrawn;

gboolean edt_cli_is_drawn(const EdtCliDrawn *drawn);
gboolean edt_cli_is_mix_drawn(const EdtCliDrawn *drawn); /* what a name is made of, too */
/* Had chance decided as it did for what is there. */
EdtMix edt_cli_mix_follow_drawn(const EdtMix *mix, const EdtCliDrawn *drawn, const EdtMix *there);
EdtVariation edt_cli_variation_follow_drawn(const EdtVariation *variation, const EdtCliDrawn *drawn,
                                            const EdtVariation *there);
/* "owl:0.4,cat/flat:0.1" of a model; a class without a weight gets `usual`, one without a style
 * that of the picture, once it has one and is settled. */
gboolean edt_cli_mix_parse(const EdtModelInfo *info, const char *text, double usual, EdtMix *mix,
                           EdtCliDrawn *drawn, GError **error);
/* Classes of a mix in this style get that of the picture, too. */
void edt_cli_mix_follow(EdtMix *mix, int style);
/* The item has its style: what waits for it gets it. */
void edt_cli_mix_settle(EdtItem *item);
/* "7:0.2,9:0.1". */
gboolean edt_cli_variation_parse(const char *text, EdtVariation *variation, EdtCliDrawn *drawn,
                                 GError **error);

/* Frame `i` of n on the way from an item without its mix and variations to the item itself. */
void edt_cli_frame(EdtItem *item, int i, int n);
