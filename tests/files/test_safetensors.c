/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * safetensors: what is written comes back, and what the reference rules forbid is refused (rules 1
 * to 6 have their own tests in test_rules.c).
 */
#include "craft.h"
#include "edt.h"
#include "files/safetensors.h"

#include <string.h>
#include <unistd.h>

static EdtSafetensors *open_good(const char *path)
{
    GError *error = NULL;
    EdtSafetensors *file = edt_safetensors_open(path, &error);
    g_assert_no_error(error);
    return file;
}

/* Metadata, names with characters that JSON escapes, an empty tensor, a scalar, two types. */
static char *write_model(void)
{
    char *path = craft_path("round.safetensors");
    GError *error = NULL;
    EdtSafetensorsWriter *w;
    float six[6] = {0, 1, 2, 3, 4, 5}, one = 7;
    guint16 halves[3] = {0x3f80, 0x4000, 0x4040};

    unlink(path);
    w = edt_safetensors_writer_new(path, FALSE, &error);
    g_assert_no_error(error);
    edt_safetensors_writer_metadata(w, "key", "a \"quoted\"\nline \\ ü");
    edt_safetensors_writer_declare(w, "six", EDT_F32, 2, (gint64[]){2, 3});
    edt_safetensors_writer_declare(w, "empty", EDT_F32, 2, (gint64[]){0, 5});
    edt_safetensors_writer_declare(w, "\"\\ ü", EDT_F32, 0, NULL);
    edt_safetensors_writer_declare(w, "halves", EDT_BF16, 1, (gint64[]){3});
    edt_safetensors_writer_data(w, six, 10, &error); /* pieces of any size */
    edt_safetensors_writer_data(w, (char *)six + 10, sizeof six - 10, &error);
    edt_safetensors_writer_data(w, &one, sizeof one, &error);
    edt_safetensors_writer_data(w, halves, sizeof halves, &error);
    g_assert_no_error(error);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS)); /* not before finish */
    g_assert_true(edt_safetensors_writer_finish(w, &error));
    g_assert_no_error(error);
    return path;
}

static void test_round_trip(void)
{
    char *path = write_model();
    EdtSafetensors *file = open_good(path);
    const EdtSafetensor *t;
    float f[6];

    g_assert_cmpuint(edt_safetensors_count(file), ==, 4);
    g_assert_cmpstr(edt_safetensors_metadata(file, "key"), ==, "a \"quoted\"\nline \\ ü");
    g_assert_null(edt_safetensors_metadata(file, "other"));
    g_assert_null(edt_safetensors_find(file, "other"));
    t = edt_safetensors_find(file, "six");
    g_assert_cmpint(t->view.rank, ==, 2);
    g_assert_cmpint(t->view.shape[1], ==, 3);
    memcpy(f, t->view.data, sizeof f);
    for (int i = 0; i < 6; i++)
        g_assert_cmpfloat(f[i], ==, i);
    t = edt_safetensors_find(file, "\"\\ ü");
    g_assert_cmpint(t->view.rank, ==, 0);
    memcpy(f, t->view.data, 4);
    g_assert_cmpfloat(f[0], ==, 7);
    t = edt_safetensors_find(file, "halves");
    g_assert_cmpint(t->view.type, ==, EDT_BF16);
    g_assert_cmpuint(t->bytes, ==, 6);
    g_assert_cmpuint(edt_safetensors_find(file, "empty")->bytes, ==, 0);
    g_assert_false(edt_safetensors_damaged(file, NULL));
    edt_safetensors_close(file);
    g_free(path);
}

/* The data begin at a multiple of 8, so f32 views may be used as they are. */
static void test_alignment(void)
{
    char *path = write_model(), *bytes;
    gsize n;
    guint64 header;

    g_assert_true(g_file_get_contents(path, &bytes, &n, NULL));
    memcpy(&header, bytes, 8);
    g_assert_cmpuint(header % 8, ==, 0);
    g_assert_cmpuint(n, ==, 8 + header + 24 + 4 + 6);
    g_free(bytes);
    g_free(path);
}

static void test_writer_miscount(void)
{
    char *path = craft_path("miscount.safetensors");
    GError *error = NULL;
    EdtSafetensorsWriter *w = edt_safetensors_writer_new(path, TRUE, NULL);

    edt_safetensors_writer_declare(w, "x", EDT_F32, 1, (gint64[]){2});
    g_assert_false(edt_safetensors_writer_data(w, "123456789", 9, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_FAILED);
    g_clear_error(&error);
    g_assert_true(edt_safetensors_writer_data(w, "1234", 4, NULL));
    g_assert_false(edt_safetensors_writer_finish(w, &error)); /* 4 bytes are missing */
    g_assert_error(error, EDT_ERROR, EDT_ERROR_FAILED);
    g_clear_error(&error);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));

    w = edt_safetensors_writer_new(path, TRUE, NULL);
    edt_safetensors_writer_declare(w, "x", EDT_F32, 1, (gint64[]){1});
    edt_safetensors_writer_declare(w, "x", EDT_F32, 1, (gint64[]){1});
    g_assert_false(edt_safetensors_writer_data(w, "1234", 4, &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_FAILED);
    g_clear_error(&error);
    edt_safetensors_writer_abandon(w);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    g_free(path);
}

