/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The pickle machine: a stack, marks, a memo, and one small function per opcode.  pickle.h says what
 * it promises; pickle_torch.c holds the allow-list of globals.
 *
 * Every opcode costs at least one byte and makes at most one value, so memory and time are bounded
 * by the length of the pickle (16 MB); nothing recurses, so nesting needs no stack of ours.
 */
#include "files/pickle_torch.h"
#include "edt.h"

#include <string.h>

#define VALUES_PER_BLOCK 512
#define STACK_MAX (1u << 18)
#define OPCODES_MAX (1u << 19) /* a training checkpoint of EDT-XL has about 2^16 */
#define MARKS_MAX 1024

struct EdtPickle {
    const guint8 *data;
    gsize size, at, opcode_at;
    GPtrArray *blocks; /* of VALUES_PER_BLOCK values */
    guint in_block;
    GPtrArray *stack, *memo; /* EdtPickleValue * */
    GArray *marks;           /* guint: stack height at each MARK */
    EdtPickleValue *root;
    GError **error;
};

typedef gboolean (*Opcode)(EdtPickle *p);

/* ---- failing ---- */

static gboolean refuse(EdtPickle *p, const char *what)
{
    g_set_error(p->error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                "%s (opcode 0x%02x at byte %" G_GSIZE_FORMAT " of its pickle)", what,
                p->data[p->opcode_at], p->opcode_at);
    return FALSE;
}

static gboolean refuse_global(EdtPickle *p, EdtPickleText module, EdtPickleText name)
{
    char *raw = g_strdup_printf("%.*s.%.*s", (int)MIN(module.length, 80), module.text,
                                (int)MIN(name.length, 80), name.text);
    char *shown = g_utf8_make_valid(raw, -1);

    g_set_error(p->error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                "it asks for the Python object “%s” (opcode 0x%02x at byte %" G_GSIZE_FORMAT
                " of its pickle). Opening such a file in Python runs code, and a plain checkpoint "
                "does not need it. Save the model's state_dict() with torch.save and import that",
                shown, p->data[p->opcode_at], p->opcode_at);
    g_free(shown);
    g_free(raw);
    return FALSE;
}

/* ---- bytes of the pickle ---- */

static const guint8 *take(EdtPickle *p, gsize n)
{
    const guint8 *bytes = p->data + p->at;

    if (n > p->size - p->at) {
        refuse(p, "it ends in the middle of an opcode");
        return NULL;
    }
    p->at += n;
    return bytes;
}

/* A little-endian number of 1, 2, 4 or 8 bytes. */
static gboolean take_number(EdtPickle *p, guint width, guint64 *number)
{
    const guint8 *bytes = take(p, width);

    if (bytes == NULL)
        return FALSE;
    *number = 0;
    for (guint i = 0; i < width; i++)
        *number |= (guint64)bytes[i] << (8 * i);
    return TRUE;
}

/* A length of that width and as many bytes. */
static gboolean take_text(EdtPickle *p, guint width, EdtPickleText *text)
{
    guint64 length;

    if (!take_number(p, width, &length))
        return FALSE;
    text->length = (gsize)length;
    text->text = (const char *)take(p, text->length);
    return text->text != NULL;
}

/* ---- values and the stack ---- */

static EdtPickleValue *new_value(EdtPickle *p, EdtPickleKind kind)
{
    EdtPickleValue *block, *value;

    if (p->blocks->len == 0 || p->in_block == VALUES_PER_BLOCK) {
        g_ptr_array_add(p->blocks, g_new0(EdtPickleValue, VALUES_PER_BLOCK));
        p->in_block = 0;
    }
    block = p->blocks->pdata[p->blocks->len - 1];
    value = &block[p->in_block++];
    value->kind = kind;
    return value;
}

static gboolean push(EdtPickle *p, EdtPickleValue *value)
{
    if (p->stack->len == STACK_MAX)
        return refuse(p, "its stack grows too high");
    g_ptr_array_add(p->stack, value);
    return TRUE;
}

/* Values above the last mark: what an opcode may take. */
static guint available(const EdtPickle *p)
{
    guint floor = p->marks->len ? g_array_index(p->marks, guint, p->marks->len - 1) : 0;
    return p->stack->len - floor;
}

static EdtPickleValue *pop(EdtPickle *p)
{
    if (available(p) == 0) {
        refuse(p, "an opcode finds too little on the stack");
        return NULL;
    }
    return g_ptr_array_steal_index(p->stack, p->stack->len - 1);
}

