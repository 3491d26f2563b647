/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Numbers and names in the bytes of a picture's file, for those who look into them.
 */
#pragma once

#include <glib.h>
#include <string.h>

static inline guint32 number(const guint8 *at, int bytes, gboolean little)
{
    guint32 value = 0;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | at[little ? bytes - 1 - i : i];
    return value;
}

static inline gboolean starts(const guint8 *data, gsize size, const char *with, gsize n)
{
    return size >= n && memcmp(data, with, n) == 0;
}

static inline gboolean is_webp(const guint8 *data, gsize size)
{
    return size >= 12 && starts(data, size, "RIFF", 4) && memcmp(data + 8, "WEBP", 4) == 0;
}
