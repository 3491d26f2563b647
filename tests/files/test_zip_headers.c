/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The headers of a zip archive told apart: archives as torch.save writes them (nothing known before
 * the bytes, aligned, zip64's end record) in which one field after the other lies.  What the
 * entries are is asked in test_torch.c.
 */
#include "craft.h"
#include "edt.h"
#include "files/checkpoint.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define LOCAL "PK\3\4"
#define CENTRAL "PK\1\2"
#define END64 "PK\6\6"
#define LOCATOR "PK\6\7"
#define END "PK\5\6"
#define ONES G_MAXUINT32
#define GIANT (G_GUINT64_CONSTANT(1) << 63)

static const float six[6] = {0, 1, 2, 3, 4, 5};

enum { PICKLE, ORDER, DATA, N_ENTRIES };

typedef enum { CLASSIC, TORCH, WIDE } Kind; /* as other programs write it, as torch, with zip64 */

static GByteArray *archive(Kind kind)
{
    GByteArray *pickle = pickle_one("0", 6, 0, (gint64[]){6, -1}, (gint64[]){1, -1}), *zip;
    gboolean wide = kind == WIDE;
    const ZipEntry entries[N_ENTRIES] = {
        {.name = "a/data.pkl", .data = pickle->data, .bytes = pickle->len, .wide = wide},
        {.name = "a/byteorder", .data = "little", .bytes = 6, .wide = wide},
        {.name = "a/data/0", .data = six, .bytes = sizeof six, .wide = wide},
    };

    zip = kind == CLASSIC ? zip_of(entries, N_ENTRIES, "") : zip_as_torch(entries, N_ENTRIES);
    g_byte_array_unref(pickle);
    return zip;
}

/* Place of the record with this number and signature. */
static guint8 *record(const GByteArray *zip, const char *signature, guint nth)
{
    guint8 *at = zip->data;

    for (nth++; nth > 0; nth--) {
        at = memmem(at, zip->len - (gsize)(at - zip->data), signature, 4);
        g_assert_nonnull(at);
        at++;
    }
    return at - 1;
}

/* One number written over; at counts from the record's beginning. */
typedef struct {
    const char *record;
    guint nth, at, width;
    guint64 value;
} Patch;

static void patch(GByteArray *zip, const Patch *p)
{
    guint8 *to = record(zip, p->record, p->nth) + p->at;

    for (guint i = 0; i < p->width; i++)
        to[i] = (guint8)(p->value >> (8 * i));
}

typedef struct {
    Kind kind;
    Patch patches[4];
    const char *message;
} Lie;

static void check(const Lie *lies, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        GByteArray *zip = archive(lies[i].kind);
        char *message;

        for (const Patch *p = lies[i].patches; p->record; p++)
            patch(zip, p);
        message = refusal(zip);
        if (message == NULL || strstr(message, lies[i].message) == NULL)
            g_error("lie %" G_GSIZE_FORMAT ": “%s” does not contain “%s”", i, message,
                    lies[i].message);
        g_free(message);
    }
}

static void test_good(void)
{
    GByteArray *zip;

    for (Kind kind = CLASSIC; kind <= WIDE; kind++)
        assert_taken(refusal(archive(kind)));
    /* sizes are allowed before the bytes, too, when they are the right ones */
    zip = archive(TORCH);
    memcpy(record(zip, LOCAL, DATA) + 14, record(zip, CENTRAL, DATA) + 16, 12);
    assert_taken(refusal(zip));
}

/* ---- the header before the bytes ---- */

