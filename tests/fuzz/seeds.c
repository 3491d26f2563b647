/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Writes the first inputs of the corpus, so that fuzzing starts from sound files: small files of
 * every format, made as in tests/files.  edt-fuzz-seeds FOLDER makes FOLDER/<target>/<name>.
 */
#include "craft.h"
#include "folder.h"
#include "machine.h"
#include "model/format.h"
#include "network/layers.h"
#include "shapes.h"

#include <stdio.h>
#include <string.h>

static const char *folder;

/* Takes bytes over. */
static void save(const char *target, const char *name, GByteArray *bytes)
{
    char *place = g_build_filename(folder, target, NULL);
    char *path = g_build_filename(place, name, NULL);

    if (g_mkdir_with_parents(place, 0755) != 0 ||
        !g_file_set_contents(path, (const char *)bytes->data, bytes->len, NULL))
        fprintf(stderr, "cannot write %s\n", path);
    g_free(path);
    g_free(place);
    g_byte_array_unref(bytes);
}

static GByteArray *copy_of(const GByteArray *bytes)
{
    GByteArray *copy = g_byte_array_new();
    put(copy, bytes->data, bytes->len);
    return copy;
}

/* ---- pickles ---- */

static void put_state(GByteArray *p)
{
    pickle_global(p, "collections", "OrderedDict");
    pickle_op(p, ")R(");
    pickle_string(p, "module.a");
    pickle_tensor(p, "FloatStorage", "0", 16, 2, (gint64[]){2, 3, -1}, (gint64[]){3, 1, -1});
    pickle_string(p, "b");
    pickle_tensor(p, "BFloat16Storage", "1", 256, 0, (gint64[]){4, 8, -1}, (gint64[]){1, 4, -1});
    pickle_string(p, "n");
    pickle_tensor(p, "LongStorage", "0", 8, 0, (gint64[]){-1}, (gint64[]){-1});
    pickle_op(p, "u}");
    pickle_string(p, "_metadata");
    pickle_op(p, "}sb");
}

/* A training checkpoint in small: model, ema, opt, args. */
static GByteArray *training_pickle(void)
{
    GByteArray *p = pickle_new();

    pickle_op(p, "}q");
    put_u8(p, 0);
    pickle_op(p, "(");
    pickle_string(p, "ema");
    put_state(p);
    pickle_string(p, "opt");
    pickle_op(p, "](K\1M\1\1J\1\1\1\1N\x88\x89G");
    put(p, "\x3f\xf0\0\0\0\0\0\0", 8);
    pickle_op(p, "\x85\x86\x87"
                 "e");
    pickle_string(p, "args");
    pickle_global(p, "argparse", "Namespace");
    pickle_op(p, ")\x81}sbu."); /* a broken end is a start too */
    return p;
}

static GByteArray *state_pickle(void)
{
    GByteArray *p = pickle_new();
    put_state(p);
    pickle_op(p, ".");
    return p;
}

static GByteArray *protocol_4_pickle(void)
{
    static const char bytes[] = "\x80\x04\x95\x29\0\0\0\0\0\0\0\x8c\x0b"
                                "collections\x94\x8c\x0b"
                                "OrderedDict\x94\x93\x94)R\x94\x8c\x01k\x94K\x07s.";
    GByteArray *p = g_byte_array_new();
    put(p, bytes, sizeof bytes - 1);
    return p;
}

/* {"a": a tensor, "args": what lies inert beside it: words of torch and NumPy, half a character} */
static GByteArray *inert_pickle(void)
{
    GByteArray *p = pickle_new();

    pickle_op(p, "}(");
    pickle_string(p, "a");
    pickle_tensor(p, "FloatStorage", "0", 16, 0, (gint64[]){4, 4, -1}, (gint64[]){4, 1, -1});
    pickle_string(p, "args");
    pickle_op(p, "}(");
    pickle_global(p, "torch.torch_version", "TorchVersion");
    pickle_string(p, "2.6\xed\xb3\xbf");
    pickle_op(p, "\x85\x81");
    pickle_global(p, "numpy", "float32");
    pickle_global(p, "pytorch_lightning.callbacks.model_checkpoint", "ModelCheckpoint");
    pickle_global(p, "torch", "float8_e5m2");
    pickle_string(p, "\xed\xb2\x80");
    pickle_global(p, "__builtin__", "getattr");
    pickle_global(p, "torch._utils", "torch");
    pickle_string(p, "channels_last");
    pickle_op(p, "\x86R");
    pickle_global(p, "torch.serialization", "_get_layout");
    pickle_string(p, "torch.strided");
    pickle_op(p, "\x85R");
    pickle_global(p, "__builtin__", "type");
    pickle_global(p, "__builtin__", "Ellipsis");
    pickle_op(p, "\x85Ruu.");
    return p;
}

static void pickles(void)
{
    save("pickle", "inert", inert_pickle());
    save("pickle", "state", state_pickle());
    save("pickle", "training", training_pickle());
    save("pickle", "protocol-4", protocol_4_pickle());
    save("pickle", "one", pickle_one("0", 16, 0, (gint64[]){4, 4, -1}, (gint64[]){1, 4, -1}));
}

/* ---- containers ---- */

static GByteArray *legacy(void)
{
    static const float numbers[16];
    GByteArray *b = pickle_new(), *p;

    put(b, "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}", 21);
    pickle_string(b, "little_endian");
    pickle_op(b, "\x88s.");
    p = pickle_one("0", 16, 0, (gint64[]){4, 4, -1}, (gint64[]){1, 4, -1});
    put(b, p->data, p->len);
    g_byte_array_unref(p);
    put(b, "\x80\x02](", 4);
    pickle_string(b, "0");
    pickle_op(b, "e.");
    put_u64(b, 16);
    put(b, numbers, sizeof numbers);
    return b;
}

