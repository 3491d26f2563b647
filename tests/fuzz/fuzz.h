/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the fuzz targets share.  Each target defines LLVMFuzzerTestOneInput(); with -Dfuzz=true
 * (clang) libFuzzer calls it, otherwise replay.c does with the files of corpus/<target>/.
 */
#pragma once

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A path under which the bytes are a regular file, until the next call. */
const char *fuzz_file(const uint8_t *data, size_t size);
/* Opens a file as checkpoint and reads its tensors, within reason. */
void fuzz_read_checkpoint(const char *path);
