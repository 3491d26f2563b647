/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Memory: no step allocates after the first, hundreds of calls leave the heap as it was, and every
 * allocation that fails becomes an error that leaves the engine usable.
 */
#include "settings.h"
#include "tiny.h"

#include "base/memory.h"

#include <dlfcn.h>
#include <malloc.h>
#include <stdatomic.h>
#include <string.h>

/* ---- counting malloc: ours alone ----
 *
 * oneDNN makes a small argument table inside every dnnl_primitive_execute() and frees it again;
 * calls from its library and from the C++ runtime beneath it are not ours to avoid. */

static atomic_bool counting;
static atomic_int ours;

extern void *__libc_malloc(size_t size);

void *malloc(size_t size)
{
    if (atomic_load(&counting)) {
        Dl_info where;
        atomic_store(&counting, FALSE); /* dladdr may allocate */
        gboolean known = dladdr(__builtin_return_address(0), &where) && where.dli_fname;
        if (!known || (!strstr(where.dli_fname, "dnnl") && !strstr(where.dli_fname, "stdc++")))
            atomic_fetch_add(&ours, 1);
        atomic_store(&counting, TRUE);
    }
    return __libc_malloc(size);
}

typedef struct {
    int steps, first;
    int at_first, at_last;
    guint64 big_at_first, big_at_last;
} Count;

static EdtVerdict count_step(const EdtProgress *progress, gpointer user_data)
{
    Count *count = user_data;
    if (progress->phase != EDT_PHASE_SAMPLING)
        return EDT_CONTINUE;
    if (progress->step == 1) { /* the first step may still learn its shapes */
        count->big_at_first = edt_alloc_count();
        atomic_store(&ours, 0);
        atomic_store(&counting, TRUE);
    } else if (progress->step == progress->steps) {
        atomic_store(&counting, FALSE);
        count->at_last = atomic_load(&ours);
        count->big_at_last = edt_alloc_count();
    }
    return EDT_CONTINUE;
}

static void test_no_allocation_per_step(void)
{
    EdtEngine *engine = tiny_engine(1, EDT_PRECISION_F32); /* one thread: the counter is simple */
    EdtItem items[2];
    EdtRequest request = tiny_request(engine, items, 2, 12);
    EdtCallbacks callbacks = {.progress = count_step};
    request.latent_only = TRUE;
    for (int sampler = 0; sampler <= EDT_SAMPLER_UNIPC; sampler++) {
        Count count = {0};
        request.sampler = (EdtSampler)sampler;
        EdtPictures *pictures = edt_generate(engine, &request, &callbacks, &count, NULL);
        g_test_message("%s: %d allocations in 11 steps", edt_sampler_words[request.sampler],
                       count.at_last);
        g_assert_cmpint(count.at_last, ==, 0);
        g_assert_cmpuint(count.big_at_first, ==, count.big_at_last);
        edt_pictures_free(pictures);
    }
    edt_engine_close(engine);
}

/* A test of the test: what it counts is counted. */
static void test_counter_counts(void)
{
    atomic_store(&ours, 0);
    atomic_store(&counting, TRUE);
    void *volatile some = malloc(100);
    atomic_store(&counting, FALSE);
    free(some);
    g_assert_cmpint(atomic_load(&ours), ==, 1);
}

