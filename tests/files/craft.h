/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Files made by hand, byte by byte, good and bad: pickles as torch writes them, zip archives whose
 * every header field can lie, safetensors.  And the question that most tests ask: is it refused?
 */
#pragma once

#include <glib.h>

/* ---- bytes ---- */

void put(GByteArray *to, const void *data, gsize n);
void put_text(GByteArray *to, const char *text); /* without NUL */
void put_u8(GByteArray *to, guint n);
void put_u16(GByteArray *to, guint n);
void put_u32(GByteArray *to, guint n);
void put_u64(GByteArray *to, guint64 n);

guint32 crc32_of(const guint8 *data, gsize n); /* as zip and PNG use it */

/* ---- a folder for the files of one test program ---- */

char *craft_path(const char *name); /* in it; free with g_free() */
char *craft_file(const char *name, const GByteArray *bytes);

/* ---- pickle opcodes ---- */

GByteArray *pickle_new(void);                       /* with PROTO 2 */
void pickle_op(GByteArray *p, const char *opcodes); /* as they are: "}(" */
void pickle_string(GByteArray *p, const char *text);
void pickle_int(GByteArray *p, gint64 number);
void pickle_global(GByteArray *p, const char *module, const char *name);
/* A tensor of a "torch" storage class; shape and stride end with -1 (so -2 makes a negative). */
void pickle_tensor(GByteArray *p, const char *storage, const char *key, gint64 numel, gint64 offset,
                   const gint64 *shape, const gint64 *stride);
/* {"w": one FloatStorage tensor} */
GByteArray *pickle_one(const char *key, gint64 numel, gint64 offset, const gint64 *shape,
                       const gint64 *stride);

/* ---- zip ---- */

typedef struct {
    const char *name;
    const void *data;
    gsize bytes;
    /* lies, 0: none */
    const char *local_name;
    guint method, flags;
    guint32 crc_xor;
    gint size_add; /* to the sizes in both headers */
    gint central_size_add;
    /* of zip_as_torch() only */
    const void *extra; /* in the central directory */
    gsize extra_bytes;
    gboolean wide; /* sizes and offset in a zip64 field */
} ZipEntry;

GByteArray *zip_of(const ZipEntry *entries, guint n, const char *comment);
/* As torch.save writes it: sizes behind the bytes, which are aligned; zip64's end record. */
GByteArray *zip_as_torch(const ZipEntry *entries, guint n);
/* "a/data.pkl", "a/byteorder", "a/data/0" of numbers, and what else the caller adds. */
GByteArray *zip_with(const GByteArray *pickle, const void *storage, gsize bytes);

/* ---- safetensors ---- */

GByteArray *safetensors_of(const char *header, gsize data_bytes); /* data: 0, 1, 2, ... */

/* ---- the tiny model of tests/golden/data/pt ---- */

char *golden_file(const char *name); /* "pt/edt_tiny_bare.pt"; free with g_free() */
/* Its tensors as safetensors with the reference's names.  change sees each before it is written;
 * FALSE leaves it out.  NULL: nothing changes. */
typedef gboolean (*CraftChange)(const char *name, float *values, gsize count);
char *craft_edt(const char *name, CraftChange change);

/* ---- asking ---- */

/* Opens the bytes as a checkpoint and reads all tensors; NULL when that went well, else the
 * message of its error, which must be EDT_ERROR_BAD_FILE.  Frees bytes. */
char *refusal(GByteArray *bytes);
/* The same through edt_safetensors_open(). */
char *safetensors_refusal(GByteArray *bytes);

/* The refusal must contain text. */
#define assert_refused(message, text)                                                              \
    do {                                                                                           \
        char *refused_ = (message);                                                                \
        g_assert_nonnull(refused_);                                                                \
        if (strstr(refused_, text) == NULL)                                                        \
            g_error("“%s” does not contain “%s”", refused_, text);                                 \
        g_free(refused_);                                                                          \
    } while (0)
#define assert_taken(message) g_assert_cmpstr((message), ==, NULL)
