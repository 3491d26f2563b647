/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes as the pickle inside a sound archive, so that checksums do not stand in the way:
 * storage "0" has 64 bytes, "1" has 512.
 */
#include "craft.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const guint8 zeros[512];
    ZipEntry entries[] = {
        {.name = "a/data.pkl", .data = data, .bytes = size},
        {.name = "a/data/0", .data = zeros, .bytes = 64},
        {.name = "a/data/1", .data = zeros, .bytes = sizeof zeros},
    };
    GByteArray *zip = zip_of(entries, G_N_ELEMENTS(entries), "");

    fuzz_read_checkpoint(fuzz_file(zip->data, zip->len));
    g_byte_array_unref(zip);
    return 0;
}
