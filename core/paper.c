/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * White paper under a drawing; see canvas.h.  A model with alpha has never seen an opaque corner:
 * the ground has to go, and what an outline encloses has to be a body, neither white nor nothing.
 */
#include "canvas.h"

#include <string.h>

#define WHITE 224  /* the least of the three colours of paper */
#define BORDER 0.6 /* share of the border that is paper, where it is a drawing on paper */
#define GAP 1      /* an outline is thought this much wider on both sides: gaps of 2 pixels close */
#define GRAY 128

typedef struct {
    int width, height;
    guint8 *paper;   /* is nearly white */
    guint8 *closed;  /* is, or is next to, what is not */
    guint8 *outside; /* is paper that reaches the border */
} Sheet;

static gsize count(const Sheet *sheet)
{
    return (gsize)sheet->width * (gsize)sheet->height;
}

static gboolean is_paper(const guint8 *pixel)
{
    return pixel[3] == 255 && pixel[0] >= WHITE && pixel[1] >= WHITE && pixel[2] >= WHITE;
}

static double border_share(const Sheet *sheet)
{
    const int w = sheet->width, h = sheet->height;
    int found = 0;
    for (int x = 0; x < w; x++)
        found += sheet->paper[x] + sheet->paper[(gsize)(h - 1) * (gsize)w + (gsize)x];
    for (int y = 0; y < h; y++)
        found += sheet->paper[(gsize)y * (gsize)w] + sheet->paper[(gsize)(y + 1) * (gsize)w - 1];
    return found / (2.0 * (w + h));
}

static void close_gaps(const Sheet *sheet)
{
    const int w = sheet->width, h = sheet->height;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            if (sheet->paper[(gsize)y * (gsize)w + (gsize)x])
                continue;
            for (int v = MAX(y - GAP, 0); v <= MIN(y + GAP, h - 1); v++)
                memset(sheet->closed + (gsize)v * (gsize)w + MAX(x - GAP, 0), 1,
                       (gsize)(MIN(x + GAP, w - 1) - MAX(x - GAP, 0) + 1));
        }
}

/* From the border, along what `bars` does not bar. */
static void flood(const Sheet *sheet, const guint8 *bars)
{
    const int w = sheet->width, h = sheet->height;
    g_autoptr(GArray) next = g_array_new(FALSE, FALSE, sizeof(int[2]));

#define VISIT(x_, y_)                                                                              \
    do {                                                                                           \
        const gsize to_ = (gsize)(y_) * (gsize)w + (gsize)(x_);                                    \
        if (!bars[to_] && !sheet->outside[to_]) {                                                  \
            int place_[2] = {x_, y_};                                                              \
            sheet->outside[to_] = 1;                                                               \
            g_array_append_val(next, place_);                                                      \
        }                                                                                          \
    } while (0)
    for (int i = 0; i < 2 * (w + h); i++) { /* all four sides */
        const int x = i < 2 * w ? i % w : (i - 2 * w) / h * (w - 1);
        const int y = i < 2 * w ? i / w * (h - 1) : (i - 2 * w) % h;
        VISIT(x, y);
    }
    while (next->len > 0) {
        const int *place = (const int *)(gpointer)next->data + 2 * (next->len - 1);
        const int x = place[0], y = place[1];
        g_array_set_size(next, next->len - 1);
        if (x > 0)
            VISIT(x - 1, y);
        if (x + 1 < w)
            VISIT(x + 1, y);
        if (y > 0)
            VISIT(x, y - 1);
        if (y + 1 < h)
            VISIT(x, y + 1);
    }
#undef VISIT
}

/* What the wider outline kept from the flood, but is paper beside it, is outside too. */
static void reach_outline(const Sheet *sheet)
{
    const int w = sheet->width, h = sheet->height;
    g_autofree guint8 *reached = g_memdup2(sheet->outside, count(sheet));
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            const gsize at = (gsize)y * (gsize)w + (gsize)x;
            if (sheet->outside[at] || !sheet->paper[at])
                continue;
            for (int v = MAX(y - GAP, 0); v <= MIN(y + GAP, h - 1); v++)
                for (int u = MAX(x - GAP, 0); u <= MIN(x + GAP, w - 1); u++)
                    reached[at] |= sheet->outside[(gsize)v * (gsize)w + (gsize)u];
        }
    memcpy(sheet->outside, reached, count(sheet));
}

static void paint(const Sheet *sheet, guint8 *rgba)
{
    for (gsize i = 0; i < count(sheet); i++) {
        if (!sheet->paper[i])
            continue;
        memset(rgba + 4 * i, sheet->outside[i] ? 0 : GRAY, 3);
        rgba[4 * i + 3] = sheet->outside[i] ? 0 : 255;
    }
}

gboolean edt_canvas_clear_paper(guint8 *rgba, int width, int height)
{
    const gsize n = (gsize)width * (gsize)height;
    g_autofree guint8 *planes = g_malloc0(3 * n);
    const Sheet sheet = {width, height, planes, planes + n, planes + 2 * n};

    for (gsize i = 0; i < n; i++)
        sheet.paper[i] = is_paper(rgba + 4 * i);
    if (border_share(&sheet) < BORDER)
        return FALSE;
    close_gaps(&sheet);
    flood(&sheet, sheet.closed);
    reach_outline(&sheet);
    paint(&sheet, rgba);
    return TRUE;
}
