/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The settings that are lists, as texts: "[[23,0.4],[7,0.2,1]]".  Private to core/settings.c.
 */
#pragma once

#include "edt.h"

/* FALSE, and the list stays, where the text is none of its kind. */
gboolean edt_mix_read(EdtMix *mix, const char *text);
gboolean edt_variation_read(EdtVariation *variation, const char *text);
char *edt_mix_write(const EdtMix *mix);
char *edt_variation_write(const EdtVariation *variation);
gboolean edt_mix_fits(const EdtMix *mix);
gboolean edt_variation_fits(const EdtVariation *variation);

/* The shortest decimal that reads back as the same number. */
char *edt_setting_number(double value);
