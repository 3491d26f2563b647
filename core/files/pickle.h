/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The subset of Python's pickle that torch.save needs for plain state dicts, read as inert data.
 *
 * Nothing is called, imported or constructed.  Opcodes and globals are allow-lists; every operand
 * is type-checked; the work is bounded by the length of the pickle.  What is not on the lists is
 * refused with its name and byte position.  Next: torch_state.c, which finds tensors in the result.
 */
#pragma once

#include "base/type.h"

#define EDT_PICKLE_BYTES_MAX ((gsize)16 << 20)

typedef enum {
    EDT_PICKLE_NONE,
    EDT_PICKLE_BOOL,    /* integer */
    EDT_PICKLE_INT,     /* integer */
    EDT_PICKLE_LONG,    /* bytes: an integer of more than 8 bytes, little-endian */
    EDT_PICKLE_FLOAT,   /* no value kept: nothing needs it */
    EDT_PICKLE_STRING,  /* bytes, not always UTF-8: Python's strings may hold half characters */
    EDT_PICKLE_BYTES,   /* bytes */
    EDT_PICKLE_TUPLE,   /* items */
    EDT_PICKLE_LIST,    /* items */
    EDT_PICKLE_DICT,    /* items: key, value, key, value, ... */
    EDT_PICKLE_GLOBAL,  /* global */
    EDT_PICKLE_STORAGE, /* storage */
    EDT_PICKLE_TENSOR,  /* tensor */
    EDT_PICKLE_OPAQUE,  /* attributes: an inert object of Python (pickle_globals.c) */
} EdtPickleKind;

typedef struct EdtPickleGlobal EdtPickleGlobal; /* a row of the allow-list */
typedef struct EdtPickleValue EdtPickleValue;

typedef struct {
    const char *text; /* inside the pickle, not terminated */
    gsize length;
} EdtPickleText;

typedef struct {
    EdtPickleText key;             /* names the bytes in the file */
    const EdtPickleGlobal *global; /* torch.FloatStorage, ... */
    gsize count;                   /* elements */
} EdtPickleStorage;

/* Checked when built: rank, signs, products, and that every element lies inside the storage. */
typedef struct {
    const EdtPickleValue *storage;
    int rank;
    gsize offset; /* elements */
    gint64 shape[EDT_RANK_MAX], stride[EDT_RANK_MAX];
    gsize count;
} EdtPickleTensor;

struct EdtPickleValue {
    EdtPickleKind kind;
    gboolean ordered; /* DICT: an OrderedDict, which may carry attributes */
    union {
        gint64 integer;
        EdtPickleText bytes;
        struct {
            EdtPickleValue **items;
            guint n_items, room;
        };
        const EdtPickleGlobal *global;
        EdtPickleStorage storage;
        EdtPickleTensor *tensor;          /* owned by the pickle */
        const EdtPickleValue *attributes; /* a DICT, or NULL: nothing else of it is kept */
    };
};

typedef struct EdtPickle EdtPickle;

/* Reads one pickle from data, which must outlive the result.  used receives its length (NULL: the
 * pickle must fill data).  Errors: EDT_ERROR_BAD_FILE, without the file's name. */
EdtPickle *edt_pickle_read(const guint8 *data, gsize size, gsize *used, GError **error);
void edt_pickle_free(EdtPickle *pickle); /* NULL is fine */
const EdtPickleValue *edt_pickle_root(const EdtPickle *pickle);

void edt_pickle_storages(const EdtPickle *pickle, GPtrArray *out); /* every STORAGE value */

/* A STRING as text of its own; NULL when it is none: no UTF-8, or with a NUL in it. */
char *edt_pickle_text(const EdtPickleValue *value);
gboolean edt_pickle_is(const EdtPickleValue *value, const char *text); /* STRING equal to text */
/* The value of a string key, or NULL; a key that stands twice is an error. */
const EdtPickleValue *edt_pickle_lookup(const EdtPickleValue *dict, const char *key,
                                        GError **error);

/* Of a storage's global. */
gsize edt_pickle_element_size(const EdtPickleGlobal *global); /* 0: not known */
/* FALSE for element types that are no EdtType. */
gboolean edt_pickle_element_type(const EdtPickleGlobal *global, EdtType *type);
