/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The strict pieces of JSON that a safetensors header is made of: a cursor over bytes that reads
 * punctuation, strings and non-negative integers, and nothing else of JSON.  Whatever is not
 * exactly that is an error with its byte position.  Next: safetensors_header.c.
 */
#pragma once

#include <json-glib/json-glib.h>

typedef struct {
    const char *text;
    gsize length, at;
} EdtJsonCursor;

/* Each returns FALSE with EDT_ERROR_BAD_FILE; white space before the piece is skipped. */
gboolean edt_json_expect(EdtJsonCursor *cursor, char wanted, GError **error);
/* No leading zeros, sign, point or exponent; at most G_MAXINT64. */
gboolean edt_json_integer(EdtJsonCursor *cursor, gint64 *value, GError **error);
/* A new NUL-terminated UTF-8 string; NUL inside, bad UTF-8 and lone surrogates are refused. */
char *edt_json_string(EdtJsonCursor *cursor, GError **error);

/* TRUE and steps over it when the next piece is this punctuation. */
gboolean edt_json_accept(EdtJsonCursor *cursor, char wanted);
/* TRUE when only white space is left. */
gboolean edt_json_at_end(EdtJsonCursor *cursor);
/* Sets "..., at byte N of the header"; always FALSE. */
gboolean edt_json_refuse(const EdtJsonCursor *cursor, const char *what, GError **error);

/* Valid UTF-8 without control characters, which could speak to a terminal that shows it. */
gboolean edt_text_is_plain(const char *text, gsize length);
/* Plain text of so many bytes; not NULL. */
gboolean edt_text_fits(const char *text, gsize least, gsize most);

/* Appends text (valid UTF-8) as a JSON string with its quotes. */
void edt_json_quote(GString *out, const char *text);

/* Why json-glib refuses a text quotes it, cut at any byte: UTF-8 again; error may be NULL. */
void edt_json_mend_reason(GError **error);

/* Of what json-glib has read already (json_members.c).  It takes another value, or NULL, for one of
 * the wrong kind, with a warning or without: ask first.  node may be NULL, which is none of them.
 */
typedef enum {
    EDT_JSON_TEXT,
    EDT_JSON_INTEGER,
    EDT_JSON_NUMBER, /* an integer is one */
    EDT_JSON_SWITCH,
    EDT_JSON_OBJECT
} EdtJsonKind;
gboolean edt_json_is(JsonNode *node, EdtJsonKind kind);
/* A member that is a text, NULL without one. */
const char *edt_json_member_text(JsonObject *object, const char *key);
/* One object and nothing behind it, whose
 * keys edt_json_string() takes: json-glib also reads "{} {}" and control characters. */
gboolean edt_json_is_object(const char *json);
/* Of any JSON: it has a \\u0000, where readers of C end a text. */
gboolean edt_json_has_nul(const char *json);
/* The first key that stands twice in an object, at any depth; NULL: none.  Free with g_free(). */
char *edt_json_repeated(const char *json);
/* Of one object a value as it was written; NULL where there is none.  Free with g_free(). */
char *edt_json_written(const char *json, const char *key);