static gsize heap_in_use(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static void test_flat(void)
{
    EdtEngine *engine = tiny_engine(2, EDT_PRECISION_F32);
    EdtItem items[3];
    gsize after_warm_up = 0;
    for (int i = 0; i < 300; i++) {
        EdtRequest request = tiny_request(engine, items, 1 + i % 3, 1 + i % 4);
        request.sampler = (EdtSampler)(i % 3);
        request.cfg_scale = i % 5 ? 4.0 : 1.0;
        request.latent_only = i % 10 != 0;
        EdtPictures *pictures = edt_generate(engine, &request, NULL, NULL, NULL);
        g_assert_nonnull(pictures);
        edt_pictures_free(pictures);
        if (i == 99)
            after_warm_up = heap_in_use();
    }
    gsize at_end = heap_in_use();
    g_test_message("heap after 100 calls %" G_GSIZE_FORMAT ", after 300 %" G_GSIZE_FORMAT,
                   after_warm_up, at_end);
    g_assert_cmpuint(at_end, <=, after_warm_up + 65536);
    edt_engine_close(engine);
}

/* Every allocation of opening and generating fails once. */
static void test_failing(void)
{
    int failures = 0;
    for (guint64 n = 1;; n++) {
        GError *error = NULL;
        EdtPictures *pictures = NULL;
        EdtItem items[1];
        edt_alloc_fail_at(n);
        guint64 before = edt_alloc_count();
        EdtEngineOptions options = {.threads = 1, .precision = EDT_PRECISION_F32};
        EdtEngine *engine = edt_engine_open(tiny_model(), &options, &error);
        if (engine) {
            EdtRequest request = tiny_request(engine, items, 1, 2);
            pictures = edt_generate(engine, &request, NULL, NULL, &error);
        }
        gboolean reached = edt_alloc_count() - before >= n;
        edt_alloc_fail_at(0);
        if (reached) {
            g_assert_error(error, EDT_ERROR, EDT_ERROR_NO_MEMORY);
            g_clear_error(&error);
            failures++;
            if (engine) { /* the same engine works once memory is there again */
                EdtRequest request = tiny_request(engine, items, 1, 2);
                pictures = edt_generate(engine, &request, NULL, NULL, &error);
                g_assert_no_error(error);
            }
        }
        edt_pictures_free(pictures);
        edt_engine_close(engine);
        if (!reached)
            break;
    }
    g_test_message("%d allocations failed in turn", failures);
    g_assert_cmpint(failures, >, 50);
}

typedef struct {
    guint64 fail; /* which allocation behind the first batch */
    guint64 before;
} Later;

static EdtVerdict fail_later(const EdtProgress *progress, gpointer user_data)
{
    Later *later = user_data;
    if (progress->first_item == 0 && progress->step == progress->steps) {
        edt_alloc_fail_at(later->fail);
        later->before = edt_alloc_count();
    }
    return EDT_CONTINUE;
}

/* Every allocation of a second batch fails once: the first one's picture is there, and why the
 * other is not. */
static void test_failing_later(void)
{
    EdtEngine *engine = tiny_engine(1, EDT_PRECISION_F32);
    const EdtCallbacks callbacks = {.progress = fail_later};
    gboolean reached = TRUE;
    Later later = {1, 0};
    for (; reached; later.fail++) {
        GError *error = NULL;
        EdtItem items[2];
        EdtRequest request = tiny_request(engine, items, 2, 2);
        request.latent_only = TRUE;
        request.batch = 1;
        EdtPictures *pictures = edt_generate(engine, &request, &callbacks, &later, &error);
        reached = edt_alloc_count() - later.before >= later.fail;
        edt_alloc_fail_at(0);
        g_assert_no_error(error);
        g_assert_cmpint(pictures->n_pictures, ==, reached ? 1 : 2);
        g_assert_cmpuint(pictures->pictures[0].item.seed, ==, 100);
        g_assert_nonnull(pictures->pictures[0].latent);
        if (reached)
            g_assert_error(pictures->error, EDT_ERROR, EDT_ERROR_NO_MEMORY);
        else
            g_assert_no_error(pictures->error);
        edt_pictures_free(pictures);
    }
    g_assert_cmpuint(later.fail, >, 2);
    edt_engine_close(engine);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    tiny_model();
    g_test_add_func("/memory/counter", test_counter_counts);
    g_test_add_func("/memory/no-allocation-per-step", test_no_allocation_per_step);
    g_test_add_func("/memory/flat", test_flat);
    g_test_add_func("/memory/failing", test_failing);
    g_test_add_func("/memory/failing-later", test_failing_later);
    return g_test_run();
}
