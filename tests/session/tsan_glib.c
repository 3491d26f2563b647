/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tells ThreadSanitizer what GLib's locks and queues order: they are built on futexes in a library
 * without instrumentation, so that it would take every use of them for a race.  Linked into
 * tests of the studio under -Db_sanitize=thread only; each function does what GLib's does.
 */
#include <dlfcn.h>
#include <glib.h>
#include <sanitizer/tsan_interface.h>

void __tsan_ignore_thread_begin(void); /* of the runtime, in no header */
void __tsan_ignore_thread_end(void);

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

void(g_mutex_lock)(GMutex *mutex)
{
    static __typeof__(&g_mutex_lock) real;
    if (!real)
        real = REAL(g_mutex_lock);
    real(mutex);
    __tsan_acquire(mutex);
}

void(g_mutex_unlock)(GMutex *mutex)
{
    static __typeof__(&g_mutex_unlock) real;
    if (!real)
        real = REAL(g_mutex_unlock);
    __tsan_release(mutex);
    real(mutex);
}

void(g_cond_wait)(GCond *cond, GMutex *mutex)
{
    __tsan_release(mutex);
    REAL(g_cond_wait)(cond, mutex);
    __tsan_acquire(mutex);
}

/* The queue's own nodes are allocated in one thread and freed in another, under its lock. */

void(g_async_queue_push)(GAsyncQueue *queue, gpointer data)
{
    __tsan_release(queue);
    __tsan_ignore_thread_begin();
    REAL(g_async_queue_push)(queue, data);
    __tsan_ignore_thread_end();
}

void(g_async_queue_push_sorted)(GAsyncQueue *queue, gpointer data, GCompareDataFunc compare,
                                gpointer user_data)
{
    __tsan_release(queue);
    __tsan_ignore_thread_begin();
    REAL(g_async_queue_push_sorted)(queue, data, compare, user_data);
    __tsan_ignore_thread_end();
}

gpointer(g_async_queue_pop)(GAsyncQueue *queue)
{
    __tsan_ignore_thread_begin();
    gpointer data = REAL(g_async_queue_pop)(queue);
    __tsan_ignore_thread_end();
    __tsan_acquire(queue);
    return data;
}

gboolean(g_atomic_ref_count_dec)(gatomicrefcount *count)
{
    __tsan_release(count);
    gboolean last = REAL(g_atomic_ref_count_dec)(count);
    __tsan_acquire(count);
    return last;
}
