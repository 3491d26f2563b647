/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Opcodes of the pickle machine that would import, call or construct in Python.  Here they only
 * look up an allow-list (pickle_globals.c) and describe what torch would make; what would be made
 * beside the weights is opaque.
 */
#include "files/pickle_machine.h"
#include "files/pickle_globals.h"
#include "files/pickle_torch.h"
#include "edt.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* ---- globals ---- */

static gboolean refuse_global(EdtPickle *p, EdtPickleText module, EdtPickleText name)
{
    g_autofree char *raw = g_strdup_printf("%.*s.%.*s", (int)MIN(module.length, 80), module.text,
                                           (int)MIN(name.length, 80), name.text);
    g_autofree char *shown = g_strescape(raw, NULL);

    g_set_error(
        p->error, EDT_ERROR, EDT_ERROR_BAD_FILE,
        _("it asks for the Python object “%s” (opcode 0x%02x at byte %zu of its pickle). %s "
          "Opening "
          "such a file in Python runs code, and a plain checkpoint "
          "does not need it. Save the model's state_dict() with torch.save and import that"),
        shown, p->data[p->opcode_at], p->opcode_at, edt_pickle_global_reason(module, name));
    return FALSE;
}

static gboolean push_global(EdtPickle *p, EdtPickleText module, EdtPickleText name)
{
    const EdtPickleGlobal *global = edt_pickle_global_find(module, name);
    EdtPickleValue *value;

    if (!global)
        return refuse_global(p, module, name);
    value = edt_pickle_new_value(p, EDT_PICKLE_GLOBAL);
    value->global = global;
    return edt_pickle_push(p, value);
}

static gboolean take_line(EdtPickle *p, EdtPickleText *line)
{
    const guint8 *end = memchr(p->data + p->at, '\n', p->size - p->at);

    if (!end)
        return edt_pickle_refuse(p, _("it ends in the middle of an opcode"));
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
    EdtPickleValue *name = edt_pickle_pop(p), *module = name ? edt_pickle_pop(p) : NULL;

    if (!module)
        return FALSE;
    if (name->kind != EDT_PICKLE_STRING || module->kind != EDT_PICKLE_STRING)
        return edt_pickle_refuse(p, _("it names a Python object by something that is no string"));
    return push_global(p, module->bytes, name->bytes);
}

/* ---- construction ---- */

static gboolean push_tensor(EdtPickle *p, const EdtPickleValue *arguments)
{
    EdtPickleValue *value = edt_pickle_new_value(p, EDT_PICKLE_TENSOR);
    GError *reason = NULL;

    value->tensor = g_new0(EdtPickleTensor, 1);
    if (edt_pickle_make_tensor(arguments, value->tensor, &reason))
        return edt_pickle_push(p, value);
    edt_pickle_refuse(p, reason->message);
    g_error_free(reason);
    return FALSE;
}

/* _rebuild_parameter(tensor, requires_grad, hooks) is the tensor; a fourth one, attributes of its
 * own, is nothing that a weight needs. */
static gboolean push_parameter(EdtPickle *p, const EdtPickleValue *arguments)
{
    if (arguments->n_items < 3 || arguments->n_items > 4 ||
        arguments->items[0]->kind != EDT_PICKLE_TENSOR ||
        arguments->items[1]->kind != EDT_PICKLE_BOOL ||
        arguments->items[2]->kind != EDT_PICKLE_DICT)
        return edt_pickle_refuse(p, _("a parameter is not described as torch describes it"));
    return edt_pickle_push(p, arguments->items[0]);
}

static gboolean push_opaque(EdtPickle *p)
{
    return edt_pickle_push(p, edt_pickle_new_value(p, EDT_PICKLE_OPAQUE));
}

/* OrderedDict() as torch writes it, or OrderedDict([(key, value), ...]), as Python 2 did: then it
 * lies among the inert values, for no state dict was ever written so. */
static gboolean push_ordered_dict(EdtPickle *p, const EdtPickleValue *arguments)
{
    EdtPickleValue *dict;

    if (arguments->n_items != 0)
        return push_opaque(p);
    dict = edt_pickle_new_value(p, EDT_PICKLE_DICT);
    dict->ordered = TRUE;
    return edt_pickle_push(p, dict);
}

