/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes as what a stopped run has left of an archive: it is another one's, or the run goes on
 * and the archive is whole, with what was there in it.
 */
#include "fuzz.h"
#include "folder.h"
#include "machine.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <zip.h>

#define SIDE 2
#define ONE (SIDE * SIDE * 3)
#define PICTURES 3
#define FRONT 128 /* of an .npy */

static char *path, *partial;

static void put_partial(const uint8_t *data, size_t size)
{
    if (!path) {
        path = test_file("a.npz");
        partial = test_file("a.npz.partial");
    }
    FILE *file = g_fopen(partial, "wb");
    if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0)
        abort();
}

static void finish(EdtNpz *npz)
{
    static const gint64 labels[PICTURES] = {4, 5, 6};
    while (edt_npz_done(npz) < PICTURES) {
        guint8 picture[ONE] = {(guint8)edt_npz_done(npz)};
        g_assert_true(edt_npz_add(npz, picture, NULL));
    }
    g_assert_true(edt_npz_finish(npz, labels, NULL, NULL));
}

/* libzip compares the checksum when an entry is read to its end. */
static void read_whole(zip_t *zip, const char *name, guint8 *bytes, zip_uint64_t n)
{
    guint8 more;
    zip_file_t *entry = zip_fopen(zip, name, 0);
    g_assert_nonnull(entry);
    g_assert_cmpint(zip_fread(entry, bytes, n), ==, n);
    g_assert_cmpint(zip_fread(entry, &more, 1), ==, 0);
    g_assert_cmpint(zip_fclose(entry), ==, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const EdtNpzKind kind = {"{\"steps\":2}", PICTURES, SIDE, SIDE, 3};
    put_partial(data, size);
    GError *error = NULL;
    EdtNpz *npz = edt_npz_open(path, &kind, TRUE, &error);
    g_assert_true(!npz == !!error);
    fuzz_told(error);
    if (!npz)
        return 0;
    const gint64 done = edt_npz_done(npz);
    g_assert_true(done >= 0 && done <= PICTURES && (gsize)done * ONE <= size);
    finish(npz);
    edt_npz_close(npz);
    guint8 there[FRONT + PICTURES * ONE], labels[FRONT + PICTURES * sizeof(gint64)];
    zip_t *zip = zip_open(path, ZIP_RDONLY | ZIP_CHECKCONS, NULL);
    g_assert_nonnull(zip);
    read_whole(zip, "arr_0.npy", there, sizeof there);
    read_whole(zip, "arr_1.npy", labels, sizeof labels);
    for (gint64 i = done; i < PICTURES; i++)
        g_assert_cmpint(there[FRONT + i * ONE], ==, i);
    zip_discard(zip);
    g_remove(path);
    return 0;
}
