/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What there is to learn from: pictures in class folders, or features of the official code.  A
 * sample comes as [C,h,w] in -1..1 (or as the feature has it), with its class.
 *
 * Small sets are kept in memory, larger ones are read sample by sample.  What cannot be read is
 * skipped, counted and named, and the next sample takes its place.
 */
#pragma once

#include "sample/random.h"

typedef struct {
    int side, channels;
    gboolean flip;
    double affine, hue;
} EdtPictureOptions;

typedef struct EdtDataset EdtDataset;

struct EdtDataset {
    int count, n_classes;
    char **class_names;       /* or NULL */
    char *class_translations; /* JSON, as class_list.h says, or NULL */
    GPtrArray *skipped;       /* char *: "name: reason" */
    GMutex lock;
    /* private to the kinds */
    gboolean (*get)(EdtDataset *dataset, int index, EdtRandom *random, float *x, int *label,
                    char **why);
    void (*free)(EdtDataset *dataset);
};

/* folder/CLASS/picture, classes in the order of classes.json or of their names.  Errors:
 * EDT_ERROR_BAD_FILE when nothing is there. */
EdtDataset *edt_pictures_open(const char *folder, const EdtPictureOptions *options, GError **error);
/* folder/imagenet_features/N.npy [1,C,h,h] and folder/imagenet_labels/N.npy. */
EdtDataset *edt_features_open(const char *folder, int channels, int side, int n_classes,
                              GError **error);
void edt_dataset_free(EdtDataset *dataset);

/* Sample index; random is for augmentation.  FALSE only when no sample at all can be read. */
gboolean edt_dataset_get(EdtDataset *dataset, int index, EdtRandom *random, float *x, int *label,
                         GError **error);
