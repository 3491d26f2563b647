/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Three tables: the globals that a checkpoint of weights needs, those that lie inert beside them
 * (settings of a run, counters, dates, paths, types), and what is refused with its reason.  A
 * global that is in none is refused as unknown.  Who asks: pickle_objects.c.
 */
#include "files/pickle_globals.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define STORAGE(name, size, type)                                                                  \
    {                                                                                              \
        "torch", name, EDT_GLOBAL_STORAGE, size, type                                              \
    }

static const EdtPickleGlobal allowed[] = {
    {"collections", "OrderedDict", EDT_GLOBAL_ORDERED_DICT, 0, -1},
    {"torch._utils", "_rebuild_tensor_v2", EDT_GLOBAL_REBUILD_TENSOR, 0, -1},
    {"torch._utils", "_rebuild_parameter", EDT_GLOBAL_REBUILD_PARAMETER, 0, -1},
    {"torch._utils", "_rebuild_parameter_with_state", EDT_GLOBAL_REBUILD_PARAMETER, 0, -1},
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
    STORAGE("ComplexFloatStorage", 8, -1),
    STORAGE("ComplexDoubleStorage", 16, -1),
    {"torch.storage", "TypedStorage", EDT_GLOBAL_STORAGE, 0, -1},
    {"torch.storage", "UntypedStorage", EDT_GLOBAL_STORAGE, 1, -1}, /* torch counts its bytes */
    {"builtins", "getattr", EDT_GLOBAL_ATTRIBUTE, 0, -1},           /* of one module: see below */
};

static const EdtPickleGlobal inert_global = {NULL, NULL, EDT_GLOBAL_INERT, 0, -1};
static const EdtPickleGlobal torch_itself = {"torch", "torch", EDT_GLOBAL_TORCH, 0, -1};

/* Values beside the weights, by module; names are words of a text. */
static const struct {
    const char *module, *names;
} inert[] = {
    /* settings and counters of a run */
    {"argparse", "Namespace"},
    {"types", "SimpleNamespace GenericAlias NoneType EllipsisType NotImplementedType UnionType"},
    {"typing", "Any"},
    {"collections", "Counter defaultdict deque"},
    /* types, as values, as what a defaultdict makes, and what older protocols make sets of; the
     * last of them are Python 2's */
    {"builtins", "set frozenset list dict tuple int float bool str bytes bytearray complex range "
                 "slice object long unicode xrange"},
    /* type(None) is written as type called with None */
    {"builtins", "type Ellipsis NotImplemented"},
    /* bytes of protocol 2, which has none of its own */
    {"_codecs", "encode"},
    /* places, dates, exact numbers */
    {"pathlib", "Path PosixPath WindowsPath PurePath PurePosixPath PureWindowsPath"},
    {"datetime", "datetime date time timedelta timezone"},
    {"uuid", "UUID"},
    {"decimal", "Decimal"},
    {"fractions", "Fraction"},
    /* NumPy's numbers, small arrays, their types, and its random numbers */
    {"numpy", "ndarray dtype generic number integer signedinteger unsignedinteger inexact floating "
              "complexfloating flexible character bool bool_ int8 int16 int32 int64 uint8 uint16 "
              "uint32 uint64 intc uintc intp uintp long ulong longlong ulonglong float16 float32 "
              "float64 float128 longdouble complex64 complex128 complex256 clongdouble str_ bytes_ "
              "void object_ record datetime64 timedelta64"},
    {"numpy.dtypes", "BoolDType Int8DType Int16DType Int32DType Int64DType UInt8DType UInt16DType "
                     "UInt32DType UInt64DType Float16DType Float32DType Float64DType "
                     "Complex64DType Complex128DType StrDType BytesDType ObjectDType VoidDType"},
    {"numpy.core.multiarray", "scalar _reconstruct"},
    {"numpy.core.numeric", "_frombuffer"},
    {"numpy.random._pickle", "__randomstate_ctor __generator_ctor __bit_generator_ctor"},
    {"numpy.random._mt19937", "MT19937"},
    {"numpy.random._pcg64", "PCG64 PCG64DXSM"},
    {"numpy.random._philox", "Philox"},
    {"numpy.random._sfc64", "SFC64"},
    {"numpy.random.bit_generator", "SeedSequence __pyx_unpickle_SeedSequence"},
    /* torch's own words, and tensors of types that no weight of ours has */
    {"torch",
     "Size Tensor device dtype layout memory_format float32 float16 bfloat16 float64 int64 "
     "int32 int16 int8 uint8 uint16 uint32 uint64 bool complex32 complex64 complex128 "
     "float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz float8_e8m0fnu "
     "float4_e2m1fn_x2 int1 int2 int3 int4 int5 int6 int7 uint1 uint2 uint3 uint4 uint5 "
     "uint6 uint7 bits8 bits16 bits1x8 bits2x4 bits4x2 qint8 qint32 quint8 quint4x2 "
     "quint2x4 per_tensor_affine per_tensor_symmetric per_channel_affine "
     "per_channel_symmetric per_channel_affine_float_qparams"},
    {"torch.torch_version", "TorchVersion"}, /* torch.__version__ */
    {"torch.serialization", "_get_layout"},
    {"torch._utils", "_rebuild_tensor_v3"},
    /* keys and settings of PyTorch Lightning, under its three names, and of OmegaConf */
    {"pytorch_lightning.callbacks.model_checkpoint", "ModelCheckpoint"},
    {"pytorch_lightning.callbacks.early_stopping", "EarlyStopping"},
    {"pytorch_lightning.callbacks.lr_monitor", "LearningRateMonitor"},
    {"pytorch_lightning.callbacks.timer", "Timer"},
    {"pytorch_lightning.utilities.parsing", "AttributeDict"},
    {"lightning.pytorch.callbacks.model_checkpoint", "ModelCheckpoint"},
    {"lightning.pytorch.callbacks.early_stopping", "EarlyStopping"},
    {"lightning.pytorch.callbacks.lr_monitor", "LearningRateMonitor"},
    {"lightning.pytorch.callbacks.timer", "Timer"},
    {"lightning.pytorch.utilities.parsing", "AttributeDict"},
    {"lightning.fabric.utilities.data", "AttributeDict"},
    {"lightning_fabric.utilities.data", "AttributeDict"},
    {"omegaconf.dictconfig", "DictConfig"},
    {"omegaconf.listconfig", "ListConfig"},
    {"omegaconf.base", "ContainerMetadata Metadata"},
    {"omegaconf.nodes", "AnyNode IntegerNode FloatNode BooleanNode StringNode"},
};

