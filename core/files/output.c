/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An output file that exists whole or not at all.  The bytes go to a file without a name
 * (O_TMPFILE), so that not even SIGKILL leaves something behind; where the filesystem has no such
 * files, to ".edt-<pid>-<random>.partial" beside the target, which anyone may delete when that
 * process is gone.  Committing syncs, names and renames.  Descriptors and pipes are streams, and
 * have nothing of this.  See output.h.
 */
#include "files/output.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct EdtOutput {
    char *path;      /* as given, for messages */
    char *name;      /* last part of path, inside folder */
    char *temporary; /* name of the temporary file inside folder, or NULL while it has none */
    int folder;      /* -1: a stream */
    mode_t mode;     /* who may read and write it: as the file that it replaces says, if any */
    EdtWrite write;
    FILE *stream;
};

#define NAME_TRIES 100
#define NEXT_TRIES 100000

static gboolean fail_errno(const EdtOutput *output, const char *what, int number, GError **error)
{
    g_set_error(
        error, EDT_ERROR, EDT_ERROR_FAILED,
        _("“%s” could not be written: %s (%s). Check that the folder exists, may be written "
          "to and has room."),
        output->path, what, g_strerror(number));
    return FALSE;
}

static gboolean fail_exists(const EdtOutput *output, GError **error)
{
    g_set_error(
        error, EDT_ERROR, EDT_ERROR_USAGE,
        _("“%s” exists already and is left as it is. Choose another name, or allow it to be "
          "replaced (--force)."),
        output->path);
    return FALSE;
}

/* Devices, sockets, what a link to one of them names. */
static gboolean fail_kind(const EdtOutput *output, GError **error)
{
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                _("“%s” is no file and is left as it is. Choose another name."), output->path);
    return FALSE;
}

static char *random_name(void)
{
    return g_strdup_printf(".edt-%d-%08x.partial", (int)getpid(), g_random_int());
}

/* A file with no name yet; -1 where the filesystem or kernel has none. */
static int open_nameless(const EdtOutput *output)
{
    return openat(output->folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, output->mode);
}

static int open_named(EdtOutput *output)
{
    for (int i = 0; i < NAME_TRIES; i++) {
        g_autofree char *name = random_name();
        int fd = openat(output->folder, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC,
                        output->mode);
        if (fd >= 0) {
            output->temporary = g_steal_pointer(&name);
            return fd;
        }
        if (errno != EEXIST)
            break;
    }
    return -1;
}

/* FALSE with errno. */
static gboolean link_nameless(const EdtOutput *output, const char *name)
{
    g_autofree char *self = g_strdup_printf("/proc/self/fd/%d", fileno(output->stream));
    return linkat(AT_FDCWD, self, output->folder, name, AT_SYMLINK_FOLLOW) == 0;
}

/* Links the nameless file under a temporary name, from which it can be renamed. */
static gboolean give_name(EdtOutput *output)
{
    for (int i = 0; i < NAME_TRIES && !output->temporary; i++) {
        g_autofree char *name = random_name();
        if (link_nameless(output, name))
            output->temporary = g_steal_pointer(&name);
        else if (errno != EEXIST)
            break;
    }
    return output->temporary != NULL;
}

/* A name that nobody had, so that a rename may replace it: for filesystems that can neither say
 * RENAME_NOREPLACE nor link(). */
