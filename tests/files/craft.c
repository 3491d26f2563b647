/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See craft.h.
 */
#include "craft.h"
#include "edt.h"
#include "files/checkpoint.h"
#include "files/safetensors.h"
#include "folder.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

/* ---- bytes ---- */

void put(GByteArray *to, const void *data, gsize n)
{
    if (n > 0)
        g_byte_array_append(to, data, (guint)n);
}

void put_text(GByteArray *to, const char *text)
{
    put(to, text, strlen(text));
}

static void put_number(GByteArray *to, guint64 n, guint width)
{
    for (guint i = 0; i < width; i++) {
        guint8 byte = (guint8)(n >> (8 * i));
        put(to, &byte, 1);
    }
}

void put_u8(GByteArray *to, guint n)
{
    put_number(to, n, 1);
}

void put_u16(GByteArray *to, guint n)
{
    put_number(to, n, 2);
}

void put_u32(GByteArray *to, guint n)
{
    put_number(to, n, 4);
}

void put_u64(GByteArray *to, guint64 n)
{
    put_number(to, n, 8);
}

guint32 crc32_of(const guint8 *data, gsize n)
{
    return (guint32)crc32(0, data, (uInt)n);
}

/* ---- files ---- */

char *craft_path(const char *name)
{
    return test_file(name);
}

char *craft_file(const char *name, const GByteArray *bytes)
{
    char *path = craft_path(name);
    FILE *file;

    g_remove(path); /* writing over a file makes some filesystems sync, and there are hundreds */
    file = fopen(path, "wb");
    g_assert_nonnull(file);
    if (bytes->len > 0)
        g_assert_cmpuint(fwrite(bytes->data, 1, bytes->len, file), ==, bytes->len);
    g_assert_cmpint(fclose(file), ==, 0);
    return path;
}

/* ---- pickle ---- */

GByteArray *pickle_new(void)
{
    GByteArray *p = g_byte_array_new();
    put(p, "\x80\x02", 2);
    return p;
}

void pickle_op(GByteArray *p, const char *opcodes)
{
    put_text(p, opcodes);
}

void pickle_string(GByteArray *p, const char *text)
{
    put_text(p, "X");
    put_u32(p, (guint)strlen(text));
    put_text(p, text);
}

void pickle_int(GByteArray *p, gint64 number)
{
    put(p, "\x8a\x08", 2); /* LONG1 of 8 bytes */
    put_u64(p, (guint64)number);
}

void pickle_global(GByteArray *p, const char *module, const char *name)
{
    put_text(p, "c");
    put_text(p, module);
    put_text(p, "\n");
    put_text(p, name);
    put_text(p, "\n");
}

static void pickle_tuple(GByteArray *p, const gint64 *numbers)
{
    pickle_op(p, "(");
    for (; *numbers != -1; numbers++)
        pickle_int(p, *numbers);
    pickle_op(p, "t");
}

void pickle_tensor(GByteArray *p, const char *storage, const char *key, gint64 numel, gint64 offset,
                   const gint64 *shape, const gint64 *stride)
{
    pickle_global(p, "torch._utils", "_rebuild_tensor_v2");
    pickle_op(p, "((");
    pickle_string(p, "storage");
    pickle_global(p, "torch", storage);
    pickle_string(p, key);
    pickle_string(p, "cpu");
    pickle_int(p, numel);
    pickle_op(p, "tQ");
    pickle_int(p, offset);
    pickle_tuple(p, shape);
    pickle_tuple(p, stride);
    pickle_op(p, "\x89");
    pickle_global(p, "collections", "OrderedDict");
    pickle_op(p, ")RtR");
}

GByteArray *pickle_one(const char *key, gint64 numel, gint64 offset, const gint64 *shape,
                       const gint64 *stride)
{
    GByteArray *p = pickle_new();
    pickle_op(p, "}(");
    pickle_string(p, "w");
    pickle_tensor(p, "FloatStorage", key, numel, offset, shape, stride);
    pickle_op(p, "u.");
    return p;
}

/* ---- zip ---- */

/* What local and central headers share: version to compressed and plain size, name length. */
static void put_common(GByteArray *to, const ZipEntry *e, const char *name, gint size_add)
{
    put_u16(to, 20);
    put_u16(to, e->flags);
    put_u16(to, e->method);
    put_u32(to, 0);
    put_u32(to, crc32_of(e->data, e->bytes) ^ e->crc_xor);
    put_u32(to, (guint)((gssize)e->bytes + size_add));
    put_u32(to, (guint)((gssize)e->bytes + size_add));
    put_u16(to, (guint)strlen(name));
    put_u16(to, 0);
}

