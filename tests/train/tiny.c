/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See tiny.h.
 */
#include "train/tiny.h"
#include "base/memory.h"
#include "golden/hash_weights.h"

#include <string.h>

JsonParser *tiny_json(const char *name)
{
    g_autofree char *file = g_strconcat(name, ".json", NULL);
    g_autofree char *path = golden_path(file);
    GError *error = NULL;
    JsonParser *parser = json_parser_new();
    if (!json_parser_load_from_file(parser, path, &error))
        g_error("%s", error->message);
    return parser;
}

static int number(JsonObject *object, const char *key)
{
    return (int)json_object_get_int_member(object, key);
}

static void numbers(JsonObject *object, const char *key, int *out)
{
    JsonArray *array = json_object_get_array_member(object, key);
    for (guint i = 0; i < json_array_get_length(array); i++)
        out[i] = (int)json_array_get_int_element(array, i);
}

static void read_variant(JsonObject *cfg, EdtVariant *v)
{
    g_strlcpy(v->name, "EDT custom", sizeof v->name);
    v->channels = number(cfg, "in_channels");
    v->patch = number(cfg, "patch_size");
    v->latent_size = number(cfg, "input_size");
    v->grid = v->latent_size / v->patch;
    numbers(cfg, "dims", v->dims);
    numbers(cfg, "num_heads", v->heads);
    numbers(cfg, "stages_depth", v->depths);
    v->mlp_ratio = 4;
    v->n_classes = number(cfg, "num_classes");
    v->out_channels = 2 * v->channels;
}

static void fill(Tiny *tiny)
{
    EdtTensorSource *source = hash_weights_edt(&tiny->v, HASH_ADALN_GAIN);
    for (guint i = 0; i < tiny->parameters->parameters->len; i++) {
        const EdtParameter *p = tiny->parameters->parameters->pdata[i];
        EdtTensorView view;
        g_assert_true(source->find(source, p->name, &view));
        memcpy(tiny->weights + p->offset, view.data, p->count * sizeof(float));
        source->done(source, p->name);
    }
    hash_weights_free(source);
}

Tiny *tiny_open(const char *name)
{
    Tiny *tiny = g_new0(Tiny, 1);
    GError *error = NULL;

    tiny->golden = golden_open(name);
    tiny->parser = tiny_json(name);
    tiny->facts = json_node_get_object(json_parser_get_root(tiny->parser));
    read_variant(json_object_get_object_member(tiny->facts, "cfg"), &tiny->v);
    tiny->N = (int)json_array_get_length(json_object_get_array_member(tiny->facts, "t"));
    numbers(tiny->facts, "t", tiny->t);
    numbers(tiny->facts, "y", tiny->y);
    tiny->parameters = edt_parameters_new(&tiny->v);
    tiny->weights = edt_parameters_array(tiny->parameters, &error);
    g_assert_no_error(error);
    fill(tiny);
    return tiny;
}

void tiny_close(Tiny *tiny)
{
    edt_free(tiny->weights);
    edt_parameters_free(tiny->parameters);
    g_object_unref(tiny->parser);
    golden_close(tiny->golden);
    g_free(tiny);
}
