/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An archive of two arrays, written from front to back as its pictures come: a ZIP of stored
 * entries, so that what is there of a stopped run is exactly the beginning of the whole file.  In
 * front stands an entry that says how the pictures are made; a run goes on only where it is its
 * own.  (libzip, which reads such files, writes them in one go.)  See machine.h.
 */
#include "machine.h"
#include "files/output.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define LOCAL 0x04034b50u
#define CENTRAL 0x02014b50u
#define END 0x06054b50u
#define END64 0x06064b50u
#define LOCATOR64 0x07064b50u
#define VERSION 45 /* ZIP64: an array may be larger than 4 GB */
#define DATE 0x21  /* 1 January 1980: the same run makes the same file */
#define CRC_AT 14  /* in a local header */
#define NPY_ALIGNMENT 64
#define CHUNK ((gsize)1 << 20)

typedef struct {
    const char *name;
    guint32 crc;
    guint64 at, bytes; /* of its header; of its contents */
} Entry;

struct EdtNpz {
    char *path, *partial;
    int fd;
    Entry entries[3]; /* what made it, pictures, labels */
    gint64 n, done;
    gboolean force; /* a file that is there is replaced */
    gsize one;      /* bytes of a picture */
    guint64 data;   /* where pictures begin */
};

static gboolean fail(const EdtNpz *npz, const char *what, GError **error)
{
    g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED,
                _("“%s” could not be written: %s. Check that the folder may be written to and has "
                  "room."),
                npz->partial, what);
    return FALSE;
}

static gboolean write_at(const EdtNpz *npz, guint64 at, gconstpointer data, gsize bytes,
                         GError **error)
{
    const char *from = data;
    while (bytes > 0) {
        const ssize_t written = pwrite(npz->fd, from, bytes, (off_t)at);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return fail(npz, g_strerror(errno), error);
        from += written;
        at += (guint64)written;
        bytes -= (gsize)written;
    }
    return TRUE;
}

/* ---- pieces of a ZIP and of .npy ---- */

static void put(GByteArray *to, guint64 number, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        const guint8 byte = (guint8)(number >> 8 * i);
        g_byte_array_append(to, &byte, 1);
    }
}

static void put_text(GByteArray *to, const char *text)
{
    g_byte_array_append(to, (const guint8 *)text, (guint)strlen(text));
}

/* What local and central headers share, up to the length of the name; sizes stand in the extra. */
static void put_entry(GByteArray *to, const Entry *entry, int extra)
{
    put(to, VERSION, 2);
    put(to, 0, 2); /* flags */
    put(to, 0, 2); /* stored */
    put(to, 0, 2);
    put(to, DATE, 2);
    put(to, entry->crc, 4);
    put(to, G_MAXUINT32, 4);
    put(to, G_MAXUINT32, 4);
    put(to, strlen(entry->name), 2);
    put(to, (guint64)extra, 2);
}

static void put_local(GByteArray *to, const Entry *entry)
{
    put(to, LOCAL, 4);
    put_entry(to, entry, 20);
    put_text(to, entry->name);
    put(to, 1, 2); /* ZIP64: size, stored size */
    put(to, 16, 2);
    put(to, entry->bytes, 8);
    put(to, entry->bytes, 8);
}

static void put_central(GByteArray *to, const Entry *entry)
{
    put(to, CENTRAL, 4);
    put(to, VERSION, 2);
    put_entry(to, entry, 28);
    put(to, 0, 2); /* comment */
    put(to, 0, 2); /* disk */
    put(to, 0, 2); /* attributes, inner and outer */
    put(to, 0, 4);
    put(to, G_MAXUINT32, 4);
    put_text(to, entry->name);
    put(to, 1, 2); /* ZIP64: sizes, place */
    put(to, 24, 2);
    put(to, entry->bytes, 8);
    put(to, entry->bytes, 8);
    put(to, entry->at, 8);
}

static void put_end(GByteArray *to, guint64 directory, guint64 bytes)
{
    const guint entries = G_N_ELEMENTS(((EdtNpz *)0)->entries);
    put(to, END64, 4);
    put(to, 44, 8); /* bytes that follow */
    put(to, VERSION, 2);
    put(to, VERSION, 2);
    put(to, 0, 8); /* disks */
    put(to, entries, 8);
    put(to, entries, 8);
    put(to, bytes, 8);
    put(to, directory, 8);
    put(to, LOCATOR64, 4);
    put(to, 0, 4);
    put(to, directory + bytes, 8);
    put(to, 1, 4);
    put(to, END, 4);
    put(to, 0, 4);
    put(to, entries, 2);
    put(to, entries, 2);
    put(to, G_MAXUINT32, 4);
    put(to, G_MAXUINT32, 4);
    put(to, 0, 2);
}

