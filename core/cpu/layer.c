/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See layer.h.  How a primitive is chosen: oneDNN says what it would take if it were free to choose
 * the layout of the weights.  Weights at hand are used where they lead to the same implementation,
 * else they are packed once more.  Where nothing but a reference implementation comes of it, f32
 * takes the place of bf16; where that does not help either, the reference is used and told to the
 * log (onednn.c).
 */
#include "cpu/layer.h"
#include "cpu/onednn.h"
#include "cpu/pack.h"
#include "base/memory.h"

#include <glib/gi18n-lib.h>
#include <string.h>

struct EdtPacked {
    int part;
    dnnl_memory_desc_t desc;
    dnnl_memory_t memory;
    EdtPool *pool;
    void *data; /* of the pool; NULL: only planned */
    gsize bytes;
};

static void free_packed(gpointer data)
{
    EdtPacked *packed = data;
    dnnl_memory_destroy(packed->memory);
    dnnl_memory_desc_destroy(packed->desc);
    edt_pool_give(packed->pool, packed->data, packed->bytes);
    g_free(packed);
}

static void clear_shape(EdtShape *shape)
{
    for (int part = 0; part < EDT_PARTS_MAX; part++) {
        dnnl_primitive_destroy(shape->parts[part].primitive);
        dnnl_memory_destroy(shape->parts[part].x);
        dnnl_memory_destroy(shape->parts[part].y);
    }
    *shape = (EdtShape){0};
}

void edt_cpu_layer_init(EdtCpuLayer *layer)
{
    layer->packed = g_ptr_array_new_with_free_func(free_packed);
}

void edt_cpu_layer_clear(EdtCpuLayer *layer)
{
    for (int i = 0; i < layer->n_shapes; i++)
        clear_shape(&layer->shapes[i]);
    g_ptr_array_unref(layer->packed);
    dnnl_memory_destroy(layer->bias);
    edt_free(layer->bias_data);
}

EdtType edt_cpu_layer_y_type(const EdtCpuLayer *layer, EdtType type)
{
    return type == layer->x_type ? layer->y_type : EDT_F32;
}

/* ---- choosing ---- */

typedef struct {
    dnnl_primitive_desc_t desc;
    EdtPacked *packed; /* at hand, or NULL: to be packed as desc says */
    EdtType type;
    dnnl_status_t status;
} Choice;

static dnnl_status_t describe(EdtDevice *dev, const EdtCpuLayer *layer, int part, EdtExtent extent,
                              EdtType type, const_dnnl_memory_desc_t weights,
                              dnnl_primitive_desc_t *desc)
{
    dnnl_primitive_attr_t attr = NULL;
    dnnl_status_t status = dnnl_primitive_attr_create(&attr);
    if (!status)
        status = dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
    if (!status)
        status = layer->describe(dev, layer, part, extent, type, weights, attr, desc);
    dnnl_primitive_attr_destroy(attr);
    return status;
}

static gboolean is_fast(const Choice *choice)
{
    return !choice->status && !edt_onednn_is_reference(choice->desc);
}

/* Takes weights at hand where they are as good as the layout that oneDNN prefers. */
static void use_at_hand(EdtDevice *dev, const EdtCpuLayer *layer, int part, EdtExtent extent,
                        Choice *choice)
{
    const char *wanted = edt_onednn_implementation(choice->desc);
    for (guint i = 0; i < layer->packed->len && !choice->packed; i++) {
        EdtPacked *packed = layer->packed->pdata[i];
        dnnl_primitive_desc_t desc = NULL;
        if (packed->part == part &&
            !describe(dev, layer, part, extent, choice->type, packed->desc, &desc) &&
            strcmp(edt_onednn_implementation(desc), wanted) == 0) {
            dnnl_primitive_desc_destroy(choice->desc);
            choice->desc = desc;
            choice->packed = packed;
        } else {
            dnnl_primitive_desc_destroy(desc);
        }
    }
}

