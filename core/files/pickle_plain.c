/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Opcodes of the pickle machine that make plain values, put them into containers and remember them.
 */
#include "files/pickle_machine.h"
#include "edt.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* ---- helpers ---- */

static void append(EdtPickleValue *to, EdtPickleValue *const *items, guint n)
{
    if (n > to->room - to->n_items) {
        to->room = MAX(to->n_items + n, 2 * to->room);
        to->items = g_renew(EdtPickleValue *, to->items, to->room);
    }
    if (n > 0)
        memcpy(to->items + to->n_items, items, n * sizeof *items);
    to->n_items += n;
}

/* Takes the last mark away and says how many values stand above it. */
static gboolean pop_mark(EdtPickle *p, guint *n)
{
    if (p->marks->len == 0)
        return edt_pickle_refuse(p, _("an opcode finds no mark on the stack"));
    *n = edt_pickle_available(p);
    g_array_set_size(p->marks, p->marks->len - 1);
    return TRUE;
}

/* The n topmost values, in order; n is not more than there are. */
static EdtPickleValue **top(EdtPickle *p, guint n)
{
    return n ? (EdtPickleValue **)p->stack->pdata + (p->stack->len - n) : NULL;
}

static void drop(EdtPickle *p, guint n)
{
    g_ptr_array_set_size(p->stack, (gint)(p->stack->len - n));
}

/* ---- opcodes: plain values ---- */

static gboolean push_integer(EdtPickle *p, EdtPickleKind kind, gint64 number)
{
    EdtPickleValue *value = edt_pickle_new_value(p, kind);
    value->integer = number;
    return edt_pickle_push(p, value);
}

static gboolean op_none(EdtPickle *p)
{
    return edt_pickle_push(p, edt_pickle_new_value(p, EDT_PICKLE_NONE));
}

static gboolean op_true(EdtPickle *p)
{
    return push_integer(p, EDT_PICKLE_BOOL, 1);
}

static gboolean op_false(EdtPickle *p)
{
    return push_integer(p, EDT_PICKLE_BOOL, 0);
}

static gboolean op_int1(EdtPickle *p)
{
    guint64 number;
    return edt_pickle_take_number(p, 1, &number) && push_integer(p, EDT_PICKLE_INT, (gint64)number);
}

static gboolean op_int2(EdtPickle *p)
{
    guint64 number;
    return edt_pickle_take_number(p, 2, &number) && push_integer(p, EDT_PICKLE_INT, (gint64)number);
}

static gboolean op_int4(EdtPickle *p)
{
    guint64 number;
    return edt_pickle_take_number(p, 4, &number) &&
           push_integer(p, EDT_PICKLE_INT, (gint32)(guint32)number);
}

/* Two's complement of any width; up to 8 bytes it is an ordinary integer. */
static gboolean push_long(EdtPickle *p, guint width)
{
    EdtPickleText bytes;
    EdtPickleValue *value;
    guint64 number;

    if (!edt_pickle_take_text(p, width, &bytes))
        return FALSE;
    if (bytes.length > 8) {
        value = edt_pickle_new_value(p, EDT_PICKLE_LONG);
        value->bytes = bytes;
        return edt_pickle_push(p, value);
    }
    number = bytes.length && (bytes.text[bytes.length - 1] & 0x80) ? G_MAXUINT64 : 0;
    for (gsize i = bytes.length; i > 0; i--)
        number = number << 8 | (guint8)bytes.text[i - 1];
    return push_integer(p, EDT_PICKLE_INT, (gint64)number);
}

static gboolean op_long1(EdtPickle *p)
{
    return push_long(p, 1);
}

static gboolean op_long4(EdtPickle *p)
{
    return push_long(p, 4);
}

static gboolean op_float(EdtPickle *p)
{
    return edt_pickle_take(p, 8) && edt_pickle_push(p, edt_pickle_new_value(p, EDT_PICKLE_FLOAT));
}

static gboolean push_text(EdtPickle *p, EdtPickleKind kind, guint width)
{
    EdtPickleText text;
    EdtPickleValue *value;

    if (!edt_pickle_take_text(p, width, &text))
        return FALSE;
    value = edt_pickle_new_value(p, kind);
    value->bytes = text;
    return edt_pickle_push(p, value);
}

