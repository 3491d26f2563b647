/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * torch's two containers: zip archives that lie in each of the ways that parsers fell for, the
 * older format cut and bent, and the choice among dictionaries.
 */
#include "craft.h"
#include "edt.h"
#include "files/checkpoint.h"

#include <string.h>

static const float six[6] = {0, 1, 2, 3, 4, 5};
static const gint64 two_by_three[] = {2, 3, -1}, rows[] = {3, 1, -1};

static GByteArray *one_tensor(void)
{
    return pickle_one("0", 6, 0, two_by_three, rows);
}

/* ---- zip ---- */

static void test_zip_good(void)
{
    GByteArray *pickle = one_tensor(), *zip = zip_with(pickle, six, sizeof six);
    char *path = craft_file("good.pt", zip);
    const char *chosen = "?";
    GError *error = NULL;
    EdtCheckpoint *c = edt_checkpoint_open(path, (const char *[]){"ema", NULL}, &chosen, &error);
    const EdtCheckpointTensor *w;
    float out[6];

    g_assert_no_error(error);
    g_assert_null(chosen); /* a bare state dict */
    g_assert_cmpuint(edt_checkpoint_count(c), ==, 1);
    w = edt_checkpoint_find(c, "w");
    g_assert_cmpint(w->rank, ==, 2);
    g_assert_cmpint(w->shape[1], ==, 3);
    g_assert_true(edt_checkpoint_read_f32(c, w, out, NULL));
    g_assert_cmpmem(out, sizeof out, six, sizeof six);
    g_assert_true(edt_checkpoint_read_f32(c, w, out, NULL)); /* and again, now by seeking */
    g_assert_cmpmem(out, sizeof out, six, sizeof six);
    edt_checkpoint_close(c);
    g_byte_array_unref(zip);
    g_byte_array_unref(pickle);
    g_free(path);
}

/* Entries of a good archive, to be bent. */
enum { PICKLE, ORDER, DATA, N_ENTRIES };

static void good_entries(ZipEntry e[N_ENTRIES], const GByteArray *pickle)
{
    e[PICKLE] = (ZipEntry){.name = "a/data.pkl", .data = pickle->data, .bytes = pickle->len};
    e[ORDER] = (ZipEntry){.name = "a/byteorder", .data = "little", .bytes = 6};
    e[DATA] = (ZipEntry){.name = "a/data/0", .data = six, .bytes = sizeof six};
}

static char *bent(void (*bend)(ZipEntry *))
{
    ZipEntry e[N_ENTRIES];
    GByteArray *pickle = one_tensor(), *zip;

    good_entries(e, pickle);
    if (bend)
        bend(e);
    zip = zip_of(e, N_ENTRIES, "");
    g_byte_array_unref(pickle);
    return refusal(zip);
}

static void deflate(ZipEntry *e)
{
    e[DATA].method = 8;
}

static void encrypt(ZipEntry *e)
{
    e[DATA].flags = 1;
}

static void break_sum(ZipEntry *e)
{
    e[DATA].crc_xor = 1;
}

static void break_pickle_sum(ZipEntry *e)
{
    e[PICKLE].crc_xor = 1;
}

static void rename_locally(ZipEntry *e)
{
    e[DATA].local_name = "a/data/1";
}

static void enlarge(ZipEntry *e)
{
    e[DATA].size_add = 4;
}

static void enlarge_hugely(ZipEntry *e)
{
    e[DATA].size_add = 1 << 30;
}

static void enlarge_centrally(ZipEntry *e)
{
    e[DATA].central_size_add = 4;
}

static void shrink(ZipEntry *e)
{
    e[DATA].bytes -= 4;
}

static void double_name(ZipEntry *e)
{
    e[ORDER].name = "a/data/0";
}

static void other_folder(ZipEntry *e)
{
    e[DATA].name = "b/data/0";
}

static void climb(ZipEntry *e)
{
    e[ORDER].name = "../byteorder";
}

static void foreign_entry(ZipEntry *e)
{
    e[ORDER].name = "a/run.py";
}

