/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What there is to choose from, beside edt.h: where model files are, how one is made out of a
 * checkpoint, and how words find a class.
 */
#pragma once

#include "edt.h"

G_BEGIN_DECLS

/* ---- model files ---- */

/* Model files in search order: $EDT_MODEL_PATH, $XDG_DATA_HOME/edt/models,
 * <datadir>/edt/first-models. Returns paths of *.safetensors, NULL-terminated; free with
 * g_strfreev(). */
char **edt_models_list(void);
/* The folders (or single files of $EDT_MODEL_PATH) where models are looked for, in search order,
 * whether they exist or not; free with g_strfreev(). */
char **edt_models_folders(void);
/* The one of them that belongs to the user; free with g_free(). */
char *edt_models_own_folder(void);
/* A path, or a name found in those places; NULL name: the first model found. */
char *edt_models_find(const char *name, GError **error);
/* The first model found, or NULL; then why says what is wrong with the first file that is there,
 * and stays NULL where there is none. */
char *edt_models_first(GError **why);
/* The first model whose header has this checksum (EdtModelInfo.sha256), or NULL. */
char *edt_models_find_sha256(const char *sha256);
/* A model's name: "edt-s" of "/models/edt-s.safetensors". */
char *edt_model_name(const char *path);

/* ---- a model out of a checkpoint ---- */

typedef struct {
    const char *edt_path;   /* .pt, .pth or .safetensors with the reference's names; required */
    const char *vae_path;   /* .safetensors, .bin, .ckpt, .pt; NULL: none */
    const char *draft_path; /* a small autoencoder for the same latents (TAESD); NULL: none */
    const char *output;     /* required */
    EdtStored stored;       /* as what weights go into the model */
    gboolean force;         /* replace an existing output */
    const char *title;      /* may be NULL */
    const char *licence;    /* may be NULL: that of its authors' weights, where it is known */
    /* what the tensors of some networks do not tell; 0: as published for their width */
    int heads;        /* of a DiT */
    int decode_layer; /* blocks of MDT's decoder, where it is the first version */
} EdtImport;

typedef void (*EdtImportProgress)(guint64 done, guint64 total, const char *what,
                                  gpointer user_data);

/* A foreign checkpoint becomes a model.  Nothing in the file is executed; peak memory stays within
 * the largest tensor plus a few MB.  progress may be NULL.  On error nothing is left behind. */
gboolean edt_import(const EdtImport *import, EdtImportProgress progress, gpointer user_data,
                    GError **error);

/* ---- classes ---- */

typedef struct {
    int index;
    const char *name;     /* first name: "golden retriever" */
    const char *synonyms; /* all names, ", "-separated */
    const char *synset;   /* WordNet id, "n02099601"; "" where there is none */
} EdtClass;

/* The classes of a model; n_classes entries owned by the library for its lifetime. */
const EdtClass *edt_imagenet_classes(int *n_classes);
/* Class index for, in this order: a whole name as it stands, a whole name but for case and
 * composition, a number ("#7": never a name), a name but for blanks and dashes, a unique part of
 * one. Synonyms and labels count as names, after them.  Where two remain none is chosen.  On
 * failure -1 and EDT_ERROR_USAGE that names the nearest candidates. */
int edt_class_find(const EdtModelInfo *info, const char *text, GError **error);
/* The same with the words "random" (or text NULL: *drawn, unless it is NULL, is TRUE then) and
 * "null", where the model has no class of that name. */
int edt_class_choose(const EdtModelInfo *info, const char *text, gboolean *drawn, GError **error);
/* Whether text is a whole name, synonym or label of one, or of several. */
gboolean edt_class_is_named(const EdtModelInfo *info, const char *text);
/* A list with commas in its texts, one at least; whole names that have commas stay in one.
 * g_strfreev(). */
char **edt_class_split(const EdtModelInfo *info, const char *list);
/* All matches of a name, a number, an everyday word or its beginning, best first, -1-terminated;
 * free with g_free(). */
int *edt_class_search(const EdtModelInfo *info, const char *text);
/* The first of them, where it is what text means; -1 where they are guesses to choose from. */
int edt_class_meant(const EdtModelInfo *info, const char *text);
/* Name for a class of this model: "golden retriever", or "class 12" where names are unknown.  The
 * same in every country: for files, records and settings. */
char *edt_class_name(const EdtModelInfo *info, int class_index);
/* A word that finds the class again: its name, or its number where the name means another class or
 * several, or info is NULL.  For settings; free with g_free(). */
char *edt_class_word(const EdtModelInfo *info, int class_index);
/* What a person is shown: the name in their language, where the model knows it. */
char *edt_class_label(const EdtModelInfo *info, int class_index);

/* The same of styles.  Index for a number, a name or a label; the name and label of EDT_STYLE_ANY
 * is "any". */
int edt_style_find(const EdtModelInfo *info, const char *text, GError **error);
/* With the words "random" and "any"; text NULL is the first one, what its maker put there. */
gboolean edt_style_choose(const EdtModelInfo *info, const char *text, int *style, gboolean *drawn,
                          GError **error);
char **edt_style_split(const EdtModelInfo *info, const char *list);
char *edt_style_name(const EdtModelInfo *info, int style);
char *edt_style_label(const EdtModelInfo *info, int style);
/* As edt_class_word(); info is not NULL. */
char *edt_style_word(const EdtModelInfo *info, int style);

G_END_DECLS
