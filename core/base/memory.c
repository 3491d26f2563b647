/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Aligned allocation that counts itself and can be told to fail; see memory.h.
 */
#include "base/memory.h"
#include "edt.h"

#include <glib/gi18n-lib.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static atomic_uint_fast64_t calls;
static atomic_uint_fast64_t fail_at;

void *edt_alloc(gsize bytes, GError **error)
{
    guint64 call = atomic_fetch_add(&calls, 1) + 1;
    gsize rounded = (MAX(bytes, 1) + 63) & ~(gsize)63;
    void *data = NULL;

    if (rounded >= bytes && call != atomic_load(&fail_at))
        data = aligned_alloc(64, rounded);
    if (data == NULL)
        g_set_error(error, EDT_ERROR, EDT_ERROR_NO_MEMORY,
                    _("Out of memory: %zu bytes could not be had. Close other "
                      "programs, choose a smaller model or a smaller batch."),
                    bytes);
    return data;
}

void edt_free(void *data)
{
    free(data);
}

guint64 edt_alloc_count(void)
{
    return atomic_load(&calls);
}

void edt_alloc_fail_at(guint64 n)
{
    atomic_store(&fail_at, n ? atomic_load(&calls) + n : 0);
}

guint64 edt_memory_available(void)
{
    FILE *info = fopen("/proc/meminfo", "re");
    char line[128];
    guint64 kib = 0;

    if (info == NULL)
        return 0;
    while (fgets(line, sizeof line, info))
        if (sscanf(line, "MemAvailable: %" G_GUINT64_FORMAT " kB", &kib) == 1)
            break;
    fclose(info);
    return kib * 1024;
}
