/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Inside of the pickle machine, for pickle.c (frame and ends), pickle_plain.c (values, containers,
 * memo) and pickle_objects.c (what would run code in Python).
 */
#pragma once

#include "files/pickle.h"

#define EDT_PICKLE_VALUES_PER_BLOCK 512
#define EDT_PICKLE_STACK_MAX (1u << 18)
#define EDT_PICKLE_OPCODES_MAX (1u << 19) /* a training checkpoint of EDT-XL has about 2^16 */
#define EDT_PICKLE_MARKS_MAX 1024

struct EdtPickle {
    const guint8 *data;
    gsize size, at, opcode_at;
    GPtrArray *blocks; /* of EDT_PICKLE_VALUES_PER_BLOCK values */
    guint in_block;
    GPtrArray *stack, *memo; /* EdtPickleValue * */
    GArray *marks;           /* guint: stack height at each MARK */
    EdtPickleValue *root;
    GError **error;
};

/* One opcode: FALSE with p->error set.  A table has NULL where it knows no opcode. */
typedef gboolean (*EdtOpcode)(EdtPickle *p);
extern const EdtOpcode edt_pickle_plain_opcodes[256];
extern const EdtOpcode edt_pickle_object_opcodes[256];

/* Sets the error: what, and at which opcode.  Always FALSE. */
gboolean edt_pickle_refuse(EdtPickle *p, const char *what);

/* The next n bytes, or NULL and error. */
const guint8 *edt_pickle_take(EdtPickle *p, gsize n);
/* A little-endian number of 1, 2, 4 or 8 bytes. */
gboolean edt_pickle_take_number(EdtPickle *p, guint width, guint64 *number);
/* A length of that width, and as many bytes. */
gboolean edt_pickle_take_text(EdtPickle *p, guint width, EdtPickleText *text);

EdtPickleValue *edt_pickle_new_value(EdtPickle *p, EdtPickleKind kind); /* owned by the machine */
gboolean edt_pickle_push(EdtPickle *p, EdtPickleValue *value);
/* Values above the last mark: what an opcode may take. */
guint edt_pickle_available(const EdtPickle *p);
/* The topmost value, taken or left; NULL and error when there is none above the last mark. */
EdtPickleValue *edt_pickle_pop(EdtPickle *p);
EdtPickleValue *edt_pickle_peek(EdtPickle *p);
