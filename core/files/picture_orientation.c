/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which side of a picture is up?  Cameras say it in Exif, editors in XMP, and each kind of file
 * keeps these at another place: PNG even as text.  Exif goes before XMP, the first before a second.
 * gdk-pixbuf knows most of JPEG's and TIFF's.  Next: picture_file.c turns it.
 */
#include "files/picture_bytes.h"
#include "files/picture_file.h"

#include <zlib.h>

#define TEXTS_MAX 16
#define INFLATED_MAX ((gsize)256 << 10) /* of a text: what is looked for stands at its begin */

static const char xmp_name[] = "http://ns.adobe.com/xap/1.0/"; /* and its NUL */

/* What was found; 0: nothing. */
typedef struct {
    int exif, xmp;
    int texts; /* looked into: no more than TEXTS_MAX */
} Found;

static int sane(guint32 value)
{
    return value >= 1 && value <= 8 ? (int)value : 0;
}

/* ---- Exif ---- */

/* Bytes of a number of a type; of one of four all are read, whichever end comes first. */
static int type_bytes(guint32 type)
{
    return type == 1 || type == 6 ? 1 : type == 4 || type == 9 ? 4 : 2;
}

/* Exif is a TIFF without pictures: its first directory has the tag 0x112. */
static int exif_orientation(const guint8 *exif, gsize size)
{
    if (starts(exif, size, "Exif\0\0", 6)) { /* some writers leave JPEG's prefix on */
        exif += 6;
        size -= 6;
    }
    if (size < 8 || (memcmp(exif, "II*\0", 4) != 0 && memcmp(exif, "MM\0*", 4) != 0))
        return 0;
    gboolean little = *exif == 'I';
    gsize at = number(exif + 4, 4, little);
    if (at > size - 2)
        return 0;
    guint32 entries = number(exif + at, 2, little);
    for (at += 2; entries > 0 && at + 12 <= size; entries--, at += 12)
        if (number(exif + at, 2, little) == 0x112) {
            const int bytes = type_bytes(number(exif + at + 2, 2, little));
            return sane(number(exif + at + 8, bytes, little));
        }
    return 0;
}

/* ---- XMP ---- */

/* tiff:Orientation="6", or <tiff:Orientation>6</tiff:Orientation> */
static int xmp_orientation(const guint8 *xmp, gsize size)
{
    static const char name[] = "tiff:Orientation";
    const guint8 *at = xmp, *end = xmp + size;
    while (at < end && !starts(at, (gsize)(end - at), name, strlen(name)))
        at++;
    at += MIN(strlen(name), (gsize)(end - at));
    while (at < end && *at && strchr(" \t\r\n=>\"'", *at))
        at++;
    const gboolean one = end - at >= 2 && !g_ascii_isdigit(at[1]);
    return one && g_ascii_isdigit(*at) ? sane(*at - '0') : 0;
}

/* ---- what may be either ---- */

static void look_at(const guint8 *data, gsize size, Found *found)
{
    if (!found->exif)
        found->exif = exif_orientation(data, size);
    if (!found->exif && !found->xmp)
        found->xmp = xmp_orientation(data, size);
}

/* Segments up to the first scan; Exif and XMP are both APP1. */
static void look_in_jpeg(const guint8 *data, gsize size, Found *found)
{
    for (gsize at = 2; at + 4 <= size && data[at] == 0xff && data[at + 1] != 0xda;) {
        if (data[at + 1] == 0xff) { /* filling */
            at++;
            continue;
        }
        const gsize length = number(data + at + 2, 2, FALSE);
        const guint8 *content = data + at + 4;
        if (length < 2 || length > size - at - 2)
            return;
        if (data[at + 1] == 0xe1 && (starts(content, length - 2, "Exif\0\0", 6) ||
                                     starts(content, length - 2, xmp_name, sizeof xmp_name)))
            look_at(content, length - 2, found);
        at += 2 + length;
    }
}

/* ---- texts of PNG ---- */

/* The begin of it, at most; free it. */
static guint8 *inflate_begin(const guint8 *data, gsize size, gsize *bytes)
{
    z_stream z = {.next_in = (guint8 *)data, .avail_in = (uInt)size};
    guint8 *text = g_malloc(INFLATED_MAX);
    *bytes = 0;
    if (inflateInit(&z) != Z_OK)
        return text;
    z.next_out = text;
    z.avail_out = (uInt)INFLATED_MAX;
    inflate(&z, Z_SYNC_FLUSH);
    *bytes = INFLATED_MAX - z.avail_out;
    inflateEnd(&z);
    return text;
}

