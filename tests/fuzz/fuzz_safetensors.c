/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes as safetensors: every tensor that is offered must be readable from end to end.
 */
#include "files/safetensors.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GError *error = NULL;
    EdtSafetensors *file = edt_safetensors_open(fuzz_file(data, size), &error);
    volatile guint8 sum = 0;

    g_assert_true(!file == !!error);
    fuzz_told(error);
    for (guint i = 0; file && i < edt_safetensors_count(file); i++) {
        const EdtSafetensor *t = edt_safetensors_get(file, i);
        const guint8 *bytes = t->view.data;
        for (gsize k = 0; k < t->bytes; k++)
            sum = sum + bytes[k];
        g_assert_true(edt_safetensors_find(file, t->name) == t);
        g_assert_true(g_utf8_validate(t->name, -1, NULL));
    }
    edt_safetensors_close(file);
    return 0;
}
