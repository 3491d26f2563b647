/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See zip_headers.h.  One walk along the central directory, from the end records that say where it
 * is to the header in front of every entry's bytes.  libzip has such a check (ZIP_CHECKCONS), but
 * 1.12 refuses what torch.save writes: where an archive ends with a zip64 record, it expects sizes
 * of 8 bytes behind every entry, and torch writes such an end always and there sizes of 4.  Every
 * number is compared with the room there is before it is used.  The format: APPNOTE.TXT of PKWARE,
 * 4.3 and 4.5.3.
 */
#include "files/zip_headers.h"
#include "files/json_text.h"
#include "edt.h"

#include <glib/gi18n-lib.h>
#include <string.h>
#include <unistd.h>

#define ENTRIES_MAX 100000
#define NAME_BYTES_MAX 512
/* lengths of the records without what varies */
#define END_BYTES 22
#define LOCATOR_BYTES 20
#define END64_BYTES 56
#define CENTRAL_BYTES 46
#define LOCAL_BYTES 30
#define DESCRIPTOR_BYTES 12 /* at least: checksum and two sizes */
#define EXTRA_BYTES 4
#define FLAG_DESCRIPTOR 8 /* sizes and checksum stand behind the entry's bytes */
#define EXTRA_ZIP64 1

typedef struct {
    int fd;
    guint64 file_bytes;
    guint64 n, start, end; /* of the central directory */
    guint64 free_from;     /* here the entry before ends */
    GArray *headers;
} Walk;

static gboolean refuse(GError **error, const char *what)
{
    g_set_error_literal(error, EDT_ERROR, EDT_ERROR_BAD_FILE, what);
    return FALSE;
}

static gboolean damaged(GError **error, const char *why)
{
    g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                _("its zip archive is damaged or not as torch writes it (%s)"), why);
    return FALSE;
}

/* The entry's name was found to be plain text. */
static gboolean damaged_entry(GError **error, const EdtZipHeader *header, const char *why)
{
    g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                _("its zip archive is damaged or not as torch writes it (the entry “%s” %s)"),
                header->name, why);
    return FALSE;
}

/* n bytes that must end at or before limit. */
static gboolean get(const Walk *w, guint64 at, guint64 limit, void *to, gsize n)
{
    return at <= limit && limit - at >= n && pread(w->fd, to, n, (off_t)at) == (gssize)n;
}

static guint64 number(const guint8 *bytes, guint width)
{
    guint64 n = 0;

    while (width-- > 0)
        n = n << 8 | bytes[width];
    return n;
}

/* ---- the end ---- */

/* A field of the end record that zip64's must repeat, or all ones, where it does not fit. */
static gboolean agrees(guint64 narrow, guint64 wide, guint64 ones)
{
    return narrow == wide || narrow == ones;
}

/* zip64's end record, which takes the place of the other; place is that of its locator. */
static gboolean read_end64(Walk *w, const guint8 *locator, guint64 place, guint64 *bytes,
                           GError **error)
{
    guint8 end[END64_BYTES];
    guint64 at = number(locator + 8, 8), n;

    if (!get(w, at, place, end, sizeof end) || memcmp(end, "PK\6\6", 4) != 0 ||
        number(end + 4, 8) != place - at - 12)
        return damaged(error, _("its zip64 end record is not where it should be"));
    n = number(end + 24, 8);
    if (number(locator + 4, 4) != 0 || number(locator + 16, 4) != 1 || number(end + 16, 8) != 0 ||
        number(end + 32, 8) != n)
        return damaged(error, _("it says that it is one of several"));
    if (!agrees(w->n, n, G_MAXUINT16) || !agrees(*bytes, number(end + 40, 8), G_MAXUINT32) ||
        !agrees(w->start, number(end + 48, 8), G_MAXUINT32))
        return damaged(error, _("its two end records differ"));
    w->n = n;
    *bytes = number(end + 40, 8);
    w->start = number(end + 48, 8);
    w->end = at;
    return TRUE;
}

