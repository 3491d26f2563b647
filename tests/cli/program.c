/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See program.h.
 */
#include "program.h"
#include "folder.h"

#include <glib/gstdio.h>
#include <string.h>

#include "record.h"

const char *program_folder(void)
{
    return test_folder();
}

char *program_path(const char *name)
{
    return g_build_filename(program_folder(), name, NULL);
}

void program_remove(const char *name)
{
    char *path = program_path(name);
    g_assert_cmpint(g_unlink(path), ==, 0);
    g_free(path);
}

gboolean program_exists(const char *name)
{
    char *path = program_path(name);
    gboolean there = g_file_test(path, G_FILE_TEST_EXISTS);
    g_free(path);
    return there;
}

GBytes *program_contents(const char *name)
{
    GError *error = NULL;
    char *path = program_path(name), *bytes = NULL;
    gsize length = 0;
    g_file_get_contents(path, &bytes, &length, &error);
    g_assert_no_error(error);
    g_free(path);
    return g_bytes_new_take(bytes, length);
}

void program_write(const char *name, const char *text)
{
    char *path = program_path(name);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    g_free(path);
}

char *program_record(const char *name)
{
    GError *error = NULL;
    char *path = program_path(name);
    char *record = edt_png_record_text(path, &error);
    g_assert_no_error(error);
    g_free(path);
    return record;
}

char *program_data(const char *name)
{
    return g_build_filename(g_getenv("EDT_TEST_DATA"), name, NULL);
}

static const char *const *under;
static const char *wished_threads = "1";

void program_under(const char *const *words)
{
    under = words;
}

void program_threads(const char *threads)
{
    wished_threads = threads;
}

static GSubprocess *start(const char *first, va_list more)
{
    GPtrArray *argv = g_ptr_array_new();
    for (const char *const *word = under; word && *word; word++)
        g_ptr_array_add(argv, (gpointer)*word);
    g_ptr_array_add(argv, (gpointer)g_getenv("EDT_TEST_PROGRAM"));
    for (const char *argument = first; argument; argument = va_arg(more, const char *))
        g_ptr_array_add(argv, (gpointer)argument);
    g_ptr_array_add(argv, NULL);

    GError *error = NULL;
    char *home = program_path("home");
    g_autofree char *state = g_build_filename(home, "state", NULL);
    GSubprocessLauncher *launcher =
        g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                                  G_SUBPROCESS_FLAGS_STDERR_PIPE);
    g_subprocess_launcher_set_cwd(launcher, program_folder());
    g_subprocess_launcher_setenv(launcher, "HOME", home, TRUE);
    g_subprocess_launcher_setenv(launcher, "XDG_DATA_HOME", home, TRUE);
    g_subprocess_launcher_setenv(launcher, "XDG_STATE_HOME", state, TRUE);
    g_subprocess_launcher_unsetenv(launcher, "EDT_MODEL_PATH");
    if (wished_threads)
        g_subprocess_launcher_setenv(launcher, "EDT_THREADS", wished_threads, TRUE);
    else
        g_subprocess_launcher_unsetenv(launcher, "EDT_THREADS");
    GSubprocess *process =
        g_subprocess_launcher_spawnv(launcher, (const char *const *)argv->pdata, &error);
    g_assert_no_error(error);
    g_object_unref(launcher);
    g_ptr_array_unref(argv);
    g_free(home);
    return process;
}

GSubprocess *program_start(const char *first, ...)
{
    va_list more;
    va_start(more, first);
    GSubprocess *process = start(first, more);
    va_end(more);
    return process;
}

Outcome program_finish(GSubprocess *process, const char *input)
{
    Outcome outcome = {0};
    GError *error = NULL;
    g_subprocess_communicate_utf8(process, input, NULL, &outcome.out, &outcome.err, &error);
    g_assert_no_error(error);
    outcome.code = g_subprocess_get_if_exited(process) ? g_subprocess_get_exit_status(process) : -1;
    g_object_unref(process);
    return outcome;
}

void outcome_clear(Outcome *outcome)
{
    g_free(outcome->out);
    g_free(outcome->err);
}

Outcome program_expect(int code, const char *input, const char *first, ...)
{
    va_list more;
    va_start(more, first);
    Outcome outcome = program_finish(start(first, more), input);
    va_end(more);
    if (outcome.code != code)
        g_test_message("edt %s …\n%s%s", first ? first : "", outcome.out, outcome.err);
    g_assert_cmpint(outcome.code, ==, code);
    return outcome;
}

GPtrArray *json_lines(const char *text)
{
    GPtrArray *objects = g_ptr_array_new_with_free_func((GDestroyNotify)json_object_unref);
    char **lines = g_strsplit(text, "\n", -1);
    for (int i = 0; lines[i]; i++) {
        if (!*lines[i])
            continue;
        GError *error = NULL;
        JsonNode *node = json_from_string(lines[i], &error);
        if (error)
            g_test_message("no JSON: %s", lines[i]);
        g_assert_no_error(error);
        g_assert_true(JSON_NODE_HOLDS_OBJECT(node));
        g_ptr_array_add(objects, json_node_dup_object(node));
        json_node_unref(node);
    }
    g_strfreev(lines);
    return objects;
}

const char *json_text(JsonObject *object, const char *key)
{
    g_assert_nonnull(object);
    return json_object_get_string_member_with_default(object, key, NULL);
}

gint64 json_number(JsonObject *object, const char *key)
{
    g_assert_nonnull(object);
    g_assert_true(json_object_has_member(object, key));
    return json_object_get_int_member(object, key);
}

JsonObject *find_event(GPtrArray *lines, const char *event, int n)
{
    for (guint i = 0; i < lines->len; i++) {
        if (g_strcmp0(json_text(lines->pdata[i], "event"), event) == 0 && n-- == 0)
            return lines->pdata[i];
    }
    return NULL;
}

int count_events(GPtrArray *lines, const char *event)
{
    int n = 0;
    while (find_event(lines, event, n))
        n++;
    return n;
}

void program_import_tiny(void)
{
    g_autofree char *checkpoint = program_data("edt_tiny_bare.pt");
    g_autofree char *vae = program_data("vae_small_modern.safetensors");
    EXPECT(0, "import", checkpoint, "--vae", vae);
}
