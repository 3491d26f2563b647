/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes as the checkpoint of a training: its options are right or refused.
 */
#include "fuzz.h"
#include "train.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    EdtTrainOptions options;
    GError *error = NULL;
    const char *path = fuzz_file(data, size);
    if (edt_train_options_read(&options, path, &error)) {
        const EdtTrainExport wish = {.output = "/proc/no-such-place/model"};
        g_assert_false(edt_train_export(path, &wish, &error));
    }
    g_assert_nonnull(error);
    fuzz_told(error);
    return 0;
}
