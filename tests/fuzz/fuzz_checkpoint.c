/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes as a checkpoint: zip archive, older torch format, safetensors, or none of them.
 */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_read_checkpoint(fuzz_file(data, size));
    return 0;
}