static gboolean op_string1(EdtPickle *p)
{
    return push_text(p, EDT_PICKLE_STRING, 1);
}

static gboolean op_string4(EdtPickle *p)
{
    return push_text(p, EDT_PICKLE_STRING, 4);
}

static gboolean op_string8(EdtPickle *p)
{
    return push_text(p, EDT_PICKLE_STRING, 8);
}

static gboolean op_bytes1(EdtPickle *p)
{
    return push_text(p, EDT_PICKLE_BYTES, 1);
}

static gboolean op_bytes4(EdtPickle *p)
{
    return push_text(p, EDT_PICKLE_BYTES, 4);
}

/* Also a bytearray. */
static gboolean op_bytes8(EdtPickle *p)
{
    return push_text(p, EDT_PICKLE_BYTES, 8);
}

/* ---- opcodes: containers ---- */

static gboolean push_tuple(EdtPickle *p, guint n)
{
    EdtPickleValue *tuple;

    if (edt_pickle_available(p) < n)
        return edt_pickle_refuse(p, _("an opcode finds too little on the stack"));
    tuple = edt_pickle_new_value(p, EDT_PICKLE_TUPLE);
    append(tuple, top(p, n), n);
    drop(p, n);
    return edt_pickle_push(p, tuple);
}

static gboolean op_tuple0(EdtPickle *p)
{
    return push_tuple(p, 0);
}

static gboolean op_tuple1(EdtPickle *p)
{
    return push_tuple(p, 1);
}

static gboolean op_tuple2(EdtPickle *p)
{
    return push_tuple(p, 2);
}

static gboolean op_tuple3(EdtPickle *p)
{
    return push_tuple(p, 3);
}

static gboolean op_tuple(EdtPickle *p)
{
    guint n = 0;
    return pop_mark(p, &n) && push_tuple(p, n);
}

static gboolean op_list(EdtPickle *p)
{
    return edt_pickle_push(p, edt_pickle_new_value(p, EDT_PICKLE_LIST));
}

static gboolean op_dict(EdtPickle *p)
{
    return edt_pickle_push(p, edt_pickle_new_value(p, EDT_PICKLE_DICT));
}

/* The n values on top go into the container below them. */
static EdtPickleValue *container_below(EdtPickle *p, guint n)
{
    if (edt_pickle_available(p) <= n) {
        edt_pickle_refuse(p, _("an opcode finds too little on the stack"));
        return NULL;
    }
    return p->stack->pdata[p->stack->len - n - 1];
}

static gboolean add_to_list(EdtPickle *p, guint n)
{
    EdtPickleValue *list = container_below(p, n);

    if (!list)
        return FALSE;
    if (list->kind == EDT_PICKLE_LIST)
        append(list, top(p, n), n);
    else if (list->kind != EDT_PICKLE_OPAQUE) /* a deque: nothing of it is kept */
        return edt_pickle_refuse(p, _("it appends to something that is no list"));
    drop(p, n);
    return TRUE;
}

/* What Python can hash; names of tensors are strings, the others stand beside the weights. */
static gboolean is_key(const EdtPickleValue *value)
{
    return value->kind <= EDT_PICKLE_BYTES || value->kind == EDT_PICKLE_TUPLE ||
           value->kind == EDT_PICKLE_GLOBAL || value->kind == EDT_PICKLE_OPAQUE;
}

static gboolean add_to_dict(EdtPickle *p, guint n)
{
    EdtPickleValue *dict = container_below(p, n), **items;

    if (!dict)
        return FALSE;
    items = top(p, n);
    if (dict->kind != EDT_PICKLE_DICT && dict->kind != EDT_PICKLE_OPAQUE)
        return edt_pickle_refuse(p, _("it sets items of something that is no dictionary"));
    if (n % 2 != 0)
        return edt_pickle_refuse(p, _("a dictionary gets a key without value"));
    for (guint i = 0; i < n; i += 2)
        if (!is_key(items[i]))
            return edt_pickle_refuse(p, _("a dictionary gets a key that is no plain value"));
    if (dict->kind == EDT_PICKLE_DICT) /* else a Counter or a defaultdict */
        append(dict, items, n);
    drop(p, n);
    return TRUE;
}