/* getattr(torch, "channels_last"): a value of torch's own.  Any other attribute could be code. */
static gboolean push_attribute(EdtPickle *p, const EdtPickleValue *arguments)
{
    static const EdtPickleText module = {"builtins", 8}, name = {"getattr", 7};
    EdtPickleValue *const *item = arguments->items;

    if (arguments->n_items == 2 && item[0]->kind == EDT_PICKLE_GLOBAL &&
        item[0]->global->kind == EDT_GLOBAL_TORCH && item[1]->kind == EDT_PICKLE_STRING &&
        edt_pickle_global_is_memory_format(item[1]->bytes))
        return push_opaque(p);
    return refuse_global(p, module, name);
}

static gboolean op_reduce(EdtPickle *p)
{
    EdtPickleValue *arguments = edt_pickle_pop(p), *callee = arguments ? edt_pickle_pop(p) : NULL;

    if (!callee)
        return FALSE;
    if (callee->kind != EDT_PICKLE_GLOBAL || arguments->kind != EDT_PICKLE_TUPLE)
        return edt_pickle_refuse(p, _("it calls something that is no function of torch"));
    switch (callee->global->kind) {
    case EDT_GLOBAL_REBUILD_TENSOR:
        return push_tensor(p, arguments);
    case EDT_GLOBAL_REBUILD_PARAMETER:
        return push_parameter(p, arguments);
    case EDT_GLOBAL_ORDERED_DICT:
        return push_ordered_dict(p, arguments);
    case EDT_GLOBAL_INERT:
        return push_opaque(p);
    case EDT_GLOBAL_ATTRIBUTE:
        return push_attribute(p, arguments);
    case EDT_GLOBAL_TORCH:
    case EDT_GLOBAL_STORAGE:
        break;
    }
    return edt_pickle_refuse(p, _("it calls a class that a plain checkpoint only names"));
}

static gboolean op_newobj(EdtPickle *p)
{
    EdtPickleValue *arguments = edt_pickle_pop(p), *callee = arguments ? edt_pickle_pop(p) : NULL;

    if (!callee)
        return FALSE;
    if (callee->kind != EDT_PICKLE_GLOBAL || callee->global->kind != EDT_GLOBAL_INERT ||
        arguments->kind != EDT_PICKLE_TUPLE)
        return edt_pickle_refuse(p, _("it makes a Python object that is no plain value"));
    return push_opaque(p);
}

/* The same with named arguments on top. */
static gboolean op_newobj_ex(EdtPickle *p)
{
    EdtPickleValue *named = edt_pickle_pop(p);

    if (!named)
        return FALSE;
    if (named->kind != EDT_PICKLE_DICT)
        return edt_pickle_refuse(p, _("attributes are not a dictionary"));
    return op_newobj(p);
}

/* Attributes: the fields of a Namespace, the _metadata of a state dict; or the state of a NumPy
 * array, which is a tuple. */
static gboolean op_build(EdtPickle *p)
{
    EdtPickleValue *state = edt_pickle_pop(p), *object = state ? edt_pickle_peek(p) : NULL;

    if (!object)
        return FALSE;
    if (object->kind != EDT_PICKLE_OPAQUE && !(object->kind == EDT_PICKLE_DICT && object->ordered))
        return edt_pickle_refuse(p, _("it sets attributes of something that has none"));
    if (object->kind == EDT_PICKLE_OPAQUE && state->kind == EDT_PICKLE_DICT)
        object->attributes = state;
    return object->kind == EDT_PICKLE_OPAQUE || state->kind == EDT_PICKLE_DICT ||
           edt_pickle_refuse(p, _("attributes are not a dictionary"));
}

static gboolean op_binpersid(EdtPickle *p)
{
    EdtPickleValue *id = edt_pickle_pop(p), *value;
    GError *reason = NULL;

    if (!id)
        return FALSE;
    value = edt_pickle_new_value(p, EDT_PICKLE_STORAGE);
    if (edt_pickle_make_storage(id, &value->storage, &reason))
        return edt_pickle_push(p, value);
    edt_pickle_refuse(p, reason->message);
    g_error_free(reason);
    return FALSE;
}

/* ---- the list ---- */

const EdtOpcode edt_pickle_object_opcodes[256] = {
    ['c'] = op_global, [0x93] = op_stack_global, ['R'] = op_reduce,     [0x81] = op_newobj,
    ['b'] = op_build,  ['Q'] = op_binpersid,     [0x92] = op_newobj_ex,
};
