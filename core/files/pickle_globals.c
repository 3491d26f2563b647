/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Two tables: the globals that a checkpoint of weights needs or that lie inert beside them
 * (settings of a run, counters, dates, paths, NumPy's numbers), and what is refused with its
 * reason.  A global that is in neither is refused as unknown.  Who asks: pickle_objects.c.
 */
#include "files/pickle_globals.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define STORAGE(name, size, type)                                                                  \
    {                                                                                              \
        "torch", name, EDT_GLOBAL_STORAGE, size, type                                              \
    }
#define INERT(module, name)                                                                        \
    {                                                                                              \
        module, name, EDT_GLOBAL_INERT, 0, -1                                                      \
    }

static const EdtPickleGlobal allowed[] = {
    {"collections", "OrderedDict", EDT_GLOBAL_ORDERED_DICT, 0, -1},
    {"torch._utils", "_rebuild_tensor_v2", EDT_GLOBAL_REBUILD_TENSOR, 0, -1},
    {"torch._utils", "_rebuild_parameter", EDT_GLOBAL_REBUILD_PARAMETER, 0, -1},
    STORAGE("FloatStorage", 4, EDT_F32),
    STORAGE("HalfStorage", 2, EDT_F16),
    STORAGE("BFloat16Storage", 2, EDT_BF16),
    STORAGE("DoubleStorage", 8, EDT_F64),
    STORAGE("LongStorage", 8, EDT_I64),
    STORAGE("IntStorage", 4, -1),
    STORAGE("ShortStorage", 2, -1),
    STORAGE("CharStorage", 1, -1),
    STORAGE("ByteStorage", 1, -1),
    STORAGE("BoolStorage", 1, -1),
    {"torch.storage", "TypedStorage", EDT_GLOBAL_STORAGE, 0, -1},
    {"torch.storage", "UntypedStorage", EDT_GLOBAL_STORAGE, 0, -1},
    /* settings and counters of a run */
    INERT("argparse", "Namespace"),
    INERT("types", "SimpleNamespace"),
    INERT("collections", "Counter"),
    INERT("collections", "defaultdict"),
    INERT("collections", "deque"),
    /* types, as values, as what a defaultdict makes, and what older protocols make sets of */
    INERT("builtins", "set"),
    INERT("builtins", "frozenset"),
    INERT("builtins", "list"),
    INERT("builtins", "dict"),
    INERT("builtins", "tuple"),
    INERT("builtins", "int"),
    INERT("builtins", "float"),
    INERT("builtins", "bool"),
    INERT("builtins", "str"),
    INERT("builtins", "bytes"),
    INERT("builtins", "bytearray"),
    INERT("builtins", "complex"),
    INERT("builtins", "range"),
    INERT("builtins", "slice"),
    INERT("builtins", "object"),
    INERT("builtins", "long"), /* Python 2's names */
    INERT("builtins", "unicode"),
    INERT("builtins", "xrange"),
    /* bytes of protocol 2, which has none of its own */
    INERT("_codecs", "encode"),
    /* places, dates, exact numbers */
    INERT("pathlib", "Path"),
    INERT("pathlib", "PosixPath"),
    INERT("pathlib", "WindowsPath"),
    INERT("pathlib", "PurePath"),
    INERT("pathlib", "PurePosixPath"),
    INERT("pathlib", "PureWindowsPath"),
    INERT("datetime", "datetime"),
    INERT("datetime", "date"),
    INERT("datetime", "time"),
    INERT("datetime", "timedelta"),
    INERT("datetime", "timezone"),
    INERT("uuid", "UUID"),
    INERT("decimal", "Decimal"),
    INERT("fractions", "Fraction"),
    /* NumPy's numbers and small arrays */
    INERT("numpy", "ndarray"),
    INERT("numpy", "dtype"),
    INERT("numpy.core.multiarray", "scalar"),
    INERT("numpy.core.multiarray", "_reconstruct"),
    INERT("numpy.core.numeric", "_frombuffer"),
    /* torch's own words */
    INERT("torch", "Size"),
    INERT("torch", "device"),
    INERT("torch", "float32"),
    INERT("torch", "float16"),
    INERT("torch", "bfloat16"),
    INERT("torch", "float64"),
    INERT("torch", "int64"),
    INERT("torch", "int32"),
    INERT("torch", "int16"),
    INERT("torch", "int8"),
    INERT("torch", "uint8"),
    INERT("torch", "bool"),
    INERT("torch", "complex64"),
    INERT("torch", "complex128"),
};

/* One module under several names, by version: the name of the table is the first. */
static const struct {
    const char *name, *also;
} synonyms[] = {
    {"builtins", "__builtin__"},                         /* Python 2's, which protocol 2 writes */
    {"pathlib", "pathlib._local"},                       /* Python 3.13 */
    {"numpy.core.multiarray", "numpy._core.multiarray"}, /* NumPy 2 */
    {"numpy.core.numeric", "numpy._core.numeric"},
};

/* What is refused, and why.  A module means itself and what lies below it; the first row counts. */
static const struct {
    const char *module, *name; /* name NULL: all of the module */
    const char *reason;
} refused[] = {
    {"os", NULL, N_("It runs programs or changes files.")},
    {"posix", NULL, N_("It runs programs or changes files.")},
    {"nt", NULL, N_("It runs programs or changes files.")},
    {"pty", NULL, N_("It runs programs or changes files.")},
    {"subprocess", NULL, N_("It runs programs or changes files.")},
    {"shutil", NULL, N_("It runs programs or changes files.")},
    {"builtins", "open", N_("It runs programs or changes files.")},
    {"builtins", NULL, N_("It runs code of the file's own.")},
    {"importlib", NULL, N_("It runs code of the file's own.")},
    {"runpy", NULL, N_("It runs code of the file's own.")},
    {"types", NULL, N_("It runs code of the file's own.")},
    {"operator", NULL, N_("It runs code of the file's own.")},
    {"functools", NULL, N_("It runs code of the file's own.")},
    {"marshal", NULL, N_("It runs code of the file's own.")},
    {"pickle", NULL, N_("It runs code of the file's own.")},
    {"_pickle", NULL, N_("It runs code of the file's own.")},
    {"dill", NULL, N_("It runs code of the file's own.")},
    {"cloudpickle", NULL, N_("It runs code of the file's own.")},
    {"copyreg", NULL, N_("It runs code of the file's own.")},
    {"ctypes", NULL, N_("It runs code of the file's own.")},
    {"sys", NULL, N_("It runs code of the file's own.")},
    {"socket", NULL, N_("It uses the network.")},
    {"http", NULL, N_("It uses the network.")},
    {"urllib", NULL, N_("It uses the network.")},
    {"requests", NULL, N_("It uses the network.")},
    {"webbrowser", NULL, N_("It uses the network.")},
    {"torch.nn", NULL, N_("A whole network was saved, code and all, not its weights.")},
    {"torch.optim", NULL, N_("A whole optimiser was saved, code and all, not its numbers.")},
};

static gboolean text_is(EdtPickleText text, const char *wanted)
{
    return text.length == strlen(wanted) && memcmp(text.text, wanted, text.length) == 0;
}

static EdtPickleText first_name(EdtPickleText module)
{
    for (gsize i = 0; i < G_N_ELEMENTS(synonyms); i++)
        if (text_is(module, synonyms[i].also))
            return (EdtPickleText){synonyms[i].name, strlen(synonyms[i].name)};
    return module;
}

const EdtPickleGlobal *edt_pickle_global_find(EdtPickleText module, EdtPickleText name)
{
    const EdtPickleText first = first_name(module);
    for (gsize i = 0; i < G_N_ELEMENTS(allowed); i++)
        if (text_is(first, allowed[i].module) && text_is(name, allowed[i].name))
            return &allowed[i];
    return NULL;
}

static gboolean is_below(EdtPickleText module, const char *top)
{
    gsize length = strlen(top);
    return module.length > length && memcmp(module.text, top, length) == 0 &&
           module.text[length] == '.';
}

const char *edt_pickle_global_reason(EdtPickleText module, EdtPickleText name)
{
    const EdtPickleText first = first_name(module);
    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++)
        if ((text_is(first, refused[i].module) || is_below(first, refused[i].module)) &&
            (!refused[i].name || text_is(name, refused[i].name)))
            return _(refused[i].reason);
    return _("This program does not know it.");
}

gsize edt_pickle_element_size(const EdtPickleGlobal *global)
{
    return global->element_size;
}

gboolean edt_pickle_element_type(const EdtPickleGlobal *global, EdtType *type)
{
    if (global->type < 0)
        return FALSE;
    *type = (EdtType)global->type;
    return TRUE;
}
