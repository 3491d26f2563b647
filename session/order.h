/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An order: what one press of the button asks for, made from settings (the properties of a
 * GimpProcedureConfig, or of any object with the same ones).  Everything that can be wrong without
 * loading weights is found here.
 */
#pragma once

#include "record.h"

#include <glib-object.h>

typedef struct {
    char *model;        /* path */
    char *model_sha256; /* of its header: a file that was replaced is loaded again */
    EdtEngineOptions options;
    EdtRequest request; /* its items point to items */
    EdtItem *items;
    float *source, *mask; /* what all items start from, or NULL; owned */
    gboolean background;  /* gives way to every other order, and is not kept in the history */
    gboolean draft;       /* is chosen from (drafts.h), and is not kept in the history either */
    EdtRequest asked;     /* of drafts: what finishes them; no items */
    char **class_names;   /* of each item, for files and records */
    char **class_labels;  /* and for people, with what is mixed (labels.h) */
    char *label;          /* of them all */
} EdtOrder;

/* threads: 0 leaves the choice to the engine.  Errors of domain EDT_ERROR. */
EdtOrder *edt_order_new(GObject *settings, int threads, GError **error);
/* The picture of a record once more.  seed: EDT_SEED_NEXT is the one after the record's,
 * EDT_SEED_SAME its own, EDT_SEED_NEW a new one; steps: 0 are the record's.  Errors also where its
 * model is gone, or what the picture started from. */
#define EDT_SEED_NEW (-1.0)
#define EDT_SEED_NEXT (-2.0)
#define EDT_SEED_SAME (-3.0)
EdtOrder *edt_order_again(const EdtRecord *record, double seed, int steps, int threads,
                          GError **error);
/* Drafts (drafts.h) of what edt_order_new() would make, of EDT_DRAFTS where that is one picture. */
EdtOrder *edt_order_drafts(GObject *settings, int threads, GError **error);
/* Small pictures of n classes, always the same ones, made in the background on the machine and with
 * the model of the settings. */
EdtOrder *edt_order_sketches(GObject *settings, const int *classes, int n, int threads,
                             GError **error);
/* Whether its model is still the one that was asked for.  Error: EDT_ERROR_FAILED. */
gboolean edt_order_is_of(const EdtOrder *order, const char *model_sha256, GError **error);
/* All items start from source (taken; may be NULL) and fill the mask (the same; core/canvas.h makes
 * both).  Errors: EDT_ERROR_USAGE, as edt_item_check() has them. */
gboolean edt_order_lay(EdtOrder *order, float *source, float *mask, double freedom, EdtFill fill,
                       gboolean careful, GError **error);
/* Other items (taken) instead of its own. */
void edt_order_take_items(EdtOrder *order, const EdtModelInfo *info, EdtItem *items, int n);
void edt_order_free(EdtOrder *order); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EdtOrder, edt_order_free)

/* A class by name, synonym or number; "" is one at random. */
int edt_order_class(const EdtModelInfo *info, const char *text, GError **error);

/* A style by name or number, or "random"; "" is the first one, "any" EDT_STYLE_ANY. */
gboolean edt_order_style(const EdtModelInfo *info, const char *text, int *style, GError **error);

/* One picture from each of n seeds instead, n at least 1.  Errors: EDT_ERROR_USAGE. */
gboolean edt_order_take_seeds(EdtOrder *order, const double *seeds, int n, GError **error);

/* The seed of a setting: EDT_SEED_NEW, or a whole number. */
gboolean edt_order_seed(double wanted, guint64 *seed, GError **error);

/* The model file of a setting, "" being the first one found. */
char *edt_order_model(const char *text, GError **error);

/* Whether pictures come out of a model, or an error that says what it lacks. */
gboolean edt_order_makes_pictures(const EdtModelInfo *info, GError **error);
