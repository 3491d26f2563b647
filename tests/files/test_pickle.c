/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The pickle machine: what torch writes is understood, whatever else is refused by name and place,
 * and no operand is trusted.
 */
#include "craft.h"
#include "edt.h"
#include "files/pickle.h"

#include <string.h>

static const gint64 two_by_three[] = {2, 3, -1}, rows[] = {3, 1, -1}, scalar[] = {-1};

/* NULL when taken, else the message.  Frees p. */
static char *pickle_refusal(GByteArray *p)
{
    GError *error = NULL;
    EdtPickle *pickle = edt_pickle_read(p->data, p->len, NULL, &error);
    char *message = NULL;

    if (pickle == NULL) {
        g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
        message = g_strdup(error->message);
        g_error_free(error);
    }
    edt_pickle_free(pickle);
    g_byte_array_unref(p);
    return message;
}

static GByteArray *raw(const char *text, gsize n)
{
    GByteArray *p = g_byte_array_new();
    put(p, text, n);
    return p;
}
#define RAW(literal) raw(literal, sizeof(literal) - 1)

static EdtPickle *read_good(const GByteArray *p)
{
    GError *error = NULL;
    EdtPickle *pickle = edt_pickle_read(p->data, p->len, NULL, &error);
    g_assert_no_error(error);
    return pickle;
}

static void test_plain_values(void)
{
    /* ({"n": -2, "t": (True, None, 1.5), "l": [300, 70000]}) with memo and marks */
    GByteArray *p = RAW("\x80\x02}q\x00(X\x01\x00\x00\x00nJ\xfe\xff\xff\xff"
                        "X\x01\x00\x00\x00t\x88NG\x3f\xf8\x00\x00\x00\x00\x00\x00\x87"
                        "X\x01\x00\x00\x00l](M\x2c\x01\x8a\x03\x70\x11\x01"
                        "eu.");
    EdtPickle *pickle = read_good(p);
    const EdtPickleValue *root = edt_pickle_root(pickle), *v;

    g_assert_cmpint(root->kind, ==, EDT_PICKLE_DICT);
    g_assert_cmpuint(root->n_items, ==, 6);
    g_assert_cmpint(edt_pickle_lookup(root, "n", NULL)->integer, ==, -2);
    v = edt_pickle_lookup(root, "t", NULL);
    g_assert_cmpint(v->kind, ==, EDT_PICKLE_TUPLE);
    g_assert_cmpint(v->items[0]->integer, ==, 1);
    g_assert_cmpint(v->items[1]->kind, ==, EDT_PICKLE_NONE);
    g_assert_cmpint(v->items[2]->kind, ==, EDT_PICKLE_FLOAT);
    v = edt_pickle_lookup(root, "l", NULL);
    g_assert_cmpint(v->items[0]->integer, ==, 300);
    g_assert_cmpint(v->items[1]->integer, ==, 70000);
    g_assert_null(edt_pickle_lookup(root, "x", NULL));
    edt_pickle_free(pickle);
    g_byte_array_unref(p);
}

static void test_tensor(void)
{
    GByteArray *p = pickle_one("17", 20, 4, two_by_three, rows);
    EdtPickle *pickle = read_good(p);
    const EdtPickleValue *w = edt_pickle_lookup(edt_pickle_root(pickle), "w", NULL);

    g_assert_cmpint(w->kind, ==, EDT_PICKLE_TENSOR);
    g_assert_cmpuint(w->tensor->count, ==, 6);
    g_assert_cmpuint(w->tensor->offset, ==, 4);
    g_assert_cmpint(w->tensor->stride[0], ==, 3);
    g_assert_cmpuint(w->tensor->storage->storage.count, ==, 20);
    g_assert_cmpmem(w->tensor->storage->storage.key.text, 2, "17", 2);
    edt_pickle_free(pickle);
    g_byte_array_unref(p);
}

/* Protocol 4: frames, short strings, MEMOIZE, STACK_GLOBAL. */
static void test_protocol_4(void)
{
    GByteArray *p = RAW("\x80\x04\x95\x29\x00\x00\x00\x00\x00\x00\x00\x8c\x0b"
                        "collections"
                        "\x94\x8c\x0bOrderedDict\x94\x93\x94)R\x94\x8c\x01k\x94K\x07s.");
    EdtPickle *pickle = read_good(p);
    g_assert_cmpint(edt_pickle_lookup(edt_pickle_root(pickle), "k", NULL)->integer, ==, 7);
    edt_pickle_free(pickle);
    g_byte_array_unref(p);
    assert_refused(pickle_refusal(RAW("\x80\x04\x95\xff\x00\x00\x00\x00\x00\x00\x00N.")), "frame");
}