static const char memory_formats[] =
    "contiguous_format legacy_contiguous_format preserve_format channels_last channels_last_3d";

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
    const char *module, *names; /* names NULL: all of the module */
    const char *reason;
} refused[] = {
    {"os", NULL, N_("It runs programs or changes files.")},
    {"posix", NULL, N_("It runs programs or changes files.")},
    {"nt", NULL, N_("It runs programs or changes files.")},
    {"pty", NULL, N_("It runs programs or changes files.")},
    {"subprocess", NULL, N_("It runs programs or changes files.")},
    {"shutil", NULL, N_("It runs programs or changes files.")},
    {"builtins", "open file", N_("It runs programs or changes files.")},
    {"builtins",
     "eval exec execfile compile __import__ __build_class__ reload getattr setattr delattr globals "
     "locals vars apply map filter reduce input raw_input breakpoint",
     N_("It runs code of the file's own.")},
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

/* Whether it is one of the words of names. */
static gboolean is_among(EdtPickleText text, const char *names)
{
    for (gsize n; *names; names += n + (names[n] != '\0')) {
        n = strcspn(names, " ");
        if (text.length == n && memcmp(text.text, names, n) == 0)
            return TRUE;
    }
    return FALSE;
}

static EdtPickleText first_name(EdtPickleText module)
{
    for (gsize i = 0; i < G_N_ELEMENTS(synonyms); i++)
        if (text_is(module, synonyms[i].also))
            return (EdtPickleText){synonyms[i].name, strlen(synonyms[i].name)};
    return module;
}

static gboolean is_below(EdtPickleText module, const char *top)
{
    gsize length = strlen(top);
    return module.length > length && memcmp(module.text, top, length) == 0 &&
           module.text[length] == '.';
}

gboolean edt_pickle_global_is_memory_format(EdtPickleText name)
{
    return is_among(name, memory_formats);
}

/* torch does not say in which module its memory formats are, and Python finds them in the first
 * that has imported torch: "torch.channels_last" of torch._utils; in protocol 2, whose names have
 * no dots, the attribute "channels_last" of its "torch". */
static const EdtPickleGlobal *through_another(EdtPickleText module, EdtPickleText name)
{
    const gsize skip = strlen("torch.");

    if (!is_below(module, "torch"))
        return NULL;
    if (text_is(name, "torch"))
        return &torch_itself;
    return is_below(name, "torch") && edt_pickle_global_is_memory_format(
                                          (EdtPickleText){name.text + skip, name.length - skip})
               ? &inert_global
               : NULL;
}

const EdtPickleGlobal *edt_pickle_global_find(EdtPickleText module, EdtPickleText name)
{
    const EdtPickleText first = first_name(module);
    for (gsize i = 0; i < G_N_ELEMENTS(allowed); i++)
        if (text_is(first, allowed[i].module) && text_is(name, allowed[i].name))
            return &allowed[i];
    for (gsize i = 0; i < G_N_ELEMENTS(inert); i++)
        if (text_is(first, inert[i].module) && is_among(name, inert[i].names))
            return &inert_global;
    return through_another(first, name);
}

const char *edt_pickle_global_reason(EdtPickleText module, EdtPickleText name)
{
    const EdtPickleText first = first_name(module);
    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++)
        if ((text_is(first, refused[i].module) || is_below(first, refused[i].module)) &&
            (!refused[i].names || is_among(name, refused[i].names)))
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
