/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The flat file of latents; see latent_file.h.  Behind a line of text for who looks into it lie the
 * records: the numbers, then a line that says what they are.  A killed process leaves at worst a
 * record whose sum is wrong.
 */
#include "train/latent_file.h"
#include "edt.h"
#include "files/mapping.h"
#include "files/output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define LINE 64 /* bytes: everything begins at a multiple of them */

struct EdtLatentFile {
    char *path;
    int file;
    EdtMapping *map;
    gint64 records;
    gsize count, stride; /* numbers, bytes of a record */
};

/* The end of a record. */
typedef struct {
    guint64 state, sum;
} Mark;

static gsize lines(gsize bytes)
{
    return (bytes + LINE - 1) / LINE * LINE;
}

static gsize data_bytes(const EdtLatentFile *f)
{
    return lines(f->count * sizeof(float));
}

static const guint8 *record_at(const EdtLatentFile *f, gint64 record)
{
    return edt_mapping_data(f->map) + LINE + (gsize)record * f->stride;
}

/* Of the data by words, of its place and state; never what zeros have. */
static guint64 sum_of(const EdtLatentFile *f, gint64 record, guint64 state, const guint8 *data)
{
    guint64 h = G_GUINT64_CONSTANT(0xcbf29ce484222325) ^ (guint64)record, word;
    for (gsize at = 0; at < data_bytes(f); at += sizeof word) {
        memcpy(&word, data + at, sizeof word);
        h = (h ^ word) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    return (h ^ state) | 1;
}

/* ---- opening ---- */

static gboolean fail(const EdtLatentFile *f, const char *what, GError **error)
{
    g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED, "“%s” cannot be %s: %s.", f->path, what,
                g_strerror(errno));
    return FALSE;
}

/* All of it, at that place. */
static gboolean write_at(const EdtLatentFile *f, const void *data, gsize bytes, gsize at,
                         GError **error)
{
    for (gsize done = 0; done < bytes;) {
        gssize n = pwrite(f->file, (const char *)data + done, bytes - done, (off_t)(at + done));
        if (n < 0 && errno != EINTR)
            return fail(f, "written", error);
        done += (gsize)MAX(n, 0);
    }
    return TRUE;
}

/* Its holes are filled in the course of hours: is there room for them? */
static gboolean check_room(const EdtLatentFile *f, GError **error)
{
    struct stat st;
    struct statvfs disk;

    if (fstat(f->file, &st) != 0 || fstatvfs(f->file, &disk) != 0)
        return fail(f, "looked at", error);
    if (!S_ISREG(st.st_mode)) {
        errno = EINVAL;
        return fail(f, "a file of latents", error);
    }
    guint64 whole = LINE + (guint64)f->records * f->stride, there = (guint64)st.st_blocks * 512;
    guint64 free;
    if (whole <= there || !edt_save_room(&disk, &free) || free >= whole - there)
        return TRUE;
    g_autofree char *needed = g_format_size(whole - there);
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                "There is no room for the latents in “%s”: %s more are needed.", f->path, needed);
    return FALSE;
}

static gboolean make(EdtLatentFile *f, GError **error)
{
    char line[LINE] = {0};

    f->file = open(f->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
    if (f->file < 0)
        return fail(f, "opened", error);
    if (!check_room(f, error))
        return FALSE;
    if (ftruncate(f->file, (off_t)(LINE + (gsize)f->records * f->stride)) != 0)
        return fail(f, "made large enough", error);
    g_snprintf(line, sizeof line, "EDT latents: %" G_GINT64_FORMAT " of %" G_GSIZE_FORMAT " f32\n",
               f->records, f->count);
    return write_at(f, line, sizeof line, 0, error);
}

EdtLatentFile *edt_latent_file_open(const char *path, gint64 records, gsize count, GError **error)
{
    EdtLatentFile *f = g_new0(EdtLatentFile, 1);

    f->path = g_strdup(path);
    f->file = -1;
    f->records = records;
    f->count = count;
    f->stride = data_bytes(f) + LINE;
    if (make(f, error) && (f->map = edt_mapping_open(path, error)))
        return f;
    edt_latent_file_close(f);
    return NULL;
}

void edt_latent_file_close(EdtLatentFile *f)
{
    if (!f)
        return;
    edt_mapping_close(f->map);
    if (f->file >= 0)
        close(f->file);
    g_free(f->path);
    g_free(f);
}

/* ---- records ---- */

EdtLatentState edt_latent_file_state(const EdtLatentFile *f, gint64 record)
{
    const guint8 *data = record_at(f, record);
    Mark mark;

    memcpy(&mark, data + data_bytes(f), sizeof mark);
    if (mark.state != EDT_LATENT_GOOD && mark.state != EDT_LATENT_BAD)
        return EDT_LATENT_MISSING;
    return mark.sum == sum_of(f, record, mark.state, data) ? (EdtLatentState)mark.state
                                                           : EDT_LATENT_MISSING;
}

const float *edt_latent_file_numbers(const EdtLatentFile *f, gint64 record)
{
    return (const float *)record_at(f, record);
}

const char *edt_latent_file_why(const EdtLatentFile *f, gint64 record)
{
    return (const char *)record_at(f, record);
}

static gboolean put(EdtLatentFile *f, gint64 record, EdtLatentState state, const void *data,
                    gsize bytes, GError **error)
{
    g_autofree guint8 *whole = g_malloc0(f->stride);
    Mark mark = {.state = state};

    memcpy(whole, data, bytes);
    mark.sum = sum_of(f, record, state, whole);
    memcpy(whole + data_bytes(f), &mark, sizeof mark);
    return write_at(f, whole, f->stride, LINE + (gsize)record * f->stride, error);
}

gboolean edt_latent_file_put(EdtLatentFile *f, gint64 record, const float *numbers, GError **error)
{
    return put(f, record, EDT_LATENT_GOOD, numbers, f->count * sizeof *numbers, error);
}

/* What does not fit is cut off; the last byte stays 0. */
gboolean edt_latent_file_put_bad(EdtLatentFile *f, gint64 record, const char *why, GError **error)
{
    return put(f, record, EDT_LATENT_BAD, why, MIN(strlen(why), data_bytes(f) - 1), error);
}
