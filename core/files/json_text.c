/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Strict JSON pieces; see json_text.h.  Own code, because a general reader takes duplicate keys,
 * doubles and depths that a tensor header must not have (rule 2 of the file rules).
 */
#include "files/json_text.h"
#include "edt.h"

#include <glib/gi18n-lib.h>
#include <string.h>

gboolean edt_json_refuse(const EdtJsonCursor *cursor, const char *what, GError **error)
{
    g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE, _("%s, at byte %zu of the header"), what,
                cursor->at);
    return FALSE;
}

static void skip_space(EdtJsonCursor *c)
{
    while (c->at < c->length && strchr(" \t\r\n", c->text[c->at]) && c->text[c->at])
        c->at++;
}

gboolean edt_json_accept(EdtJsonCursor *c, char wanted)
{
    skip_space(c);
    if (c->at >= c->length || c->text[c->at] != wanted)
        return FALSE;
    c->at++;
    return TRUE;
}

gboolean edt_json_at_end(EdtJsonCursor *c)
{
    skip_space(c);
    return c->at == c->length;
}

gboolean edt_json_expect(EdtJsonCursor *c, char wanted, GError **error)
{
    char what[96];

    if (edt_json_accept(c, wanted))
        return TRUE;
    g_snprintf(what, sizeof what, _("'%c' was expected"), wanted);
    return edt_json_refuse(c, what, error);
}

gboolean edt_json_integer(EdtJsonCursor *c, gint64 *value, GError **error)
{
    gsize start;
    gint64 n = 0;

    skip_space(c);
    start = c->at;
    for (; c->at < c->length && g_ascii_isdigit(c->text[c->at]); c->at++)
        if (__builtin_mul_overflow(n, 10, &n) ||
            __builtin_add_overflow(n, c->text[c->at] - '0', &n))
            return edt_json_refuse(c, _("a number is too large"), error);
    if (c->at == start)
        return edt_json_refuse(c, _("a whole number, not negative, was expected"), error);
    if (c->text[start] == '0' && c->at > start + 1)
        return edt_json_refuse(c, _("a number begins with 0"), error);
    *value = n;
    return TRUE;
}

/* Four hexadecimal digits behind \u, or -1. */
static int hex4(EdtJsonCursor *c)
{
    int n = 0;

    if (c->length - c->at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = g_ascii_xdigit_value(c->text[c->at + i]);
        if (digit < 0)
            return -1;
        n = n * 16 + digit;
    }
    c->at += 4;
    return n;
}

static gboolean unicode_escape(EdtJsonCursor *c, GString *out, GError **error)
{
    int n = hex4(c), low;

    if (n >= 0xd800 && n < 0xdc00) {
        if (c->length - c->at < 2 || memcmp(c->text + c->at, "\\u", 2) != 0)
            return edt_json_refuse(c, _("half a surrogate pair"), error);
        c->at += 2;
        low = hex4(c);
        if (low < 0xdc00 || low > 0xdfff)
            return edt_json_refuse(c, _("half a surrogate pair"), error);
        n = 0x10000 + ((n - 0xd800) << 10) + (low - 0xdc00);
    } else if (n <= 0 || (n >= 0xdc00 && n <= 0xdfff)) {
        return edt_json_refuse(c, _("a \\u escape that is no character"), error);
    }
    g_string_append_unichar(out, (gunichar)n);
    return TRUE;
}

static gboolean escape(EdtJsonCursor *c, GString *out, GError **error)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *found;
    char letter = c->at < c->length ? c->text[c->at] : '\0';

    c->at++;
    if (letter == 'u')
        return unicode_escape(c, out, error);
    found = letter ? strchr(from, letter) : NULL;
    if (!found)
        return edt_json_refuse(c, _("an unknown escape in a string"), error);
    g_string_append_c(out, to[found - from]);
    return TRUE;
}

static gboolean string_body(EdtJsonCursor *c, GString *out, GError **error)
{
    while (c->at < c->length) {
        guchar byte = (guchar)c->text[c->at++];
        if (byte == '"')
            return TRUE;
        if (byte < 0x20)
            return edt_json_refuse(c, _("a control character in a string"), error);
        if (byte != '\\')
            g_string_append_c(out, (char)byte);
        else if (!escape(c, out, error))
            return FALSE;
    }
    c->at = c->length;
    return edt_json_refuse(c, _("a string without end"), error);
}

char *edt_json_string(EdtJsonCursor *c, GError **error)
{
    g_autoptr(GString) out = g_string_new(NULL);
    if (!edt_json_expect(c, '"', error) || !string_body(c, out, error))
        return NULL;
    if (g_utf8_validate_len(out->str, out->len, NULL))
        return g_string_free(g_steal_pointer(&out), FALSE);
    edt_json_refuse(c, _("a string that is not UTF-8"), error);
    return NULL;
}

gboolean edt_text_is_plain(const char *text, gsize length)
{
    if (!g_utf8_validate_len(text, length, NULL))
        return FALSE;
    for (const char *p = text; p < text + length; p = g_utf8_next_char(p))
        if (g_unichar_iscntrl(g_utf8_get_char(p)))
            return FALSE;
    return TRUE;
}

gboolean edt_text_fits(const char *text, gsize least, gsize most)
{
    gsize length = text ? strlen(text) : 0;
    return text && length >= least && length <= most && edt_text_is_plain(text, length);
}

void edt_json_mend_reason(GError **error)
{
    char *cut = error && *error ? (*error)->message : NULL;
    if (!cut)
        return;
    (*error)->message = g_utf8_make_valid(cut, -1);
    g_free(cut);
}

void edt_json_quote(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    for (const char *p = text; *p; p++) {
        if (*p == '"' || *p == '\\')
            g_string_append_printf(out, "\\%c", *p);
        else if ((guchar)*p < 0x20)
            g_string_append_printf(out, "\\u%04x", (guchar)*p);
        else
            g_string_append_c(out, *p);
    }
    g_string_append_c(out, '"');
}
