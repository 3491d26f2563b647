/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See exif.h.
 */
#include "exif.h"

#include <glib.h>
#include <string.h>

/* CRC-32 of a chunk. */
static guint32 sum_of(const guint8 *data, gsize size)
{
    guint32 sum = G_MAXUINT32;
    for (gsize i = 0; i < size; i++) {
        sum ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (sum & 1 ? 0xedb88320 : 0);
    }
    return ~sum;
}

#define EXIF_BYTES 26
static const guint8 exif[EXIF_BYTES] = "MM\0*\0\0\0\10\0\1\1\22\0\3\0\0\0\1\0\6\0\0\0\0\0";

/* Behind signature and IHDR. */
void test_add_exif(const char *path)
{
    g_autofree char *text = NULL;
    gsize size;
    g_assert_true(g_file_get_contents(path, &text, &size, NULL));
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    guint8 chunk[8 + EXIF_BYTES] = {0, 0, 0, EXIF_BYTES, 'e', 'X', 'I', 'f'};
    memcpy(chunk + 8, exif, EXIF_BYTES);
    guint32 sum = GUINT32_TO_BE(sum_of(chunk + 4, 4 + EXIF_BYTES));
    g_byte_array_append(bytes, (const guint8 *)text, 33);
    g_byte_array_append(bytes, chunk, sizeof chunk);
    g_byte_array_append(bytes, (const guint8 *)&sum, 4);
    g_byte_array_append(bytes, (const guint8 *)text + 33, (guint)size - 33);
    g_assert_true(g_file_set_contents(path, (const char *)bytes->data, bytes->len, NULL));
}
