/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See canvas.h: between bytes, files and the numbers of a model.  paper.c clears white paper,
 * kept.c is the folder of sources and masks of finished pictures.
 */
#include "canvas.h"
#include "files/picture_file.h"
#include "sample/pixels.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

const char *const edt_paper_words[] = {"auto", "keep", "clear", NULL};

/* ---- bytes to numbers and back ---- */

int edt_canvas_source_channels(const EdtModelInfo *info)
{
    return info->has_alpha ? 4 : 3;
}

static int channels_of(const EdtModelInfo *info, EdtCanvasPart part)
{
    return part == EDT_CANVAS_MASK ? 1 : edt_canvas_source_channels(info);
}

static gsize pixels_of(const EdtModelInfo *info)
{
    return (gsize)info->image_size * (gsize)info->image_size;
}

/* A premultiplied number of -1..1.  A quotient of whole numbers, then a difference: no machine
 * rounds them in another way, so the numbers have the same hash everywhere. */
static float number(int byte, int alpha)
{
    return (float)((double)(2 * byte * alpha) / (255.0 * 255.0) - 1.0);
}

float *edt_canvas_from_bytes(const EdtModelInfo *info, EdtCanvasPart part, const guint8 *bytes)
{
    const gsize hw = pixels_of(info), C = (gsize)channels_of(info, part);
    float *numbers = g_new(float, C *hw);

    for (gsize i = 0; i < hw; i++) {
        const guint8 *pixel = bytes + i * C;
        const int alpha = C == 4 ? pixel[3] : 255;
        for (gsize c = 0; c < C; c++)
            numbers[c * hw + i] = part == EDT_CANVAS_MASK ? (float)(pixel[0] / 255.0)
                                  : c == 3                ? number(alpha, 255)
                                                          : number(pixel[c], alpha);
    }
    return numbers;
}

guint8 *edt_canvas_to_bytes(const EdtModelInfo *info, EdtCanvasPart part, const float *numbers)
{
    const gsize hw = pixels_of(info);
    const int C = channels_of(info, part);
    guint8 *bytes = g_malloc((gsize)C * hw);

    if (part == EDT_CANVAS_SOURCE)
        edt_pixels_to_bytes(numbers, C, (int)hw, bytes);
    for (gsize i = 0; part == EDT_CANVAS_MASK && i < hw; i++)
        bytes[i] = (guint8)lrintf(CLAMP(numbers[i], 0.0f, 1.0f) * 255.0f);
    return bytes;
}

char *edt_canvas_sha256(const EdtModelInfo *info, EdtCanvasPart part, const float *numbers)
{
    if (!numbers)
        return NULL;
    return g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)numbers,
                                       pixels_of(info) * (gsize)channels_of(info, part) *
                                           sizeof(float));
}

/* ---- any size to the model's ---- */

/* Where a pixel of the square lies on a side of `length` pixels, of which it shows `shown`. */
typedef struct {
    double scale, before; /* pixels of the picture to one of the square; from its edge on */
    int length;
} Axis;

static Axis axis(int length, double shown, int side)
{
    return (Axis){shown / side, (length - shown) / 2, length};
}

/* A tent as wide as a pixel of the square, or of the picture where that is the larger. */
static double weight(const Axis *a, int to, int from)
{
    const double middle = a->before + (to + 0.5) * a->scale, width = MAX(a->scale, 1);
    return MAX(1 - fabs(from + 0.5 - middle) / width, 0);
}

static int first(const Axis *a, int to)
{
    return (int)floor(a->before + (to + 0.5) * a->scale - MAX(a->scale, 1) - 0.5);
}

static int last(const Axis *a, int to)
{
    return (int)ceil(a->before + (to + 0.5) * a->scale + MAX(a->scale, 1) - 0.5);
}

static gboolean is_shown(const Axis *a, int from)
{
    return from + 0.5 > a->before && from + 0.5 < a->length - a->before;
}

/* Premultiplied sum of what a pixel of the square covers.  Beside a picture that does not fill the
 * square there is nothing; beyond the square nothing counts but the picture. */