static void test_local_lies(void)
{
    static const Lie lies[] = {
        {TORCH, {{LOCAL, 1, 0, 1, 'Q'}}, "“a/byteorder” is not where the central directory"},
        {TORCH, {{LOCAL, 2, 30, 1, 'b'}}, "“a/data/0” has two names"},
        {TORCH, {{LOCAL, 2, 26, 2, 7}}, "“a/data/0” has two names"},
        {TORCH, {{LOCAL, 2, 26, 2, 0xffff}}, "“a/data/0” has two names"},
        {TORCH, {{LOCAL, 2, 8, 2, 8}}, "“a/data/0” has two kinds of compression"},
        {TORCH, {{LOCAL, 2, 6, 2, 0x809}}, "“a/data/0” has two kinds of compression"},
        {TORCH, {{LOCAL, 2, 6, 2, 0x800}}, "“a/data/0” has two kinds of compression"},
        {TORCH, {{LOCAL, 2, 14, 4, 1}}, "“a/data/0” has two sizes or checksums"},
        {TORCH, {{LOCAL, 2, 18, 4, 20}}, "“a/data/0” has two sizes or checksums"},
        {TORCH, {{LOCAL, 2, 22, 4, 20}}, "“a/data/0” has two sizes or checksums"},
        {TORCH, {{LOCAL, 0, 28, 2, 0xffff}}, "“a/data.pkl” has no room"},
        {TORCH, {{LOCAL, 2, 28, 2, 0xffff}}, "“a/data/0” has no room"},
        /* zeros are right only where the sizes are said to follow */
        {TORCH,
         {{LOCAL, 2, 6, 2, 0x800}, {CENTRAL, 2, 8, 2, 0x800}},
         "“a/data/0” has two sizes or checksums"},
        /* and all ones only with a zip64 field: FB is none */
        {TORCH, {{LOCAL, 2, 18, 4, ONES}}, "“a/data/0” has extra fields"},
        {TORCH, {{LOCAL, 2, 18, 4, ONES}, {LOCAL, 2, 38, 2, 1}}, "“a/data/0” has extra fields"},
        {CLASSIC, {{LOCAL, 0, 22, 4, 6}}, "“a/data.pkl” has two sizes"},
        {CLASSIC, {{LOCAL, 0, 14, 4, 0}}, "“a/data.pkl” has two sizes"},
        {CLASSIC, {{LOCAL, 0, 18, 4, 0}}, "“a/data.pkl” has two sizes"},
        {CLASSIC, {{LOCAL, 0, 22, 4, 0}}, "“a/data.pkl” has two sizes"},
    };

    check(lies, G_N_ELEMENTS(lies));
}

/* ---- the central directory ---- */

static void test_central_lies(void)
{
    static const Lie lies[] = {
        {TORCH, {{CENTRAL, 1, 0, 1, 'Q'}}, "fewer entries than it says"},
        {TORCH, {{CENTRAL, 2, 28, 2, 0}}, "not plain text"},
        {TORCH, {{CENTRAL, 2, 28, 2, 600}}, "not plain text"},
        {TORCH, {{CENTRAL, 2, 28, 2, 0xffff}}, "not plain text"},
        {TORCH, {{CENTRAL, 2, 50, 1, 0}, {LOCAL, 2, 34, 1, 0}}, "not plain text"},
        {TORCH, {{CENTRAL, 2, 50, 1, 27}, {LOCAL, 2, 34, 1, 27}}, "not plain text"},
        {TORCH, {{CENTRAL, 2, 30, 2, 0xffff}}, "“a/data/0” reaches beyond"},
        {TORCH, {{CENTRAL, 2, 32, 2, 0xffff}}, "“a/data/0” reaches beyond"},
        {TORCH, {{CENTRAL, 0, 32, 2, 1}}, "fewer entries than it says"},
        {TORCH, {{CENTRAL, 2, 34, 2, 1}}, "“a/data/0” is said to be in another file"},
        {TORCH, {{CENTRAL, 2, 16, 4, 0}}, "its zip entry “a/data/0” is damaged"},
        {TORCH, {{CENTRAL, 2, 20, 4, 1 << 30}}, "“a/data/0” has no room"},
        {TORCH, {{CENTRAL, 2, 20, 4, ONES - 1}}, "“a/data/0” has no room"},
        {TORCH, {{CENTRAL, 2, 24, 4, 20}}, "“a/data/0” is compressed"},
        {TORCH, {{CENTRAL, 2, 42, 4, 1 << 30}}, "“a/data/0” is not where the central directory"},
        {TORCH, {{CENTRAL, 2, 42, 4, ONES - 1}}, "“a/data/0” is not where the central directory"},
    };

    check(lies, G_N_ELEMENTS(lies));
}