/* state_dict() of a module carries attributes: BUILD with {"_metadata": OrderedDict}. */
static void test_metadata_attributes(void)
{
    GByteArray *p = pickle_new();
    pickle_global(p, "collections", "OrderedDict");
    pickle_op(p, ")R(");
    pickle_string(p, "w");
    pickle_tensor(p, "FloatStorage", "0", 6, 0, two_by_three, rows);
    pickle_op(p, "u}");
    pickle_string(p, "_metadata");
    pickle_global(p, "collections", "OrderedDict");
    pickle_op(p, ")Rsb.");
    assert_taken(pickle_refusal(p));
}

static void test_namespace_is_inert(void)
{
    GByteArray *p = pickle_new();
    EdtPickle *pickle;

    pickle_global(p, "argparse", "Namespace");
    pickle_op(p, ")\x81}");
    pickle_string(p, "model");
    pickle_string(p, "EDT-S/2");
    pickle_op(p, "sb.");
    pickle = read_good(p);
    g_assert_cmpint(edt_pickle_root(pickle)->kind, ==, EDT_PICKLE_OPAQUE);
    edt_pickle_free(pickle);
    g_byte_array_unref(p);
}

/* Calls check with the root of tests/files/data/<name>N.pkl for each protocol N. */
static void for_each_protocol(const char *name, void (*check)(const EdtPickleValue *root))
{
    for (int protocol = 2; protocol <= 5; protocol++) {
        g_autofree char *file = g_strdup_printf("%s%d.pkl", name, protocol);
        g_autofree char *path = g_build_filename(FILES_DATA, file, NULL);
        g_autofree char *data = NULL;
        gsize size;
        GError *error = NULL;

        g_file_get_contents(path, &data, &size, &error);
        g_assert_no_error(error);
        EdtPickle *pickle = edt_pickle_read((const guint8 *)data, size, NULL, &error);
        g_assert_no_error(error);
        g_assert_cmpint(edt_pickle_lookup(edt_pickle_root(pickle), "w", NULL)->kind, ==,
                        EDT_PICKLE_NONE);
        check(edt_pickle_root(pickle));
        edt_pickle_free(pickle);
    }
}

/* inertN.pkl: CPython 3.11's pickle.dumps(value, N) of a dictionary with "w": None and one each of
 * Counter, defaultdict, set, frozenset, OrderedDict, deque, paths, dates, UUID, Decimal, Fraction,
 * bytes, bytearray, complex, range, slice, a long integer, SimpleNamespace, a dictionary with a
 * tuple as key, and a type. */
static void check_python_values(const EdtPickleValue *root)
{
    g_assert_cmpint(edt_pickle_lookup(root, "counter", NULL)->kind, ==, EDT_PICKLE_OPAQUE);
    g_assert_cmpint(edt_pickle_lookup(root, "path", NULL)->kind, ==, EDT_PICKLE_OPAQUE);
    g_assert_cmpint(edt_pickle_lookup(root, "bool", NULL)->kind, ==, EDT_PICKLE_BOOL);
}

static void test_python_values_are_inert(void)
{
    for_each_protocol("inert", check_python_values);
}

/* torchN.pkl: the same of CPython 3.13 with torch 2.6 and NumPy 2.2: "w": None, torch.__version__,
 * every dtype, memory formats, layouts, quantisation schemes, types of torch, every scalar type of
 * NumPy, its dtypes, scalars and random numbers, Ellipsis, NotImplemented, the types of None and of
 * these, list[int], typing.Any, a dictionary whose key is ModelCheckpoint of PyTorch Lightning, and
 * a string, a path and a key with half a surrogate pair. */
