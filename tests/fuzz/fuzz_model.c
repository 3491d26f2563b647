/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes as a model file: opening and describing it.
 */
#include "edt.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GError *error = NULL;
    EdtModelInfo *info = edt_model_info_read(fuzz_file(data, size), &error);

    g_assert_true(!info == !!error);
    fuzz_told(error);
    if (info)
        g_assert_cmpuint(edt_memory_forecast(info, NULL, 1), >, info->n_parameters);
    edt_model_info_free(info);
    return 0;
}