/* The end record must be the very end: a comment could hide a second archive. */
static gboolean find_directory(Walk *w, GError **error)
{
    guint8 end[END_BYTES], locator[LOCATOR_BYTES];
    guint64 place = w->file_bytes - END_BYTES, bytes;

    if (w->file_bytes < END_BYTES || !get(w, place, w->file_bytes, end, sizeof end) ||
        memcmp(end, "PK\5\6", 4) != 0 || number(end + 20, 2) != 0)
        return refuse(error, _("its zip archive does not end as torch ends it; it was cut off or "
                               "something was added"));
    if (number(end + 4, 4) != 0 || number(end + 8, 2) != number(end + 10, 2))
        return damaged(error, _("it says that it is one of several"));
    w->n = number(end + 10, 2);
    bytes = number(end + 12, 4);
    w->start = number(end + 16, 4);
    w->end = place;
    if (place >= LOCATOR_BYTES && get(w, place - LOCATOR_BYTES, place, locator, sizeof locator) &&
        memcmp(locator, "PK\6\7", 4) == 0 &&
        !read_end64(w, locator, place - LOCATOR_BYTES, &bytes, error))
        return FALSE;
    if (w->start > w->end || w->end - w->start != bytes)
        return damaged(error, _("its central directory does not end where the end record begins"));
    if (w->n == 0 || w->n > ENTRIES_MAX || w->n > bytes / CENTRAL_BYTES)
        return damaged(error, _("its number of entries cannot be"));
    return TRUE;
}

/* ---- entries ---- */

/* Sizes and offsets of all ones stand in zip64's extra field, in their order and nothing else. */
static gboolean widen(const Walk *w, guint64 at, guint64 end, guint64 *const *fields, guint n)
{
    guint8 extra[EXTRA_BYTES], wide[3 * 8];
    guint64 size, wanted = 0;

    for (guint i = 0; i < n; i++)
        wanted += *fields[i] == G_MAXUINT32 ? 8 : 0;
    for (; at < end; at += EXTRA_BYTES + size) {
        if (!get(w, at, end, extra, sizeof extra))
            return FALSE;
        size = number(extra + 2, 2);
        if (size > end - at - EXTRA_BYTES)
            return FALSE;
        if (number(extra, 2) != EXTRA_ZIP64)
            continue;
        if (size != wanted || !get(w, at + EXTRA_BYTES, end, wide, size))
            return FALSE;
        for (guint i = 0, k = 0; i < n; i++)
            if (*fields[i] == G_MAXUINT32)
                *fields[i] = number(wide + 8 * k++, 8);
        wanted = 0;
    }
    return wanted == 0;
}

static gboolean same_sizes(const EdtZipHeader *central, const EdtZipHeader *local,
                           gboolean described)
{
    return (local->crc == central->crc || (described && local->crc == 0)) &&
           (local->stored == central->stored || (described && local->stored == 0)) &&
           (local->bytes == central->bytes || (described && local->bytes == 0));
}

static gboolean same_name(const Walk *w, guint64 at, guint64 bytes, const char *name)
{
    char local[NAME_BYTES_MAX];

    return bytes == strlen(name) && get(w, at, w->start, local, bytes) &&
           memcmp(local, name, bytes) == 0;
}

