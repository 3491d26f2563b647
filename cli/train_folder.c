/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The folder of a run (training.h) has one owner: who trains there holds the lock on its ".lock",
 * in which it says who it is.  What others left in it is not replaced without leave.
 */
#include "cli/talk.h"
#include "cli/training.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the lock ---- */

static char *lock_path(const char *folder)
{
    return g_build_filename(folder, ".lock", NULL);
}

static gboolean lock(int file)
{
    return flock(file, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

gboolean edt_cli_train_running(const char *folder)
{
    g_autofree char *path = lock_path(folder);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    /* over NFS an exclusive lock is not for who only reads */
    gboolean held = file >= 0 && flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;

    if (file >= 0)
        close(file);
    return held;
}

/* Empty, or signed by one of us: a file of somebody else's of this name stays as it is. */
static gboolean is_ours(int file)
{
    static const char start[] = "process ";
    char there[sizeof start - 1];
    gssize n = pread(file, there, sizeof there, 0);
    return n == 0 || (n == (gssize)sizeof there && memcmp(there, start, sizeof there) == 0);
}

static void sign(int file)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_local();
    g_autofree char *time = g_date_time_format(now, "%Y-%m-%d %H:%M");
    g_autofree char *text =
        g_strdup_printf("process %d on %s, since %s\n", (int)getpid(), g_get_host_name(), time);
    if (is_ours(file) && ftruncate(file, 0) == 0 && pwrite(file, text, strlen(text), 0) < 0)
        return; /* it is for people only */
}

static gboolean fail_held(const char *folder, const char *path, GError **error)
{
    g_autofree char *holder = NULL;
    g_file_get_contents(path, &holder, NULL, NULL);
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                "Another process trains in “%s” just now: %s. Wait for it, or choose another "
                "folder.",
                folder, holder && *holder ? g_strchomp(holder) : "it does not say who");
    return FALSE;
}

static gboolean fail_errno(const char *path, GError **error)
{
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE, "“%s” cannot be written: %s.", path,
                g_strerror(errno));
    return FALSE;
}

/* Whoever gave the run up removes the lock with its folder: then that file was locked in vain. */
static gboolean is_there(int file, const char *path)
{
    GStatBuf locked, named;
    return fstat(file, &locked) == 0 && g_stat(path, &named) == 0 &&
           locked.st_ino == named.st_ino && locked.st_dev == named.st_dev;
}

static gboolean take_lock(EdtCliFolder *claim, const char *folder, GError **error)
{
    g_autofree char *path = lock_path(folder);
    do {
        if (claim->lock >= 0)
            close(claim->lock);
        claim->made |= g_mkdir(folder, 0777) == 0;
        if (g_mkdir_with_parents(folder, 0777) != 0)
            return fail_errno(folder, error);
        claim->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
        if (claim->lock < 0)
            return fail_errno(path, error);
        if (!lock(claim->lock))
            return fail_held(folder, path, error);
    } while (!is_there(claim->lock, path));
    sign(claim->lock);
    return TRUE;
}

/* ---- what is there already ---- */

static gboolean is_of_a_run(const char *name)
{
    static const char *const names[] = {"checkpoint.safetensors", "model.safetensors", "log.jsonl",
                                        NULL};
    return g_strv_contains(names, name) ||
           (g_str_has_prefix(name, "samples-") && g_str_has_suffix(name, ".png"));
}

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *edt_cli_train_remains(const char *folder)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    GDir *dir = g_dir_open(folder, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir)))
        if (is_of_a_run(name))
            g_ptr_array_add(names, g_strdup(name));
    g_clear_pointer(&dir, g_dir_close);
    g_ptr_array_sort(names, by_name);
    return names;
}

static gboolean check_remains(const EdtCliTraining *t, GError **error)
{
    g_autoptr(GPtrArray) names = edt_cli_train_remains(t->folder);
    if (t->resume || t->force || names->len == 0)
        return TRUE;
    const char *name = names->pdata[0];
    g_autofree char *checkpoint = edt_cli_train_file(t->folder, "checkpoint", FALSE);
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                g_file_test(checkpoint, G_FILE_TEST_EXISTS)
                    ? "There is a run in “%s” (%s): --resume goes on with it, --force begins anew."
                    : "“%s” holds a %s already, which this run would replace: choose another "
                      "folder, or allow it with --force.",
                t->folder, name);
    return FALSE;
}

gboolean edt_cli_train_claim(const EdtCliTraining *t, EdtCliFolder *claim, GError **error)
{
    *claim = (EdtCliFolder){.path = t->folder, .lock = -1};
    if (take_lock(claim, t->folder, error) && check_remains(t, error))
        return TRUE;
    edt_cli_train_leave(claim, FALSE);
    return FALSE;
}

void edt_cli_train_leave(EdtCliFolder *claim, gboolean begun)
{
    if (!begun && claim->made) {
        g_autofree char *path = lock_path(claim->path);
        g_unlink(path);
        g_rmdir(claim->path); /* where nothing else came into it */
    }
    if (claim->lock >= 0)
        close(claim->lock);
    claim->lock = -1;
}