/* A .npy's front: type as NumPy calls it, shape as Python writes it. */
static void put_npy(GByteArray *to, const char *type, const char *shape)
{
    g_autofree char *text =
        g_strdup_printf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", type, shape);
    const gsize front = 10, bytes = front + strlen(text) + 1;
    const gsize padding = (NPY_ALIGNMENT - bytes % NPY_ALIGNMENT) % NPY_ALIGNMENT;

    g_byte_array_append(to, (const guint8 *)"\x93NUMPY\x01\x00", 8);
    put(to, strlen(text) + padding + 1, 2);
    put_text(to, text);
    for (gsize i = 0; i < padding; i++)
        put_text(to, " ");
    put_text(to, "\n");
}

/* ---- opening ---- */

/* All that stands before the pictures; it depends on nothing but what was asked for. */
static GByteArray *beginning(EdtNpz *npz, const EdtNpzKind *kind)
{
    g_autoptr(GByteArray) npy = g_byte_array_new();
    g_autofree char *shape = g_strdup_printf("%" G_GINT64_FORMAT ", %d, %d, %d", kind->n,
                                             kind->height, kind->width, kind->channels);
    GByteArray *front = g_byte_array_new();
    const gsize length = strlen(kind->record);

    put_npy(npy, "|u1", shape);
    npz->entries[0] = (Entry){
        "edt.json", (guint32)crc32(0, (const Bytef *)kind->record, (uInt)length), 0, length};
    put_local(front, &npz->entries[0]);
    put_text(front, kind->record);
    npz->entries[1] = (Entry){"arr_0.npy", 0, front->len, npy->len + (guint64)npz->n * npz->one};
    put_local(front, &npz->entries[1]);
    g_byte_array_append(front, npy->data, npy->len);
    npz->entries[1].crc = (guint32)crc32(0, npy->data, npy->len);
    npz->data = front->len;
    return front;
}

/* Continues the checksum over what an earlier run has written. */
static gboolean take_pictures(EdtNpz *npz, gint64 bytes, GError **error)
{
    g_autofree guint8 *chunk = g_malloc(CHUNK);
    Entry *pictures = &npz->entries[1];

    npz->done = bytes / (gint64)npz->one;
    guint64 at = npz->data, end = at + (guint64)npz->done * npz->one;
    while (at < end) {
        const ssize_t got = pread(npz->fd, chunk, MIN(CHUNK, end - at), (off_t)at);
        if (got <= 0)
            return fail(npz, g_strerror(errno), error);
        pictures->crc = (guint32)crc32(pictures->crc, chunk, (uInt)got);
        at += (guint64)got;
    }
    return ftruncate(npz->fd, (off_t)end) == 0 || fail(npz, g_strerror(errno), error);
}

static gboolean take_over(EdtNpz *npz, const GByteArray *front, GError **error)
{
    g_autofree guint8 *there = g_malloc(front->len);
    const off_t bytes = lseek(npz->fd, 0, SEEK_END);
    const gsize begun = (gsize)CLAMP(bytes, 0, (off_t)front->len);
    const gboolean got = bytes >= 0 && pread(npz->fd, there, begun, 0) == (ssize_t)begun;

    if (begun == front->len) /* the sum of a run that was stopped at its very end */
        memset(there + npz->entries[1].at + CRC_AT, 0, 4);
    const gboolean own = got && memcmp(there, front->data, begun) == 0;
    if (own && begun < front->len) /* stopped before its first picture */
        return write_at(npz, 0, front->data, front->len, error);
    if (own)
        return take_pictures(npz, MIN(bytes - (off_t)front->len, npz->n * (gint64)npz->one), error);
    g_set_error(
        error, EDT_ERROR, EDT_ERROR_USAGE,
        _("“%s” is what another run with other settings has made so far. Repeat that one, or "
          "remove the file."),
        npz->partial);
    return FALSE;
}

/* Whoever finished it meanwhile has given it its name: then that file was locked in vain. */
static gboolean is_there(const EdtNpz *npz)
{
    GStatBuf locked, named;
    return fstat(npz->fd, &locked) == 0 && g_stat(npz->partial, &named) == 0 &&
           locked.st_ino == named.st_ino && locked.st_dev == named.st_dev;
}

static gboolean open_partial(EdtNpz *npz, const GByteArray *front, GError **error)
{
    struct stat st;
    npz->fd =
        open(npz->partial, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0644);
    if (npz->fd < 0 || fstat(npz->fd, &st) != 0)
        return fail(npz, g_strerror(errno), error);
    if (!S_ISREG(st.st_mode)) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    _("“%s” is no file and is left as it is. Choose another name."), npz->partial);
        return FALSE;
    }
    /* where a disk has no locks that is no reason, as with the folder of a training */
    const gboolean held = flock(npz->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (!held && is_there(npz))
        return take_over(npz, front, error);
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE, _("Another program is writing “%s”."),
                npz->partial);
    return FALSE;
}