/* The header in front of an entry's bytes, and the room up to their end. */
static gboolean check_local(Walk *w, const EdtZipHeader *header, const guint8 *central,
                            guint64 offset, GError **error)
{
    guint8 l[LOCAL_BYTES];
    EdtZipHeader local = {0};
    gboolean described;
    guint64 data, extra, behind;

    if (offset < w->free_from)
        return damaged_entry(error, header, _("does not lie behind the one before it"));
    if (!get(w, offset, w->start, l, sizeof l) || memcmp(l, "PK\3\4", 4) != 0)
        return damaged_entry(error, header, _("is not where the central directory says"));
    if (!same_name(w, offset + LOCAL_BYTES, number(l + 26, 2), header->name))
        return damaged_entry(error, header, _("has two names"));
    if (memcmp(l + 6, central + 8, 4) != 0)
        return damaged_entry(error, header, _("has two kinds of compression or encryption"));
    extra = offset + LOCAL_BYTES + number(l + 26, 2);
    data = extra + number(l + 28, 2);
    described = (l[6] & FLAG_DESCRIPTOR) != 0;
    behind = described ? DESCRIPTOR_BYTES : 0;
    if (data > w->start || w->start - data < behind || w->start - data - behind < header->stored)
        return damaged_entry(error, header, _("has no room for its bytes"));
    local.crc = (guint32)number(l + 14, 4);
    local.stored = number(l + 18, 4);
    local.bytes = number(l + 22, 4);
    /* only then: torch's may have a zip64 field here although it leaves the sizes for later */
    if ((local.stored == G_MAXUINT32 || local.bytes == G_MAXUINT32) &&
        !widen(w, extra, data, (guint64 *const[]){&local.bytes, &local.stored}, 2))
        return damaged_entry(error, header, _("has extra fields that do not fit"));
    if (!same_sizes(header, &local, described))
        return damaged_entry(error, header, _("has two sizes or checksums"));
    w->free_from = data + header->stored + behind;
    return TRUE;
}

/* A NUL-terminated name for the header that will be the array's. */
static gboolean read_name(const Walk *w, guint64 at, guint64 bytes, EdtZipHeader *header,
                          GError **error)
{
    char name[NAME_BYTES_MAX];

    if (bytes == 0 || bytes > sizeof name || !get(w, at, w->end, name, bytes) ||
        !edt_text_is_plain(name, bytes))
        return refuse(error, _("a zip entry in it has a name that is not plain text"));
    header->name = g_strndup(name, bytes);
    return TRUE;
}

/* The entry at *at of the central directory, which is moved to the next. */
static gboolean read_entry(Walk *w, guint64 *at, GError **error)
{
    guint8 c[CENTRAL_BYTES];
    EdtZipHeader *header;
    guint64 offset, extra, comment;

    if (!get(w, *at, w->end, c, sizeof c) || memcmp(c, "PK\1\2", 4) != 0)
        return damaged(error, _("its central directory has fewer entries than it says"));
    g_array_set_size(w->headers, w->headers->len + 1);
    header = &g_array_index(w->headers, EdtZipHeader, w->headers->len - 1);
    if (!read_name(w, *at + CENTRAL_BYTES, number(c + 28, 2), header, error))
        return FALSE;
    extra = *at + CENTRAL_BYTES + number(c + 28, 2);
    comment = extra + number(c + 30, 2);
    *at = comment + number(c + 32, 2);
    if (*at > w->end)
        return damaged_entry(error, header, _("reaches beyond the central directory"));
    header->crc = (guint32)number(c + 16, 4);
    header->stored = number(c + 20, 4);
    header->bytes = number(c + 24, 4);
    offset = number(c + 42, 4);
    if (number(c + 34, 2) != 0)
        return damaged_entry(error, header, _("is said to be in another file"));
    if (!widen(w, extra, comment, (guint64 *const[]){&header->bytes, &header->stored, &offset}, 3))
        return damaged_entry(error, header, _("has extra fields that do not fit"));
    return check_local(w, header, c, offset, error);
}

static void clear_header(gpointer header)
{
    g_free(((EdtZipHeader *)header)->name);
}

GArray *edt_zip_headers_read(int fd, guint64 file_bytes, GError **error)
{
    Walk w = {.fd = fd, .file_bytes = file_bytes};
    gboolean ok = TRUE;
    guint64 at;

    if (!find_directory(&w, error))
        return NULL;
    w.headers = g_array_sized_new(FALSE, TRUE, sizeof(EdtZipHeader), (guint)w.n);
    g_array_set_clear_func(w.headers, clear_header);
    at = w.start;
    while (ok && w.headers->len < w.n)
        ok = read_entry(&w, &at, error);
    if (ok && at != w.end)
        ok = damaged(error, _("its central directory has more entries than it says"));
    if (!ok)
        g_clear_pointer(&w.headers, g_array_unref);
    return w.headers;
}
