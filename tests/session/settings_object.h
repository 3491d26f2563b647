/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Settings for tests: an object with properties of plug-in-edt-generate, as the dialog has them at
 * first.
 */
#pragma once

#include <glib-object.h>

GObject *settings_new(const char *model);