static Choice choose_in(EdtDevice *dev, const EdtCpuLayer *layer, int part, EdtExtent extent,
                        EdtType type)
{
    Choice choice = {.type = type};
    choice.status = describe(dev, layer, part, extent, type, NULL, &choice.desc);
    if (!choice.status)
        use_at_hand(dev, layer, part, extent, &choice);
    return choice;
}

static Choice choose(EdtDevice *dev, const EdtCpuLayer *layer, int part, EdtExtent extent)
{
    gboolean wrong = layer->wrong_in_bf16 && layer->wrong_in_bf16(layer, extent);
    Choice choice = choose_in(dev, layer, part, extent, wrong ? EDT_F32 : layer->x_type);

    if (choice.type != EDT_BF16 || is_fast(&choice))
        return choice;
    Choice wide = choose_in(dev, layer, part, extent, EDT_F32);
    Choice *other = is_fast(&wide) || choice.status ? &choice : &wide;
    dnnl_primitive_desc_destroy(other->desc);
    return other == &choice ? wide : choice;
}

/* ---- weights ---- */

gboolean edt_cpu_layer_bias(EdtDevice *dev, EdtCpuLayer *layer, gint64 N, const void *bias,
                            EdtType type, gboolean of_matrix, GError **error)
{
    dnnl_memory_desc_t desc = NULL;
    dnnl_dims_t vector = {N}, row = {1, N};

    layer->bias_data = edt_alloc((gsize)N * sizeof(float), error);
    if (!layer->bias_data)
        return FALSE;
    dev->kernels->convert(N, bias, type, layer->bias_data, EDT_F32);
    dnnl_status_t status = dnnl_memory_desc_create_with_tag(
        &desc, of_matrix ? 2 : 1, of_matrix ? row : vector, dnnl_f32, of_matrix ? dnnl_ab : dnnl_a);
    if (!status)
        status = dnnl_memory_create(&layer->bias, desc, dev->engine, layer->bias_data);
    dnnl_memory_desc_destroy(desc);
    return edt_onednn_ok(status, N_("keep a bias"), error);
}

/* Packs `from` in the layout `desc`, for a part; NULL with an error. */
static EdtPacked *pack_as(EdtDevice *dev, EdtCpuLayer *layer, int part,
                          const_dnnl_memory_desc_t desc, const_dnnl_memory_desc_t from_desc,
                          const void *from, GError **error)
{
    EdtPacked *packed = g_new0(EdtPacked, 1);
    gboolean ok = edt_onednn_ok(dnnl_memory_desc_clone(&packed->desc, desc),
                                N_("describe packed weights"), error);
    packed->part = part;
    packed->pool = dev->pool;
    packed->bytes = dnnl_memory_desc_get_size(desc);
    if (ok && from) {
        packed->data = edt_pool_take(dev->pool, packed->bytes, error);
        ok = packed->data && edt_pack(dev, from_desc, from, desc, packed->data, error) &&
             edt_onednn_ok(dnnl_memory_create(&packed->memory, desc, dev->engine, packed->data),
                           N_("keep packed weights"), error);
    }
    if (ok) {
        g_ptr_array_add(layer->packed, packed);
        return packed;
    }
    free_packed(packed);
    return NULL;
}

static EdtPacked *pack_chosen(EdtDevice *dev, EdtCpuLayer *layer, int part, const Choice *choice,
                              const_dnnl_memory_desc_t from_desc, const void *from, GError **error)
{
    return pack_as(dev, layer, part,
                   dnnl_primitive_desc_query_md(choice->desc, dnnl_query_weights_md, 0), from_desc,
                   from, error);
}

