/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whose a file is that comes while a run writes one of that name: the run and the child of its
 * rescue have one log, somebody else has none.
 */
#include "cli/training.h"
#include "folder.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static EdtCliLog open_log(const char *said)
{
    g_autofree char *path = test_file("log.jsonl");
    g_assert_true(g_file_set_contents(path, said, -1, NULL));
    return (EdtCliLog){open(path, O_WRONLY | O_APPEND | O_CLOEXEC), FALSE};
}

#define NOTE(own)                                                                                  \
    "{\"event\":\"file\",\"what\":\"checkpoint\",\"name\":\"checkpoint.safetensors\",\"own\":" own \
    "}\n"

static gboolean log_says(const char *words)
{
    g_autofree char *path = test_file("log.jsonl"), *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return strstr(text, words) != NULL;
}

typedef struct {
    const EdtCliLog *log;
    const char *first; /* what a parent says whose first file is there before ours, or NULL */
    int tries;
} Race;

/* The first try comes too late. */
static gboolean write_late(gpointer data, const EdtCliRunFile *file, GError **error)
{
    Race *race = data;
    if (race->tries++)
        return g_file_set_contents(file->path, "ours", -1, error);
    g_assert_false(file->own);
    g_assert_true(g_file_set_contents(file->path, "first", -1, error));
    if (race->first)
        g_assert_cmpint(write(race->log->fd, race->first, strlen(race->first)), >, 0);
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE, "it exists");
    return FALSE;
}

/* noted: by the parent.  The name that the file has in the end. */
static char *keep(gboolean noted, const char *first)
{
    const EdtCliLog log = open_log(noted ? NOTE("true") : "");
    Race race = {&log, first, 0};
    EdtCliRunFile file = {"checkpoint", test_file("checkpoint.safetensors"), FALSE, noted};
    GError *error = NULL;
    g_assert_true(edt_cli_train_keep(&file, &log, write_late, &race, &error));
    g_assert_no_error(error);
    g_assert_true(file.own);
    g_assert_true(file.noted);
    g_assert_cmpint(race.tries, ==, 2);
    char *name = g_path_get_basename(file.path);
    g_free(file.path);
    close(log.fd);
    return name;
}

static void clear(void)
{
    static const char *const names[] = {"checkpoint.safetensors", "checkpoint-1.safetensors"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = test_file(names[i]);
        unlink(path);
    }
}

/* The parent was first, and noted it: it is the run's. */
static void test_parent(void)
{
    g_autofree char *name = keep(TRUE, NULL);
    g_assert_cmpstr(name, ==, "checkpoint.safetensors");
    g_assert_false(log_says("false"));
    clear();
}

/* Somebody else was first, and the parent, which saw it, has taken its note back. */
static void test_other(void)
{
    g_autofree char *name = keep(TRUE, NOTE("false"));
    g_assert_cmpstr(name, ==, "checkpoint-1.safetensors");
    g_assert_true(log_says("\"checkpoint-1.safetensors\",\"own\":true"));
    clear();
}

/* A run alone. */
static void test_alone(void)
{
    g_autofree char *name = keep(FALSE, NULL), *theirs = test_file("checkpoint.safetensors");
    g_autofree char *text = NULL;
    g_assert_cmpstr(name, ==, "checkpoint-1.safetensors");
    g_assert_true(log_says(NOTE("false")));
    g_assert_true(g_file_get_contents(theirs, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "first");
    clear();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/files/parent", test_parent);
    g_test_add_func("/files/other", test_other);
    g_test_add_func("/files/alone", test_alone);
    return g_test_run();
}
