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

static void add(EdtParameters *p, const EdtLayer *layer, gboolean is_bias, const char *suffix)
{
    EdtParameter *parameter = g_new0(EdtParameter, 1);

    parameter->layer = *layer;
    parameter->is_bias = is_bias;
    parameter->name = g_strconcat(layer->name, suffix, NULL);
    parameter->rank = is_bias ? 1 : edt_layer_shape(layer, parameter->shape);
    if (is_bias)
        parameter->shape[0] = layer->N;
    parameter->offset = p->count;
    parameter->count = 1;
    for (int i = 0; i < parameter->rank; i++)
        parameter->count *= (gsize)parameter->shape[i];
    p->count += (parameter->count + LINE - 1) / LINE * LINE;
    g_ptr_array_add(p->parameters, parameter);
    g_hash_table_insert(p->by_name, parameter->name, parameter);
}

static void add_layer(const EdtLayer *layer, gpointer user_data)
{
    const gboolean linear = edt_layer_is_linear(layer);

    if (layer->fixed)
        return;
    add(user_data, layer, FALSE, linear ? ".weight" : "");
    if (linear && layer->bias)
        add(user_data, layer, TRUE, ".bias");
}

EdtParameters *edt_parameters_new(const EdtVariant *variant)
{
    EdtParameters *p = g_new0(EdtParameters, 1);
    p->v = *variant;
    p->parameters = g_ptr_array_new_with_free_func(parameter_free);
    p->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    edt_layers(variant, add_layer, p);
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

static void xavier(EdtRandom *random, const EdtParameter *parameter, float *out)
{
    gint64 rows = parameter->shape[0], columns = (gint64)parameter->count / rows;
    uniform(random, (float)sqrt(6.0 / (double)(rows + columns)), out, parameter->count);
}

/* Truncation at +-2, as timm's trunc_normal_, is 100 deviations away: no draw reaches it. */
static void begin(const EdtParameter *parameter, EdtRandom *random, float *out)
{
    if (parameter->is_bias)
        return;
    switch (parameter->layer.first) {
    case EDT_FIRST_XAVIER:
        xavier(random, parameter, out);
        break;
    case EDT_FIRST_NORMAL:
        normal(random, 0.02f, out, parameter->count);
        break;
    case EDT_FIRST_ZERO:
        break;
    case EDT_FIRST_TABLE:
        edt_position_table((int)lround(sqrt((double)parameter->shape[1])), (int)parameter->shape[2],
                           out);
        break;
    }
}

void edt_parameters_initialise(const EdtParameters *p, EdtRandom *random, float *array)
{
    memset(array, 0, p->count * sizeof *array);
    for (guint i = 0; i < p->parameters->len; i++) {
        const EdtParameter *parameter = p->parameters->pdata[i];
        begin(parameter, random, array + parameter->offset);
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
        const EdtPart part = parameter->layer.part;
        float *out = array + parameter->offset;
        if (part == EDT_PART_CLASSES || part == EDT_PART_STYLES)
            normal(random, 1.0f, out, parameter->count);
        else if ((part == EDT_PART_TIME_IN || part == EDT_PART_TIME_OUT) && !parameter->is_bias)
            xavier(random, parameter, out);
        else if (part == EDT_PART_SITE && (parameter->layer.owner == EDT_OWNER_BLOCK ||
                                           parameter->layer.owner == EDT_OWNER_SIDE)) {
            if (parameter->is_bias)
                open_gates(parameter, out);
            else
                normal(random, 0.02f, out, parameter->count);
        }
    }
}