gboolean edt_cpu_layer_pack(EdtDevice *dev, EdtCpuLayer *layer, int part, dnnl_status_t status,
                            dnnl_memory_desc_t plain, const void *weights, GError **error)
{
    Choice choice = {.status = status};
    if (!status)
        choice = choose(dev, layer, part, layer->usual);
    gboolean ok = edt_onednn_ok(choice.status, N_("plan a layer"), error) &&
                  pack_chosen(dev, layer, part, &choice, plain, weights, error);
    dnnl_primitive_desc_destroy(choice.desc);
    dnnl_memory_desc_destroy(plain);
    return ok;
}

/* The part's weights once more, in the layout of the choice. */
static EdtPacked *pack_again(EdtDevice *dev, EdtCpuLayer *layer, int part, const Choice *choice,
                             GError **error)
{
    for (guint i = 0; i < layer->packed->len; i++) {
        const EdtPacked *other = layer->packed->pdata[i];
        if (other->part == part)
            return pack_chosen(dev, layer, part, choice, other->desc, other->data, error);
    }
    g_return_val_if_reached(NULL);
}

static gboolean is_used(const EdtCpuLayer *layer, const EdtPacked *packed)
{
    for (int i = 0; i < layer->n_shapes; i++)
        if (layer->shapes[i].parts[packed->part].weights == packed)
            return TRUE;
    return FALSE;
}

/* Layouts that no shape reads go. */
static void forget_unused(EdtCpuLayer *layer)
{
    for (guint i = layer->packed->len; i-- > 0;)
        if (!is_used(layer, layer->packed->pdata[i]))
            g_ptr_array_remove_index_fast(layer->packed, i);
}

/* ---- shapes ---- */

static gint64 count_of(const_dnnl_memory_desc_t desc)
{
    const dnnl_dims_t *dims;
    int rank = 0;
    gint64 count = 1;
    if (dnnl_memory_desc_query(desc, dnnl_query_ndims_s32, &rank) ||
        dnnl_memory_desc_query(desc, dnnl_query_dims, &dims))
        return 0;
    for (int d = 0; d < rank; d++)
        count *= (*dims)[d];
    return count;
}

/* Room for x and y as f32 beside those of the caller. */
static gboolean need_wide(EdtDevice *dev, const EdtCpuPart *p, GError **error)
{
    return edt_cpu_need_wide(dev, (gsize)(p->x_count + p->y_count) * sizeof(float), error);
}

static gboolean make_part(EdtDevice *dev, const EdtCpuLayer *layer, EdtCpuPart *p,
                          const_dnnl_primitive_desc_t desc, GError **error)
{
    const_dnnl_memory_desc_t x = dnnl_primitive_desc_query_md(desc, dnnl_query_src_md, 0);
    const_dnnl_memory_desc_t y = dnnl_primitive_desc_query_md(desc, dnnl_query_dst_md, 0);

    p->bias = layer->bias && dnnl_memory_desc_get_size(
                                 dnnl_primitive_desc_query_md(desc, dnnl_query_weights_md, 1)) > 0;
    p->x_count = count_of(x);
    p->y_count = count_of(y);
    dnnl_status_t status =
        edt_onednn_make(desc, layer->what, p->y_count * layer->depth, &p->primitive);
    if (!status)
        status = dnnl_memory_create(&p->x, x, dev->engine, DNNL_MEMORY_NONE);
    if (!status)
        status = dnnl_memory_create(&p->y, y, dev->engine, DNNL_MEMORY_NONE);
    return edt_onednn_ok(status, N_("make a primitive"), error) &&
           edt_cpu_need_scratch(dev, edt_onednn_scratch(desc), error) &&
           (p->type == layer->x_type || need_wide(dev, p, error));
}

static gboolean plan_part(EdtDevice *dev, EdtCpuLayer *layer, int part, EdtShape *shape,
                          GError **error)
{
    EdtCpuPart *p = &shape->parts[part];
    Choice choice = choose(dev, layer, part, shape->extent);
    gboolean ok = edt_onednn_ok(choice.status, N_("plan a layer"), error);

    p->type = choice.type;
    p->weights = choice.packed;
    if (ok && !p->weights)
        p->weights = pack_again(dev, layer, part, &choice, error);
    ok = p->weights && make_part(dev, layer, p, choice.desc, error);
    dnnl_primitive_desc_destroy(choice.desc);
    return ok;
}