static void check_torch_values(const EdtPickleValue *root)
{
    static const char *const lists[] = {"layouts", "types"}; /* made, not only named */

    g_assert_cmpint(edt_pickle_lookup(root, "version", NULL)->kind, ==, EDT_PICKLE_OPAQUE);
    for (gsize i = 0; i < G_N_ELEMENTS(lists); i++)
        g_assert_cmpint(edt_pickle_lookup(root, lists[i], NULL)->items[0]->kind, ==,
                        EDT_PICKLE_OPAQUE);
    const EdtPickleValue *half = edt_pickle_lookup(root, "half", NULL);
    g_assert_cmpint(half->kind, ==, EDT_PICKLE_STRING);
    g_assert_null(edt_pickle_text(half));
}

static void test_torch_and_numpy_values_are_inert(void)
{
    for_each_protocol("torch", check_torch_values);
}

/* getattr is for the memory formats of torch alone. */
static void test_attributes(void)
{
    static const struct {
        const char *module, *name, *attribute;
        gboolean good;
    } cases[] = {
        {"torch._utils", "torch", "channels_last", TRUE},
        {"torch.serialization", "torch", "preserve_format", TRUE},
        {"torch._utils", "torch", "load", FALSE},
        {"torch", "Size", "channels_last", FALSE},
        {"builtins", "type", "channels_last", FALSE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        GByteArray *p = pickle_new();
        pickle_global(p, "__builtin__", "getattr");
        pickle_global(p, cases[i].module, cases[i].name);
        pickle_string(p, cases[i].attribute);
        pickle_op(p, "\x86R.");
        if (cases[i].good)
            assert_taken(pickle_refusal(p));
        else
            assert_refused(pickle_refusal(p), "“builtins.getattr”");
    }
}

/* {"a": scalar(dtype('f8'), 8 bytes), "b": an array of two numbers}, as NumPy 1 and 2 write them.
 */
static void test_numpy_values_are_inert(void)
{
    static const char *const modules[] = {"numpy.core.multiarray", "numpy._core.multiarray"};

    for (gsize i = 0; i < G_N_ELEMENTS(modules); i++) {
        GByteArray *p = pickle_new();
        pickle_op(p, "}(");
        pickle_string(p, "a");
        pickle_global(p, modules[i], "scalar");
        pickle_global(p, "numpy", "dtype");
        pickle_string(p, "f8");
        pickle_op(p, "\x89\x88\x87R(K\x03");
        pickle_string(p, "<");
        pickle_op(p, "NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff");
        pickle_int(p, 0);
        pickle_op(p, "tb");
        pickle_global(p, "_codecs", "encode");
        pickle_string(p, "12345678");
        pickle_string(p, "latin1");
        pickle_op(p, "\x86R\x86R");
        pickle_string(p, "b");
        pickle_global(p, modules[i], "_reconstruct");
        pickle_global(p, "numpy", "ndarray");
        pickle_int(p, 0);
        pickle_op(p, "\x85");
        pickle_string(p, "b");
        pickle_op(p, "\x87R(K\x01K\x02\x85NNNtbu.");
        assert_taken(pickle_refusal(p));
    }
}

/* torch's own words stand in settings; none of them is a tensor or a weight. */
static void test_torch_values_are_inert(void)
{
    static const char *const words[] = {"Size", "device", "float32", "bfloat16", "int64", "bool"};

    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        GByteArray *p = pickle_new();
        EdtPickle *pickle;
        pickle_op(p, "}");
        pickle_string(p, "v");
        pickle_global(p, "torch", words[i]);
        pickle_int(p, 1);
        pickle_op(p, "\x85\x85Rs.");
        pickle = read_good(p);
        g_assert_cmpint(edt_pickle_lookup(edt_pickle_root(pickle), "v", NULL)->kind, ==,
                        EDT_PICKLE_OPAQUE);
        edt_pickle_free(pickle);
        g_byte_array_unref(p);
    }
}

static void test_parameter(void)
{
    static const struct {
        const char *name, *behind; /* the tensor */
    } cases[] = {{"_rebuild_parameter", "\x88}tR."},
                 {"_rebuild_parameter_with_state", "\x88}}tR."}}; /* attributes of its own */

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        GByteArray *p = pickle_new();
        pickle_global(p, "torch._utils", cases[i].name);
        pickle_op(p, "(");
        pickle_tensor(p, "HalfStorage", "0", 6, 0, two_by_three, rows);
        pickle_op(p, cases[i].behind);
        EdtPickle *pickle = read_good(p);
        g_assert_cmpint(edt_pickle_root(pickle)->kind, ==, EDT_PICKLE_TENSOR);
        edt_pickle_free(pickle);
        g_byte_array_unref(p);
    }
}

