/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Aligned memory whose failure is an error, not an exit, and sizes whose overflow is noticed.
 * Everything large in core/ comes from here, so tests can count and fail allocations.
 */
#pragma once

#include <glib.h>

/* 64-byte aligned, not cleared; free with edt_free().  From 2 MiB on the system is asked for large
 * pages.  Sets EDT_ERROR_NO_MEMORY. */
void *edt_alloc(gsize bytes, GError **error);
void edt_free(void *data);
/* Part of what was allocated is not needed any more, though it is freed later: the pages that lie
 * in it go back. */
void edt_memory_release(void *data, gsize bytes);

/* a*b and a+b; FALSE on overflow. */
static inline gboolean edt_size_mul(gsize *out, gsize a, gsize b)
{
    return !__builtin_mul_overflow(a, b, out);
}
static inline gboolean edt_size_add(gsize *out, gsize a, gsize b)
{
    return !__builtin_add_overflow(a, b, out);
}

/* Calls of edt_alloc() so far, by all threads: a step that allocates shows here. */
guint64 edt_alloc_count(void);
/* Testing: the n-th allocation from now on fails (0 switches off). */
void edt_alloc_fail_at(guint64 n);
/* Bytes that this process can have: the least of the machine's MemAvailable and of what its control
 * groups leave (cgroup.h, also for root); 0 where unknown. */
guint64 edt_memory_available_below(const char *root);
guint64 edt_memory_available(void); /* below "/" */
/* FALSE, EDT_ERROR_NO_MEMORY: so many bytes are more than that; a control group would not refuse
 * them, but end the process when they are used. */
gboolean edt_memory_fits(guint64 bytes, GError **error);
