/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The guarded map of mapping.h.  Maps stand in a list that only grows (slots are used again), so
 * that the signal handler can walk it without a lock while other threads open and close files.
 */
#include "files/mapping.h"
#include "edt.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the handler reads.  version is odd while start and end are being changed. */
typedef struct Slot {
    struct Slot *next; /* set once, before the slot is published */
    atomic_uint version;
    _Atomic(guintptr) start, end; /* end 0: free */
    atomic_int damaged;
} Slot;

struct EdtMapping {
    char *path;
    int fd;
    gsize size;
    struct timespec written; /* last, when it was opened */
    guint8 *data;            /* NULL for an empty file */
    Slot *slot;
};

static _Atomic(Slot *) slots;
static GMutex slots_lock; /* for those who change slots, never for the handler */
static struct sigaction previous;
static gsize page_size;

/* ---- the signal ---- */

static Slot *slot_at(guintptr address)
{
    for (Slot *slot = atomic_load(&slots); slot; slot = slot->next) {
        unsigned version = atomic_load(&slot->version);
        guintptr start = atomic_load(&slot->start), end = atomic_load(&slot->end);
        if (version % 2 == 0 && version == atomic_load(&slot->version) && address >= start &&
            address < end)
            return slot;
    }
    return NULL;
}

static void call_previous(int number, siginfo_t *info, void *context)
{
    if (previous.sa_flags & SA_SIGINFO) {
        previous.sa_sigaction(number, info, context);
    } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
        previous.sa_handler(number);
    } else {
        /* Nobody wants it: let the default happen when the instruction faults again, or now if
         * the signal was sent by a process. */
        signal(number, SIG_DFL);
        if (info->si_code <= 0)
            raise(number);
    }
}

/* Only calls that POSIX or Linux allow in a handler; mmap is a plain system call there. */
static void on_sigbus(int number, siginfo_t *info, void *context)
{
    guintptr address = (guintptr)info->si_addr;
    Slot *slot = info->si_code > 0 ? slot_at(address) : NULL;
    int saved = errno;

    if (slot) {
        void *page = (void *)(address & ~(guintptr)(page_size - 1));
        if (mmap(page, page_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
            MAP_FAILED) {
            atomic_store(&slot->damaged, TRUE);
            errno = saved;
            return;
        }
    }
    call_previous(number, info, context);
    errno = saved;
}

static void install_handler(void)
{
    static gsize done;

    if (g_once_init_enter(&done)) {
        struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO | SA_ONSTACK};
        page_size = (gsize)sysconf(_SC_PAGESIZE);
        sigemptyset(&action.sa_mask);
        sigaction(SIGBUS, &action, &previous);
        g_once_init_leave(&done, 1);
    }
}

/* ---- slots ---- */

static void slot_set(Slot *slot, guintptr start, guintptr end)
{
    atomic_fetch_add(&slot->version, 1);
    atomic_store(&slot->start, start);
    atomic_store(&slot->end, end);
    atomic_fetch_add(&slot->version, 1);
}

static Slot *slot_take(const guint8 *data, gsize size)
{
    Slot *slot;

    g_mutex_lock(&slots_lock);
    for (slot = atomic_load(&slots); slot; slot = slot->next)
        if (atomic_load(&slot->end) == 0)
            break;
    if (!slot) {
        slot = g_new0(Slot, 1);
        slot->next = atomic_load(&slots);
        atomic_store(&slots, slot);
    }
    atomic_store(&slot->damaged, FALSE);
    /* up to the end of the last page: vector loads may reach past the data */
    slot_set(slot, (guintptr)data, ((guintptr)data + size + page_size - 1) & ~(page_size - 1));
    g_mutex_unlock(&slots_lock);
    return slot;
}

static void slot_give(Slot *slot)
{
    g_mutex_lock(&slots_lock);
    slot_set(slot, 0, 0);
    g_mutex_unlock(&slots_lock);
}

/* ---- the file ---- */

int edt_mapping_open_file(const char *path, gsize *size, GError **error)
{
    /* O_NONBLOCK: opening a pipe must not wait for a writer; no effect on regular files. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), number = errno;
    struct stat st;

    if (fd >= 0 && fstat(fd, &st) == 0) {
        if (S_ISREG(st.st_mode)) {
            *size = (gsize)st.st_size;
            return fd;
        }
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                    _("“%s” is not a regular file. Give the path of a file."), path);
    } else {
        g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED,
                    _("“%s” cannot be opened: %s. Check the path and its permissions."), path,
                    g_strerror(number));
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

static struct timespec last_written(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 ? st.st_mtim : (struct timespec){0};
}

EdtMapping *edt_mapping_open(const char *path, GError **error)
{
    EdtMapping *mapping;
    gsize size = 0;
    void *data = NULL;
    int fd = edt_mapping_open_file(path, &size, error);

    if (fd < 0)
        return NULL;
    struct timespec written = last_written(fd);
    if (size > 0)
        data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) {
        g_set_error(error, EDT_ERROR, errno == ENOMEM ? EDT_ERROR_NO_MEMORY : EDT_ERROR_FAILED,
                    _("“%s” (%zu bytes) cannot be mapped into memory: %s."), path, size,
                    g_strerror(errno));
        close(fd);
        return NULL;
    }
    install_handler();
    mapping = g_new0(EdtMapping, 1);
    mapping->path = g_strdup(path);
    mapping->fd = fd;
    mapping->size = size;
    mapping->written = written;
    mapping->data = data;
    if (data)
        mapping->slot = slot_take(data, size);
    return mapping;
}

void edt_mapping_close(EdtMapping *mapping)
{
    if (!mapping)
        return;
    if (mapping->data) {
        slot_give(mapping->slot);
        munmap(mapping->data, mapping->size);
    }
    close(mapping->fd);
    g_free(mapping->path);
    g_free(mapping);
}

const guint8 *edt_mapping_data(const EdtMapping *mapping)
{
    return mapping->data;
}

gsize edt_mapping_size(const EdtMapping *mapping)
{
    return mapping->size;
}

int edt_mapping_file(const EdtMapping *mapping)
{
    return mapping->fd;
}

void edt_mapping_release(const EdtMapping *mapping, const void *data, gsize bytes)
{
    guintptr start = ((guintptr)data + page_size - 1) & ~(guintptr)(page_size - 1);
    guintptr end = ((guintptr)data + bytes) & ~(guintptr)(page_size - 1);

    if (mapping->data && end > start)
        madvise((void *)start, end - start, MADV_DONTNEED);
}

/* Also by contents of the same size: what was read before and after would be of two files. */
static gboolean is_rewritten(const EdtMapping *mapping)
{
    struct stat st;
    return fstat(mapping->fd, &st) != 0 || (gsize)st.st_size != mapping->size ||
           st.st_mtim.tv_sec != mapping->written.tv_sec ||
           st.st_mtim.tv_nsec != mapping->written.tv_nsec;
}

gboolean edt_mapping_damaged(const EdtMapping *mapping, GError **error)
{
    if (!is_rewritten(mapping) && !(mapping->slot && atomic_load(&mapping->slot->damaged)))
        return FALSE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                _("“%s” changed or became unreadable while it was being read. Check the disk, copy "
                  "the file again, and retry."),
                mapping->path);
    return TRUE;
}
