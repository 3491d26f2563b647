/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A checkpoint and a VAE become a model: a dialog that runs `edt import` as a child, so
 * that a damaged file or a lack of memory cannot harm this process.
 */
#pragma once

#include <gtk/gtk.h>

/* A model was made. */
typedef void (*EdtImported)(const char *path, gpointer user_data);

/* Opens the dialog, modal over parent, and returns at once; it goes with its parent. */
void edt_ui_importer_open(GtkWindow *parent, EdtImported imported, gpointer user_data);