static void script(ZipEntry *e)
{
    e[ORDER].name = "a/constants.pkl";
}

static void big_endian(ZipEntry *e)
{
    e[ORDER] = (ZipEntry){.name = "a/byteorder", .data = "big", .bytes = 3};
}

static void no_pickle(ZipEntry *e)
{
    e[PICKLE].name = "a/version";
}

static void no_storage(ZipEntry *e)
{
    e[DATA].name = "a/data/7";
}

static void test_zip_lies(void)
{
    assert_taken(bent(NULL));
    assert_refused(bent(deflate), "compressed");
    assert_refused(bent(encrypt), "“");
    assert_refused(bent(break_sum), "checksum");
    assert_refused(bent(break_pickle_sum), "checksum");
    assert_refused(bent(rename_locally), "zip archive is damaged");
    assert_refused(bent(enlarge), "“");
    assert_refused(bent(enlarge_hugely), "“");
    assert_refused(bent(enlarge_centrally), "zip archive is damaged");
    assert_refused(bent(shrink), "storage says 24 bytes, the file has 20");
    assert_refused(bent(double_name), "twice");
    assert_refused(bent(other_folder), "not in the folder");
    assert_refused(bent(climb), "not in the folder");
    assert_refused(bent(foreign_entry), "“run.py” is none");
    assert_refused(bent(script), "TorchScript");
    assert_refused(bent(big_endian), "big-endian");
    assert_refused(bent(no_pickle), "without data.pkl");
    assert_refused(bent(no_storage), "“data/0”");
}

static void test_zip_ends(void)
{
    ZipEntry e[N_ENTRIES];
    GByteArray *pickle = one_tensor(), *zip;

    good_entries(e, pickle);
    assert_refused(refusal(zip_of(e, N_ENTRIES, "a comment")), "does not end as");
    zip = zip_of(e, N_ENTRIES, "");
    put_text(zip, "tail");
    assert_refused(refusal(zip), "does not end as");
    zip = zip_of(e, N_ENTRIES, "");
    g_byte_array_set_size(zip, zip->len - 30);
    assert_refused(refusal(zip), "does not end as");
    zip = zip_of(e, 0, "");
    assert_refused(refusal(zip), "neither"); /* an empty archive begins with its end record */
    g_byte_array_unref(pickle);
}

/* A storage may be declared larger or smaller than its entry by the pickle alone. */
static void test_storage_lies(void)
{
    static const gint64 counts[] = {5, 7, 0, 1ll << 40, G_MAXINT64};

    for (gsize i = 0; i < G_N_ELEMENTS(counts); i++) {
        GByteArray *pickle = pickle_one("0", counts[i], 0, (gint64[]){0, -1}, (gint64[]){1, -1});
        assert_refused(refusal(zip_with(pickle, six, sizeof six)), "tensor “w”: its storage");
        g_byte_array_unref(pickle);
    }
}

/* ---- strides ---- */

static void test_strides(void)
{
    static const struct {
        gint64 offset, shape[4], stride[4];
        float first[6];
        gsize count;
    } cases[] = {
        {0, {3, 2, -1}, {1, 3, -1}, {0, 3, 1, 4, 2, 5}, 6}, /* transposed */
        {1, {2, 2, -1}, {3, 1, -1}, {1, 2, 4, 5}, 4},       /* a window */
        {0, {3, -1}, {2, -1}, {0, 2, 4}, 3},                /* every other */
        {2, {3, -1}, {0, -1}, {2, 2, 2}, 3},                /* one number, expanded */
        {5, {1, 1, -1}, {99999, 7, -1}, {5}, 1},            /* strides of 1s do not matter */
        {0, {2, 1, 3, -1}, {3, 77, 1, -1}, {0, 1, 2, 3, 4, 5}, 6},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        GByteArray *pickle = pickle_one("0", 6, cases[i].offset, cases[i].shape, cases[i].stride);
        GByteArray *zip = zip_with(pickle, six, sizeof six);
        char *path = craft_file("strides.pt", zip);
        EdtCheckpoint *c = edt_checkpoint_open(path, NULL, NULL, NULL);
        float out[6];
        g_assert_nonnull(c);
        g_assert_cmpuint(edt_checkpoint_get(c, 0)->count, ==, cases[i].count);
        g_assert_true(edt_checkpoint_read_f32(c, edt_checkpoint_get(c, 0), out, NULL));
        for (gsize k = 0; k < cases[i].count; k++)
            g_assert_cmpfloat(out[k], ==, cases[i].first[k]);
        edt_checkpoint_close(c);
        g_byte_array_unref(zip);
        g_byte_array_unref(pickle);
        g_free(path);
    }
}

