/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Weights from names; the recipe is in data/README.md, and hash_test_vectors.json checks it
 * (test_hash.c).
 */
#include "golden/hash_weights.h"
#include "golden/golden.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the hash ---- */

static guint64 fnv1a64(const char *name)
{
    guint64 h = G_GUINT64_CONSTANT(0xcbf29ce484222325);
    for (; *name != '\0'; name++)
        h = (h ^ (guint8)*name) * G_GUINT64_CONSTANT(0x100000001b3);
    return h;
}

static inline guint64 splitmix64(guint64 z)
{
    z += G_GUINT64_CONSTANT(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

void hash_fill(const char *name, double offset, double scale, gsize count, float *out)
{
    guint64 start = fnv1a64(name);
    for (gsize i = 0; i < count; i++) {
        /* 24 bits fit an int, whose conversion vectorises on every machine */
        gint32 high = (gint32)(splitmix64(start + i) >> 40);
        out[i] = (float)(offset + scale * (high * 0x1p-23 - 1.0));
    }
}

void hash_input(const char *name, gsize count, float *out)
{
    hash_fill(name, 0.0, strcmp(name, "input.image") == 0 ? 1.0 : sqrt(3.0), count, out);
}

/* ---- a source ---- */

typedef struct {
    int rank;
    gint64 shape[EDT_RANK_MAX];
    float *data; /* while somebody holds a view of it */
} Weight;

typedef struct {
    EdtTensorSource base;
    gboolean vae, learned;
    double adaln_gain;
    GPtrArray *names;    /* in the reference's order; owns them */
    GHashTable *weights; /* name -> Weight */
} HashWeights;

static gsize weight_count(const Weight *weight, int from)
{
    gsize count = 1;
    for (int i = from; i < weight->rank; i++)
        count *= (gsize)weight->shape[i];
    return count;
}

static double fan_in_scale(const Weight *weight)
{
    return sqrt(3.0 / (double)weight_count(weight, 1));
}

static void scale_vae(const char *name, const Weight *weight, double *offset, double *scale)
{
    *offset = 0.0;
    if (g_str_has_suffix(name, ".bias")) {
        *scale = 0.05;
    } else if (weight->rank == 1) {
        *offset = 1.0;
        *scale = 0.1;
    } else {
        *scale = fan_in_scale(weight);
    }
}

static double scale_edt(const char *name, const Weight *weight, double adaln_gain)
{
    if (g_str_has_suffix(name, "relative_position_bias_table") ||
        g_str_has_suffix(name, "embedding_table.weight"))
        return 0.5;
    if (g_str_has_suffix(name, ".bias"))
        return 0.05;
    if (strstr(name, "adaLN_modulation") != NULL)
        return adaln_gain * fan_in_scale(weight);
    return fan_in_scale(weight);
}

static void add_learned(const char *name, gsize count, float *table)
{
    g_autofree char *learned = g_strconcat(name, ".learned", NULL);
    g_autofree float *more = g_new(float, count);

    hash_fill(learned, 0.0, 0.2, count, more);
    for (gsize i = 0; i < count; i++)
        table[i] += more[i];
}

static void make(const HashWeights *hash, const char *name, Weight *weight)
{
    double offset = 0.0, scale;
    gsize count = weight_count(weight, 0);

    weight->data = g_new(float, count);
    if (g_str_has_suffix(name, "pos_embed")) { /* [1, n*n, D], fixed */
        int n = (int)lround(sqrt((double)weight->shape[1]));
        edt_position_table(n, (int)weight->shape[2], weight->data);
        if (hash->learned)
            add_learned(name, count, weight->data);
        return;
    }
    if (hash->vae)
        scale_vae(name, weight, &offset, &scale);
    else
        scale = scale_edt(name, weight, hash->adaln_gain);
    hash_fill(name, offset, scale, count, weight->data);
}

static gboolean find(EdtTensorSource *source, const char *name, EdtTensorView *view)
{
    HashWeights *hash = (HashWeights *)source;
    Weight *weight = g_hash_table_lookup(hash->weights, name);

    if (weight == NULL)
        return FALSE;
    if (weight->data == NULL)
        make(hash, name, weight);
    *view = (EdtTensorView){.data = weight->data, .type = EDT_F32, .rank = weight->rank};
    memcpy(view->shape, weight->shape, sizeof view->shape);
    return TRUE;
}

static void done(EdtTensorSource *source, const char *name)
{
    Weight *weight = g_hash_table_lookup(((HashWeights *)source)->weights, name);
    if (weight != NULL)
        g_clear_pointer(&weight->data, g_free);
}

static void weight_free(gpointer data)
{
    g_free(((Weight *)data)->data);
    g_free(data);
}

static void add(const char *name, int rank, const gint64 *shape, gpointer user_data)
{
    HashWeights *hash = user_data;
    Weight *weight = g_new0(Weight, 1);
    char *own = g_strdup(name);

    weight->rank = rank;
    memcpy(weight->shape, shape, (gsize)rank * sizeof *shape);
    g_ptr_array_add(hash->names, own);
    g_hash_table_insert(hash->weights, own, weight);
}

static HashWeights *hash_new(gboolean vae, double adaln_gain)
{
    HashWeights *hash = g_new0(HashWeights, 1);
    hash->base = (EdtTensorSource){find, done};
    hash->vae = vae;
    hash->adaln_gain = adaln_gain;
    hash->names = g_ptr_array_new_with_free_func(g_free);
    hash->weights = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, weight_free);
    return hash;
}

EdtTensorSource *hash_weights_edt(const EdtVariant *variant, double adaln_gain)
{
    HashWeights *hash = hash_new(FALSE, adaln_gain);
    edt_variant_tensors(variant, add, hash);
    return &hash->base;
}

static void add_layer(const EdtLayer *layer, gpointer hash)
{
    edt_layer_tensors(layer, add, hash);
}

EdtTensorSource *hash_weights_training(const EdtVariant *variant, double adaln_gain)
{
    HashWeights *hash = hash_new(FALSE, adaln_gain);
    edt_layers(variant, add_layer, hash);
    return &hash->base;
}

EdtTensorSource *hash_weights_learned(const EdtVariant *variant, double adaln_gain)
{
    EdtTensorSource *source = hash_weights_edt(variant, adaln_gain);
    ((HashWeights *)source)->learned = TRUE;
    return source;
}

EdtTensorSource *hash_weights_vae(void)
{
    HashWeights *hash = hash_new(TRUE, 0.0);
    hash_names_each("vae_keys.tsv", add, hash);
    return &hash->base;
}

void hash_weights_free(EdtTensorSource *source)
{
    HashWeights *hash = (HashWeights *)source;
    g_hash_table_unref(hash->weights);
    g_ptr_array_unref(hash->names);
    g_free(hash);
}

/* ---- names and shapes ---- */

void hash_weights_each(EdtTensorSource *source, EdtTensorSpec each, gpointer user_data)
{
    HashWeights *hash = (HashWeights *)source;
    for (guint i = 0; i < hash->names->len; i++) {
        const char *name = g_ptr_array_index(hash->names, i);
        const Weight *weight = g_hash_table_lookup(hash->weights, name);
        each(name, weight->rank, weight->shape, user_data);
    }
}

/* A line is a name, white space, and the shape as [1, 2, 3]; what follows is not read. */
void hash_names_each(const char *file, EdtTensorSpec each, gpointer user_data)
{
    g_autofree char *path = golden_path(file), *text = NULL;
    GError *error = NULL;

    if (!g_file_get_contents(path, &text, NULL, &error))
        g_error("%s", error->message);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        gsize name_length = strcspn(*line, " \t");
        gint64 shape[EDT_RANK_MAX] = {0};
        int rank = 0;
        char *at = strchr(*line, '[');
        if (**line == '#' || at == NULL)
            continue;
        while (*at != ']' && rank < EDT_RANK_MAX)
            shape[rank++] = strtoll(at + 1, &at, 10);
        (*line)[name_length] = '\0';
        each(*line, rank, shape, user_data);
    }
}
