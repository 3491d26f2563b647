/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Aligned allocation that counts itself and can be told to fail; see memory.h.
 */
#include "base/memory.h"
#include "base/cgroup.h"
#include "edt.h"

#include <glib/gi18n-lib.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LARGE_PAGE ((gsize)2 << 20)

static atomic_uint_fast64_t calls;
static atomic_uint_fast64_t fail_at;

/* Advice on the whole pages in a range; a system that takes none is as right, and slower. */
static void advise(void *data, gsize bytes, int advice)
{
    const guintptr page = (guintptr)sysconf(_SC_PAGESIZE);
    const guintptr begin = ((guintptr)data + page - 1) & ~(page - 1);
    const guintptr end = ((guintptr)data + bytes) & ~(page - 1);
    if (end > begin)
        madvise((void *)begin, end - begin, advice);
}

void edt_memory_release(void *data, gsize bytes)
{
    advise(data, bytes, MADV_DONTNEED);
}

void *edt_alloc(gsize bytes, GError **error)
{
    guint64 call = atomic_fetch_add(&calls, 1) + 1;
    gsize rounded = (MAX(bytes, 1) + 63) & ~(gsize)63;
    void *data = NULL;

    if (rounded >= bytes && call != atomic_load(&fail_at))
        data = aligned_alloc(64, rounded);
    if (data && rounded >= LARGE_PAGE)
        advise(data, rounded, MADV_HUGEPAGE);
    if (!data)
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

/* MemAvailable of the machine; G_MAXUINT64 where it is not told. */
static guint64 machine_memory(const char *root)
{
    g_autofree char *path = g_build_filename(root, "proc/meminfo", NULL);
    g_autofree char *text = NULL;
    g_file_get_contents(path, &text, NULL, NULL);
    const char *line = text ? strstr(text, "MemAvailable:") : NULL;
    guint64 kib;
    gboolean told = line && sscanf(line, "MemAvailable: %" G_GUINT64_FORMAT " kB", &kib) == 1;
    return told ? kib * 1024 : G_MAXUINT64;
}

guint64 edt_memory_available_below(const char *root)
{
    guint64 bytes = MIN(machine_memory(root), edt_cgroup_memory(root));
    return bytes == G_MAXUINT64 ? 0 : bytes;
}

guint64 edt_memory_available(void)
{
    return edt_memory_available_below("/");
}

gboolean edt_memory_fits(guint64 bytes, GError **error)
{
    guint64 there = edt_memory_available();
    if (there == 0 || bytes <= there)
        return TRUE;
    g_autofree char *need_text = g_format_size_full(bytes, G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *there_text = g_format_size_full(there, G_FORMAT_SIZE_IEC_UNITS);
    g_set_error(error, EDT_ERROR, EDT_ERROR_NO_MEMORY,
                _("Out of memory: %s are needed and %s is free. Close other programs, choose a "
                  "smaller model or a smaller batch."),
                need_text, there_text);
    return FALSE;
}