/* An entry may not have bytes of another: whoever reads it first decides. */
static void test_overlap(void)
{
    static const Lie lies[] = {
        {TORCH, {{CENTRAL, 1, 42, 4, 0}}, "“a/byteorder” does not lie behind"},
        {TORCH, {{CENTRAL, 2, 42, 4, 0}}, "“a/data/0” does not lie behind"},
        {TORCH, {{CENTRAL, 0, 42, 4, 1}}, "“a/data.pkl” is not where"},
        {TORCH, {{CENTRAL, 0, 20, 4, 300}, {CENTRAL, 0, 24, 4, 300}}, "“a/byteorder” does not lie"},
        {TORCH, {{CENTRAL, 1, 20, 4, 80}, {CENTRAL, 1, 24, 4, 80}}, "“a/data/0” does not lie"},
        {TORCH, {{CENTRAL, 2, 20, 4, 40}, {CENTRAL, 2, 24, 4, 40}}, "“a/data/0” has no room"},
        /* the record behind the bytes needs its place, too */
        {TORCH, {{CENTRAL, 1, 20, 4, 11}, {CENTRAL, 1, 24, 4, 11}}, "“a/data/0” does not lie"},
        {TORCH, {{CENTRAL, 2, 20, 4, 29}, {CENTRAL, 2, 24, 4, 29}}, "“a/data/0” has no room"},
        {CLASSIC,
         {{CENTRAL, 0, 20, 4, 300}, {LOCAL, 0, 18, 4, 300}, {CENTRAL, 0, 24, 4, 300}},
         "“a/data.pkl” has"},
    };
    GByteArray *zip = archive(TORCH);
    guint8 *central = record(zip, CENTRAL, DATA);
    guint start = (guint)(record(zip, CENTRAL, PICKLE) - zip->data);

    check(lies, G_N_ELEMENTS(lies));
    for (guint i = 0; i < 4; i++)
        central[42 + i] = (guint8)(start >> (8 * i));
    assert_refused(refusal(zip), "“a/data/0” is not where the central directory says");
    /* bytes that begin 4 before the directory: too few even for the record behind them */
    zip = archive(TORCH);
    record(zip, LOCAL, DATA)[28] += sizeof six + 16 - 4;
    assert_refused(refusal(zip), "“a/data/0” has no room");
}

/* libzip believes a name that stands in an extra field; not every program does. */
static void test_second_name(void)
{
    GByteArray *pickle = pickle_one("0", 6, 0, (gint64[]){6, -1}, (gint64[]){1, -1});
    GByteArray *extra = g_byte_array_new();
    ZipEntry entries[] = {
        {.name = "a/data.pkl", .data = pickle->data, .bytes = pickle->len},
        {.name = "a/data/7", .data = six, .bytes = sizeof six},
    };

    put_u16(extra, 0x7075);
    put_u16(extra, 5 + 8);
    put_u8(extra, 1);
    put_u32(extra, crc32_of((const guint8 *)"a/data/7", 8));
    put_text(extra, "a/data/0");
    entries[1].extra = extra->data;
    entries[1].extra_bytes = extra->len;
    assert_refused(refusal(zip_as_torch(entries, 2)), "“a/data/7” can be read in two ways");
    g_byte_array_unref(extra);
    g_byte_array_unref(pickle);
}