static EdtPickleValue *peek(EdtPickle *p)
{
    if (available(p) == 0) {
        refuse(p, "an opcode finds too little on the stack");
        return NULL;
    }
    return p->stack->pdata[p->stack->len - 1];
}

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
        return refuse(p, "an opcode finds no mark on the stack");
    *n = available(p);
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

/* ---- opcodes: frame of the pickle ---- */

static gboolean op_proto(EdtPickle *p)
{
    guint64 version;

    if (!take_number(p, 1, &version))
        return FALSE;
    if (p->opcode_at != 0 || version < 2 || version > 5)
        return refuse(p, "its pickle protocol is not 2 to 5");
    return TRUE;
}

static gboolean op_frame(EdtPickle *p)
{
    guint64 length;

    if (!take_number(p, 8, &length))
        return FALSE;
    return length <= p->size - p->at || refuse(p, "a frame is longer than the pickle");
}

static gboolean op_stop(EdtPickle *p)
{
    if (p->marks->len != 0 || p->stack->len != 1)
        return refuse(p, "it ends with an untidy stack");
    p->root = p->stack->pdata[0];
    return TRUE;
}

static gboolean op_mark(EdtPickle *p)
{
    if (p->marks->len == MARKS_MAX)
        return refuse(p, "it nests too deep");
    g_array_append_val(p->marks, p->stack->len);
    return TRUE;
}

/* ---- opcodes: plain values ---- */

static gboolean push_integer(EdtPickle *p, EdtPickleKind kind, gint64 number)
{
    EdtPickleValue *value = new_value(p, kind);
    value->integer = number;
    return push(p, value);
}

static gboolean op_none(EdtPickle *p)
{
    return push(p, new_value(p, EDT_PICKLE_NONE));
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
    return take_number(p, 1, &number) && push_integer(p, EDT_PICKLE_INT, (gint64)number);
}

static gboolean op_int2(EdtPickle *p)
{
    guint64 number;
    return take_number(p, 2, &number) && push_integer(p, EDT_PICKLE_INT, (gint64)number);
}

static gboolean op_int4(EdtPickle *p)
{
    guint64 number;
    return take_number(p, 4, &number) &&
           push_integer(p, EDT_PICKLE_INT, (gint32)(guint32)number);
}

/* Two's complement of any width; up to 8 bytes it is an ordinary integer. */
static gboolean op_long1(EdtPickle *p)
{
    EdtPickleText bytes;
    EdtPickleValue *value;
    guint64 number;

    if (!take_text(p, 1, &bytes))
        return FALSE;
    if (bytes.length > 8) {
        value = new_value(p, EDT_PICKLE_LONG);
        value->bytes = bytes;
        return push(p, value);
    }
    number = bytes.length && (bytes.text[bytes.length - 1] & 0x80) ? G_MAXUINT64 : 0;
    for (gsize i = bytes.length; i > 0; i--)
        number = number << 8 | (guint8)bytes.text[i - 1];
    return push_integer(p, EDT_PICKLE_INT, (gint64)number);
}

static gboolean op_float(EdtPickle *p)
{
    return take(p, 8) != NULL && push(p, new_value(p, EDT_PICKLE_FLOAT));
}

static gboolean push_text(EdtPickle *p, EdtPickleKind kind, guint width)
{
    EdtPickleText text;
    EdtPickleValue *value;

    if (!take_text(p, width, &text))
        return FALSE;
    if (kind == EDT_PICKLE_STRING && !g_utf8_validate_len(text.text, text.length, NULL))
        return refuse(p, "a string is not UTF-8");
    value = new_value(p, kind);
    value->bytes = text;
    return push(p, value);
}

static gboolean op_string1(EdtPickle *p)
{
    return push_text(p, EDT_PICKLE_STRING, 1);
}

static gboolean op_string4(EdtPickle *p)
{
    return push_text(p, EDT_PICKLE_STRING, 4);
}

static gboolean op_bytes1(EdtPickle *p)
{
    return push_text(p, EDT_PICKLE_BYTES, 1);
}

static gboolean op_bytes4(EdtPickle *p)
{
    return push_text(p, EDT_PICKLE_BYTES, 4);
}

/* ---- opcodes: containers ---- */

static gboolean push_tuple(EdtPickle *p, guint n)
{
    EdtPickleValue *tuple;

    if (available(p) < n)
        return refuse(p, "an opcode finds too little on the stack");
    tuple = new_value(p, EDT_PICKLE_TUPLE);
    append(tuple, top(p, n), n);
    drop(p, n);
    return push(p, tuple);
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
    guint n;
    return pop_mark(p, &n) && push_tuple(p, n);
}

