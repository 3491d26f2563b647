/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * PNG by libpng: pictures out with their texts, texts and pictures in.  libpng reports failures by
 * longjmp; each function here keeps what it must free in a struct outside the frame that is left.
 */
#include "files/png.h"
#include "files/mapping.h"
#include "files/output.h"
#include "edt.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <png.h>
#include <setjmp.h>
#include <string.h>
#include <unistd.h>

#define SIDE_MAX 16384
#define TEXT_BYTES_MAX (8u << 20)
#define TEXTS_MAX 32
#define LONG_TEXT 1024

typedef struct {
    png_structp png;
    png_infop info;
    FILE *stream;
    char message[200];
    guint8 *row;
} Png;

static void on_error(png_structp png, png_const_charp message)
{
    Png *p = png_get_error_ptr(png);
    g_strlcpy(p->message, message, sizeof p->message);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
}

static gboolean fail(const char *path, const char *what, GError **error)
{
    g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                _("“%s” cannot be read as PNG: %s. Open and save it again in GIMP."), path, what);
    return FALSE;
}

static FILE *open_stream(const char *path, GError **error)
{
    gsize size;
    int fd = edt_mapping_open_file(path, &size, error);
    return fd >= 0 ? fdopen(fd, "rb") : NULL;
}

/* ---- writing ---- */

/* The text in Latin-1, as tEXt wants it, or NULL when it has other characters. */
static char *to_latin1(const char *text)
{
    return g_convert(text, -1, "ISO-8859-1", "UTF-8", NULL, NULL, NULL);
}

static void set_texts(Png *p, const char *const *keys, const char *const *values, int n)
{
    for (int i = 0; i < n; i++) {
        g_autofree char *latin = strlen(values[i]) <= LONG_TEXT ? to_latin1(values[i]) : NULL;
        const char *value = latin ? latin : values[i];
        png_text text = {
            .compression = latin ? PNG_TEXT_COMPRESSION_NONE : PNG_ITXT_COMPRESSION_NONE,
            .key = (char *)keys[i],
            .text = (char *)value,
        };
        if (latin)
            text.text_length = strlen(value);
        else
            text.itxt_length = strlen(value);
        png_set_text(p->png, p->info, &text, 1); /* copies */
    }
}

static gboolean write_all(Png *p, int width, int height, int channels, const guint8 *pixels,
                          const char *const *keys, const char *const *values, int n_texts)
{
    p->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, p, on_error, on_warning);
    p->info = p->png ? png_create_info_struct(p->png) : NULL;
    if (!p->info || setjmp(png_jmpbuf(p->png)))
        return FALSE;
    png_init_io(p->png, p->stream);
    png_set_IHDR(p->png, p->info, (png_uint_32)width, (png_uint_32)height, 8,
                 channels == 4 ? PNG_COLOR_TYPE_RGBA : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_sRGB_gAMA_and_cHRM(p->png, p->info, PNG_sRGB_INTENT_PERCEPTUAL);
    set_texts(p, keys, values, n_texts);
    png_write_info(p->png, p->info);
    for (int y = 0; y < height; y++)
        png_write_row(p->png, pixels + (gsize)y * (gsize)width * (gsize)channels);
    png_write_end(p->png, NULL);
    return TRUE;
}

gboolean edt_png_write_as(const char *path, int width, int height, int channels,
                          const guint8 *pixels, const char *const *keys, const char *const *values,
                          int n_texts, EdtWrite write, char **written, GError **error)
{
    EdtOutput *output;
    Png p = {0};
    gboolean ok;

    g_return_val_if_fail(channels == 3 || channels == 4, FALSE);
    output = edt_output_open(path, write, error);
    if (!output)
        return FALSE;
    p.stream = edt_output_stream(output);
    ok = write_all(&p, width, height, channels, pixels, keys, values, n_texts);
    if (ferror(p.stream)) /* libpng knows no more than "Write Error" */
        g_strlcpy(p.message, g_strerror(errno), sizeof p.message);
    png_destroy_write_struct(&p.png, &p.info);
    if (ok)
        return edt_output_commit_as(output, written, error);
    g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED, _("“%s” could not be written as PNG: %s."),
                path, p.message);
    edt_output_abandon(output);
    return FALSE;
}

