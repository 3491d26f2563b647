/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes as .npy: the values that are offered must be there.
 */
#include "machine.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gint64 shape[8];
    int rank = 0;
    GError *error = NULL;
    float *values = edt_npy_load(fuzz_file(data, size), &rank, shape, &error);
    volatile float sum = 0;
    gint64 count = 1;
    g_assert_true(!values == !!error);
    fuzz_told(error);
    for (int i = 0; values && i < rank; i++)
        count *= shape[i];
    for (gint64 i = 0; values && i < count; i++)
        sum = sum + values[i];
    g_free(values);
    return 0;
}
