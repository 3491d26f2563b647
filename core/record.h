/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The record, beside edt.h: how a picture was made, as one JSON object that travels in its PNG and
 * in GIMP's layer.  Everybody reads and writes it here; what it says of settings is settings.h's.
 */
#pragma once

#include "saving.h"

G_BEGIN_DECLS

/* Settings that it does not name are those of an official model, texts NULL, numbers 0. */
typedef struct {
    EdtRequest request; /* settings alone: no items, no latent */
    EdtItem item;
    guint64 named; /* bit i: it names setting i of edt_settings() */
    char *version; /* of edt */
    char *model;   /* its title, or variant */
    char *variant; /* of its network: "DiT-XL/2" */
    char *model_sha256, *class_name, *style_name, *backend;
    char *source, *mask; /* SHA-256 of what it started from (canvas.h); item has none of both */
    int steps_done;      /* fewer than asked: stopped early */
    int size;            /* pixels a side */
    EdtPrecision precision;
    gboolean foreign_noise; /* began from EdtRequest.init_latent: not repeatable from this alone */
    char *unknown;          /* the first member that this version does not know; or NULL */
} EdtRecord;

/* Of a picture of edt_generate(). */
EdtRecord *edt_record_new(const EdtEngine *engine, const EdtRequest *request,
                          const EdtPicture *picture);
/* From JSON, which may be a stranger's: class and seed have to be there, settings to be right; all
 * else is left out where it is wrong, and null is nothing said.  Errors: EDT_ERROR_BAD_FILE. */
EdtRecord *edt_record_read(const char *json, GError **error);
/* The first setting for which it would be refused, and what that must be (free with g_free()); or
 * NULL. */
const char *edt_record_wrong(const char *json, char **expected);
void edt_record_free(EdtRecord *record); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EdtRecord, edt_record_free)

char *edt_record_write(const EdtRecord *record); /* JSON; free with g_free() */
/* Lays the settings that the record names over those of request and item. */
void edt_record_apply(const EdtRecord *record, EdtRequest *request, EdtItem *item);
/* Whether the model means the same by the numbers of classes (and styles): it is the one that made
 * the picture, or calls the picture's class as the record does. */
gboolean edt_record_has_its_classes(const EdtRecord *record, const EdtModelInfo *info);
/* One JSON object and nothing behind it. */
gboolean edt_record_is_object(const char *json);
/* It has a \\u0000 somewhere, at which a text would end. */
gboolean edt_record_has_nul(const char *json);
/* Of JSON that is an object: the first key that it says twice, and how it writes a value ("1.50");
 * NULL where there is none, else free with g_free(). */
char *edt_record_repeated(const char *json);
char *edt_record_written(const char *json, const char *key);
/* Whether a record may have a member of this name. */
gboolean edt_record_knows(const char *name);

/* ---- in files ---- */

/* PNG with the record in an iTXt chunk "edt" and the customary tEXt "parameters"; record may be
 * NULL.  saving.h says how it is written. */
gboolean edt_picture_save(const EdtPicture *picture, const char *path, const EdtRecord *record,
                          EdtWrite write, char **written, GError **error);
/* In place of what is there. */
gboolean edt_picture_save_png(const EdtPicture *picture, const char *path, const EdtRecord *record,
                              GError **error);
/* The record of a PNG, and its JSON as it stands there; NULL with an error where there is none. */
EdtRecord *edt_png_record(const char *path, GError **error);
char *edt_png_record_text(const char *path, GError **error);

G_END_DECLS
