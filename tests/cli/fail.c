/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A shim for LD_PRELOAD: the EDT_FAIL_AT-th call of EDT_FAIL_CALL fails with ENOSPC, and says so in
 * the file EDT_FAIL_LOG.  Only calls that make or write files count.  The others do what they
 * should, but for fsync: no test looks behind a lost power supply, and disks are slow.
 *
 * The call "memory" is one for 64 KiB or more, by any name; it fails with ENOMEM.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* g_error() ends in a core dump, hundreds of times.  1, for 0 holds for files alone: what the
 * kernel hands to a program by a pipe it refuses below 2. */
__attribute__((constructor)) static void dump_nothing(void)
{
    setrlimit(RLIMIT_CORE, &(struct rlimit){1, 1});
}

static int is_due(const char *call)
{
    static int count;
    const char *wanted = getenv("EDT_FAIL_CALL"), *at = getenv("EDT_FAIL_AT");
    const char *log = getenv("EDT_FAIL_LOG");
    if (!wanted || !at || !log || strcmp(wanted, call) != 0)
        return 0;
    if (__atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST) != atoi(at))
        return 0;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT, 0600);
    if (fd >= 0)
        close(fd);
    errno = strcmp(call, "memory") == 0 ? ENOMEM : ENOSPC;
    return 1;
}

#define REAL(name, type) ((type)dlsym(RTLD_NEXT, name))

int openat(int folder, const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    int mode = va_arg(more, int);
    va_end(more);
    if ((flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) && is_due("openat"))
        return -1;
    return REAL("openat", int (*)(int, const char *, int, ...))(folder, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    int mode = va_arg(more, int);
    va_end(more);
    if (flags & O_CREAT && is_due("open"))
        return -1;
    return REAL("open", int (*)(const char *, int, ...))(path, flags, mode);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    return is_due("pwrite")
               ? -1
               : REAL("pwrite64", ssize_t(*)(int, const void *, size_t, off_t))(fd, data, size, at);
}

FILE *fdopen(int fd, const char *mode)
{
    return strpbrk(mode, "wa+") && is_due("fdopen")
               ? NULL
               : REAL("fdopen", FILE * (*)(int, const char *))(fd, mode);
}

size_t fwrite(const void *data, size_t size, size_t n, FILE *stream)
{
    if (fileno(stream) > STDERR_FILENO && is_due("fwrite")) {
        stream->_flags |= 0x20; /* glibc's mark for ferror() */
        return 0;
    }
    return REAL("fwrite", size_t(*)(const void *, size_t, size_t, FILE *))(data, size, n, stream);
}

int fflush(FILE *stream)
{
    if (stream && fileno(stream) > STDERR_FILENO && is_due("fflush"))
        return EOF;
    return REAL("fflush", int (*)(FILE *))(stream);
}

/* Half of it is written, as where a disk is full. */
ssize_t write(int fd, const void *data, size_t size)
{
    struct stat st;
    ssize_t (*real)(int, const void *, size_t) =
        REAL("write", ssize_t(*)(int, const void *, size_t));
    return real(fd, data,
                fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && is_due("write") ? size / 2 : size);
}

int fsync(int fd)
{
    (void)fd;
    return is_due("fsync") ? -1 : 0;
}

int ftruncate(int fd, off_t size)
{
    return is_due("ftruncate") ? -1 : REAL("ftruncate64", int (*)(int, off_t))(fd, size);
}

int mkdir(const char *path, mode_t mode)
{
    return is_due("mkdir") ? -1 : REAL("mkdir", int (*)(const char *, mode_t))(path, mode);
}

int renameat(int a, const char *from, int b, const char *to)
{
    return is_due("renameat")
               ? -1
               : REAL("renameat", int (*)(int, const char *, int, const char *))(a, from, b, to);
}

int renameat2(int a, const char *from, int b, const char *to, unsigned flags)
{
    return is_due("renameat2") ? -1
                               : REAL("renameat2", int (*)(int, const char *, int, const char *,
                                                           unsigned))(a, from, b, to, flags);
}

int linkat(int a, const char *from, int b, const char *to, int flags)
{
    return is_due("linkat") ? -1
                            : REAL("linkat", int (*)(int, const char *, int, const char *, int))(
                                  a, from, b, to, flags);
}

/* ---- memory: not by dlsym(), which needs some itself ---- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *data, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

/* oneDNN does not bear it (nor what it is written in), nor OpenMP, and nobody here can help it. */
static int is_ours(const void *caller)
{
    Dl_info file;
    return dladdr(caller, &file) && !strstr(file.dli_fname, "/libdnnl") &&
           !strstr(file.dli_fname, "/libstdc++") && !strstr(file.dli_fname, "/libgomp");
}

static int is_gone(size_t bytes, const void *caller)
{
    return bytes >= 64 << 10 && is_ours(caller) && is_due("memory");
}

#define IS_GONE(bytes) is_gone(bytes, __builtin_return_address(0))

void *malloc(size_t size)
{
    return IS_GONE(size) ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    return IS_GONE(n * size) ? NULL : __libc_calloc(n, size);
}

void *realloc(void *data, size_t size)
{
    return IS_GONE(size) ? NULL : __libc_realloc(data, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return IS_GONE(size) ? NULL : __libc_memalign(alignment, size);
}

void *memalign(size_t alignment, size_t size)
{
    return IS_GONE(size) ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **data, size_t alignment, size_t size)
{
    void *made = IS_GONE(size) ? NULL : __libc_memalign(alignment, size);
    if (!made)
        return ENOMEM;
    *data = made;
    return 0;
}

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    return IS_GONE(size) ? MAP_FAILED
                         : (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
}
