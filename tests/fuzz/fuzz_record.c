/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any text as a record or a line of jobs: what is read is written and read again as the same.
 */
#include "fuzz.h"
#include "record.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *json = g_strndup((const char *)data, size);
    GError *error = NULL;
    g_autoptr(EdtRecord) record = edt_record_read(json, &error);
    g_autofree char *repeated = edt_record_repeated(json);
    g_autofree char *seed = edt_record_written(json, "seed");
    g_assert_true(!record == !!error);
    fuzz_told(error);
    if (!record)
        return 0;
    g_assert_null(repeated);
    g_assert_nonnull(seed);
    g_autofree char *once = edt_record_write(record);
    g_autoptr(EdtRecord) again = edt_record_read(once, NULL);
    g_assert_nonnull(again);
    g_autofree char *twice = edt_record_write(again);
    g_assert_cmpstr(once, ==, twice);
    return 0;
}
