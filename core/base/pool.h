/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Memory for many things of some hundred KiB that live about as long as each other, such as the
 * packed weights of a model.  It comes from the system in large pieces, which may have large pages
 * (memory.h): one by one, each of these things would be touched for the first time in pages of
 * 4 KiB, and that takes longer than packing them.
 */
#pragma once

#include <glib.h>

typedef struct EdtPool EdtPool;

EdtPool *edt_pool_new(void);
void edt_pool_free(EdtPool *pool); /* NULL is fine; everything was given back */

/* 64-byte aligned; what it holds is not defined.  Errors: EDT_ERROR_NO_MEMORY. */
void *edt_pool_take(EdtPool *pool, gsize bytes, GError **error);
/* The system has its pages again; NULL is fine. */
void edt_pool_give(EdtPool *pool, void *data, gsize bytes);