GByteArray *zip_of(const ZipEntry *entries, guint n, const char *comment)
{
    GByteArray *zip = g_byte_array_new(), *central = g_byte_array_new();
    guint start;

    for (guint i = 0; i < n; i++) {
        const ZipEntry *e = &entries[i];
        const char *local = e->local_name ? e->local_name : e->name;
        put_text(central, "PK\1\2");
        put_u16(central, 20);
        put_common(central, e, e->name, e->size_add + e->central_size_add);
        put(central, "\0\0\0\0\0\0\0\0\0\0", 10); /* comment, disk, attributes */
        put_u32(central, zip->len);
        put_text(central, e->name);
        put_text(zip, "PK\3\4");
        put_common(zip, e, local, e->size_add);
        put_text(zip, local);
        put(zip, e->data, e->bytes);
    }
    start = zip->len;
    put(zip, central->data, central->len);
    put(zip, "PK\5\6\0\0\0\0", 8);
    put_u16(zip, n);
    put_u16(zip, n);
    put_u32(zip, central->len);
    put_u32(zip, start);
    put_u16(zip, (guint)strlen(comment));
    put_text(zip, comment);
    g_byte_array_unref(central);
    return zip;
}

/* torch's local header: flags, and an extra field that aligns the bytes to 64. */
static void put_torch_local(GByteArray *zip, const char *name)
{
    guint names = (guint)strlen(name), padding = -(zip->len + 30 + names + 4) % 64;

    put(zip, "PK\3\4\0\0\x08\x08", 8);
    put(zip, (guint8[18]){0}, 18); /* method, time, checksum, sizes */
    put_u16(zip, names);
    put_u16(zip, 4 + padding);
    put_text(zip, name);
    put_text(zip, "FB");
    put_u16(zip, padding);
    while (padding-- > 0)
        put_text(zip, "Z");
}

static void put_torch_central(GByteArray *central, const ZipEntry *e, guint offset)
{
    put(central, "PK\1\2\0\0\0\0\x08\x08\0\0\0\0\0\0", 16);
    put_u32(central, crc32_of(e->data, e->bytes));
    put_u32(central, e->wide ? G_MAXUINT32 : (guint)e->bytes);
    put_u32(central, e->wide ? G_MAXUINT32 : (guint)e->bytes);
    put_u16(central, (guint)strlen(e->name));
    put_u16(central, (guint)e->extra_bytes + (e->wide ? 28 : 0));
    put(central, (guint8[10]){0}, 10); /* comment, disk, attributes */
    put_u32(central, e->wide ? G_MAXUINT32 : offset);
    put_text(central, e->name);
    if (e->wide) {
        put(central, "\1\0\x18\0", 4);
        put_u64(central, e->bytes);
        put_u64(central, e->bytes);
        put_u64(central, offset);
    }
    put(central, e->extra, e->extra_bytes);
}

static void put_torch_end(GByteArray *zip, guint n, guint64 start, guint64 end)
{
    put(zip, "PK\6\6\x2c\0\0\0\0\0\0\0\x1e\3\x2d\0\0\0\0\0\0\0\0\0", 24);
    put_u64(zip, n);
    put_u64(zip, n);
    put_u64(zip, end - start);
    put_u64(zip, start);
    put(zip, "PK\6\7\0\0\0\0", 8);
    put_u64(zip, end);
    put_u32(zip, 1);
    put(zip, "PK\5\6\0\0\0\0", 8);
    put_u16(zip, MIN(n, G_MAXUINT16));
    put_u16(zip, MIN(n, G_MAXUINT16));
    put_u32(zip, (guint)(end - start));
    put_u32(zip, (guint)start);
    put_u16(zip, 0);
}

GByteArray *zip_as_torch(const ZipEntry *entries, guint n)
{
    GByteArray *zip = g_byte_array_new(), *central = g_byte_array_new();
    guint start;

    for (guint i = 0; i < n; i++) {
        const ZipEntry *e = &entries[i];
        put_torch_central(central, e, zip->len);
        put_torch_local(zip, e->name);
        put(zip, e->data, e->bytes);
        put(zip, "PK\7\x08", 4);
        put_u32(zip, crc32_of(e->data, e->bytes));
        put_u32(zip, (guint)e->bytes);
        put_u32(zip, (guint)e->bytes);
    }
    start = zip->len;
    put(zip, central->data, central->len);
    put_torch_end(zip, n, start, zip->len);
    g_byte_array_unref(central);
    return zip;
}