static void test_extra_field_too_long(void)
{
    GByteArray *pickle = pickle_one("0", 6, 0, (gint64[]){6, -1}, (gint64[]){1, -1});
    ZipEntry entry = {.name = "a/data.pkl",
                      .data = pickle->data,
                      .bytes = pickle->len,
                      .extra = "QQ\1\0X",
                      .extra_bytes = 5};

    /* the field is sound: the walk comes to its end */
    assert_refused(refusal(zip_as_torch(&entry, 1)), "“data/0”, are missing");
    entry.extra = "QQ\2\0X";
    assert_refused(refusal(zip_as_torch(&entry, 1)), "“a/data.pkl” has extra fields");
    entry.extra_bytes = 3;
    assert_refused(refusal(zip_as_torch(&entry, 1)), "“a/data.pkl” has extra fields");
    g_byte_array_unref(pickle);
}

/* ---- the end ---- */

static void test_end_lies(void)
{
    static const Lie lies[] = {
        {CLASSIC, {{END, 0, 8, 4, 0x00020002}}, "more entries than it says"},
        {CLASSIC, {{END, 0, 8, 4, 0x00040004}}, "number of entries cannot be"},
        {CLASSIC, {{END, 0, 8, 4, 0xffffffff}}, "number of entries cannot be"},
        {CLASSIC, {{END, 0, 8, 4, 0}}, "number of entries cannot be"},
        {CLASSIC, {{END, 0, 8, 2, 2}}, "one of several"},
        {CLASSIC, {{END, 0, 4, 2, 1}}, "one of several"},
        {CLASSIC, {{END, 0, 6, 2, 1}}, "one of several"},
        {CLASSIC, {{END, 0, 12, 4, 0}}, "does not end where the end record begins"},
        {CLASSIC, {{END, 0, 12, 4, ONES}}, "does not end where the end record begins"},
        {CLASSIC, {{END, 0, 16, 4, 0}}, "does not end where the end record begins"},
        {CLASSIC, {{END, 0, 16, 4, ONES}}, "does not end where the end record begins"},
        {CLASSIC, {{END, 0, 16, 4, ONES - 1}, {END, 0, 12, 4, ONES}}, "does not end where"},
        {TORCH, {{LOCATOR, 0, 3, 1, 8}}, "does not end where the end record begins"},
    };

    check(lies, G_N_ELEMENTS(lies));
}

/* 100000 are allowed; for more, nothing is allocated. */
static void test_too_many(void)
{
    ZipEntry *entries = g_new(ZipEntry, 100001);

    for (guint i = 0; i < 100001; i++)
        entries[i] = (ZipEntry){.name = "a/data.pkl", .data = ""};
    assert_refused(refusal(zip_as_torch(entries, 100001)), "number of entries cannot be");
    g_free(entries);
}

/* A directory that begins behind its end has bytes enough, when they wrap. */
static void test_directory_backwards(void)
{
    GByteArray *zip = archive(TORCH);
    guint64 end = (guint64)(record(zip, END64, 0) - zip->data);

    patch(zip, &(Patch){END64, 0, 40, 8, G_MAXUINT64});
    patch(zip, &(Patch){END64, 0, 48, 8, end + 1});
    patch(zip, &(Patch){END, 0, 12, 8, G_MAXUINT64});
    assert_refused(refusal(zip), "does not end where the end record begins");
}

/* The central directory without one of its entries, whose bytes are still there. */
static void test_directory_cut(void)
{
    GByteArray *zip = archive(TORCH);
    guint at = (guint)(record(zip, CENTRAL, ORDER) - zip->data);
    guint n = (guint)(record(zip, CENTRAL, DATA) - zip->data) - at;

    g_byte_array_remove_range(zip, at, n);
    assert_refused(refusal(zip), "its zip64 end record is not where it should be");
    zip = archive(CLASSIC);
    at = (guint)(record(zip, CENTRAL, ORDER) - zip->data);
    n = (guint)(record(zip, CENTRAL, DATA) - zip->data) - at;
    g_byte_array_remove_range(zip, at, n);
    assert_refused(refusal(zip), "does not end where the end record begins");
}

/* ---- zip64 ---- */

