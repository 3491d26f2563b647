/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes as a PNG that carries a record, and as a picture to train on.
 */
#include "fuzz.h"
#include "record.h"
#include "files/picture_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GError *error = NULL;
    g_autofree char *text = edt_png_record_text(fuzz_file(data, size), &error);
    int side = edt_picture_orientation(data, size);
    fuzz_told(error);
    g_assert_true(!text || g_utf8_validate(text, -1, NULL));
    g_assert_true(side >= 0 && side <= 8);
    edt_picture_is_whole(data, size);
    return 0;
}
