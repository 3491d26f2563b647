/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Objects of one line for other programs.  Written by hand because a generic generator prints 17
 * digits for every number; strings are escaped by json-glib.
 */
#include "cli/event.h"
#include "cli/stop.h"
#include "core/settings.h"
#include "saving.h"
#include "train.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <stdio.h>

static void add_key(GString *event, const char *key)
{
    g_string_append_printf(event, "%s\"%s\":", event->len > 1 ? "," : "", key);
}

GString *edt_cli_event_new(const char *name)
{
    GString *event = g_string_new("{");
    if (name)
        edt_cli_event_text(event, "event", name);
    return event;
}

void edt_cli_event_text(GString *event, const char *key, const char *value)
{
    char *clean = value ? g_utf8_make_valid(value, -1) : NULL; /* a file name may be any bytes */
    JsonNode *node = json_node_alloc();
    node = clean ? json_node_init_string(node, clean) : json_node_init_null(node);
    char *quoted = json_to_string(node, FALSE);
    edt_cli_event_raw(event, key, quoted);
    g_free(quoted);
    json_node_unref(node);
    g_free(clean);
}

void edt_cli_event_integer(GString *event, const char *key, gint64 value)
{
    add_key(event, key);
    g_string_append_printf(event, "%" G_GINT64_FORMAT, value);
}

void edt_cli_event_number(GString *event, const char *key, double value)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    g_ascii_formatd(text, sizeof text, "%.6g", value);
    edt_cli_event_raw(event, key, isfinite(value) ? text : "null");
}

void edt_cli_event_flag(GString *event, const char *key, gboolean value)
{
    edt_cli_event_raw(event, key, value ? "true" : "false");
}

void edt_cli_event_setting(GString *event, const EdtSetting *setting, gconstpointer field)
{
    g_autofree char *text = edt_setting_write(setting, field);
    if (edt_setting_is_text(setting))
        edt_cli_event_text(event, setting->name, text);
    else
        edt_cli_event_raw(event, setting->name, text);
}

void edt_cli_event_settings(GString *event, const EdtRequest *request)
{
    int n;
    const EdtSetting *settings = edt_settings(&n);
    for (int i = 0; i < n; i++)
        if (!settings[i].of_item)
            edt_cli_event_setting(event, &settings[i],
                                  edt_setting_field(&settings[i], request, NULL));
}

void edt_cli_event_raw(GString *event, const char *key, const char *json)
{
    add_key(event, key);
    g_string_append(event, json);
}

void edt_cli_event_line(GString *event, int line)
{
    if (line)
        edt_cli_event_integer(event, "line", line);
    if (line && edt_ranks_count() > 1)
        edt_cli_event_integer(event, "rank", edt_ranks_own());
}

void edt_cli_event_path(const char *path)
{
    if (!edt_save_is_stream(path) && (printf("%s\n", path) < 0 || fflush(stdout) != 0))
        edt_cli_stop_ask();
}

void edt_cli_event_send(GString *event)
{
    g_string_append(event, "}\n");
    gsize written = fwrite(event->str, 1, event->len, stdout);
    if (fflush(stdout) != 0 || written < event->len) /* the reader may be waiting for this line */
        edt_cli_stop_ask();
    g_string_free(event, TRUE);
}