static GByteArray *small_safetensors(void)
{
    return safetensors_of("{\"__metadata__\":{\"k\":\"v\\u00e9\\n\"},"
                          "\"a\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]},"
                          "\"b\":{\"dtype\":\"BF16\",\"shape\":[],\"data_offsets\":[16,18]},"
                          "\"c\":{\"dtype\":\"F16\",\"shape\":[0,7],\"data_offsets\":[18,18]},"
                          "\"d\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[18,26]},"
                          "\"e\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[26,34]}}  ",
                          34);
}

static void containers(void)
{
    static const float numbers[16];
    GByteArray *p = pickle_one("0", 16, 0, (gint64[]){4, 4, -1}, (gint64[]){4, 1, -1});
    ZipEntry entries[] = {
        {.name = "a/data.pkl", .data = p->data, .bytes = p->len},
        {.name = "a/data/0", .data = numbers, .bytes = sizeof numbers},
    };

    save("checkpoint", "zip", zip_with(p, numbers, sizeof numbers));
    GByteArray *inert = inert_pickle();
    save("checkpoint", "zip-inert", zip_with(inert, numbers, sizeof numbers));
    g_byte_array_unref(inert);
    save("checkpoint", "torch-zip", zip_as_torch(entries, 2));
    entries[0].wide = entries[1].wide = TRUE;
    save("checkpoint", "torch-zip64", zip_as_torch(entries, 2));
    save("checkpoint", "legacy", legacy());
    save("checkpoint", "safetensors", small_safetensors());
    save("safetensors", "five-types", small_safetensors());
    save("safetensors", "empty", safetensors_of("{}", 0));
    g_byte_array_unref(p);
}

/* ---- what a run has left of an archive; as in fuzz_npz.c ---- */

static void archive(const char *name, int pictures)
{
    static const guint8 picture[12] = {7};
    const EdtNpzKind kind = {"{\"steps\":2}", 3, 2, 2, 3};
    g_autofree char *path = test_file("a.npz"), *partial = test_file("a.npz.partial"),
                    *bytes = NULL;
    gsize size;
    EdtNpz *npz = edt_npz_open(path, &kind, TRUE, NULL);
    for (int i = 0; i < pictures; i++)
        edt_npz_add(npz, picture, NULL);
    edt_npz_close(npz);
    if (!g_file_get_contents(partial, &bytes, &size, NULL))
        return;
    save("npz", name, g_byte_array_new_take((guint8 *)bytes, size));
    bytes = NULL;
}

static void archives(void)
{
    archive("begun", 0);
    archive("two", 2);
}

/* ---- a model: the smallest EDT that is one, and the smallest of all ---- */

typedef struct {
    GString *header;
    gsize at;
} Model;

static void add_tensor(const char *name, int rank, const gint64 *shape, gpointer user_data)
{
    Model *m = user_data;
    gsize bytes = 2;

    g_string_append_printf(m->header, ",\"edt.%s\":{\"dtype\":\"BF16\",\"shape\":[", name);
    for (int i = 0; i < rank; i++) {
        g_string_append_printf(m->header, "%s%d", i ? "," : "", (int)shape[i]);
        bytes *= (gsize)shape[i];
    }
    g_string_append_printf(m->header, "],\"data_offsets\":[%u,%u]}", (guint)m->at,
                           (guint)(m->at + bytes));
    m->at += bytes;
}

static EdtVariant least_of(EdtFamily family)
{
    EdtVariant tiny = shape_little(family, 4, 1, 1);
    tiny.mlp_ratio = 1;
    tiny.n_classes = 2;
    tiny.patch = 1;
    tiny.latent_size = 4;
    return tiny;
}

static GByteArray *model_of(EdtFamily family, const char *classes)
{
    const EdtVariant tiny = least_of(family);
    Model m = {g_string_new("{\"__metadata__\":{\"format\":\"" EDT_MODEL_FORMAT "\","), 0};
    GByteArray *bytes;

    g_string_append_printf(m.header,
                           "\"edt.variant\":\"%s custom\",\"edt.image_size\":\"32\","
                           "\"edt.latent_size\":\"4\",\"edt.channels\":\"4\","
                           "\"edt.guided_channels\":\"3\",\"edt.schedule\":\"linear\","
                           "\"edt.prediction\":\"noise\",\"edt.latent\":\"sd-vae\","
                           "\"edt.alpha\":\"0\",\"edt.n_classes\":\"2\",\"edt.heads\":\"1\",%s,"
                           "\"edt.title\":\"\",\"edt.licence\":\"\",\"edt.source_sha256\":\"\"}",
                           family == EDT_FAMILY_EDT ? "EDT" : "DiT", classes);
    edt_variant_tensors(&tiny, add_tensor, &m);
    g_string_append_c(m.header, '}');
    while (m.header->len % 8)
        g_string_append_c(m.header, ' ');
    bytes = safetensors_of(m.header->str, m.at);
    g_string_free(m.header, TRUE);
    return bytes;
}

static void models(void)
{
    GByteArray *own = model_of(
        EDT_FAMILY_EDT, "\"edt.classes\":\"own\",\"edt.class_names\":\"[\\\"a\\\",\\\"b\\\"]\"");
    GByteArray *cut = copy_of(own);

    g_byte_array_set_size(cut, cut->len - 1);
    save("model", "unnamed", model_of(EDT_FAMILY_EDT, "\"edt.classes\":\"unnamed\""));
    save("model", "least", model_of(EDT_FAMILY_DIT, "\"edt.classes\":\"unnamed\""));
    save("model", "own", own);
    save("model", "cut", cut);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    folder = argv[1];
    pickles();
    containers();
    archives();
    models();
    return 0;
}
