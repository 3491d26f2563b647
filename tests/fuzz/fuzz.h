/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the fuzz targets share.  Each target defines LLVMFuzzerTestOneInput(); with -Dfuzz=true
 * (clang) libFuzzer calls it, otherwise replay.c does with the files of corpus/<target>/.
 */
#pragma once

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/* Called once, before the first input: from then on a warning of a library is a finding. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A path under which the bytes are a regular file, until the next call. */
const char *fuzz_file(const uint8_t *data, size_t size);
/* What a person is told is text; takes it over, NULL allowed. */
void fuzz_told(GError *error);
/* Opens a file as checkpoint and reads its tensors, within reason. */
void fuzz_read_checkpoint(const char *path);