static void test_expanded(void)
{
    GByteArray *pickle =
        pickle_one("0", 6, 0, (gint64[]){1 << 20, 1 << 20, -1}, (gint64[]){0, 0, -1});
    assert_refused(refusal(zip_with(pickle, six, sizeof six)),
                   "tensor “w” has more elements than its storage");
    g_byte_array_unref(pickle);
}

/* A tensor of several pieces (1 MB each) and an offset across their border. */
static void test_pieces(void)
{
    const gint64 n = 700000;
    float *storage = g_new(float, n), *out = g_new(float, n);
    GByteArray *pickle = pickle_one("0", n, 262140, (gint64[]){262150, -1}, (gint64[]){1, -1}),
               *zip;
    char *path;
    EdtCheckpoint *c;

    for (gint64 i = 0; i < n; i++)
        storage[i] = (float)i;
    zip = zip_with(pickle, storage, (gsize)n * 4);
    path = craft_file("pieces.pt", zip);
    c = edt_checkpoint_open(path, NULL, NULL, NULL);
    for (int again = 0; again < 2; again++) {
        memset(out, 0, 262150 * sizeof *out);
        g_assert_true(edt_checkpoint_read_f32(c, edt_checkpoint_get(c, 0), out, NULL));
        for (gint64 i = 0; i < 262150; i++)
            g_assert_cmpfloat(out[i], ==, (float)(262140 + i));
    }
    edt_checkpoint_close(c);
    g_byte_array_unref(zip);
    g_byte_array_unref(pickle);
    g_free(path);
    g_free(out);
    g_free(storage);
}

/* ---- types ---- */