/* A set is an opaque value: no weight stands in one. */
static gboolean op_set(EdtPickle *p)
{
    return edt_pickle_push(p, edt_pickle_new_value(p, EDT_PICKLE_OPAQUE));
}

static gboolean op_additems(EdtPickle *p)
{
    guint n = 0;
    EdtPickleValue *set = pop_mark(p, &n) ? container_below(p, n) : NULL;

    if (!set)
        return FALSE;
    if (set->kind != EDT_PICKLE_OPAQUE)
        return edt_pickle_refuse(p, _("it adds items to something that is no set"));
    drop(p, n);
    return TRUE;
}

static gboolean op_frozenset(EdtPickle *p)
{
    guint n = 0;
    if (!pop_mark(p, &n))
        return FALSE;
    drop(p, n);
    return op_set(p);
}

static gboolean op_append(EdtPickle *p)
{
    return add_to_list(p, 1);
}

static gboolean op_setitem(EdtPickle *p)
{
    return add_to_dict(p, 2);
}

static gboolean op_appends(EdtPickle *p)
{
    guint n = 0;
    return pop_mark(p, &n) && add_to_list(p, n);
}

static gboolean op_setitems(EdtPickle *p)
{
    guint n = 0;
    return pop_mark(p, &n) && add_to_dict(p, n);
}

/* ---- opcodes: memo ---- */

/* An index needs an opcode of its own, so it stays below both limits. */
static gboolean remember(EdtPickle *p, guint64 index)
{
    EdtPickleValue *value = edt_pickle_peek(p);

    if (!value)
        return FALSE;
    if (index >= MIN(p->size, EDT_PICKLE_OPCODES_MAX))
        return edt_pickle_refuse(p, _("a memo index is out of range"));
    if (index >= p->memo->len)
        g_ptr_array_set_size(p->memo, (gint)index + 1);
    p->memo->pdata[index] = value;
    return TRUE;
}

static gboolean recall(EdtPickle *p, guint64 index)
{
    if (index >= p->memo->len || !p->memo->pdata[index])
        return edt_pickle_refuse(p, _("it recalls a value that it never remembered"));
    return edt_pickle_push(p, p->memo->pdata[index]);
}

static gboolean op_put1(EdtPickle *p)
{
    guint64 index;
    return edt_pickle_take_number(p, 1, &index) && remember(p, index);
}

static gboolean op_put4(EdtPickle *p)
{
    guint64 index;
    return edt_pickle_take_number(p, 4, &index) && remember(p, index);
}

static gboolean op_memoize(EdtPickle *p)
{
    return remember(p, p->memo->len);
}

static gboolean op_get1(EdtPickle *p)
{
    guint64 index;
    return edt_pickle_take_number(p, 1, &index) && recall(p, index);
}

static gboolean op_get4(EdtPickle *p)
{
    guint64 index;
    return edt_pickle_take_number(p, 4, &index) && recall(p, index);
}

/* ---- the list ---- */

const EdtOpcode edt_pickle_plain_opcodes[256] = {
    ['N'] = op_none,       [0x88] = op_true,   [0x89] = op_false,  ['K'] = op_int1,
    ['M'] = op_int2,       ['J'] = op_int4,    [0x8a] = op_long1,  ['G'] = op_float,
    [0x8c] = op_string1,   ['X'] = op_string4, ['C'] = op_bytes1,  ['B'] = op_bytes4,
    ['U'] = op_bytes1,     ['T'] = op_bytes4,  [')'] = op_tuple0,  [0x85] = op_tuple1,
    [0x86] = op_tuple2,    [0x87] = op_tuple3, ['t'] = op_tuple,   [']'] = op_list,
    ['}'] = op_dict,       ['a'] = op_append,  ['e'] = op_appends, ['s'] = op_setitem,
    ['u'] = op_setitems,   ['q'] = op_put1,    ['r'] = op_put4,    [0x94] = op_memoize,
    ['h'] = op_get1,       ['j'] = op_get4,    [0x8b] = op_long4,  [0x8d] = op_string8,
    [0x8e] = op_bytes8,    [0x96] = op_bytes8, [0x8f] = op_set,    [0x90] = op_additems,
    [0x91] = op_frozenset,
};
