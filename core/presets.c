/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of presets: what pictures may be made with for the sake of speed.  `edt bench
 * --shortcuts` measures what each row leaves of the picture; what it measured stands in the README.
 * Stands on GLib alone, as settings.c.
 */
#include "settings.h"

#include <string.h>

const char *const edt_speed_words[] = {"none", "exact", "balanced", "fast", NULL};

static const char *const names[EDT_SPEED_SETTINGS] = {"sampler", "steps", "reuse", "cfg_interval"};

static const char *const values[][EDT_SPEED_SETTINGS] = {
    [EDT_SPEED_EXACT] = {"dpm++2m", "100", "1", "0,1"},
    [EDT_SPEED_BALANCED] = {"unipc", "25", "2", "0.5,1"},
    [EDT_SPEED_FAST] = {"unipc", "12", "2", "0.3,1"},
};

const EdtSetting *edt_speed_setting(EdtSpeed speed, int i, const char **value)
{
    *value = values[speed][i];
    return edt_setting_named(names[i]);
}

void edt_speed_apply(EdtSpeed speed, EdtRequest *request)
{
    for (int i = 0; i < EDT_SPEED_SETTINGS && speed != EDT_SPEED_NONE; i++) {
        const char *value;
        const EdtSetting *setting = edt_speed_setting(speed, i, &value);
        edt_setting_read(setting, edt_setting_field(setting, request, NULL), value);
    }
}