static void test_types(void)
{
    static const struct {
        const char *storage;
        guint8 bytes[16];
        gsize size;
        float values[2];
    } cases[] = {
        {"HalfStorage", {0x00, 0x3c, 0x01, 0x00}, 4, {1, 0x1p-24f}},
        {"BFloat16Storage", {0x80, 0x3f, 0x20, 0xc0}, 4, {1, -2.5f}},
        {"FloatStorage", {0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0}, 8, {1, -2.5f}},
        {"DoubleStorage",
         {0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 4, 0xc0},
         16,
         {1, -2.5f}},
        {"LongStorage",
         {1, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
         16,
         {1, -2}},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        GByteArray *p = pickle_new(), *zip;
        char *path;
        EdtCheckpoint *c;
        float out[2];
        pickle_op(p, "}(");
        pickle_string(p, "w");
        pickle_tensor(p, cases[i].storage, "0", 2, 0, (gint64[]){2, -1}, (gint64[]){1, -1});
        pickle_op(p, "u.");
        zip = zip_with(p, cases[i].bytes, cases[i].size);
        path = craft_file("types.pt", zip);
        c = edt_checkpoint_open(path, NULL, NULL, NULL);
        g_assert_nonnull(c);
        g_assert_true(edt_checkpoint_read_f32(c, edt_checkpoint_get(c, 0), out, NULL));
        g_assert_cmpfloat(out[0], ==, cases[i].values[0]);
        g_assert_cmpfloat(out[1], ==, cases[i].values[1]);
        edt_checkpoint_close(c);
        g_byte_array_unref(zip);
        g_byte_array_unref(p);
        g_free(path);
    }
}

/* ---- which dictionary ---- */

static void put_dict(GByteArray *p, const char *key, const char *tensor)
{
    pickle_string(p, key);
    pickle_op(p, "}(");
    pickle_string(p, tensor);
    pickle_tensor(p, "FloatStorage", "0", 6, 0, two_by_three, rows);
    pickle_op(p, "u");
}

static char *chosen_tensor(GByteArray *pickle, const char **chosen)
{
    static const char *const prefer[] = {"ema", "model", NULL};
    GByteArray *zip = zip_with(pickle, six, sizeof six);
    char *path = craft_file("choice.pt", zip), *name = NULL;
    EdtCheckpoint *c = edt_checkpoint_open(path, prefer, chosen, NULL);

    if (c && edt_checkpoint_count(c) == 1)
        name = g_strdup(edt_checkpoint_get(c, 0)->name);
    edt_checkpoint_close(c);
    g_byte_array_unref(zip);
    g_byte_array_unref(pickle);
    g_free(path);
    return name;
}

static void test_choice(void)
{
    GByteArray *p = pickle_new();
    const char *chosen;
    char *name;

    pickle_op(p, "}(");
    put_dict(p, "model", "of model");
    put_dict(p, "ema", "of ema");
    pickle_op(p, "u.");
    name = chosen_tensor(p, &chosen);
    g_assert_cmpstr(name, ==, "of ema"); /* by preference, not by place */
    g_assert_cmpstr(chosen, ==, "ema");
    g_free(name);

    p = pickle_new();
    pickle_op(p, "}(");
    put_dict(p, "model", "of model");
    pickle_string(p, "ema");
    pickle_op(p, "}u."); /* empty */
    name = chosen_tensor(p, &chosen);
    g_assert_cmpstr(name, ==, "of model");
    g_free(name);

    p = pickle_new();
    pickle_op(p, "}(");
    put_dict(p, "ema", "first");
    put_dict(p, "ema", "second");
    pickle_op(p, "u.");
    assert_refused(refusal(zip_with(p, six, sizeof six)), "“ema” stands twice");
    g_byte_array_unref(p);
}

static void test_no_tensors(void)
{
    GByteArray *p = pickle_new();
    pickle_op(p, "}.");
    assert_refused(refusal(zip_with(p, six, sizeof six)), "no tensors");
    g_byte_array_set_size(p, 2);
    pickle_op(p, "].");
    assert_refused(refusal(zip_with(p, six, sizeof six)), "dictionary");
    g_byte_array_unref(p);
}

static void test_double_names(void)
{
    GByteArray *p = pickle_new();
    pickle_op(p, "}(");
    for (int i = 0; i < 2; i++) {
        pickle_string(p, "w");
        pickle_tensor(p, "FloatStorage", "0", 6, 0, two_by_three, rows);
    }
    pickle_op(p, "u.");
    assert_refused(refusal(zip_with(p, six, sizeof six)), "“w” stands twice");
    g_byte_array_unref(p);
}

/* An optimiser's storages may be missing, damaged or absurd: nothing looks at them. */
static void test_optimiser_is_not_read(void)
{
    GByteArray *p = pickle_new();
    pickle_op(p, "}(");
    put_dict(p, "ema", "w");
    pickle_string(p, "opt");
    pickle_op(p, "](");
    pickle_tensor(p, "FloatStorage", "no such entry", 1ll << 50, 0, (gint64[]){1ll << 50, -1},
                  (gint64[]){1, -1});
    pickle_op(p, "eu.");
    assert_taken(refusal(zip_with(p, six, sizeof six)));
    g_byte_array_unref(p);
}

/* Counters of whole numbers stand in many autoencoder files; they are passed over. */
static void test_integer_counters(void)
{
    GByteArray *p = pickle_new();
    char *name;
    const char *chosen;

    pickle_op(p, "}(");
    pickle_string(p, "num_updates");
    pickle_tensor(p, "IntStorage", "no such entry", 1, 0, (gint64[]){-1}, (gint64[]){-1});
    pickle_string(p, "w");
    pickle_tensor(p, "FloatStorage", "0", 6, 0, two_by_three, rows);
    pickle_op(p, "u.");
    name = chosen_tensor(p, &chosen);
    g_assert_cmpstr(name, ==, "w");
    g_free(name);
}

/* ---- half characters, and a NUL ---- */

/* {<root>: 1, <tensor>: a tensor of storage <storage>, "args": {"model": <setting>}} */
static EdtCheckpoint *open_with(const char *root, const char *tensor, const char *storage,
                                const char *setting, GError **error)
{
    GByteArray *p = pickle_new(), *zip;
    pickle_op(p, "}(");
    pickle_string(p, root);
    pickle_int(p, 1);
    pickle_string(p, tensor);
    pickle_tensor(p, "FloatStorage", storage, 6, 0, two_by_three, rows);
    pickle_string(p, "args");
    pickle_op(p, "}");
    pickle_string(p, "model");
    pickle_string(p, setting);
    pickle_op(p, "su.");
    zip = zip_with(p, six, sizeof six);
    g_autofree char *path = craft_file("half.pt", zip);
    g_byte_array_unref(zip);
    g_byte_array_unref(p);
    return edt_checkpoint_open(path, NULL, NULL, error);
}

/* Python's strings may be no text.  That matters where one is used, and nowhere else. */
static void test_half_characters(void)
{
    static const char *const half = "\xed\xb3\xbf";
    GError *error = NULL;
    EdtCheckpoint *c = open_with(half, "w", "0", half, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(edt_checkpoint_count(c), ==, 1);
    g_assert_null(edt_checkpoint_setting(c, "model"));
    edt_checkpoint_close(c);

    c = open_with("r", "w", "0", "EDT-S/2", &error);
    g_assert_no_error(error);
    g_autofree char *setting = edt_checkpoint_setting(c, "model");
    g_assert_cmpstr(setting, ==, "EDT-S/2");
    edt_checkpoint_close(c);

    g_assert_null(open_with("r", half, "0", "m", &error));
    assert_refused(g_strdup(error->message), "not plain text");
    g_clear_error(&error);
    g_assert_null(open_with("r", "w", half, "m", &error));
    assert_refused(g_strdup(error->message), "the name of a storage is no plain text");
    g_clear_error(&error);
}

/* ---- the older format ---- */

typedef struct {
    const char *magic, *machine, *key;
    gint64 protocol, listed, counted, data;
    const char *tail;
} Legacy;

static const Legacy good_legacy = {
    "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", "\x88", "0", 1001, 1, 6, 6, ""};

static GByteArray *legacy_of(Legacy l)
{
    GByteArray *b = pickle_new(), *p;

    put(b, "\x8a\x0a", 2);
    put(b, l.magic, 10);
    put(b, ".\x80\x02", 3);
    pickle_int(b, l.protocol);
    put(b, ".\x80\x02}", 4);
    pickle_string(b, "little_endian");
    pickle_op(b, l.machine);
    pickle_op(b, "s.");
    p = one_tensor();
    put(b, p->data, p->len);
    g_byte_array_unref(p);
    put(b, "\x80\x02](", 4);
    for (gint64 i = 0; i < l.listed; i++)
        pickle_string(b, l.key);
    pickle_op(b, "e.");
    if (l.data >= 0) {
        put_u64(b, (guint64)l.counted);
        put(b, six, (gsize)l.data * sizeof *six);
    }
    put_text(b, l.tail);
    return b;
}

static void test_legacy(void)
{
    Legacy l = good_legacy;

    assert_taken(refusal(legacy_of(l)));
    l.magic = "1234567890";
    assert_refused(refusal(legacy_of(l)), "not one of torch.save");
    l = good_legacy, l.protocol = 1002;
    assert_refused(refusal(legacy_of(l)), "version");
    l = good_legacy, l.machine = "\x89";
    assert_refused(refusal(legacy_of(l)), "big-endian");
    l = good_legacy, l.listed = 0;
    assert_refused(refusal(legacy_of(l)), "follows its last storage");
    l = good_legacy, l.listed = 0, l.data = -2; /* no storage at all, not even its count */
    assert_refused(refusal(legacy_of(l)), "missing in the file");
    l = good_legacy, l.key = "1";
    assert_refused(refusal(legacy_of(l)), "no tensor describes");
    l = good_legacy, l.key = "\xed\xb3\xbf";
    assert_refused(refusal(legacy_of(l)), "no key");
    l = good_legacy, l.listed = 2;
    assert_refused(refusal(legacy_of(l)), "twice");
    l = good_legacy, l.counted = 5;
    assert_refused(refusal(legacy_of(l)), "another number");
    l = good_legacy, l.counted = -1;
    assert_refused(refusal(legacy_of(l)), "another number");
    l = good_legacy, l.data = 5;
    assert_refused(refusal(legacy_of(l)), "cut off");
    l = good_legacy, l.tail = "x";
    assert_refused(refusal(legacy_of(l)), "follows its last storage");
}

/* Cut at every byte, it is refused and never read beyond. */
static void test_legacy_cut(void)
{
    GByteArray *whole = legacy_of(good_legacy);

    for (guint n = 0; n < whole->len; n++) {
        GByteArray *cut = g_byte_array_new();
        char *message;
        put(cut, whole->data, n);
        message = refusal(cut);
        g_assert_nonnull(message);
        g_free(message);
    }
    g_byte_array_unref(whole);
}

static void test_zip_cut(void)
{
    GByteArray *pickle = one_tensor(), *whole = zip_with(pickle, six, sizeof six);

    for (guint n = 0; n < whole->len; n++) {
        GByteArray *cut = g_byte_array_new();
        char *message;
        put(cut, whole->data, n);
        message = refusal(cut);
        g_assert_nonnull(message);
        g_free(message);
    }
    g_byte_array_unref(whole);
    g_byte_array_unref(pickle);
}

/* ---- other files ---- */

static void test_other_kinds(void)
{
    static const char *const others[] = {
        "<!DOCTYPE html><html>",
        "version https://git-lfs.github.com/spec/v1\n",
        "7z\xbc\xaf\x27\x1c",
        "PK\5\6",
        "GGUF",
        "",
        "\x80",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
        GByteArray *bytes = g_byte_array_new();
        put_text(bytes, others[i]);
        assert_refused(refusal(bytes), "neither a torch checkpoint nor safetensors");
    }
}

static void test_sha256(void)
{
    GByteArray *bytes = safetensors_of("{\"a\":{\"dtype\":\"F16\",\"shape\":[1000000],"
                                       "\"data_offsets\":[0,2000000]}}",
                                       2000000);
    char *path = craft_file("sum.safetensors", bytes);
    char *expected = g_compute_checksum_for_data(G_CHECKSUM_SHA256, bytes->data, bytes->len);
    EdtCheckpoint *c = edt_checkpoint_open(path, NULL, NULL, NULL);
    char *sum = edt_checkpoint_sha256(c, NULL);

    g_assert_cmpstr(sum, ==, expected);
    g_free(sum);
    g_free(expected);
    edt_checkpoint_close(c);
    g_byte_array_unref(bytes);
    g_free(path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/torch/zip/good", test_zip_good);
    g_test_add_func("/torch/zip/lies", test_zip_lies);
    g_test_add_func("/torch/zip/ends", test_zip_ends);
    g_test_add_func("/torch/zip/cut", test_zip_cut);
    g_test_add_func("/torch/storage-lies", test_storage_lies);
    g_test_add_func("/torch/strides", test_strides);
    g_test_add_func("/torch/expanded", test_expanded);
    g_test_add_func("/torch/pieces", test_pieces);
    g_test_add_func("/torch/types", test_types);
    g_test_add_func("/torch/choice", test_choice);
    g_test_add_func("/torch/no-tensors", test_no_tensors);
    g_test_add_func("/torch/double-names", test_double_names);
    g_test_add_func("/torch/optimiser-is-not-read", test_optimiser_is_not_read);
    g_test_add_func("/torch/integer-counters", test_integer_counters);
    g_test_add_func("/torch/half-characters", test_half_characters);
    g_test_add_func("/torch/legacy/lies", test_legacy);
    g_test_add_func("/torch/legacy/cut", test_legacy_cut);
    g_test_add_func("/torch/other-kinds", test_other_kinds);
    g_test_add_func("/torch/sha256", test_sha256);
    return g_test_run();
}
