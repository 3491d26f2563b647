/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A small picture of every class of a model.  They come from a sheet in the user's
 * cache, from one beside the model's file, or are made in the background while nothing else is; a
 * model that takes long for them gets the pictures that somebody has made.
 */
#pragma once

#include <gtk/gtk.h>

#include "session/studio.h"

typedef struct EdtThumbnails EdtThumbnails;

EdtThumbnails *edt_thumbnails_new(GObject *settings);
/* changed(): there are new ones. */
void edt_thumbnails_watch(EdtThumbnails *thumbnails, void (*changed)(gpointer user_data),
                          gpointer user_data);
void edt_thumbnails_free(EdtThumbnails *thumbnails); /* saves them */
/* From now on; studio: NULL makes none. */
void edt_thumbnails_make(EdtThumbnails *thumbnails, EdtStudio *studio, int threads);
/* NULL for none; info is borrowed during the call. */
void edt_thumbnails_set_model(EdtThumbnails *thumbnails, const EdtModelInfo *info);
/* Borrowed; NULL: there is none yet. */
GdkPixbuf *edt_thumbnails_get(const EdtThumbnails *thumbnails, int class_index);
/* A picture that was made of a class with the model of this checksum. */
void edt_thumbnails_offer(EdtThumbnails *thumbnails, const char *sha256, int class_index,
                          GdkPixbuf *picture);