static gboolean op_list(EdtPickle *p)
{
    return push(p, new_value(p, EDT_PICKLE_LIST));
}

static gboolean op_dict(EdtPickle *p)
{
    return push(p, new_value(p, EDT_PICKLE_DICT));
}

/* The n values on top go into the container below them. */
static EdtPickleValue *container_below(EdtPickle *p, guint n)
{
    if (available(p) <= n) {
        refuse(p, "an opcode finds too little on the stack");
        return NULL;
    }
    return p->stack->pdata[p->stack->len - n - 1];
}

static gboolean add_to_list(EdtPickle *p, guint n)
{
    EdtPickleValue *list = container_below(p, n);

    if (list == NULL)
        return FALSE;
    if (list->kind != EDT_PICKLE_LIST)
        return refuse(p, "it appends to something that is no list");
    append(list, top(p, n), n);
    drop(p, n);
    return TRUE;
}

static gboolean is_key(const EdtPickleValue *value)
{
    return value->kind <= EDT_PICKLE_BYTES;
}

static gboolean add_to_dict(EdtPickle *p, guint n)
{
    EdtPickleValue *dict = container_below(p, n), **items;

    if (dict == NULL)
        return FALSE;
    items = top(p, n);
    if (dict->kind != EDT_PICKLE_DICT)
        return refuse(p, "it sets items of something that is no dictionary");
    if (n % 2 != 0)
        return refuse(p, "a dictionary gets a key without value");
    for (guint i = 0; i < n; i += 2)
        if (!is_key(items[i]))
            return refuse(p, "a dictionary gets a key that is no plain value");
    append(dict, items, n);
    drop(p, n);
    return TRUE;
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
    guint n;
    return pop_mark(p, &n) && add_to_list(p, n);
}

static gboolean op_setitems(EdtPickle *p)
{
    guint n;
    return pop_mark(p, &n) && add_to_dict(p, n);
}

/* ---- opcodes: memo ---- */

/* An index needs an opcode of its own, so it stays below both limits. */
static gboolean remember(EdtPickle *p, guint64 index)
{
    EdtPickleValue *value = peek(p);

    if (value == NULL)
        return FALSE;
    if (index >= MIN(p->size, OPCODES_MAX))
        return refuse(p, "a memo index is out of range");
    if (index >= p->memo->len)
        g_ptr_array_set_size(p->memo, (gint)index + 1);
    p->memo->pdata[index] = value;
    return TRUE;
}

static gboolean recall(EdtPickle *p, guint64 index)
{
    if (index >= p->memo->len || p->memo->pdata[index] == NULL)
        return refuse(p, "it recalls a value that it never remembered");
    return push(p, p->memo->pdata[index]);
}

static gboolean op_put1(EdtPickle *p)
{
    guint64 index;
    return take_number(p, 1, &index) && remember(p, index);
}

static gboolean op_put4(EdtPickle *p)
{
    guint64 index;
    return take_number(p, 4, &index) && remember(p, index);
}

static gboolean op_memoize(EdtPickle *p)
{
    return remember(p, p->memo->len);
}

static gboolean op_get1(EdtPickle *p)
{
    guint64 index;
    return take_number(p, 1, &index) && recall(p, index);
}

static gboolean op_get4(EdtPickle *p)
{
    guint64 index;
    return take_number(p, 4, &index) && recall(p, index);
}

/* ---- opcodes: what would run code in Python ---- */

static gboolean push_global(EdtPickle *p, EdtPickleText module, EdtPickleText name)
{
    const EdtPickleGlobal *global = edt_pickle_global_find(module, name);
    EdtPickleValue *value;

    if (global == NULL)
        return refuse_global(p, module, name);
    value = new_value(p, EDT_PICKLE_GLOBAL);
    value->global = global;
    return push(p, value);
}

static gboolean take_line(EdtPickle *p, EdtPickleText *line)
{
    const guint8 *end = memchr(p->data + p->at, '\n', p->size - p->at);

    if (end == NULL)
        return refuse(p, "it ends in the middle of an opcode");
    line->text = (const char *)p->data + p->at;
    line->length = (gsize)((const char *)end - line->text);
    p->at += line->length + 1;
    return TRUE;
}

static gboolean op_global(EdtPickle *p)
{
    EdtPickleText module, name;
    return take_line(p, &module) && take_line(p, &name) && push_global(p, module, name);
}

