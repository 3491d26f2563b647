/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A network as a list of its layers, each said once.  From it follow the tensors of a file, what is
 * loaded and given back, multiply-adds and memory, and for the trainer its plan and the weights
 * that a run begins with.
 *
 * A new kind of network has its row in family.c, its layers here, and where it has joints or skips
 * of a new kind its way through them in walk.c and train/joints.c, and nothing anywhere else.
 */
#pragma once

#include "compute/backend.h"
#include "network/shape.h"

/* Where a layer belongs: to both ends of the network, to a block (counted through all stages), to
 * the joint in front of a stage, or to the block that only training runs. */
typedef enum { EDT_OWNER_ENDS, EDT_OWNER_BLOCK, EDT_OWNER_JOINT, EDT_OWNER_SIDE } EdtOwner;

/* What it is there. */
typedef enum {
    EDT_PART_POSITIONS, /* ends, joint: added to the stream that begins behind it */
    EDT_PART_PATCHES,   /* ends: patches to the stream */
    EDT_PART_TIME_IN,   /* ends: the timestep's MLP */
    EDT_PART_TIME_OUT,
    EDT_PART_CLASSES, /* ends: a row for each class, and for the null class */
    EDT_PART_STYLES,  /* ends: the same of styles, where the network knows any */
    EDT_PART_HEAD,    /* ends: the stream to patches */
    EDT_PART_MASK,    /* ends: what a hidden token is in training */
    EDT_PART_SITE,    /* all: SiLU(c) to shifts, scales and gates (adaLN) */
    EDT_PART_WINDOWS, /* block: position bias by offset */
    EDT_PART_QKV,     /* block */
    EDT_PART_PROJ,
    EDT_PART_FC1,
    EDT_PART_FC2,
    EDT_PART_SKIP,   /* block: what it is set beside and the stream to the stream */
    EDT_PART_EXPAND, /* joint up: the up-sampling */
    EDT_PART_MERGE,  /* joint: four tokens, or stream and skip, to one */
    EDT_PARTS,
} EdtPart;

typedef enum {
    EDT_LAYER_LINEAR,    /* weight [N,K], bias [N] */
    EDT_LAYER_PATCHES,   /* the same, but the weight lies as a convolution [N, K/side^2, side, side]
                          */
    EDT_LAYER_POSITIONS, /* [1,K,N] */
    EDT_LAYER_ROWS,      /* [K,N]: one of them is picked */
    EDT_LAYER_WINDOWS,   /* [K,N]: one number an offset, side^2 of them, by head; the rest unused */
} EdtLayerKind;

/* What a weight is in an untrained network (biases: 0). */
typedef enum {
    EDT_FIRST_XAVIER, /* uniform, by rows and columns */
    EDT_FIRST_NORMAL, /* N(0, 0.02) */
    EDT_FIRST_ZERO,
    EDT_FIRST_TABLE, /* edt_position_table() */
} EdtFirst;

typedef struct {
    EdtOwner owner;
    int index; /* of the block, or the stage that the joint leads to */
    EdtPart part;
    EdtLayerKind kind;
    char name[80]; /* as in the reference; of linear layers without .weight and .bias */
    gint64 K, N;
    int side;  /* of what is square in it, see EdtLayerKind */
    int stage; /* whose tokens pass through it; -1: the conditioning, by rows of c */
    int T;     /* how many those are, a sample; conditioning: 1, a row */
    gboolean bias;
    EdtEpilogue epilogue;
    gboolean x_act, y_act; /* of the device's act type; else f32 */
    gboolean inner;        /* of a block's residual branches, which forgive bytes; what joins stages
                              or skips becomes the stream itself, and does not */
    EdtFirst first;
    gboolean training; /* only training has a use for it: it is not in a model */
    gboolean fixed;    /* nothing learns it: it is what it is at first */
} EdtLayer;

static inline gboolean edt_layer_is_linear(const EdtLayer *layer)
{
    return layer->kind == EDT_LAYER_LINEAR || layer->kind == EDT_LAYER_PATCHES;
}

/* All layers, as the reference's files have them one after the other (but that MDT's windows come
 * later in a block). */
typedef void (*EdtEachLayer)(const EdtLayer *layer, gpointer user_data);
void edt_layers(const EdtVariant *v, EdtEachLayer each, gpointer user_data);

/* The shape of the layer's weight or table; its rank. */
int edt_layer_shape(const EdtLayer *layer, gint64 shape[EDT_RANK_MAX]);

/* The tensors of a layer, and every tensor of a model in that order.  Names without prefix. */
typedef void (*EdtTensorSpec)(const char *name, int rank, const gint64 *shape, gpointer user_data);
void edt_layer_tensors(const EdtLayer *layer, EdtTensorSpec each, gpointer user_data);
void edt_variant_tensors(const EdtVariant *v, EdtTensorSpec each, gpointer user_data);
/* Names of what a checkpoint may hold beside them: what training needed, and numbers of places
 * that follow from the grid. */
void edt_variant_spares(const EdtVariant *v, void (*each)(const char *name, gpointer user_data),
                        gpointer user_data);
guint64 edt_variant_parameters(const EdtVariant *v); /* of a model: trainable and tables */
/* Of the inner layers: their weights, and the most numbers that one of them reads of a sample. */
typedef struct {
    guint64 weights, most_read;
} EdtInnerCount;
EdtInnerCount edt_variant_inner(const EdtVariant *v);
guint64 edt_variant_macs(const EdtVariant *v); /* multiply-adds per sample, step */
/* Those among them that are the conditioning's: a run has them done for many steps at once. */
guint64 edt_variant_row_macs(const EdtVariant *v);

/* Testing: a station of a forward under the reference's module name; rows of width D, on the
 * device. */
typedef void (*EdtProbe)(const char *name, const void *data, EdtType type, int rows, int D,
                         gpointer user_data);