static void test_end64_lies(void)
{
    static const Lie lies[] = {
        {TORCH, {{END64, 0, 3, 1, 8}}, "zip64 end record is not where"},
        {TORCH, {{END64, 0, 4, 8, 45}}, "zip64 end record is not where"},
        {TORCH, {{END64, 0, 4, 8, G_MAXUINT64}}, "zip64 end record is not where"},
        {TORCH, {{LOCATOR, 0, 8, 8, 0}}, "zip64 end record is not where"},
        {TORCH, {{LOCATOR, 0, 8, 8, G_MAXUINT64}}, "zip64 end record is not where"},
        {TORCH, {{LOCATOR, 0, 8, 8, GIANT}}, "zip64 end record is not where"},
        {TORCH, {{LOCATOR, 0, 4, 4, 1}}, "one of several"},
        {TORCH, {{LOCATOR, 0, 16, 4, 2}}, "one of several"},
        {TORCH, {{END64, 0, 16, 4, 1}}, "one of several"},
        {TORCH, {{END64, 0, 20, 4, 1}}, "one of several"},
        {TORCH, {{END64, 0, 24, 8, 4}}, "one of several"},
        {TORCH, {{END64, 0, 24, 8, 2}, {END64, 0, 32, 8, 2}}, "two end records differ"},
        {TORCH, {{END64, 0, 40, 8, 1}}, "two end records differ"},
        {TORCH, {{END64, 0, 48, 8, 1}}, "two end records differ"},
        {TORCH, {{END, 0, 8, 4, 0x00020002}}, "two end records differ"},
        {TORCH,
         {{END64, 0, 24, 8, GIANT}, {END64, 0, 32, 8, GIANT}, {END, 0, 8, 4, ONES}},
         "number of entries cannot be"},
        {TORCH, {{END64, 0, 40, 8, GIANT}, {END, 0, 12, 4, ONES}}, "does not end where"},
        {TORCH, {{END64, 0, 40, 8, G_MAXUINT64}, {END, 0, 12, 4, ONES}}, "does not end where"},
        {TORCH, {{END64, 0, 48, 8, GIANT}, {END, 0, 16, 4, ONES}}, "does not end where"},
        {TORCH, {{END64, 0, 48, 8, 0}, {END, 0, 16, 4, ONES}}, "does not end where"},
    };

    check(lies, G_N_ELEMENTS(lies));
}

/* In the central directory: id at 46 + name, then size, bytes, stored bytes, offset. */
static void test_zip64_field_lies(void)
{
    enum { ID = 46 + 8, SIZE = ID + 2, BYTES = SIZE + 2, STORED = BYTES + 8, OFFSET = STORED + 8 };
    static const Lie lies[] = {
        {WIDE, {{CENTRAL, 2, ID, 2, 2}}, "“a/data/0” has extra fields that do not fit"},
        {WIDE, {{CENTRAL, 2, SIZE, 2, 16}}, "“a/data/0” has extra fields that do not fit"},
        {WIDE, {{CENTRAL, 2, SIZE, 2, 32}}, "“a/data/0” has extra fields that do not fit"},
        {WIDE, {{CENTRAL, 2, SIZE, 2, 0xffff}}, "“a/data/0” has extra fields that do not fit"},
        {WIDE, {{CENTRAL, 2, 30, 2, 3}}, "“a/data/0” has extra fields that do not fit"},
        /* a field more than there are ones for */
        {WIDE, {{CENTRAL, 2, 20, 4, 24}}, "“a/data/0” has extra fields that do not fit"},
        {WIDE, {{CENTRAL, 2, 42, 4, 24}}, "“a/data/0” has extra fields that do not fit"},
        {TORCH, {{CENTRAL, 2, 20, 4, ONES}}, "“a/data/0” has extra fields that do not fit"},
        {TORCH, {{CENTRAL, 2, 42, 4, ONES}}, "“a/data/0” has extra fields that do not fit"},
        {WIDE, {{CENTRAL, 2, BYTES, 8, 20}}, "“a/data/0” is compressed"},
        {WIDE, {{CENTRAL, 2, STORED, 8, GIANT}}, "“a/data/0” has no room"},
        {WIDE, {{CENTRAL, 2, STORED, 8, G_MAXUINT64}}, "“a/data/0” has no room"},
        {WIDE, {{CENTRAL, 2, OFFSET, 8, 0}}, "“a/data/0” does not lie behind"},
        {WIDE, {{CENTRAL, 2, OFFSET, 8, GIANT}}, "“a/data/0” is not where"},
        {WIDE, {{CENTRAL, 2, OFFSET, 8, G_MAXUINT64}}, "“a/data/0” is not where"},
    };

    check(lies, G_N_ELEMENTS(lies));
}

