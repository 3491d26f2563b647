/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The workings of the pickle machine: failing with a position, taking bytes, values, the stack.
 * The opcodes that use them: pickle_plain.c and pickle_objects.c.
 */
#include "files/pickle_machine.h"
#include "edt.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* ---- failing ---- */

gboolean edt_pickle_refuse(EdtPickle *p, const char *what)
{
    g_set_error(p->error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                _("%s (opcode 0x%02x at byte %zu of its pickle)"), what, p->data[p->opcode_at],
                p->opcode_at);
    return FALSE;
}

/* ---- bytes of the pickle ---- */

const guint8 *edt_pickle_take(EdtPickle *p, gsize n)
{
    const guint8 *bytes = p->data + p->at;

    if (n > p->size - p->at) {
        edt_pickle_refuse(p, _("it ends in the middle of an opcode"));
        return NULL;
    }
    p->at += n;
    return bytes;
}

/* A little-endian number of 1, 2, 4 or 8 bytes. */
gboolean edt_pickle_take_number(EdtPickle *p, guint width, guint64 *number)
{
    const guint8 *bytes = edt_pickle_take(p, width);

    if (!bytes)
        return FALSE;
    *number = 0;
    for (guint i = 0; i < width; i++)
        *number |= (guint64)bytes[i] << (8 * i);
    return TRUE;
}

/* A length of that width and as many bytes. */
gboolean edt_pickle_take_text(EdtPickle *p, guint width, EdtPickleText *text)
{
    guint64 length;

    if (!edt_pickle_take_number(p, width, &length))
        return FALSE;
    text->length = (gsize)length;
    text->text = (const char *)edt_pickle_take(p, text->length);
    return text->text != NULL;
}

/* ---- values and the stack ---- */

EdtPickleValue *edt_pickle_new_value(EdtPickle *p, EdtPickleKind kind)
{
    EdtPickleValue *block, *value;

    if (p->blocks->len == 0 || p->in_block == EDT_PICKLE_VALUES_PER_BLOCK) {
        g_ptr_array_add(p->blocks, g_new0(EdtPickleValue, EDT_PICKLE_VALUES_PER_BLOCK));
        p->in_block = 0;
    }
    block = p->blocks->pdata[p->blocks->len - 1];
    value = &block[p->in_block++];
    value->kind = kind;
    return value;
}

gboolean edt_pickle_push(EdtPickle *p, EdtPickleValue *value)
{
    if (p->stack->len == EDT_PICKLE_STACK_MAX)
        return edt_pickle_refuse(p, _("its stack grows too high"));
    g_ptr_array_add(p->stack, value);
    return TRUE;
}

/* Values above the last mark: what an opcode may take. */
guint edt_pickle_available(const EdtPickle *p)
{
    guint floor = p->marks->len ? g_array_index(p->marks, guint, p->marks->len - 1) : 0;
    return p->stack->len - floor;
}

EdtPickleValue *edt_pickle_pop(EdtPickle *p)
{
    if (edt_pickle_available(p) == 0) {
        edt_pickle_refuse(p, _("an opcode finds too little on the stack"));
        return NULL;
    }
    return g_ptr_array_steal_index(p->stack, p->stack->len - 1);
}

EdtPickleValue *edt_pickle_peek(EdtPickle *p)
{
    if (edt_pickle_available(p) == 0) {
        edt_pickle_refuse(p, _("an opcode finds too little on the stack"));
        return NULL;
    }
    return p->stack->pdata[p->stack->len - 1];
}

/* ---- a value ---- */

char *edt_pickle_text(const EdtPickleValue *value)
{
    return value->kind == EDT_PICKLE_STRING &&
                   g_utf8_validate_len(value->bytes.text, value->bytes.length, NULL)
               ? g_strndup(value->bytes.text, value->bytes.length)
               : NULL;
}

gboolean edt_pickle_is(const EdtPickleValue *value, const char *text)
{
    return value->kind == EDT_PICKLE_STRING && value->bytes.length == strlen(text) &&
           memcmp(value->bytes.text, text, value->bytes.length) == 0;
}
