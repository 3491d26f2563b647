/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a run keeps in its folder (training.h), and its log, which also says which files are the
 * run's: {"event": "file", "what": "model", "name": "model-1.safetensors", "own": true}.  The last
 * such line of a name counts.
 */
#include "cli/event.h"
#include "cli/talk.h"
#include "cli/training.h"
#include "saving.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the log ---- */

static char *log_path(const char *folder)
{
    return g_build_filename(folder, "log.jsonl", NULL);
}

static gboolean is_regular(int file)
{
    struct stat st;
    return fstat(file, &st) == 0 && S_ISREG(st.st_mode);
}

/* What a full disk, or a kill, has left of the last one. */
static gboolean drop_half_line(int file)
{
    off_t end = lseek(file, 0, SEEK_END);
    char last;
    while (end > 0 && pread(file, &last, 1, end - 1) == 1 && last != '\n')
        end--;
    return ftruncate(file, end) == 0;
}

/* Of a link the link itself goes, as with all that is replaced (saving.h).  Why not, or NULL. */
static const char *drop_old(const char *path)
{
    GStatBuf st;
    if (g_stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return "it is no file";
    return g_unlink(path) == 0 || errno == ENOENT ? NULL : g_strerror(errno);
}

gboolean edt_cli_train_open_log(const EdtCliTraining *t, EdtCliLog *log, GError **error)
{
    g_autofree char *path = log_path(t->folder);
    const int anew = t->resume ? 0 : O_EXCL | O_NOFOLLOW;
    const char *why = t->force && anew ? drop_old(path) : NULL;
    int file =
        why ? -1 : open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | anew, 0666);
    if (!why && file >= 0 && !is_regular(file))
        why = "it is no file";
    else if (!why && (file < 0 || !drop_half_line(file)))
        why = g_strerror(errno);
    log->fd = why ? -1 : file;
    if (!why)
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED, "“%s” cannot be written: %s.", path, why);
    if (file >= 0)
        close(file);
    return FALSE;
}

/* A line that cannot be written, on a disk that is full for a while, is no reason to end a run of
 * hours.  At once, so that the child of train_rescue.c writes no line of its parent's again. */
void edt_cli_train_log(const EdtCliLog *log, GString *event)
{
    g_autofree char *line = g_strconcat(event->str, "}\n", NULL);
    const gssize length = (gssize)strlen(line), written = write(log->fd, line, (gsize)length);
    if (written < length)
        edt_cli_say("A line of the log is lost: %s.", g_strerror(written < 0 ? errno : ENOSPC));
    if (written > 0 && written < length)
        drop_half_line(log->fd);
    if (log->json)
        edt_cli_event_send(event);
    else
        g_string_free(event, TRUE);
}

gboolean edt_cli_train_read_log(const char *folder, EdtCliLogReader take, gpointer data)
{
    g_autofree char *path = log_path(folder), *text = NULL;
    if (!g_file_test(path, G_FILE_TEST_IS_REGULAR) || /* a pipe would never answer */
        !g_file_get_contents(path, &text, NULL, NULL))
        return FALSE;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        g_autoptr(JsonParser) parser = json_parser_new();
        JsonNode *root = json_parser_load_from_data(parser, *line, -1, NULL)
                             ? json_parser_get_root(parser)
                             : NULL;
        if (root && JSON_NODE_HOLDS_OBJECT(root))
            take(data, json_node_get_object(root));
    }
    return TRUE;
}

/* ---- whose files ---- */

static void note(const EdtCliLog *log, const char *what, const char *name, gboolean own)
{
    GString *event = edt_cli_event_new("file");
    edt_cli_event_text(event, "what", what);
    edt_cli_event_text(event, "name", name);
    edt_cli_event_flag(event, "own", own);
    edt_cli_train_log(log, event);
}

typedef struct {
    const char *what; /* NULL: all */
    GPtrArray *names;
} Noted;

