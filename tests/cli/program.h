/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Runs the built `edt` as a person or another program would, in a folder of its own with a home of
 * its own, and looks at what comes out.
 */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

typedef struct {
    int code; /* exit code; -1: killed by a signal */
    char *out, *err;
} Outcome;

/* The folder of this test program; removed at exit. */
const char *program_folder(void);
char *program_path(const char *name); /* in that folder */
void program_remove(const char *name);
/* The tiny checkpoint with its autoencoder becomes the model that commands find first. */
void program_import_tiny(void);
gboolean program_exists(const char *name);
GBytes *program_contents(const char *name); /* must be there */
void program_write(const char *name, const char *text);
char *program_record(const char *name); /* of a picture */
char *program_data(const char *name);   /* path of a golden file */

/* From now on the program is started by these words (NULL ends them): mpirun and its options. */
void program_under(const char *const *words);
/* From now on with so many threads ("1" at first, as other tests run beside); NULL: its own choice.
 */
void program_threads(const char *threads);
/* Started with the given arguments (NULL ends them) in program_folder(). */
GSubprocess *program_start(const char *first, ...) G_GNUC_NULL_TERMINATED;
/* Waits for the end; input may be NULL. */
Outcome program_finish(GSubprocess *process, const char *input);
void outcome_clear(Outcome *outcome);

/* Runs to the end and prints stderr when the code is not the expected one. */
Outcome program_expect(int code, const char *input, const char *first, ...) G_GNUC_NULL_TERMINATED;

/* Runs and forgets what came out. */
#define EXPECT_INPUT(code, input, ...)                                                             \
    G_STMT_START                                                                                   \
    {                                                                                              \
        Outcome outcome_ = program_expect(code, input, __VA_ARGS__, NULL);                         \
        outcome_clear(&outcome_);                                                                  \
    }                                                                                              \
    G_STMT_END
#define EXPECT(code, ...) EXPECT_INPUT(code, NULL, __VA_ARGS__)

/* Every line of text as a JSON object; a line that is none fails the test. */
GPtrArray *json_lines(const char *text);
const char *json_text(JsonObject *object, const char *key);
gint64 json_number(JsonObject *object, const char *key);
/* The n-th event of a name, or NULL. */
JsonObject *find_event(GPtrArray *lines, const char *event, int n);
int count_events(GPtrArray *lines, const char *event);
