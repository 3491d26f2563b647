/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An output file that exists whole or not at all.  The bytes go to a file without a name
 * (O_TMPFILE), so that not even SIGKILL leaves something behind; where the filesystem has no such
 * files, to ".edt-<pid>-<random>.partial" beside the target, which anyone may delete when that
 * process is gone.  Committing syncs, names and renames.  See output.h.
 */
#include "files/output.h"
#include "edt.h"

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
    int folder;
    gboolean force;
    FILE *stream;
};

#define NAME_TRIES 100

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

static char *random_name(void)
{
    return g_strdup_printf(".edt-%d-%08x.partial", (int)getpid(), g_random_int());
}

/* A file with no name yet; -1 where the filesystem or kernel has none. */
static int open_nameless(const EdtOutput *output)
{
    return openat(output->folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644);
}

static int open_named(EdtOutput *output)
{
    for (int i = 0; i < NAME_TRIES; i++) {
        char *name = random_name();
        int fd = openat(output->folder, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC,
                        0644);
        if (fd >= 0) {
            output->temporary = name;
            return fd;
        }
        g_free(name);
        if (errno != EEXIST)
            break;
    }
    return -1;
}

/* Links the nameless file under a temporary name, from which it can be renamed. */
static gboolean give_name(EdtOutput *output)
{
    char *self = g_strdup_printf("/proc/self/fd/%d", fileno(output->stream));
    for (int i = 0; i < NAME_TRIES && output->temporary == NULL; i++) {
        char *name = random_name();
        if (linkat(AT_FDCWD, self, output->folder, name, AT_SYMLINK_FOLLOW) == 0) {
            output->temporary = name;
            break;
        }
        g_free(name);
        if (errno != EEXIST)
            break;
    }
    g_free(self);
    return output->temporary != NULL;
}

/* The step that makes the file visible.  Without force the kernel, not a look beforehand, decides
 * that nothing is replaced; link() does for filesystems that cannot say RENAME_NOREPLACE. */
static gboolean publish(EdtOutput *output, GError **error)
{
    int folder = output->folder, number;

    if (output->force) {
        if (renameat(folder, output->temporary, folder, output->name) == 0)
            return TRUE;
        return fail_errno(output, _("renaming failed"), errno, error);
    }
    if (renameat2(folder, output->temporary, folder, output->name, RENAME_NOREPLACE) == 0)
        return TRUE;
    number = errno;
    if (number == EINVAL || number == ENOSYS) {
        if (linkat(folder, output->temporary, folder, output->name, 0) == 0) {
            unlinkat(folder, output->temporary, 0);
            return TRUE;
        }
        number = errno;
    }
    if (number == EEXIST)
        return fail_exists(output, error);
    return fail_errno(output, _("renaming failed"), number, error);
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

static gboolean open_folder(EdtOutput *output, GError **error)
{
    char *folder = g_path_get_dirname(output->path);
    struct stat st;

    output->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (output->folder < 0)
        fail_errno(output, _("its folder cannot be opened"), errno, error);
    g_free(folder);
    if (output->folder < 0)
        return FALSE;
    if (fstatat(output->folder, output->name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        if (S_ISDIR(st.st_mode))
            return fail_errno(output, _("it is a folder"), EISDIR, error);
        if (!output->force)
            return fail_exists(output, error);
    }
    return TRUE;
}

EdtOutput *edt_output_open(const char *path, gboolean force, GError **error)
{
    EdtOutput *output = g_new0(EdtOutput, 1);
    int fd;

    output->path = g_strdup(path);
    output->name = g_path_get_basename(path);
    output->force = force;
    output->folder = -1;
    if (!open_folder(output, error)) {
        destroy(output);
        return NULL;
    }
    fd = open_nameless(output);
    if (fd < 0)
        fd = open_named(output);
    if (fd >= 0)
        output->stream = fdopen(fd, "wb");
    if (output->stream == NULL) {
        fail_errno(output, _("a temporary file cannot be made"), errno, error);
        if (fd >= 0)
            close(fd);
        destroy(output);
        return NULL;
    }
    return output;
}

FILE *edt_output_stream(EdtOutput *output)
{
    return output->stream;
}

static gboolean commit(EdtOutput *output, GError **error)
{
    if (fflush(output->stream) != 0 || ferror(output->stream))
        return fail_errno(output, _("writing failed"), errno, error);
    if (fsync(fileno(output->stream)) != 0)
        return fail_errno(output, _("the disk did not take it"), errno, error);
    if (output->temporary == NULL && !give_name(output))
        return fail_errno(output, _("naming failed"), errno, error);
    if (!publish(output, error))
        return FALSE;
    g_clear_pointer(&output->temporary, g_free); /* nothing left to remove */
    if (fsync(output->folder) != 0 && errno == EIO)
        return fail_errno(output, _("the disk did not take its name"), errno, error);
    return TRUE;
}

gboolean edt_output_commit(EdtOutput *output, GError **error)
{
    gboolean done = commit(output, error);
    destroy(output);
    return done;
}

void edt_output_abandon(EdtOutput *output)
{
    if (output)
        destroy(output);
}