static gboolean take_name(const EdtOutput *output)
{
    int fd = openat(output->folder, output->name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
    if (fd < 0)
        return FALSE;
    close(fd);
    if (renameat(output->folder, output->temporary, output->folder, output->name) == 0)
        return TRUE;
    int number = errno;
    unlinkat(output->folder, output->name, 0);
    errno = number;
    return FALSE;
}

/* The kernel, not a look beforehand, decides that nothing is replaced; a nameless file comes to its
 * name in one call, so that a kill leaves nothing beside it.  FALSE with errno. */
static gboolean publish_new(EdtOutput *output)
{
    int folder = output->folder;
    if (!output->temporary && link_nameless(output, output->name))
        return TRUE;
    if (!output->temporary && (errno == EEXIST || !give_name(output)))
        return FALSE;
    if (renameat2(folder, output->temporary, folder, output->name, RENAME_NOREPLACE) == 0)
        return TRUE;
    if (errno != EINVAL && errno != ENOSYS)
        return FALSE;
    if (linkat(folder, output->temporary, folder, output->name, 0) == 0) {
        unlinkat(folder, output->temporary, 0);
        return TRUE;
    }
    return errno != EEXIST && take_name(output);
}

static gboolean check_target(EdtOutput *output, gboolean *there, GError **error);

static gboolean replace(EdtOutput *output, GError **error)
{
    gboolean there;
    if (!check_target(output, &there, error)) /* it may be another thing by now */
        return FALSE;
    if (!output->temporary && !give_name(output))
        return fail_errno(output, _("naming failed"), errno, error);
    if (there) /* exactly, whatever the umask; not every filesystem can */
        (void)!fchmodat(output->folder, output->temporary, output->mode, 0);
    return renameat(output->folder, output->temporary, output->folder, output->name) == 0 ||
           fail_errno(output, _("renaming failed"), errno, error);
}

/* The step that makes the file visible. */
static gboolean publish(EdtOutput *output, GError **error)
{
    g_autofree char *first = g_strdup(output->name);

    if (output->write == EDT_WRITE_REPLACE)
        return replace(output, error);
    for (int n = 1; !publish_new(output); n++) {
        if (errno == EEXIST && output->write == EDT_WRITE_NEW)
            return fail_exists(output, error);
        if (errno != EEXIST || n == NEXT_TRIES)
            return fail_errno(output, _("renaming failed"), errno, error);
        g_free(output->name);
        output->name = edt_save_name(first, n);
    }
    return TRUE;
}

static void destroy(EdtOutput *output)
{
    if (output->stream)
        fclose(output->stream);
    if (output->temporary)
        unlinkat(output->folder, output->temporary, 0);
    if (output->folder >= 0)
        close(output->folder);
    g_free(output->temporary);
    g_free(output->name);
    g_free(output->path);
    g_free(output);
}

/* ---- opening ---- */

/* What is there under the name may be replaced, or left beside.  *there: it is a file, whose mode
 * the new one takes. */
static gboolean check_target(EdtOutput *output, gboolean *there, GError **error)
{
    struct stat st;

    *there = FALSE;
    if (fstatat(output->folder, output->name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT || fail_errno(output, _("its name is refused"), errno, error);
    if (output->write == EDT_WRITE_NEXT)
        return TRUE;
    if (S_ISDIR(st.st_mode))
        return fail_errno(output, _("it is a folder"), EISDIR, error);
    if (S_ISLNK(st.st_mode) && fstatat(output->folder, output->name, &st, 0) != 0)
        /* a link to nothing: the link itself is replaced, as any is */
        return output->write == EDT_WRITE_REPLACE || fail_exists(output, error);
    if (!S_ISREG(st.st_mode)) /* first, for no force would help */
        return fail_kind(output, error);
    if (output->write == EDT_WRITE_NEW)
        return fail_exists(output, error);
    output->mode = st.st_mode & 0777;
    *there = TRUE;
    return TRUE;
}

static gboolean open_folder(EdtOutput *output, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(output->path);
    gboolean there;

    if (g_str_has_suffix(output->path, G_DIR_SEPARATOR_S)) /* to GLib its name is the folder's */
        return fail_errno(output, _("it is a folder"), EISDIR, error);
    output->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (output->folder < 0 && errno == EACCES) /* may not be listed, but entered */
        output->folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (output->folder < 0)
        return fail_errno(output, _("its folder cannot be opened"), errno, error);
    return check_target(output, &there, error);
}

/* A nameless file gets its name through /proc; where that is not there, it has one from the
 * beginning. */
static int open_temporary(EdtOutput *output)
{
    int fd = open_nameless(output);
    g_autofree char *self = g_strdup_printf("/proc/self/fd/%d", fd);

    if (fd >= 0 && access(self, F_OK) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return open_named(output);
}

/* ---- streams ---- */

#define READER_TRIES_APART 20000 /* microseconds */

static gboolean (*give_up)(void);

void edt_save_wait_until(gboolean (*asked)(void))
{
    give_up = asked;
}

/* The kernel would wait for a reader, too, and go on waiting behind any signal. */
static int open_pipe(const char *path)
{
    int fd;

    while ((fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)) < 0 && errno == ENXIO &&
           edt_save_is_stream(path) && !(give_up && give_up()))
        g_usleep(READER_TRIES_APART);
    if (fd >= 0)
        fcntl(fd, F_SETFL, 0); /* it is written at the pace of its reader */
    return fd;
}

static int open_stream(EdtOutput *output, GError **error)
{
    int number = edt_save_descriptor(output->path);
    int fd = number >= 0 ? fcntl(number, F_DUPFD_CLOEXEC, 3) : open_pipe(output->path);
    if (fd < 0)
        fail_errno(output, errno == ENXIO ? _("nobody reads it") : _("it cannot be opened"), errno,
                   error);
    return fd;
}

static int open_file(EdtOutput *output, GError **error)
{
    int fd = open_folder(output, error) ? open_temporary(output) : -1;
    if (fd < 0 && !*error)
        fail_errno(output, _("a temporary file cannot be made"), errno, error);
    return fd;
}

static EdtOutput *output_new(const char *path, EdtWrite write)
{
    EdtOutput *output = g_new0(EdtOutput, 1);

    output->path = g_strdup(path);
    output->name = g_path_get_basename(path);
    output->write = write;
    output->folder = -1;
    output->mode = 0644;
    return output;
}

EdtOutput *edt_output_open(const char *path, EdtWrite write, GError **error)
{
    GError *cause = NULL;
    EdtOutput *output = output_new(path, write);

    int fd = edt_save_is_stream(path) ? open_stream(output, &cause) : open_file(output, &cause);
    output->stream = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (output->stream)
        return output;
    if (fd >= 0) {
        fail_errno(output, _("it cannot be opened"), errno, &cause);
        close(fd);
    }
    g_propagate_error(error, cause);
    destroy(output);
    return NULL;
}

FILE *edt_output_stream(EdtOutput *output)
{
    return output->stream;
}

static gboolean flush(EdtOutput *output, GError **error)
{
    if (fflush(output->stream) != 0 || ferror(output->stream))
        return fail_errno(output, _("writing failed"), errno, error);
    return TRUE;
}

/* Its bytes are there: now its name. */
static gboolean show(EdtOutput *output, GError **error)
{
    if (!publish(output, error))
        return FALSE;
    g_clear_pointer(&output->temporary, g_free); /* nothing left to remove */
    if (fsync(output->folder) != 0 && errno == EIO)
        return fail_errno(output, _("the disk did not take its name"), errno, error);
    return TRUE;
}

static gboolean commit(EdtOutput *output, GError **error)
{
    if (!flush(output, error))
        return FALSE;
    if (output->folder < 0)
        return TRUE;
    if (fsync(fileno(output->stream)) != 0)
        return fail_errno(output, _("the disk did not take it"), errno, error);
    return show(output, error);
}

/* The path that was given, but for its last part. */
static char *final_path(const EdtOutput *output)
{
    const char *name = strrchr(output->path, G_DIR_SEPARATOR);
    gsize folder = name ? (gsize)(name + 1 - output->path) : 0;
    if (output->folder < 0)
        return g_strdup(output->path);
    return g_strdup_printf("%.*s%s", (int)folder, output->path, output->name);
}

gboolean edt_output_commit_as(EdtOutput *output, char **written, GError **error)
{
    gboolean ok = commit(output, error);
    if (ok && written)
        *written = final_path(output);
    destroy(output);
    return ok;
}

gboolean edt_output_commit(EdtOutput *output, GError **error)
{
    return edt_output_commit_as(output, NULL, error);
}

void edt_output_abandon(EdtOutput *output)
{
    if (output)
        destroy(output);
}

gboolean edt_output_adopt(const char *file, const char *path, EdtWrite write, char **written,
                          GError **error)
{
    EdtOutput *output = output_new(path, write);
    gboolean ok = open_folder(output, error);

    if (ok) {
        output->temporary = g_path_get_basename(file);
        ok = show(output, error);
        g_clear_pointer(&output->temporary, g_free); /* it is not ours to remove */
    }
    if (ok && written)
        *written = final_path(output);
    destroy(output);
    return ok;
}
