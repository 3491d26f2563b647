/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What there is to learn from: pictures in class folders, as they are or as latents of an
 * autoencoder, or features of the official code.  A sample comes as [C,h,w] in -1..1 (or as the
 * feature has it), with its class.
 *
 * Small sets are kept in memory, larger ones are read sample by sample.  What cannot be read is
 * skipped, counted and named, and the next sample takes its place.
 */
#pragma once

#include "model/names.h"
#include "sample/random.h"

/* What a sample shows. */
typedef struct {
    int class;
    int style; /* -1: none that is told */
} EdtSampleLabels;

typedef struct {
    int side, channels;
    gboolean flip;
    double affine, hue;
    gboolean listed; /* only list the files: each is read when it is asked for */
} EdtPictureOptions;

typedef struct EdtDataset EdtDataset;

struct EdtDataset {
    int count, n_classes, n_styles;
    EdtNaming classes, styles; /* styles: where n_styles > 0 */
    double *style_shares;      /* [n_styles] as style_list.h says, or NULL: all alike */
    GPtrArray *skipped;        /* char *: "name: reason" */
    char *sum;                 /* over the names of all samples: which data it is */
    GMutex lock;
    /* private to the kinds */
    gboolean (*get)(EdtDataset *dataset, int index, EdtRandom *random, float *x,
                    EdtSampleLabels *labels, char **why);
    /* NULL where labels are known only with the sample */
    EdtSampleLabels (*labels_of)(const EdtDataset *dataset, int index);
    void (*free)(EdtDataset *dataset);
};

/* folder/CLASS/picture or folder/CLASS/STYLE/picture, classes in the order of classes.json or of
 * their names, styles as style_list.h says.  Errors: EDT_ERROR_BAD_FILE when nothing is there. */
EdtDataset *edt_pictures_open(const char *folder, const EdtPictureOptions *options, GError **error);
/* folder/imagenet_features/N.npy [1,C,h,h] and folder/imagenet_labels/N.npy. */
EdtDataset *edt_features_open(const char *folder, int channels, int side, int n_classes,
                              GError **error);
void edt_dataset_free(EdtDataset *dataset);
/* A sum over n names. */
char *edt_dataset_sum(int n, const char *(*name)(const EdtDataset *dataset, int index),
                      const EdtDataset *dataset);

/* What is known of a picture without reading it. */
typedef struct {
    const char *path, *name; /* name: "rose/1.png" */
    EdtSampleLabels labels;
    gboolean mirror, recolour; /* may be mirrored; may have its hue turned */
} EdtPictureFacts;
EdtPictureFacts edt_pictures_facts(const EdtDataset *pictures, int index);
/* Its pixels [side, side, 4], straight RGBA, to be freed; or NULL and why. */
guint8 *edt_pictures_read(const EdtDataset *pictures, int index, char **why);

/* Pictures as latents of an autoencoder: encoded once into a file in the folder `cache`, then read
 * from there.  flip, affine, hue, codings: see codings.h.  progress may be NULL; it answers FALSE
 * to stop (EDT_ERROR_CANCELLED), and what was done is kept. */
typedef struct {
    const char *pictures, *vae, *cache;
    int image_size, latent_size, channels;
    gboolean flip, mean;
    double affine, hue;
    int codings;
    int threads;
    gboolean (*progress)(int done, int total, gpointer data);
    gpointer data;
} EdtLatentOptions;
EdtDataset *edt_latents_open(const EdtLatentOptions *options, GError **error);

/* What a sample shows, without reading it; not of features. */
EdtSampleLabels edt_dataset_labels(const EdtDataset *dataset, int index);
/* Sample index; random is for augmentation.  FALSE only when no sample at all can be read. */
gboolean edt_dataset_get(EdtDataset *dataset, int index, EdtRandom *random, float *x,
                         EdtSampleLabels *labels, GError **error);