/* 4 GiB of a hole in front: sizes and offsets that need zip64 for truth. */
static void test_beyond_4_gib(void)
{
    const guint64 hole = G_GUINT64_CONSTANT(5) << 30;
    GByteArray *pickle = pickle_one("0", 6, 0, (gint64[]){6, -1}, (gint64[]){1, -1}), *zip, *head;
    ZipEntry entries[] = {
        {.name = "a/data/big", .data = "", .bytes = 0, .wide = TRUE},
        {.name = "a/data.pkl", .data = pickle->data, .bytes = pickle->len, .wide = TRUE},
        {.name = "a/data/0", .data = six, .bytes = sizeof six, .wide = TRUE},
    };
    const guint first = 128 - 64; /* bytes of the first header: its contents begin aligned */
    EdtCheckpoint *c;
    GError *error = NULL;
    float out[6];
    char *path;
    int fd;

    zip = zip_as_torch(entries, 3);
    for (guint i = 0; i < 3; i++) { /* the zip64 fields */
        guint8 *field = record(zip, CENTRAL, i) + 46 + strlen(entries[i].name) + 4;
        if (i == 0)
            for (guint k = 0; k < 2; k++)
                memcpy(field + 8 * k, &(guint64){GUINT64_TO_LE(hole)}, 8);
        else
            field[16 + 4] += 1, field[16 + 3] += 0x40; /* 5 GiB more */
    }
    patch(zip, &(Patch){END, 0, 16, 4, ONES});
    record(zip, END64, 0)[48 + 4] += 1, record(zip, END64, 0)[48 + 3] += 0x40;
    record(zip, LOCATOR, 0)[8 + 4] += 1, record(zip, LOCATOR, 0)[8 + 3] += 0x40;
    head = g_byte_array_new();
    put(head, zip->data, first);
    path = craft_file("hole.pt", head);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    g_assert_cmpint(pwrite(fd, zip->data + first, zip->len - first, (off_t)(first + hole)), ==,
                    zip->len - first);
    close(fd);
    c = edt_checkpoint_open(path, NULL, NULL, &error);
    g_assert_no_error(error);
    g_assert_true(edt_checkpoint_read_f32(c, edt_checkpoint_find(c, "w"), out, NULL));
    g_assert_cmpmem(out, sizeof out, six, sizeof six);
    edt_checkpoint_close(c);
    g_byte_array_unref(head);
    g_byte_array_unref(zip);
    g_byte_array_unref(pickle);
    g_free(path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/zip-headers/good", test_good);
    g_test_add_func("/zip-headers/local-lies", test_local_lies);
    g_test_add_func("/zip-headers/central-lies", test_central_lies);
    g_test_add_func("/zip-headers/overlap", test_overlap);
    g_test_add_func("/zip-headers/second-name", test_second_name);
    g_test_add_func("/zip-headers/extra-field-too-long", test_extra_field_too_long);
    g_test_add_func("/zip-headers/end-lies", test_end_lies);
    g_test_add_func("/zip-headers/too-many", test_too_many);
    g_test_add_func("/zip-headers/directory-backwards", test_directory_backwards);
    g_test_add_func("/zip-headers/directory-cut", test_directory_cut);
    g_test_add_func("/zip-headers/end64-lies", test_end64_lies);
    g_test_add_func("/zip-headers/zip64-field-lies", test_zip64_field_lies);
    g_test_add_func("/zip-headers/beyond-4-gib", test_beyond_4_gib);
    return g_test_run();
}
