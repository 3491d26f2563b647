/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The pickle machine from outside: reads one pickle, opcode by opcode, and answers questions about
 * the result.  pickle.h says what it promises.
 *
 * Every opcode costs at least one byte and makes at most one value, so memory and time are bounded
 * by the length of the pickle and by EDT_PICKLE_OPCODES_MAX; nothing recurses, so nesting needs no
 * stack of ours.
 */
#include "files/pickle_machine.h"
#include "edt.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* ---- opcodes: frame of the pickle ---- */

static gboolean op_proto(EdtPickle *p)
{
    guint64 version;

    if (!edt_pickle_take_number(p, 1, &version))
        return FALSE;
    if (p->opcode_at != 0 || version < 2 || version > 5)
        return edt_pickle_refuse(p, _("its pickle protocol is not 2 to 5"));
    return TRUE;
}

static gboolean op_frame(EdtPickle *p)
{
    guint64 length;

    if (!edt_pickle_take_number(p, 8, &length))
        return FALSE;
    return length <= p->size - p->at ||
           edt_pickle_refuse(p, _("a frame is longer than the pickle"));
}

static gboolean op_stop(EdtPickle *p)
{
    if (p->marks->len != 0 || p->stack->len != 1)
        return edt_pickle_refuse(p, _("it ends with an untidy stack"));
    p->root = p->stack->pdata[0];
    return TRUE;
}

static gboolean op_mark(EdtPickle *p)
{
    if (p->marks->len == EDT_PICKLE_MARKS_MAX)
        return edt_pickle_refuse(p, _("it nests too deep"));
    g_array_append_val(p->marks, p->stack->len);
    return TRUE;
}

/* ---- the machine ---- */

/* All there is are this table and those of pickle_plain.c and pickle_objects.c: an opcode that is
 * in none of them is refused. */
static const EdtOpcode frame_opcodes[256] = {
    [0x80] = op_proto,
    [0x95] = op_frame,
    ['.'] = op_stop,
    ['('] = op_mark,
};

static EdtOpcode opcode_of(guint8 byte)
{
    if (frame_opcodes[byte])
        return frame_opcodes[byte];
    return edt_pickle_plain_opcodes[byte] ? edt_pickle_plain_opcodes[byte]
                                          : edt_pickle_object_opcodes[byte];
}

static gboolean run(EdtPickle *p)
{
    for (guint n = 0; !p->root; n++) {
        p->opcode_at = p->at;
        if (p->at == p->size || n == EDT_PICKLE_OPCODES_MAX) {
            p->opcode_at = 0;
            return edt_pickle_refuse(p, p->at == p->size ? _("it has no end")
                                                         : _("it has too many opcodes"));
        }
        EdtOpcode opcode = opcode_of(p->data[p->at++]);
        if (!opcode)
            return edt_pickle_refuse(p,
                                     _("it uses an opcode that a plain checkpoint does not need"));
        if (n == 0 && opcode != op_proto)
            return edt_pickle_refuse(p, _("it does not begin as a pickle"));
        if (!opcode(p))
            return FALSE;
    }
    return TRUE;
}

static void free_block(gpointer data)
{
    EdtPickleValue *block = data;

    for (guint i = 0; i < EDT_PICKLE_VALUES_PER_BLOCK; i++) {
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
    gboolean ok;

    if (size == 0 || (!used && size > EDT_PICKLE_BYTES_MAX)) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                    _("its pickle is empty or longer than 16 MB"));
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
    ok = run(p);
    if (ok && !used && p->at != p->size)
        ok = edt_pickle_refuse(p, _("something follows its end"));
    p->error = NULL;
    if (!ok) {
        edt_pickle_free(p);
        return NULL;
    }
    if (used)
        *used = p->at;
    return p;
}

void edt_pickle_free(EdtPickle *p)
{
    if (!p)
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
        for (guint i = 0; i < EDT_PICKLE_VALUES_PER_BLOCK; i++)
            if (block[i].kind == EDT_PICKLE_STORAGE)
                g_ptr_array_add(out, &block[i]);
    }
}

const EdtPickleValue *edt_pickle_lookup(const EdtPickleValue *dict, const char *key, GError **error)
{
    const EdtPickleValue *found = NULL;

    for (guint i = 0; i + 1 < dict->n_items; i += 2) {
        if (!edt_pickle_is(dict->items[i], key))
            continue;
        if (found) {
            g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE, _("the key “%s” stands twice in it"),
                        key);
            return NULL;
        }
        found = dict->items[i + 1];
    }
    return found;
}