gboolean edt_png_write(const char *path, int width, int height, int channels, const guint8 *pixels,
                       const char *const *keys, const char *const *values, int n_texts,
                       GError **error)
{
    return edt_png_write_as(path, width, height, channels, pixels, keys, values, n_texts,
                            EDT_WRITE_REPLACE, NULL, error);
}

/* ---- the texts of a PNG ---- */

/* Texts may stand behind the picture, so all rows are read and dropped. */
static gboolean read_chunks(Png *p)
{
    int passes;

    p->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, p, on_error, on_warning);
    p->info = p->png ? png_create_info_struct(p->png) : NULL;
    if (!p->info || setjmp(png_jmpbuf(p->png)))
        return FALSE;
    png_set_user_limits(p->png, SIDE_MAX, SIDE_MAX);
    png_set_chunk_malloc_max(p->png, TEXT_BYTES_MAX);
    png_set_chunk_cache_max(p->png, TEXTS_MAX); /* each may be so large */
    png_init_io(p->png, p->stream);
    png_read_info(p->png, p->info);
    passes = png_set_interlace_handling(p->png);
    png_read_update_info(p->png, p->info);
    p->row = g_malloc0(png_get_rowbytes(p->png, p->info));
    for (int pass = 0; pass < passes; pass++)
        for (png_uint_32 y = 0; y < png_get_image_height(p->png, p->info); y++)
            png_read_row(p->png, p->row, NULL);
    png_read_end(p->png, p->info);
    return TRUE;
}

static char *find_text(Png *p, const char *key)
{
    png_textp texts = NULL;
    int n = png_get_text(p->png, p->info, &texts, NULL);

    for (int i = 0; i < n; i++) {
        if (strcmp(texts[i].key, key) != 0)
            continue;
        if (texts[i].compression >= PNG_ITXT_COMPRESSION_NONE)
            return g_utf8_make_valid(texts[i].text, -1);
        return g_convert(texts[i].text, -1, "UTF-8", "ISO-8859-1", NULL, NULL, NULL);
    }
    return NULL;
}

char *edt_png_read_text(const char *path, const char *key, GError **error)
{
    Png p = {.stream = open_stream(path, error)};
    char *text = NULL;

    if (!p.stream)
        return NULL;
    if (!read_chunks(&p)) {
        fail(path, p.message, error);
    } else {
        text = find_text(&p, key);
        if (!text)
            g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                        _("“%s” carries no text “%s”: it was not made by this program, or another "
                          "program removed it."),
                        path, key);
    }
    png_destroy_read_struct(&p.png, &p.info, NULL);
    g_free(p.row);
    fclose(p.stream);
    return text;
}

/* ---- the picture ---- */

static guint8 *read_pixels(png_image *image, GError **error, const char *path)
{
    gsize bytes;
    guint8 *pixels;

    if (image->width > SIDE_MAX || image->height > SIDE_MAX) {
        fail(path, _("it is larger than 16384 pixels a side"), error);
        return NULL;
    }
    image->format = image->format & PNG_FORMAT_FLAG_ALPHA ? PNG_FORMAT_RGBA : PNG_FORMAT_RGB;
    bytes = PNG_IMAGE_SIZE(*image);
    pixels = g_try_malloc(bytes);
    if (!pixels) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_NO_MEMORY,
                    _("“%s” needs %zu bytes of memory, which could not be had."), path, bytes);
    } else if (!png_image_finish_read(image, NULL, pixels, 0, NULL)) {
        fail(path, image->message, error);
        g_clear_pointer(&pixels, g_free);
    }
    return pixels;
}

guint8 *edt_png_read(const char *path, int *width, int *height, int *channels, GError **error)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    FILE *stream = open_stream(path, error);
    guint8 *pixels = NULL;

    if (!stream)
        return NULL;
    if (png_image_begin_read_from_stdio(&image, stream)) {
        *width = (int)image.width;
        *height = (int)image.height;
        pixels = read_pixels(&image, error, path);
        *channels = (int)PNG_IMAGE_PIXEL_CHANNELS(image.format);
    } else {
        fail(path, image.message, error);
    }
    png_image_free(&image);
    fclose(stream);
    return pixels;
}