static EdtShape *find_shape(EdtCpuLayer *layer, EdtExtent e)
{
    for (int i = 0; i < layer->n_shapes; i++) {
        EdtExtent *at = &layer->shapes[i].extent;
        if (at->N == e.N && at->h == e.h && at->w == e.w)
            return &layer->shapes[i];
    }
    return NULL;
}

gboolean edt_cpu_layer_prepare(EdtDevice *dev, EdtCpuLayer *layer, EdtExtent extent, GError **error)
{
    EdtShape shape = {.extent = extent};
    gboolean ok = TRUE;

    if (find_shape(layer, extent))
        return TRUE;
    for (int part = 0; ok && part < layer->n_parts; part++)
        ok = plan_part(dev, layer, part, &shape, error);
    if (!ok) {
        clear_shape(&shape);
        return FALSE;
    }
    clear_shape(&layer->shapes[layer->next]);
    layer->shapes[layer->next] = shape;
    layer->next = (layer->next + 1) % EDT_SHAPES_MAX;
    layer->n_shapes = MIN(layer->n_shapes + 1, EDT_SHAPES_MAX);
    forget_unused(layer);
    return TRUE;
}

EdtShape *edt_cpu_layer_shape(EdtDevice *dev, EdtCpuLayer *layer, EdtExtent extent)
{
    EdtShape *shape = find_shape(layer, extent);
    GError *error = NULL;
    if (shape)
        return shape;
    if (edt_cpu_layer_prepare(dev, layer, extent, &error))
        return find_shape(layer, extent);
    edt_cpu_fail_error(dev, error);
    return NULL;
}

/* ---- running ---- */

void edt_cpu_layer_run(EdtDevice *dev, const EdtCpuLayer *layer, const EdtShape *shape, int part,
                       const void *x, void *y)
{
    const EdtCpuPart *p = &shape->parts[part];
    const gboolean wide_x = p->type != layer->x_type;
    const gboolean wide_y = edt_cpu_layer_y_type(layer, p->type) != layer->y_type;
    float *x_wide = dev->wide, *y_wide = wide_x ? x_wide + p->x_count : NULL;
    dnnl_exec_arg_t args[] = {
        {DNNL_ARG_SRC, p->x},         {DNNL_ARG_WEIGHTS, p->weights->memory},
        {DNNL_ARG_DST, p->y},         {DNNL_ARG_SCRATCHPAD, dev->scratch_memory},
        {DNNL_ARG_BIAS, layer->bias},
    };

    if (wide_x)
        edt_cpu_convert_uncounted(dev, p->x_count, x, layer->x_type, x_wide, EDT_F32);
    dnnl_memory_set_data_handle(p->x, wide_x ? x_wide : (void *)x);
    dnnl_memory_set_data_handle(p->y, wide_y ? y_wide : y);
    dnnl_status_t status = dnnl_primitive_execute(p->primitive, dev->stream, p->bias ? 5 : 4, args);
    if (status)
        edt_cpu_fail(dev, layer->what, status);
    else if (wide_y)
        edt_cpu_convert_uncounted(dev, p->y_count, y_wide, EDT_F32, y, layer->y_type);
}

EdtProfileWork edt_cpu_layer_work(const EdtCpuLayer *layer, EdtType type, gint64 x, gint64 weights,
                                  gint64 y, double macs)
{
    return (EdtProfileWork){
        .factors = edt_cpu_factors(type),
        .flops = 2 * macs,
        .bytes = (double)x * (double)edt_type_size(layer->x_type) +
                 (double)weights * (double)edt_type_size(type) +
                 (double)y * (double)edt_type_size(layer->y_type),
    };
}