static void test_file_order(void)
{
    /* in the header the later one stands first */
    char *path;
    GByteArray *bytes =
        safetensors_of("{\"b\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[4,8]},"
                       "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
                       8);
    EdtSafetensors *file;

    path = craft_file("order.safetensors", bytes);
    g_byte_array_unref(bytes);
    file = open_good(path);
    g_assert_cmpstr(edt_safetensors_get(file, 0)->name, ==, "a");
    g_assert_cmpstr(edt_safetensors_get(file, 1)->name, ==, "b");
    g_assert_null(edt_safetensors_get(file, 2));
    g_assert_cmpuint(edt_safetensors_file_bytes(file), >, 8);
    g_assert_cmpuint(strlen(edt_safetensors_header_sha256(file)), ==, 64);
    edt_safetensors_close(file);
    g_free(path);
}

static void test_sha_is_of_the_header(void)
{
    const char *header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}";
    GByteArray *bytes = safetensors_of(header, 4);
    char *path = craft_file("sha.safetensors", bytes);
    char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, header, -1);
    EdtSafetensors *file = open_good(path);

    g_assert_cmpstr(edt_safetensors_header_sha256(file), ==, sum);
    edt_safetensors_close(file);
    g_byte_array_unref(bytes);
    g_free(sum);
    g_free(path);
}

/* Old writers did not pad the header: odd addresses are read all the same. */
static void test_unaligned(void)
{
    assert_taken(refusal(
        safetensors_of("{\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]}} ", 8)));
    assert_taken(refusal(
        safetensors_of("{\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]}}   ", 8)));
}

/* sd.cpp #1876: the product of 2^32 and 2^32 is 0 in 64 bits, and equals an empty range. */
static void test_zero_product(void)
{
    assert_refused(safetensors_refusal(
                       safetensors_of("{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],"
                                      "\"data_offsets\":[0,0]}}",
                                      0)),
                   "too large");
    /* the same by the element size: 2^62 numbers of 4 bytes */
    assert_refused(safetensors_refusal(
                       safetensors_of("{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],"
                                      "\"data_offsets\":[0,0]}}",
                                      0)),
                   "too large");
}

/* sd.cpp #1754: begin behind end; CVE-2026-7482: fewer bytes than the shape says. */
static void test_lying_ranges(void)
{
    assert_refused(safetensors_refusal(safetensors_of(
                       "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4)),
                   "“a”");
    assert_refused(safetensors_refusal(safetensors_of(
                       "{\"a\":{\"dtype\":\"F32\",\"shape\":[100],\"data_offsets\":[0,4]}}", 4)),
                   "do not fit its shape");
    assert_refused(safetensors_refusal(safetensors_of(
                       "{\"a\":{\"dtype\":\"F32\",\"shape\":[100],\"data_offsets\":[0,400]}}", 4)),
                   "cut off");
}

static void test_fields(void)
{
    static const char *const bad[] = {
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}",
        "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}",
        "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":1}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":1,\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":4,\"shape\":[1],\"data_offsets\":[0,4]}}",
        "{\"a\":[]}",
        "{\"a\":null}",
        "{\"a\"}",
        "{a:{}}",
        "{,}",
        "{\"a\":{},}",
        "{\"__metadata__\":{\"a\":1}}",
        "{\"__metadata__\":[]}",
        "{\"__metadata__\":{\"a\":{}}}",
        "{\"\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        char *message = safetensors_refusal(safetensors_of(bad[i], 4));
        if (message == NULL)
            g_error("taken: %s", bad[i]);
        g_free(message);
    }
    assert_taken(safetensors_refusal(safetensors_of(
        "{ \"a\" :\t{\"shape\":[ 1 ],\n\"dtype\":\"F32\",\"data_offsets\":[0, 4]}} \n", 4)));
    assert_taken(safetensors_refusal(safetensors_of(
        "{\"\\ud83d\\ude00 \\u00e9\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
        4)));
    assert_refused(
        safetensors_refusal(safetensors_of(
            "{\"\\ud83d\\u0041\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4)),
        "surrogate");
    assert_taken(safetensors_refusal(safetensors_of("{}", 0)));
    assert_taken(safetensors_refusal(safetensors_of("{\"__metadata__\":{}}", 0)));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/safetensors/round-trip", test_round_trip);
    g_test_add_func("/safetensors/alignment", test_alignment);
    g_test_add_func("/safetensors/writer-miscount", test_writer_miscount);
    g_test_add_func("/safetensors/file-order", test_file_order);
    g_test_add_func("/safetensors/sha-is-of-the-header", test_sha_is_of_the_header);
    g_test_add_func("/safetensors/unaligned", test_unaligned);
    g_test_add_func("/safetensors/zero-product", test_zero_product);
    g_test_add_func("/safetensors/lying-ranges", test_lying_ranges);
    g_test_add_func("/safetensors/fields", test_fields);
    return g_test_run();
}