static gboolean op_stack_global(EdtPickle *p)
{
    EdtPickleValue *name = pop(p), *module = name ? pop(p) : NULL;

    if (module == NULL)
        return FALSE;
    if (name->kind != EDT_PICKLE_STRING || module->kind != EDT_PICKLE_STRING)
        return refuse(p, "it names a Python object by something that is no string");
    return push_global(p, module->bytes, name->bytes);
}

static gboolean push_tensor(EdtPickle *p, const EdtPickleValue *arguments)
{
    EdtPickleValue *value = new_value(p, EDT_PICKLE_TENSOR);
    GError *reason = NULL;

    value->tensor = g_new0(EdtPickleTensor, 1);
    if (edt_pickle_make_tensor(arguments, value->tensor, &reason))
        return push(p, value);
    refuse(p, reason->message);
    g_error_free(reason);
    return FALSE;
}

/* _rebuild_parameter(tensor, requires_grad, hooks) is the tensor. */
static gboolean push_parameter(EdtPickle *p, const EdtPickleValue *arguments)
{
    if (arguments->n_items != 3 || arguments->items[0]->kind != EDT_PICKLE_TENSOR ||
        arguments->items[1]->kind != EDT_PICKLE_BOOL ||
        arguments->items[2]->kind != EDT_PICKLE_DICT)
        return refuse(p, "a parameter is not described as torch describes it");
    return push(p, arguments->items[0]);
}

static gboolean op_reduce(EdtPickle *p)
{
    EdtPickleValue *arguments = pop(p), *callee = arguments ? pop(p) : NULL, *dict;

    if (callee == NULL)
        return FALSE;
    if (callee->kind != EDT_PICKLE_GLOBAL || arguments->kind != EDT_PICKLE_TUPLE)
        return refuse(p, "it calls something that is no function of torch");
    switch (callee->global->kind) {
    case EDT_GLOBAL_REBUILD_TENSOR:
        return push_tensor(p, arguments);
    case EDT_GLOBAL_REBUILD_PARAMETER:
        return push_parameter(p, arguments);
    case EDT_GLOBAL_ORDERED_DICT:
        if (arguments->n_items != 0)
            return refuse(p, "an OrderedDict is made from arguments, as torch does not");
        dict = new_value(p, EDT_PICKLE_DICT);
        dict->ordered = TRUE;
        return push(p, dict);
    case EDT_GLOBAL_STORAGE:
    case EDT_GLOBAL_NAMESPACE:
        break;
    }
    return refuse(p, "it calls a class that a plain checkpoint only names");
}

static gboolean op_newobj(EdtPickle *p)
{
    EdtPickleValue *arguments = pop(p), *callee = arguments ? pop(p) : NULL;

    if (callee == NULL)
        return FALSE;
    if (callee->kind != EDT_PICKLE_GLOBAL || callee->global->kind != EDT_GLOBAL_NAMESPACE ||
        arguments->kind != EDT_PICKLE_TUPLE || arguments->n_items != 0)
        return refuse(p, "it makes a Python object other than an empty argparse.Namespace");
    return push(p, new_value(p, EDT_PICKLE_OPAQUE));
}

/* Attributes: the fields of a Namespace, the _metadata of a state dict.  Not kept. */
static gboolean op_build(EdtPickle *p)
{
    EdtPickleValue *state = pop(p), *object = state ? peek(p) : NULL;

    if (object == NULL)
        return FALSE;
    if (object->kind != EDT_PICKLE_OPAQUE &&
        !(object->kind == EDT_PICKLE_DICT && object->ordered))
        return refuse(p, "it sets attributes of something that has none");
    return state->kind == EDT_PICKLE_DICT || refuse(p, "attributes are not a dictionary");
}

static gboolean op_binpersid(EdtPickle *p)
{
    EdtPickleValue *id = pop(p), *value;
    GError *reason = NULL;

    if (id == NULL)
        return FALSE;
    value = new_value(p, EDT_PICKLE_STORAGE);
    if (edt_pickle_make_storage(id, &value->storage, &reason))
        return push(p, value);
    refuse(p, reason->message);
    g_error_free(reason);
    return FALSE;
}

/* ---- the machine ---- */

