/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * .npy: NumPy's own bytes are read, ours are what NumPy writes, everything else is refused.
 */
#include "craft.h"
#include "machine.h"
#include "files/npy.h"

#include <string.h>

static GByteArray *npy_of(guint version, const char *header, const void *data, gsize bytes)
{
    GByteArray *b = g_byte_array_new();

    put(b, "\x93NUMPY", 6);
    put_u8(b, version);
    put_u8(b, 0);
    if (version == 2)
        put_u32(b, (guint)strlen(header));
    else
        put_u16(b, (guint)strlen(header));
    put_text(b, header);
    put(b, data, bytes);
    return b;
}

static EdtNpy *read_bytes(GByteArray *bytes, GError **error)
{
    char *path = craft_file("x.npy", bytes);
    EdtNpy *npy = edt_npy_read(path, error);
    g_byte_array_unref(bytes);
    g_free(path);
    return npy;
}

static void test_types(void)
{
    GError *error = NULL;
    float f[3] = {1, -2, 0.5f};
    gint64 whole[2] = {-3, 1ll << 40};
    double d[1] = {0.1};
    EdtNpy *npy = read_bytes(
        npy_of(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), } \n", f, sizeof f),
        &error);

    g_assert_no_error(error);
    g_assert_cmpint(npy->rank, ==, 1);
    g_assert_cmpuint(npy->count, ==, 3);
    g_assert_cmpmem(npy->values, sizeof f, f, sizeof f);
    edt_npy_free(npy);

    npy = read_bytes(npy_of(2, "{'descr': '<i8', 'fortran_order': False, 'shape': (1, 2), }\n",
                            whole, sizeof whole),
                     &error);
    g_assert_no_error(error);
    g_assert_cmpint(npy->type, ==, EDT_I64);
    g_assert_cmpint(npy->ints[1], ==, 1ll << 40);
    g_assert_cmpfloat(npy->values[0], ==, -3);
    edt_npy_free(npy);

    npy = read_bytes(npy_of(1, "{'shape': (), 'fortran_order': False, 'descr': '<f8'}", d, 8),
                     &error);
    g_assert_no_error(error);
    g_assert_cmpint(npy->rank, ==, 0);
    g_assert_cmpfloat(npy->values[0], ==, 0.1f);
    edt_npy_free(npy);

    npy = read_bytes(
        npy_of(1, "{'descr': '<f2', 'fortran_order': False, 'shape': (2,)}", "\x00\x3c\x00\xc0", 4),
        &error);
    g_assert_no_error(error);
    g_assert_cmpfloat(npy->values[1], ==, -2);
    edt_npy_free(npy);
}

static void test_refused(void)
{
    static const char *const bad[] = {
        "{'descr': '<f4', 'fortran_order': True, 'shape': (1,)}",
        "{'descr': '>f4', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296,4294967296)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': __import__('os')}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x",
        "{'descr': '<f4' 'fortran_order': False, 'shape': (1,)}",
        "",
        "{",
        "(",
    };
    GError *error = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_null(read_bytes(npy_of(1, bad[i], "1234", 4), &error));
        g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
        g_clear_error(&error);
    }
    g_assert_null(read_bytes(npy_of(3, bad[3], "1234", 4), &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_clear_error(&error);
}

static void test_written_bytes(void)
{
    char *path = craft_path("w.npy"), *bytes;
    float values[4] = {1, 2, 3, 4};
    gsize n;
    GError *error = NULL;
    EdtNpy *npy;

    g_assert_true(edt_npy_save(path, values, 4, (gint64[]){1, 2, 1, 2}, &error));
    g_assert_no_error(error);
    g_assert_true(g_file_get_contents(path, &bytes, &n, NULL));
    /* byte for byte what numpy.save writes: 128 bytes of header with padding, then the values */
    g_assert_cmpuint(n, ==, 128 + sizeof values);
    g_assert_cmpmem(bytes, 10, "\x93NUMPY\1\0\x76\0", 10);
    g_assert_true(g_str_has_prefix(bytes + 10, "{'descr': '<f4', 'fortran_order': False, "
                                               "'shape': (1, 2, 1, 2), }   "));
    g_assert_cmpint(bytes[127], ==, '\n');
    g_free(bytes);
    npy = edt_npy_read(path, &error);
    g_assert_no_error(error);
    g_assert_cmpint(npy->rank, ==, 4);
    g_assert_cmpmem(npy->values, sizeof values, values, sizeof values);
    edt_npy_free(npy);
    g_free(path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/npy/types", test_types);
    g_test_add_func("/npy/refused", test_refused);
    g_test_add_func("/npy/written-bytes", test_written_bytes);
    return g_test_run();
}
