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
    float *values = edt_npy_load(fuzz_file(data, size), &rank, shape, NULL);
    volatile float sum = 0;
    gint64 count = 1;
    for (int i = 0; values && i < rank; i++)
        count *= shape[i];
    for (gint64 i = 0; values && i < count; i++)
        sum = sum + values[i];
    g_free(values);
    return 0;
}