/* Names only: a path could lead anywhere. */
static void take_note(gpointer data, JsonObject *line)
{
    const Noted *noted = data;
    const char *event = json_object_get_string_member_with_default(line, "event", "");
    const char *what = json_object_get_string_member_with_default(line, "what", "");
    const char *name = json_object_get_string_member_with_default(line, "name", "");
    guint at;
    if (g_strcmp0(event, "file") != 0 || (noted->what && g_strcmp0(what, noted->what) != 0) ||
        !name || !*name || strchr(name, G_DIR_SEPARATOR))
        return;
    if (g_ptr_array_find_with_equal_func(noted->names, name, g_str_equal, &at))
        g_ptr_array_remove_index(noted->names, at);
    if (json_object_get_boolean_member_with_default(line, "own", FALSE))
        g_ptr_array_add(noted->names, g_strdup(name));
}

/* Names of the run's files, the last noted at the end. */
static GPtrArray *noted_names(const char *folder, const char *what)
{
    Noted noted = {what, g_ptr_array_new_with_free_func(g_free)};
    edt_cli_train_read_log(folder, take_note, &noted);
    return noted.names;
}

static gboolean is_noted(const EdtCliRunFile *file)
{
    g_autofree char *folder = g_path_get_dirname(file->path);
    g_autofree char *name = g_path_get_basename(file->path);
    g_autoptr(GPtrArray) names = noted_names(folder, file->what);
    return g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL);
}

static gboolean is_there(const char *path)
{
    GStatBuf st;
    return g_lstat(path, &st) == 0;
}

/* Of several names the last that is there: who tidied up may have given it the usual one. */
char *edt_cli_train_file(const char *folder, const char *what, gboolean anew)
{
    g_autoptr(GPtrArray) names = noted_names(folder, what);
    g_autofree char *usual = g_strconcat(what, ".safetensors", NULL);
    for (guint i = names->len; i > 0 && !anew; i--) {
        g_autofree char *path = g_build_filename(folder, names->pdata[i - 1], NULL);
        if (is_there(path))
            return g_steal_pointer(&path);
    }
    return g_build_filename(folder, usual, NULL);
}

void edt_cli_train_adopt(const EdtCliTraining *t, const EdtCliLog *log)
{
    g_autoptr(GPtrArray) names = edt_cli_train_remains(t->folder);
    g_autoptr(GPtrArray) known = noted_names(t->folder, NULL);
    for (guint i = 0; i < names->len && known->len == 0 && (t->force || t->resume); i++) {
        const char *name = names->pdata[i];
        g_autofree char *what = g_strndup(name, strcspn(name, "-."));
        if (strcmp(what, "log") != 0)
            note(log, what, name, TRUE);
    }
}

/* ---- keeping ---- */

gboolean edt_cli_train_write_checkpoint(gpointer trainer, const EdtCliRunFile *file, GError **error)
{
    return edt_trainer_save_as(trainer, file->path, file->own ? EDT_WRITE_REPLACE : EDT_WRITE_NEW,
                               error);
}

/* Noted before it is there: a run that is killed in between knows its file.  A child of
 * train_rescue.c may have the note from its parent, whose it is to withdraw. */
static gboolean keep_here(EdtCliRunFile *file, const EdtCliLog *log, EdtCliRunWriter write,
                          gpointer data, GError **error)
{
    g_autofree char *name = g_path_get_basename(file->path);
    const gboolean known = file->noted;
    if (!known)
        note(log, file->what, name, TRUE);
    file->noted = TRUE;
    if (write(data, file, error))
        return file->own = TRUE;
    if (!file->own && !known)
        note(log, file->what, name, FALSE);
    file->noted = file->own || known;
    return FALSE;
}

gboolean edt_cli_train_keep(EdtCliRunFile *file, const EdtCliLog *log, EdtCliRunWriter write,
                            gpointer data, GError **error)
{
    g_autofree char *first = g_strdup(file->path);
    for (int n = 1;;) {
        GError *cause = NULL;
        const gboolean taken = is_there(file->path);
        if (taken && !file->own)
            file->own = is_noted(file);
        if ((file->own || !taken) && keep_here(file, log, write, data, &cause))
            return TRUE;
        if (file->own || !(taken || is_there(file->path))) {
            g_propagate_error(error, cause);
            return FALSE;
        }
        g_clear_error(&cause);
        if (!taken && file->noted) /* by the parent, which may have been first */
            continue;
        file->noted = FALSE;
        g_free(file->path);
        file->path = edt_save_name(first, n++);
        edt_cli_say("%s was taken meanwhile: this run writes %s.", first, file->path);
    }
}
