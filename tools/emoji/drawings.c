/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See drawings.h.
 */
#include "drawings.h"

#include <png.h>
#include <stdio.h>
#include <stdlib.h>

_Noreturn void drawings_die(const char *what, const char *path)
{
    fprintf(stderr, "%s: %s\n", path, what);
    exit(3);
}

/* ---- pictures ---- */

/* One pixel of the small picture: colours are averaged as far as they cover. */
static void average(const guint8 *from, int side, int step, guint8 *to)
{
    unsigned sums[3] = {0}, alpha = 0, count = (unsigned)(step * step);
    for (int y = 0; y < step; y++) {
        for (int x = 0; x < step; x++) {
            const guint8 *pixel = from + 4 * (y * side + x);
            for (int c = 0; c < 3; c++)
                sums[c] += (unsigned)pixel[c] * pixel[3];
            alpha += pixel[3];
        }
    }
    for (int c = 0; c < 3; c++)
        to[c] = (guint8)(alpha ? (sums[c] + alpha / 2) / alpha : 0);
    to[3] = (guint8)((alpha + count / 2) / count);
}

void drawings_read_png(const char *path, guint8 *rgba)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_file(&image, path))
        drawings_die("cannot be read as PNG.", path);
    image.format = PNG_FORMAT_RGBA;
    int side = (int)image.width, step = side / EMOJI_SIDE;
    if (image.height != image.width || !step || side % EMOJI_SIDE)
        drawings_die("is no square of 64 pixels or a multiple.", path);
    g_autofree guint8 *whole = g_malloc(PNG_IMAGE_SIZE(image));
    if (!png_image_finish_read(&image, NULL, whole, 0, NULL))
        drawings_die("cannot be read as PNG.", path);
    for (int y = 0; y < EMOJI_SIDE; y++) {
        for (int x = 0; x < EMOJI_SIDE; x++)
            average(whole + 4 * (gsize)step * ((gsize)y * (gsize)side + (gsize)x), side, step,
                    rgba + 4 * (y * EMOJI_SIDE + x));
    }
}

/* ---- tables ---- */

static int style_index(GPtrArray *styles, const char *style)
{
    guint index = 0;
    if (!g_ptr_array_find_with_equal_func(styles, style, g_str_equal, &index)) {
        index = styles->len;
        g_ptr_array_add(styles, g_strdup(style));
    }
    return (int)index;
}

static Drawing read_drawing(const char *folder, char **fields, GPtrArray *styles, gboolean question)
{
    guint8 rgba[EMOJI_SIDE * EMOJI_SIDE * 4];
    Drawing drawing = {.class_index = atoi(fields[0]),
                       .style = style_index(styles, fields[1]),
                       .path = g_build_filename(folder, fields[2], NULL)};
    drawings_read_png(drawing.path, rgba);
    emoji_picture_from_rgba(&drawing.picture, rgba);
    if (question) {
        drawing.question = g_new(EmojiQuestion, 1);
        emoji_question_from_rgba(drawing.question, rgba);
    }
    return drawing;
}

static void read_table(const char *folder, const char *name, gboolean needed, GArray *drawings,
                       GPtrArray *styles, gboolean questions)
{
    g_autofree char *path = g_build_filename(folder, name, NULL), *text = NULL;
    g_autoptr(GError) error = NULL;
    if (!g_file_get_contents(path, &text, NULL, &error)) {
        if (needed)
            drawings_die(error->message, path);
        return;
    }
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        g_auto(GStrv) fields = g_strsplit(*line, "\t", -1);
        if (**line == '#' || g_strv_length(fields) < 3)
            continue;
        Drawing drawing = read_drawing(folder, fields, styles, questions);
        drawing.held_out = !needed;
        g_array_append_val(drawings, drawing);
    }
}

Drawings drawings_read(const char *folder, gboolean questions)
{
    GArray *drawings = g_array_new(FALSE, FALSE, sizeof(Drawing));
    GPtrArray *styles = g_ptr_array_new();
    read_table(folder, "drawings.tsv", TRUE, drawings, styles, questions);
    read_table(folder, "held-out.tsv", FALSE, drawings, styles, questions);
    if (styles->len > DRAWINGS_STYLES_MAX)
        drawings_die("names more than 32 styles.", folder);
    g_ptr_array_add(styles, NULL);
    Drawings read = {.n = (int)drawings->len};
    read.drawings = (Drawing *)(void *)g_array_free(drawings, FALSE);
    read.styles = (char **)g_ptr_array_free(styles, FALSE);
    if (!read.n)
        drawings_die("names no drawings.", folder);
    return read;
}

void drawings_clear(Drawings *all)
{
    for (int i = 0; i < all->n; i++) {
        g_free(all->drawings[i].question);
        g_free(all->drawings[i].path);
    }
    g_free(all->drawings);
    g_strfreev(all->styles);
}