static void cover(const guint8 *rgba, const Axis *ax, const Axis *ay, int x, int y, double sum[4])
{
    double whole = 0;
    memset(sum, 0, 4 * sizeof *sum);
    for (int v = first(ay, y); v <= last(ay, y); v++)
        for (int u = first(ax, x); u <= last(ax, x); u++) {
            const double w = weight(ax, x, u) * weight(ay, y, v);
            const gboolean inside = u >= 0 && v >= 0 && u < ax->length && v < ay->length;
            if (inside || (is_shown(ax, u) && is_shown(ay, v)))
                whole += w;
            if (!inside)
                continue;
            const guint8 *pixel = rgba + ((gsize)v * (gsize)ax->length + (gsize)u) * 4;
            for (int c = 0; c < 3; c++)
                sum[c] += w * pixel[c] * pixel[3] / 255.0;
            sum[3] += w * pixel[3];
        }
    for (int c = 0; c < 4 && whole > 0; c++)
        sum[c] /= whole;
}

static guint8 byte(double value)
{
    return (guint8)lrint(CLAMP(value, 0, 255));
}

static void store(const EdtModelInfo *info, EdtCanvasPart part, const double sum[4], guint8 *out)
{
    if (part == EDT_CANVAS_MASK) { /* ITU-R BT.601, which is what gray is elsewhere */
        out[0] = byte(0.299 * sum[0] + 0.587 * sum[1] + 0.114 * sum[2]);
        return;
    }
    for (int c = 0; c < 3; c++)
        out[c] = byte(!info->has_alpha ? sum[c] + 255 - sum[3]
                      : sum[3] > 0     ? sum[c] * 255 / sum[3]
                                       : 0);
    if (info->has_alpha)
        out[3] = byte(sum[3]);
    if (info->has_alpha && out[3] == 0) /* what cannot be seen is not kept either */
        memset(out, 0, 3);
}

guint8 *edt_canvas_fit(const EdtModelInfo *info, EdtCanvasPart part, const guint8 *rgba, int width,
                       int height)
{
    const int side = info->image_size, C = channels_of(info, part);
    const double shown = info->has_alpha ? MAX(width, height) : MIN(width, height);
    const Axis ax = axis(width, shown, side), ay = axis(height, shown, side);
    guint8 *out = g_malloc(pixels_of(info) * (gsize)C);

    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            double sum[4];
            cover(rgba, &ax, &ay, x, y, sum);
            store(info, part, sum, out + (gsize)(y * side + x) * (gsize)C);
        }
    return out;
}

/* ---- files ---- */

static guint8 *rgba_of(GdkPixbuf *picture, int width, int height)
{
    const int channels = gdk_pixbuf_get_n_channels(picture);
    const int stride = gdk_pixbuf_get_rowstride(picture);
    const guint8 *from = gdk_pixbuf_read_pixels(picture);
    guint8 *rgba = g_try_malloc((gsize)width * (gsize)height * 4);

    for (int y = 0; rgba && y < height; y++)
        for (int x = 0; x < width; x++) {
            const guint8 *pixel = from + (gsize)y * (gsize)stride + (gsize)(x * channels);
            guint8 *to = rgba + ((gsize)y * (gsize)width + (gsize)x) * 4;
            memcpy(to, pixel, 3);
            to[3] = channels == 4 ? pixel[3] : 255;
        }
    return rgba;
}

static gboolean is_opaque(const guint8 *rgba, gsize pixels)
{
    for (gsize i = 0; i < pixels; i++)
        if (rgba[4 * i + 3] < 255)
            return FALSE;
    return TRUE;
}

static void clear_paper(const EdtModelInfo *info, EdtCanvasPart part, EdtPaper paper, guint8 *rgba,
                        int width, int height)
{
    if (part != EDT_CANVAS_SOURCE || !info->has_alpha || paper == EDT_PAPER_KEEP)
        return;
    if (paper == EDT_PAPER_CLEAR || is_opaque(rgba, (gsize)width * (gsize)height))
        edt_canvas_clear_paper(rgba, width, height);
}

float *edt_canvas_load(const EdtModelInfo *info, EdtCanvasPart part, const char *path,
                       EdtPaper paper, GError **error)
{
    g_autofree char *why = NULL;
    g_autoptr(GdkPixbuf) picture = edt_picture_stream_read(path, &why);
    if (!picture) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                    _("“%s” cannot be used as a picture: %s. Save it anew, as PNG."), path, why);
        return NULL;
    }
    const int width = gdk_pixbuf_get_width(picture), height = gdk_pixbuf_get_height(picture);
    g_autofree guint8 *rgba = rgba_of(picture, width, height);
    if (!rgba) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_NO_MEMORY, _("There is no memory for “%s”."), path);
        return NULL;
    }
    clear_paper(info, part, paper, rgba, width, height);
    g_autofree guint8 *bytes = edt_canvas_fit(info, part, rgba, width, height);
    return edt_canvas_from_bytes(info, part, bytes);
}
