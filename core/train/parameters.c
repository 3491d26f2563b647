/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The layout of the weights and their first values; see parameters.h.
 */
#include "train/parameters.h"
#include "base/memory.h"

#include <math.h>
#include <string.h>

#define LINE 16 /* floats of a cache line */

static void parameter_free(gpointer data)
{
    EdtParameter *parameter = data;
    g_free(parameter->name);
    g_free(parameter);
}

static void add(const char *name, int rank, const gint64 *shape, gpointer user_data)
{
    EdtParameters *p = user_data;
    EdtParameter *parameter;

    if (g_str_has_suffix(name, "pos_embed"))
        return; /* fixed: edt_position_table() */
    parameter = g_new0(EdtParameter, 1);
    parameter->name = g_strdup(name);
    parameter->rank = rank;
    parameter->offset = p->count;
    parameter->count = 1;
    for (int i = 0; i < rank; i++) {
        parameter->shape[i] = shape[i];
        parameter->count *= (gsize)shape[i];
    }
    p->count += (parameter->count + LINE - 1) / LINE * LINE;
    g_ptr_array_add(p->parameters, parameter);
    g_hash_table_insert(p->by_name, parameter->name, parameter);
}

EdtParameters *edt_parameters_new(const EdtVariant *variant)
{
    EdtParameters *p = g_new0(EdtParameters, 1);
    p->v = *variant;
    p->parameters = g_ptr_array_new_with_free_func(parameter_free);
    p->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    edt_variant_tensors(variant, add, p);
    return p;
}

void edt_parameters_free(EdtParameters *p)
{
    if (p == NULL)
        return;
    g_hash_table_unref(p->by_name);
    g_ptr_array_unref(p->parameters);
    g_free(p);
}

const EdtParameter *edt_parameters_get(const EdtParameters *p, const char *name)
{
    return g_hash_table_lookup(p->by_name, name);
}

float *edt_parameters_array(const EdtParameters *p, GError **error)
{
    float *array = edt_alloc(p->count * sizeof(float), error);
    if (array)
        memset(array, 0, p->count * sizeof(float));
    return array;
}

/* ---- first values ---- */

static void uniform(EdtRandom *random, float bound, float *out, gsize count)
{
    edt_random_uniform(random, out, count);
    for (gsize i = 0; i < count; i++)
        out[i] = (2.0f * out[i] - 1.0f) * bound;
}

static void normal(EdtRandom *random, float deviation, float *out, gsize count)
{
    edt_random_normal(random, out, count);
    for (gsize i = 0; i < count; i++)
        out[i] *= deviation;
}

/* Truncation at +-2, as timm's trunc_normal_, is 100 deviations away: no draw reaches it. */
static gboolean is_normal(const char *name)
{
    return g_str_has_suffix(name, "relative_position_bias_table") ||
           g_str_has_suffix(name, "embedding_table.weight") ||
           g_str_has_prefix(name, "t_embedder.mlp.");
}

static gboolean is_zero(const char *name)
{
    return g_str_has_suffix(name, ".bias") || g_str_has_prefix(name, "final_layer.") ||
           (g_str_has_prefix(name, "blocks.") && strstr(name, ".adaLN_modulation."));
}

static void xavier(EdtRandom *random, const EdtParameter *parameter, float *out)
{
    gint64 rows = parameter->shape[0], columns = (gint64)parameter->count / rows;
    uniform(random, (float)sqrt(6.0 / (double)(rows + columns)), out, parameter->count);
}

void edt_parameters_initialise(const EdtParameters *p, EdtRandom *random, float *array)
{
    memset(array, 0, p->count * sizeof *array);
    for (guint i = 0; i < p->parameters->len; i++) {
        const EdtParameter *parameter = p->parameters->pdata[i];
        float *out = array + parameter->offset;
        if (is_zero(parameter->name))
            continue;
        if (is_normal(parameter->name))
            normal(random, 0.02f, out, parameter->count);
        else
            xavier(random, parameter, out);
    }
}

/* [6D]: shift, scale, gate of attention; shift, scale, gate of MLP. */
static void open_gates(const EdtParameter *bias, float *out)
{
    const gsize D = bias->count / 6;
    for (gsize i = 0; i < D; i++)
        out[2 * D + i] = out[5 * D + i] = 0.5f;
}

void edt_parameters_open_gates(const EdtParameters *p, EdtRandom *random, float *array)
{
    for (guint i = 0; i < p->parameters->len; i++) {
        const EdtParameter *parameter = p->parameters->pdata[i];
        const char *name = parameter->name;
        gboolean is_bias = g_str_has_suffix(name, ".bias");
        float *out = array + parameter->offset;
        if (g_str_has_suffix(name, "embedding_table.weight"))
            normal(random, 1.0f, out, parameter->count);
        else if (g_str_has_prefix(name, "t_embedder.mlp.") && !is_bias)
            xavier(random, parameter, out);
        else if (g_str_has_prefix(name, "blocks.") && strstr(name, ".adaLN_modulation.")) {
            if (is_bias)
                open_gates(parameter, out);
            else
                normal(random, 0.02f, out, parameter->count);
        }
    }
}