/* Before hours of work: a file can be there, and all of it, but what an earlier run has written. */
static gboolean check_place(const EdtNpz *npz, GError **error)
{
    const guint64 bytes = (guint64)npz->n * (npz->one + sizeof(gint64));
    GStatBuf partial;
    const guint64 there =
        g_stat(npz->partial, &partial) == 0 ? (guint64)MAX(partial.st_size, 0) : 0;

    return edt_save_check(npz->path, npz->force ? EDT_WRITE_REPLACE : EDT_WRITE_NEW,
                          bytes - MIN(bytes, there), error);
}

/* Labels and the directory. */
static GByteArray *ending(EdtNpz *npz, const gint64 *labels, guint64 at)
{
    g_autoptr(GByteArray) npy = g_byte_array_new();
    g_autofree char *shape = g_strdup_printf("%" G_GINT64_FORMAT ",", npz->n);
    GByteArray *end = g_byte_array_new();

    put_npy(npy, "<i8", shape);
    for (gint64 i = 0; i < npz->n; i++)
        put(npy, (guint64)labels[i], 8);
    npz->entries[2] = (Entry){"arr_1.npy", (guint32)crc32(0, npy->data, npy->len), at, npy->len};
    put_local(end, &npz->entries[2]);
    g_byte_array_append(end, npy->data, npy->len);
    const guint directory = end->len;
    for (gsize i = 0; i < G_N_ELEMENTS(npz->entries); i++)
        put_central(end, &npz->entries[i]);
    put_end(end, at + directory, end->len - directory);
    return end;
}

/* A run may be killed when its archive has its name, and is repeated then: is it the whole one? */
static gboolean is_whole(EdtNpz *npz, const GByteArray *front)
{
    struct stat st;
    const guint64 end = npz->data + (guint64)npz->n * npz->one;
    g_autofree gint64 *labels = g_new0(gint64, npz->n); /* it is as long with any */
    g_autoptr(GByteArray) behind = ending(npz, labels, end);
    g_autofree guint8 *there = g_malloc(front->len);
    const int fd = open(npz->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    gboolean same = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
                    (guint64)st.st_size == end + behind->len &&
                    pread(fd, there, front->len, 0) == (ssize_t)front->len;
    if (fd >= 0)
        close(fd);
    if (same)
        memset(there + npz->entries[1].at + CRC_AT, 0, 4); /* of the pictures; front has none yet */
    return same && memcmp(there, front->data, front->len) == 0;
}

EdtNpz *edt_npz_open(const char *path, const EdtNpzKind *kind, gboolean force, GError **error)
{
    EdtNpz *npz = g_new0(EdtNpz, 1);

    npz->path = g_strdup(path);
    npz->partial = g_strconcat(path, ".partial", NULL);
    npz->fd = -1;
    npz->n = kind->n;
    npz->force = force;
    npz->one = (gsize)kind->height * (gsize)kind->width * (gsize)kind->channels;
    g_autoptr(GByteArray) front = beginning(npz, kind);
    if (!force && is_whole(npz, front)) {
        npz->done = npz->n;
        return npz;
    }
    if (check_place(npz, error) && open_partial(npz, front, error))
        return npz;
    edt_npz_close(npz);
    return NULL;
}

void edt_npz_close(EdtNpz *npz)
{
    if (!npz)
        return;
    if (npz->fd >= 0)
        close(npz->fd);
    g_free(npz->path);
    g_free(npz->partial);
    g_free(npz);
}

/* ---- pictures, and the end ---- */

gint64 edt_npz_done(const EdtNpz *npz)
{
    return npz->done;
}

gboolean edt_npz_add(EdtNpz *npz, const guint8 *pixels, GError **error)
{
    Entry *pictures = &npz->entries[1];

    if (!write_at(npz, npz->data + (guint64)npz->done * npz->one, pixels, npz->one, error))
        return FALSE;
    pictures->crc = (guint32)crc32(pictures->crc, pixels, (uInt)npz->one);
    npz->done++;
    return TRUE;
}

gboolean edt_npz_finish(EdtNpz *npz, const gint64 *labels, char **written, GError **error)
{
    const guint64 at = npz->data + (guint64)npz->n * npz->one;
    g_autoptr(GByteArray) end = ending(npz, labels, at), crc = g_byte_array_new();

    g_assert(npz->done == npz->n);
    if (npz->fd < 0) { /* it was there already */
        if (written)
            *written = g_strdup(npz->path);
        return TRUE;
    }
    put(crc, npz->entries[1].crc, 4);
    if (!write_at(npz, at, end->data, end->len, error) ||
        !write_at(npz, npz->entries[1].at + CRC_AT, crc->data, crc->len, error))
        return FALSE;
    if (fsync(npz->fd) != 0)
        return fail(npz, g_strerror(errno), error);
    return edt_output_adopt(npz->partial, npz->path,
                            npz->force ? EDT_WRITE_REPLACE : EDT_WRITE_NEXT, written, error);
}