/* All there is: an opcode without a row is refused. */
static const Opcode opcodes[256] = {
    [0x80] = op_proto,     [0x95] = op_frame,    ['.'] = op_stop,      ['('] = op_mark,
    ['N'] = op_none,       [0x88] = op_true,     [0x89] = op_false,    ['K'] = op_int1,
    ['M'] = op_int2,       ['J'] = op_int4,      [0x8a] = op_long1,    ['G'] = op_float,
    [0x8c] = op_string1,   ['X'] = op_string4,   ['C'] = op_bytes1,    ['B'] = op_bytes4,
    ['U'] = op_bytes1,     ['T'] = op_bytes4,    [')'] = op_tuple0,    [0x85] = op_tuple1,
    [0x86] = op_tuple2,    [0x87] = op_tuple3,   ['t'] = op_tuple,     [']'] = op_list,
    ['}'] = op_dict,       ['a'] = op_append,    ['e'] = op_appends,   ['s'] = op_setitem,
    ['u'] = op_setitems,   ['q'] = op_put1,      ['r'] = op_put4,      [0x94] = op_memoize,
    ['h'] = op_get1,       ['j'] = op_get4,      ['c'] = op_global,    [0x93] = op_stack_global,
    ['R'] = op_reduce,     [0x81] = op_newobj,   ['b'] = op_build,     ['Q'] = op_binpersid,
};

static gboolean run(EdtPickle *p)
{
    for (guint n = 0; p->root == NULL; n++) {
        p->opcode_at = p->at;
        if (p->at == p->size || n == OPCODES_MAX) {
            p->opcode_at = 0;
            return refuse(p, p->at == p->size ? "it has no end" : "it has too many opcodes");
        }
        Opcode opcode = opcodes[p->data[p->at++]];
        if (opcode == NULL)
            return refuse(p, "it uses an opcode that a plain checkpoint does not need");
        if (n == 0 && opcode != op_proto)
            return refuse(p, "it does not begin as a pickle");
        if (!opcode(p))
            return FALSE;
    }
    return TRUE;
}

static void free_block(gpointer data)
{
    EdtPickleValue *block = data;

    for (guint i = 0; i < VALUES_PER_BLOCK; i++) {
        switch (block[i].kind) {
        case EDT_PICKLE_TUPLE:
        case EDT_PICKLE_LIST:
        case EDT_PICKLE_DICT:
            g_free(block[i].items);
            break;
        case EDT_PICKLE_TENSOR:
            g_free(block[i].tensor);
            break;
        default:
            break;
        }
    }
    g_free(block);
}

EdtPickle *edt_pickle_read(const guint8 *data, gsize size, gsize *used, GError **error)
{
    EdtPickle *p;
    gboolean good;

    if (size == 0 || (used == NULL && size > EDT_PICKLE_BYTES_MAX)) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                    "its pickle is empty or longer than 16 MB");
        return NULL;
    }
    p = g_new0(EdtPickle, 1);
    p->data = data;
    p->size = MIN(size, EDT_PICKLE_BYTES_MAX);
    p->blocks = g_ptr_array_new_with_free_func(free_block);
    p->stack = g_ptr_array_new();
    p->memo = g_ptr_array_new();
    p->marks = g_array_new(FALSE, FALSE, sizeof(guint));
    p->error = error;
    good = run(p);
    if (good && used == NULL && p->at != p->size)
        good = refuse(p, "something follows its end");
    p->error = NULL;
    if (!good) {
        edt_pickle_free(p);
        return NULL;
    }
    if (used)
        *used = p->at;
    return p;
}

void edt_pickle_free(EdtPickle *p)
{
    if (p == NULL)
        return;
    g_array_unref(p->marks);
    g_ptr_array_unref(p->memo);
    g_ptr_array_unref(p->stack);
    g_ptr_array_unref(p->blocks);
    g_free(p);
}

const EdtPickleValue *edt_pickle_root(const EdtPickle *p)
{
    return p->root;
}

void edt_pickle_storages(const EdtPickle *p, GPtrArray *out)
{
    for (guint b = 0; b < p->blocks->len; b++) {
        EdtPickleValue *block = p->blocks->pdata[b];
        for (guint i = 0; i < VALUES_PER_BLOCK; i++)
            if (block[i].kind == EDT_PICKLE_STORAGE)
                g_ptr_array_add(out, &block[i]);
    }
}

gboolean edt_pickle_is(const EdtPickleValue *value, const char *text)
{
    return value->kind == EDT_PICKLE_STRING && value->bytes.length == strlen(text) &&
           memcmp(value->bytes.text, text, value->bytes.length) == 0;
}

const EdtPickleValue *edt_pickle_lookup(const EdtPickleValue *dict, const char *key,
                                        GError **error)
{
    const EdtPickleValue *found = NULL;

    for (guint i = 0; i + 1 < dict->n_items; i += 2) {
        if (!edt_pickle_is(dict->items[i], key))
            continue;
        if (found) {
            g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE, "the key “%s” stands twice in it",
                        key);
            return NULL;
        }
        found = dict->items[i + 1];
    }
    return found;
}