/* ImageMagick's: a line break, a name, a length and as many bytes in hexadecimal. */
static void look_in_profile(const guint8 *text, gsize size, Found *found)
{
    g_autoptr(GByteArray) profile = g_byte_array_new();
    gsize at = 0;
    guint digits = 0, byte = 0;
    for (int lines = 0; at < size && lines < 3; at++)
        lines += text[at] == '\n';
    for (; at < size; at++) {
        const int digit = g_ascii_xdigit_value((char)text[at]);
        if (digit < 0)
            continue;
        byte = (byte << 4 | (guint)digit) & 255;
        if (digits++ % 2) {
            const guint8 value = (guint8)byte;
            g_byte_array_append(profile, &value, 1);
        }
    }
    if (profile->len)
        look_at(profile->data, profile->len, found);
}

/* Behind "keyword\0" stand, of zTXt, a method; of iTXt whether it is packed, a method, and two more
 * texts. */
static gboolean find_text(const char *type, const guint8 *data, gsize size, gsize at,
                          gboolean *packed, gsize *from)
{
    *packed = *type == 'z' || (*type == 'i' && at < size && data[at] == 1);
    at += *type == 'z' ? 1 : *type == 'i' ? 2 : 0;
    for (int texts = 0; *type == 'i' && texts < 2; texts++) {
        const guint8 *end = at < size ? memchr(data + at, 0, size - at) : NULL;
        if (!end)
            return FALSE;
        at = (gsize)(end + 1 - data);
    }
    *from = at;
    return at <= size;
}

static void look_in_text(const char *type, const guint8 *data, gsize size, Found *found)
{
    static const char *const keys[] = {"XML:com.adobe.xmp", "Raw profile type exif",
                                       "Raw profile type APP1", "Raw profile type xmp"};
    gsize key = 0, from, bytes = 0;
    gboolean packed;
    while (key < G_N_ELEMENTS(keys) && !starts(data, size, keys[key], strlen(keys[key]) + 1))
        key++;
    if (key == G_N_ELEMENTS(keys) ||
        !find_text(type, data, size, strlen(keys[key]) + 1, &packed, &from))
        return;
    g_autofree guint8 *text = packed ? inflate_begin(data + from, size - from, &bytes) : NULL;
    (key == 0 ? look_at : look_in_profile)(packed ? text : data + from,
                                           packed ? bytes : size - from, found);
}

/* ---- chunks ---- */

static gboolean is_text(const char *name)
{
    return memcmp(name, "tEXt", 4) == 0 || memcmp(name, "zTXt", 4) == 0 ||
           memcmp(name, "iTXt", 4) == 0;
}

/* Of PNG: length, name, data, sum; of WebP: name, length, data, filled up to even. */
static void look_in_chunks(const guint8 *data, gsize size, gsize at, gboolean webp, Found *found)
{
    while (size - at >= 8) {
        const gsize length = number(data + at + (webp ? 4 : 0), 4, webp);
        const char *name = (const char *)data + at + (webp ? 0 : 4);
        at += 8;
        if (length > size - at)
            return;
        if (memcmp(name, webp ? "EXIF" : "eXIf", 4) == 0 || (webp && memcmp(name, "XMP ", 4) == 0))
            look_at(data + at, length, found);
        else if (!webp && !found->exif && is_text(name) && found->texts++ < TEXTS_MAX)
            look_in_text(name, data + at, length, found);
        at += MIN(length + (webp ? length % 2 : 4), size - at);
    }
}

int edt_picture_orientation(const guint8 *data, gsize size)
{
    Found found = {0};
    if (starts(data, size, "\x89PNG\r\n\x1a\n", 8))
        look_in_chunks(data, size, 8, FALSE, &found);
    else if (is_webp(data, size))
        look_in_chunks(data, size, 12, TRUE, &found);
    else if (starts(data, size, "\xff\xd8\xff", 3))
        look_in_jpeg(data, size, &found);
    else if (starts(data, size, "II*\0", 4) || starts(data, size, "MM\0*", 4)) {
        look_at(data, size, &found);
        found.exif = 0; /* the loader's own: it turns 2 to 4, and tells the others */
    }
    return found.exif ? found.exif : found.xmp;
}
