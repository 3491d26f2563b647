/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The pool of packed weights: what is taken is aligned and apart from what else is taken, few large
 * pieces hold it, pages of what is given back go, and pieces where nothing is left, too.
 */
#include "base/memory.h"
#include "base/pool.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define N 400

static const gsize sizes[] = {1, 64, 100, 70000, 1 << 20};

static void test_apart(void)
{
    EdtPool *pool = edt_pool_new();
    const guint64 before = edt_alloc_count();
    guint8 *taken[N];
    gsize bytes[N];

    for (int i = 0; i < N; i++) {
        bytes[i] = sizes[i % (int)G_N_ELEMENTS(sizes)];
        taken[i] = edt_pool_take(pool, bytes[i], NULL);
        g_assert_cmpuint((guintptr)taken[i] % 64, ==, 0);
        memset(taken[i], i % 251, bytes[i]);
    }
    g_assert_cmpuint(edt_alloc_count() - before, <, 10); /* 85 MiB: 4, 8, 16, 32, 32 */
    for (int i = 0; i < N; i++)
        for (gsize k = 0; k < bytes[i]; k++)
            g_assert_cmpuint(taken[i][k], ==, i % 251);
    for (int i = 0; i < N; i++)
        edt_pool_give(pool, taken[i], bytes[i]);
    edt_pool_give(pool, NULL, 0);
    edt_pool_free(pool);
}

static int resident(const guint8 *data, gsize bytes)
{
    const gsize page = (gsize)sysconf(_SC_PAGESIZE);
    g_autofree guint8 *there = g_malloc(bytes / page);
    int n = 0;
    g_assert_cmpint(mincore((void *)data, bytes, there), ==, 0);
    for (gsize i = 0; i < bytes / page; i++)
        n += there[i] & 1;
    return n;
}

static void test_given_back(void)
{
    const gsize bytes = 1 << 20, page = (gsize)sysconf(_SC_PAGESIZE);
    EdtPool *pool = edt_pool_new();
    guint8 *first = edt_pool_take(pool, bytes, NULL), *second = edt_pool_take(pool, bytes, NULL);
    guint8 *whole = (guint8 *)(((guintptr)first + page - 1) & ~(page - 1));

    memset(first, 1, bytes);
    memset(second, 2, bytes);
    g_assert_cmpint(resident(whole, bytes - 2 * page), >, 0);
    edt_pool_give(pool, first, bytes);
    g_assert_cmpint(resident(whole, bytes - 2 * page), ==, 0);
    for (gsize i = 0; i < bytes; i++)
        g_assert_cmpuint(second[i], ==, 2);
    edt_pool_give(pool, second, bytes);
    g_assert_nonnull(edt_pool_take(pool, (gsize)40 << 20, NULL)); /* larger than pieces are */
    edt_pool_free(pool);
}

static void test_fails(void)
{
    EdtPool *pool = edt_pool_new();
    GError *error = NULL;
    edt_alloc_fail_at(1);
    g_assert_null(edt_pool_take(pool, 100, &error));
    edt_alloc_fail_at(0);
    g_assert_nonnull(error);
    g_clear_error(&error);
    g_assert_null(edt_pool_take(pool, G_MAXSIZE, &error));
    g_assert_nonnull(error);
    g_error_free(error);
    g_assert_nonnull(edt_pool_take(pool, 100, NULL));
    edt_pool_free(pool);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pool/apart", test_apart);
    g_test_add_func("/pool/given-back", test_given_back);
    g_test_add_func("/pool/fails", test_fails);
    return g_test_run();
}