GByteArray *zip_with(const GByteArray *pickle, const void *storage, gsize bytes)
{
    ZipEntry entries[] = {
        {.name = "a/data.pkl", .data = pickle->data, .bytes = pickle->len},
        {.name = "a/byteorder", .data = "little", .bytes = 6},
        {.name = "a/data/0", .data = storage, .bytes = bytes},
    };
    return zip_of(entries, G_N_ELEMENTS(entries), "");
}

/* ---- safetensors ---- */

GByteArray *safetensors_of(const char *header, gsize data_bytes)
{
    GByteArray *bytes = g_byte_array_new();
    put_u64(bytes, strlen(header));
    put_text(bytes, header);
    for (gsize i = 0; i < data_bytes; i++)
        put_u8(bytes, (guint)(i & 255));
    return bytes;
}

/* ---- the tiny model ---- */

char *golden_file(const char *name)
{
    return g_build_filename(g_getenv("EDT_GOLDEN_DATA"), name, NULL);
}

char *craft_edt(const char *name, CraftChange change)
{
    char *source = golden_file("pt/edt_tiny_bare.pt"), *path = craft_path(name);
    EdtCheckpoint *c = edt_checkpoint_open(source, NULL, NULL, NULL);
    EdtSafetensorsWriter *w = edt_safetensors_writer_new(path, TRUE, NULL);
    GByteArray *all = g_byte_array_new();

    for (guint i = 0; i < edt_checkpoint_count(c); i++) {
        const EdtCheckpointTensor *t = edt_checkpoint_get(c, i);
        float *values = g_new(float, t->count);
        g_assert_true(edt_checkpoint_read_f32(c, t, values, NULL));
        if (change == NULL || change(t->name, values, t->count)) {
            edt_safetensors_writer_declare(w, t->name, EDT_F32, t->rank, t->shape);
            put(all, values, t->count * sizeof *values);
        }
        g_free(values);
    }
    g_assert_true(edt_safetensors_writer_data(w, all->data, all->len, NULL));
    g_assert_true(edt_safetensors_writer_finish(w, NULL));
    g_byte_array_unref(all);
    edt_checkpoint_close(c);
    g_free(source);
    return path;
}

/* ---- asking ---- */

static char *message_of(GError *error)
{
    char *message;

    g_assert_nonnull(error);
    g_assert_true(error->domain == EDT_ERROR);
    g_assert_cmpint(error->code, ==, EDT_ERROR_BAD_FILE);
    message = g_strdup(error->message);
    g_error_free(error);
    return message;
}

static char *read_tensors(EdtCheckpoint *checkpoint)
{
    for (guint i = 0; i < edt_checkpoint_count(checkpoint); i++) {
        const EdtCheckpointTensor *tensor = edt_checkpoint_get(checkpoint, i);
        float *out = g_new(float, tensor->count);
        GError *error = NULL;
        gboolean good = edt_checkpoint_read_f32(checkpoint, tensor, out, &error);
        g_free(out);
        if (!good)
            return message_of(error);
    }
    return NULL;
}

char *refusal(GByteArray *bytes)
{
    static const char *const prefer[] = {"ema", "model", "state_dict", NULL};
    char *path = craft_file("refusal.pt", bytes), *message;
    GError *error = NULL;
    EdtCheckpoint *checkpoint = edt_checkpoint_open(path, prefer, NULL, &error);

    g_byte_array_unref(bytes);
    message = checkpoint ? read_tensors(checkpoint) : message_of(error);
    if (message)
        g_assert_nonnull(strstr(message, path)); /* a person must know which file */
    edt_checkpoint_close(checkpoint);
    g_free(path);
    return message;
}

char *safetensors_refusal(GByteArray *bytes)
{
    char *path = craft_file("refusal.safetensors", bytes), *message = NULL;
    GError *error = NULL;
    EdtSafetensors *file = edt_safetensors_open(path, &error);

    g_byte_array_unref(bytes);
    if (file == NULL) {
        message = message_of(error);
        g_assert_nonnull(strstr(message, path));
    }
    edt_safetensors_close(file);
    g_free(path);
    return message;
}