/* The classic attack, and its relatives that hide behind allowed modules. */
static void test_globals(void)
{
    static const char *const names[][2] = {
        {"os", "system"},
        {"builtins", "eval"},
        {"torch", "load"},
        {"torch._utils", "_rebuild"},
        {"collections", "OrderedDict.x"},
        {"torch", "FloatStorage "},
        {"", ""},
        {"torch.storage", "_load_from_bytes"},
        {"torch._utils", "torch.load"},
        {"torch._utils", "torch.FloatStorage"},
        {"osx", "torch.channels_last"},
        {"numpy", "float32 float64"},
        {"numpy", "load"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        GByteArray *p = pickle_new();
        char *shown = g_strdup_printf("“%s.%s”", names[i][0], names[i][1]);
        pickle_global(p, names[i][0], names[i][1]);
        pickle_op(p, "(X\x04");
        assert_refused(pickle_refusal(p), shown);
        g_free(shown);
    }
}

/* One global for each row of what is refused, and how the reason begins. */
static void test_refused_with_reason(void)
{
    static const struct {
        const char *module, *name, *reason;
    } rows_of[] = {
        {"os", "system", "It runs programs"},
        {"os.path", "join", "It runs programs"},
        {"posix", "system", "It runs programs"},
        {"nt", "system", "It runs programs"},
        {"pty", "spawn", "It runs programs"},
        {"subprocess", "Popen", "It runs programs"},
        {"shutil", "rmtree", "It runs programs"},
        {"builtins", "open", "It runs programs"},
        {"__builtin__", "eval", "It runs code"},
        {"builtins", "getattr", "It runs code"},
        {"builtins", "len", "does not know"},
        {"builtins", "property", "does not know"},
        {"importlib", "import_module", "It runs code"},
        {"runpy", "run_path", "It runs code"},
        {"types", "FunctionType", "It runs code"},
        {"operator", "attrgetter", "It runs code"},
        {"functools", "partial", "It runs code"},
        {"marshal", "loads", "It runs code"},
        {"pickle", "loads", "It runs code"},
        {"_pickle", "loads", "It runs code"},
        {"dill", "loads", "It runs code"},
        {"cloudpickle", "loads", "It runs code"},
        {"copyreg", "_reconstructor", "It runs code"},
        {"ctypes", "CDLL", "It runs code"},
        {"sys", "exit", "It runs code"},
        {"socket", "socket", "It uses the network"},
        {"http.client", "HTTPConnection", "It uses the network"},
        {"urllib.request", "urlopen", "It uses the network"},
        {"requests", "get", "It uses the network"},
        {"webbrowser", "open", "It uses the network"},
        {"torch.nn.modules.linear", "Linear", "A whole network"},
        {"torch.optim.adamw", "AdamW", "A whole optimiser"},
        {"models_edt", "EDT", "does not know"},
        {"osx", "system", "does not know"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows_of); i++) {
        GByteArray *p = pickle_new();
        pickle_global(p, rows_of[i].module, rows_of[i].name);
        pickle_op(p, ")R.");
        assert_refused(pickle_refusal(p), rows_of[i].reason);
    }
}

static void test_globals_say_where(void)
{
    GByteArray *p = pickle_new();
    pickle_op(p, "}(");
    pickle_global(p, "posix", "system");
    assert_refused(pickle_refusal(p), "at byte 4");
}

/* A name cannot speak to the terminal that shows the refusal. */
static void test_globals_are_escaped(void)
{
    GByteArray *p = pickle_new();
    char *message;

    pickle_global(p, "\x1b[31m", "\xff\x07");
    message = pickle_refusal(p);
    g_assert_true(g_utf8_validate(message, -1, NULL));
    g_assert_null(strchr(message, 0x1b));
    g_assert_null(strchr(message, 7));
    g_free(message);
}

static void test_stack_global_checks(void)
{
    assert_refused(pickle_refusal(RAW("\x80\x04\x8c\x02os\x8c\x06system\x93.")), "“os.system”");
    assert_refused(pickle_refusal(RAW("\x80\x04K\x01K\x02\x93.")), "no string");
    assert_refused(pickle_refusal(RAW("\x80\x04\x93.")), "too little");
}

/* Every opcode that is not on the list. */
static void test_opcode_list(void)
{
    static const char allowed[] = "\x80\x95.(N\x88\x89KMJ\x8aG\x8cXCBUT)\x85\x86\x87t]}aesuqr\x94"
                                  "hjc\x93R\x81"
                                  "bQ\x8b\x8d\x8e\x96\x8f\x90\x91\x92";
    guint refused = 0;

    for (guint opcode = 0; opcode < 256; opcode++) {
        GByteArray *p = pickle_new();
        char *message;
        guint8 byte = (guint8)opcode;
        put(p, &byte, 1);
        message = pickle_refusal(p);
        g_assert_nonnull(message); /* nothing is whole after one opcode */
        if (strstr(message, "does not need")) {
            g_assert_null(memchr(allowed, (int)opcode, sizeof allowed - 1));
            refused++;
        }
        g_free(message);
    }
    g_assert_cmpuint(refused, ==, 256 - (sizeof allowed - 1));
}

/* CVE-2026-24747: SETITEM and SETITEMS on something else than a dictionary. */
static void test_setitem_on_others(void)
{
    GByteArray *p = pickle_new();
    pickle_tensor(p, "FloatStorage", "0", 6, 0, two_by_three, rows);
    pickle_op(p, "NNs.");
    assert_refused(pickle_refusal(p), "no dictionary");
    assert_refused(pickle_refusal(RAW("\x80\x02](NNu.")), "no dictionary");
    assert_refused(pickle_refusal(RAW("\x80\x02K\x01NNs.")), "no dictionary");
    assert_refused(pickle_refusal(RAW("\x80\x02}Na.")), "no list");
    assert_refused(pickle_refusal(RAW("\x80\x02}(Ne.")), "no list");
    assert_refused(pickle_refusal(RAW("\x80\x02}(Nu.")), "without value");
    assert_refused(pickle_refusal(RAW("\x80\x02}]Ns.")), "plain value");
}

static void test_construction_checks(void)
{
    static const struct {
        const char *bytes, *reason;
    } bad[] = {
        {"\x80\x02N)R.", "no function"},
        {"\x80\x02"
         "ccollections\nOrderedDict\nNR.",
         "no function"},
        {"\x80\x02"
         "ctorch\nFloatStorage\n)R.",
         "only names"},
        {"\x80\x02"
         "ctorch\nFloatStorage\n)\x81.",
         "Python object"},
        {"\x80\x02"
         "ccollections\nOrderedDict\n)RNb.",
         "not a dictionary"},
        {"\x80\x02"
         "cargparse\nNamespace\n)N\x92.",
         "not a dictionary"},
        {"\x80\x02](N\x90.", "no set"},
        {"\x80\x02(N\x90.", "too little"},
        {"\x80\x02}}b.", "attributes of something"},
        {"\x80\x02]}b.", "attributes of something"},
        {"\x80\x02"
         "ctorch._utils\n_rebuild_tensor_v2\n)R.",
         "as torch describes it"},
        {"\x80\x02"
         "ctorch._utils\n_rebuild_parameter\n)R.",
         "as torch describes it"},
        {"\x80\x02"
         "ctorch._utils\n_rebuild_tensor_v2\nb.",
         "too little"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        assert_refused(pickle_refusal(raw(bad[i].bytes, strlen(bad[i].bytes))), bad[i].reason);
}

static void test_storage_checks(void)
{
    static const char *const ids[] = {
        "NQ.",
        ")Q.",
        "(X\x07%%%storageNNNNtQ.",
        "(X\x07%%%storagectorch\nFloatStorage\nX\x01%%%0X\x03%%%cpuNtQ.",
        "(X\x07%%%storageccollections\nOrderedDict\nX\x01%%%0X\x03%%%cpuK\x01tQ.",
        "(X\x07%%%storagectorch\nFloatStorage\nK\x01X\x03%%%cpuK\x01tQ.",
        "(X\x05%%%stonkctorch\nFloatStorage\nX\x01%%%0X\x03%%%cpuK\x01tQ.",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(ids); i++) {
        GByteArray *p = pickle_new();
        put_text(p, ids[i]);
        for (guint b = 0; b < p->len; b++)
            p->data[b] = p->data[b] == '%' ? 0 : p->data[b];
        assert_refused(pickle_refusal(p), "storage reference");
    }
}

static void test_tensor_checks(void)
{
    static const struct {
        gint64 numel, offset, shape[10], stride[10];
        const char *reason;
    } bad[] = {
        {-5, 0, {1, -1}, {1, -1}, "negative number of elements"},
        {6, -3, {1, -1}, {1, -1}, "begins before"},
        {6, 0, {-2, -1}, {1, -1}, "negative"},
        {6, 0, {2, -1}, {-2, -1}, "negative"},
        {6, 0, {2, 3, -1}, {3, -1}, "as many strides"},
        {6, 0, {2, 3, -1}, {4, 1, -1}, "outside"},
        {6, 1, {6, -1}, {1, -1}, "outside"},
        {6, 7, {0, -1}, {1, -1}, "outside"},
        {6, G_MAXINT64, {1, -1}, {1, -1}, "outside"},
        {6, 1, {2, -1}, {G_MAXINT64, -1}, "outside"},
        {6, 0, {1ll << 32, 1ll << 32, -1}, {1, 1, -1}, "too large"},
        {6, 0, {1ll << 32, 1ll << 32, 0, -1}, {1, 1, 1, -1}, "too large"},
        {6, 0, {1, 1, 1, 1, 1, 1, 1, 1, 1, -1}, {1, 1, 1, 1, 1, 1, 1, 1, 1, -1}, "8 dimensions"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        assert_refused(pickle_refusal(pickle_one("0", bad[i].numel, bad[i].offset, bad[i].shape,
                                                 bad[i].stride)),
                       bad[i].reason);
    assert_taken(pickle_refusal(pickle_one("0", 1, 0, scalar, scalar)));
    assert_taken(pickle_refusal(pickle_one("0", 6, 0, (gint64[]){3, 2, -1}, (gint64[]){1, 3, -1})));
    /* nine numbers out of one: no weight, but it may lie beside them */
    assert_taken(pickle_refusal(pickle_one("0", 6, 0, (gint64[]){3, 3, -1}, (gint64[]){0, 0, -1})));
}

static void test_stack_and_memo(void)
{
    static const struct {
        const char *bytes;
        gsize n;
        const char *reason;
    } bad[] = {
#define CASE(literal, reason) {literal, sizeof(literal) - 1, reason}
        CASE("\x80\x02.", "untidy"),
        CASE("\x80\x02NN.", "untidy"),
        CASE("\x80\x02(N.", "untidy"),
        CASE("\x80\x02\x85.", "too little"),
        CASE("\x80\x02N(\x85.", "too little"),
        CASE("\x80\x02t.", "no mark"),
        CASE("\x80\x02u.", "no mark"),
        CASE("\x80\x02(u.", "too little"),
        CASE("\x80\x02(Nu.", "too little"),
        CASE("\x80\x02(e.", "too little"),
        CASE("\x80\x02N(s.", "too little"),
        CASE("\x80\x02q\x00.", "too little"),
        CASE("\x80\x02h\x00.", "never remembered"),
        CASE("\x80\x02Nq\x03h\x02.", "never remembered"),
        CASE("\x80\x02Nr\xff\xff\xff\xff.", "out of range"),
        CASE("\x80\x02Nj\xff\xff\xff\xff.", "never remembered"),
        CASE("\x80\x02N", "no end"),
        CASE("\x80\x02", "no end"),
        CASE("\x80", "middle"),
        CASE("\x80\x02J\x01", "middle"),
        CASE("\x80\x02X\xff\xff\xff\xff"
             "a",
             "middle"),
        CASE("\x80\x02"
             "cos",
             "middle"),
        CASE("\x80\x02N.N", "follows its end"),
        CASE("N.", "does not begin"),
        CASE("\x80\x01N.", "protocol"),
        CASE("\x80\x06N.", "protocol"),
        CASE("\x80\x02\x80\x02N.", "protocol"),
    };

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        assert_refused(pickle_refusal(raw(bad[i].bytes, bad[i].n)), bad[i].reason);
}

/* Work is bounded, and what holds itself does no harm. */
static void test_limits(void)
{
    GByteArray *p = pickle_new();
    for (int i = 0; i < 2000; i++)
        pickle_op(p, "(");
    assert_refused(pickle_refusal(p), "too deep");

    p = pickle_new();
    for (int i = 0; i < (1 << 18) + 1; i++)
        pickle_op(p, "N");
    assert_refused(pickle_refusal(p), "too high");

    p = pickle_new();
    pickle_op(p, "N");
    for (int i = 0; i < 1 << 19; i++)
        put(p, "q", 2); /* remembered again and again as number 0 */
    assert_refused(pickle_refusal(p), "too many opcodes");

    assert_taken(pickle_refusal(RAW("\x80\x02]q\x01h\x01"
                                    "a."))); /* a list that holds itself */
}

static void test_numbers(void)
{
    static const struct {
        const char *bytes;
        gint64 value;
    } good[] = {{"\x80\x02\x8a\x01\xff.", -1},
                {"\x80\x02\x8a\x02\xff\x7f.", 32767},
                {"\x80\x02\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f.", G_MAXINT64},
                {"\x80\x02J\xff\xff\xff\x7f.", G_MAXINT32},
                {"\x80\x02M\xff\xff.", 65535}};
    GByteArray *p = RAW("\x80\x02\x8a\x00.");
    EdtPickle *pickle = read_good(p);

    g_assert_cmpint(edt_pickle_root(pickle)->integer, ==, 0); /* LONG1 of no bytes */
    edt_pickle_free(pickle);
    g_byte_array_unref(p);
    for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
        p = raw(good[i].bytes, strlen(good[i].bytes));
        pickle = read_good(p);
        g_assert_cmpint(edt_pickle_root(pickle)->kind, ==, EDT_PICKLE_INT);
        g_assert_cmpint(edt_pickle_root(pickle)->integer, ==, good[i].value);
        edt_pickle_free(pickle);
        g_byte_array_unref(p);
    }
}

static void test_twice(void)
{
    GByteArray *p = RAW("\x80\x02}(X\x01\x00\x00\x00kK\x01X\x01\x00\x00\x00kK\x02u.");
    EdtPickle *pickle = read_good(p);
    GError *error = NULL;

    g_assert_null(edt_pickle_lookup(edt_pickle_root(pickle), "k", &error));
    g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
    g_error_free(error);
    edt_pickle_free(pickle);
    g_byte_array_unref(p);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pickle/plain-values", test_plain_values);
    g_test_add_func("/pickle/tensor", test_tensor);
    g_test_add_func("/pickle/protocol-4", test_protocol_4);
    g_test_add_func("/pickle/metadata-attributes", test_metadata_attributes);
    g_test_add_func("/pickle/namespace-is-inert", test_namespace_is_inert);
    g_test_add_func("/pickle/python-values-are-inert", test_python_values_are_inert);
    g_test_add_func("/pickle/torch-and-numpy-values-are-inert",
                    test_torch_and_numpy_values_are_inert);
    g_test_add_func("/pickle/attributes", test_attributes);
    g_test_add_func("/pickle/numpy-values-are-inert", test_numpy_values_are_inert);
    g_test_add_func("/pickle/torch-values-are-inert", test_torch_values_are_inert);
    g_test_add_func("/pickle/refused-with-reason", test_refused_with_reason);
    g_test_add_func("/pickle/parameter", test_parameter);
    g_test_add_func("/pickle/globals", test_globals);
    g_test_add_func("/pickle/globals-say-where", test_globals_say_where);
    g_test_add_func("/pickle/globals-are-escaped", test_globals_are_escaped);
    g_test_add_func("/pickle/stack-global-checks", test_stack_global_checks);
    g_test_add_func("/pickle/opcode-list", test_opcode_list);
    g_test_add_func("/pickle/setitem-on-others", test_setitem_on_others);
    g_test_add_func("/pickle/construction-checks", test_construction_checks);
    g_test_add_func("/pickle/storage-checks", test_storage_checks);
    g_test_add_func("/pickle/tensor-checks", test_tensor_checks);
    g_test_add_func("/pickle/stack-and-memo", test_stack_and_memo);
    g_test_add_func("/pickle/limits", test_limits);
    g_test_add_func("/pickle/numbers", test_numbers);
    g_test_add_func("/pickle/twice", test_twice);
    return g_test_run();
}
