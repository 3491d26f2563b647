/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * oneDNN's matmul under the trainer; see product.h.
 */
#include "train/product.h"
#include "base/memory.h"
#include "cpu/onednn.h"
#include "train/kernels.h"

#include <omp.h>
#include <string.h>

enum { A, B, BIAS, C, PLAIN, SCRATCH, MEMORIES };
/* oneDNN's handles carry the address, so every thread has its own. */
typedef dnnl_memory_t Memories[MEMORIES];

struct EdtProduct {
    EdtProducts *products;
    EdtProductSpec spec;
    dnnl_primitive_t primitive;
    dnnl_primitive_t reorder; /* of a packed B, from plain: [K,N] with rows at a stretch */
    dnnl_memory_desc_t a, b, bias, c, plain;
    gsize scratch_bytes;
    Memories *memories; /* [threads] */
};

struct EdtProducts {
    int threads;
    dnnl_engine_t engine;
    dnnl_stream_t *streams; /* [threads] */
    void **scratch;         /* [threads] */
    void **turned;          /* [threads] a B before it is packed */
    gsize scratch_bytes, turned_bytes;
    gsize prepared_bytes; /* of scratch, as it is there */
    GPtrArray *products;
    int failure; /* first dnnl_status_t, set atomically */
};

EdtProducts *edt_products_new(int threads, GError **error)
{
    EdtProducts *p = g_new0(EdtProducts, 1);
    dnnl_status_t status = dnnl_engine_create(&p->engine, dnnl_cpu, 0);

    p->threads = threads;
    p->streams = g_new0(dnnl_stream_t, threads);
    p->scratch = g_new0(void *, threads);
    p->turned = g_new0(void *, threads);
    p->products = g_ptr_array_new();
    for (int i = 0; i < threads && !status; i++)
        status = dnnl_stream_create(&p->streams[i], p->engine, dnnl_stream_default_flags);
    if (edt_onednn_ok(status, "open the CPU", error))
        return p;
    edt_products_free(p);
    return NULL;
}

static void memories_free(EdtProduct *product)
{
    for (int i = 0; product->memories && i < product->products->threads; i++)
        for (int k = 0; k < MEMORIES; k++)
            dnnl_memory_destroy(product->memories[i][k]);
    g_clear_pointer(&product->memories, g_free);
}

static void product_free(EdtProduct *product)
{
    const dnnl_memory_desc_t descs[] = {product->a, product->b, product->bias, product->c,
                                        product->plain};
    memories_free(product);
    dnnl_primitive_destroy(product->primitive);
    dnnl_primitive_destroy(product->reorder);
    for (gsize i = 0; i < G_N_ELEMENTS(descs); i++)
        dnnl_memory_desc_destroy(descs[i]);
    g_free(product);
}

void edt_products_free(EdtProducts *p)
{
    if (p == NULL)
        return;
    for (guint i = 0; i < p->products->len; i++)
        product_free(p->products->pdata[i]);
    g_ptr_array_unref(p->products);
    for (int i = 0; i < p->threads; i++) {
        dnnl_stream_destroy(p->streams[i]);
        edt_free(p->scratch[i]);
        edt_free(p->turned[i]);
    }
    dnnl_engine_destroy(p->engine);
    g_free(p->streams);
    g_free(p->scratch);
    g_free(p->turned);
    g_free(p);
}

static dnnl_status_t describe(dnnl_memory_desc_t *desc, gint64 batch, gint64 rows, gint64 columns,
                              gint64 s_batch, gint64 s_row, gint64 s_column, EdtType type)
{
    dnnl_data_type_t t = edt_onednn_type(type);
    if (batch == 0)
        return dnnl_memory_desc_create_with_strides(desc, 2, (dnnl_dims_t){rows, columns}, t,
                                                    (dnnl_dims_t){s_row, s_column});
    return dnnl_memory_desc_create_with_strides(desc, 3, (dnnl_dims_t){batch, rows, columns}, t,
                                                (dnnl_dims_t){s_batch, s_row, s_column});
}

static dnnl_status_t describe_b(EdtProduct *product)
{
    const EdtProductSpec *s = &product->spec;
    if (!s->packed)
        return describe(&product->b, s->batch, s->K, s->N, s->b_batch, s->b_row, s->b_column,
                        s->type);
    if (s->packed_for)
        return dnnl_memory_desc_clone(&product->b, s->packed_for->b);
    dnnl_status_t status = describe(&product->plain, 0, s->K, s->N, 0, s->N, 1, s->type);
    if (!status)
        status = dnnl_memory_desc_create_with_tag(&product->b, 2, (dnnl_dims_t){s->K, s->N},
                                                  edt_onednn_type(s->type), dnnl_format_tag_any);
    return status;
}

static dnnl_status_t describe_operands(EdtProduct *product)
{
    const EdtProductSpec *s = &product->spec;
    dnnl_status_t status =
        describe(&product->a, s->batch, s->M, s->K, s->a_batch, s->a_row, s->a_column, s->type);
    if (!status)
        status = describe_b(product);
    if (!status)
        status = describe(&product->c, s->batch, s->M, s->N, s->c_batch, s->c_row, 1, s->c_type);
    if (!status && s->bias)
        status = describe(&product->bias, s->batch ? 1 : 0, 1, s->N, s->N, s->N, 1, EDT_F32);
    return status;
}

static dnnl_status_t set_attributes(const EdtProductSpec *s, dnnl_primitive_attr_t attr)
{
    dnnl_post_ops_t post = NULL;
    dnnl_status_t status = dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);

    if (status || !s->accumulate)
        return status;
    status = dnnl_post_ops_create(&post);
    if (!status)
        status = dnnl_post_ops_append_sum(post, 1.0f, 0, dnnl_f32);
    if (!status)
        status = dnnl_primitive_attr_set_post_ops(attr, post);
    dnnl_post_ops_destroy(post);
    return status;
}

/* B is described as the product reads it. */
static dnnl_status_t take_b(EdtProduct *product, const_dnnl_memory_desc_t wanted)
{
    dnnl_memory_desc_destroy(product->b);
    product->b = NULL;
    return dnnl_memory_desc_clone(&product->b, wanted);
}

static dnnl_status_t describe_reorder(EdtProduct *product, dnnl_primitive_desc_t *desc)
{
    const dnnl_engine_t engine = product->products->engine;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_status_t status = dnnl_primitive_attr_create(&attr);
    if (!status)
        status = dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
    if (!status)
        status = dnnl_reorder_primitive_desc_create(desc, product->plain, engine, product->b,
                                                    engine, attr);
    dnnl_primitive_attr_destroy(attr);
    return status;
}

/* oneDNN 3.7's general reorder leaves wrong numbers in layouts that pad (as in cpu/pack.c); the one
 * that it has for weights of its matrix products does not. */
static gboolean is_right(const EdtProduct *product, const_dnnl_primitive_desc_t reorder)
{
    return g_str_has_prefix(edt_onednn_implementation(reorder), "brgemm_matmul_copy") ||
           dnnl_memory_desc_equal(product->plain, product->b);
}

/* Chooses where a packed B lies and makes what brings it there; again: it lies plain. */
static dnnl_status_t make_reorder(EdtProduct *product, const_dnnl_primitive_desc_t matmul,
                                  gboolean *again)
{
    dnnl_primitive_desc_t desc = NULL;
    dnnl_status_t status =
        take_b(product, dnnl_primitive_desc_query_md(matmul, dnnl_query_weights_md, 0));
    if (!status)
        status = describe_reorder(product, &desc);
    *again = status || !is_right(product, desc);
    if (*again)
        status = take_b(product, product->plain);
    else if (!(status = dnnl_primitive_create(&product->reorder, desc)))
        product->scratch_bytes = edt_onednn_scratch(desc);
    dnnl_primitive_desc_destroy(desc);
    return status;
}

static dnnl_status_t describe_matmul(const EdtProduct *product, dnnl_primitive_desc_t *desc)
{
    dnnl_primitive_attr_t attr = NULL;
    dnnl_status_t status = dnnl_primitive_attr_create(&attr);

    if (!status)
        status = set_attributes(&product->spec, attr);
    if (!status)
        status = dnnl_matmul_primitive_desc_create(desc, product->products->engine, product->a,
                                                   product->b, product->bias, product->c, attr);
    dnnl_primitive_attr_destroy(attr);
    return status;
}

/* Made while OpenMP has one thread, because that is how it will run. */
static dnnl_status_t make_primitive(EdtProduct *product)
{
    const EdtProductSpec *s = &product->spec;
    const gint64 macs = MAX(s->batch, 1) * s->M * s->N * s->K;
    dnnl_primitive_desc_t desc = NULL;
    dnnl_status_t status = describe_matmul(product, &desc);
    gboolean again = FALSE;

    if (!status && s->packed && !s->packed_for)
        status = make_reorder(product, desc, &again);
    if (!status && again) {
        dnnl_primitive_desc_destroy(desc);
        desc = NULL;
        status = describe_matmul(product, &desc);
    }
    if (!status)
        product->scratch_bytes = MAX(product->scratch_bytes, edt_onednn_scratch(desc));
    if (!status)
        status = edt_onednn_make(desc, "a product of the training", macs, &product->primitive);
    dnnl_primitive_desc_destroy(desc);
    return status;
}

static dnnl_status_t make(EdtProduct *product)
{
    int threads = omp_get_max_threads();
    dnnl_status_t status = describe_operands(product);

    if (status)
        return status;
    omp_set_num_threads(1);
    status = make_primitive(product);
    omp_set_num_threads(threads);
    return status;
}

static gboolean same(const EdtProductSpec *a, const EdtProductSpec *b)
{
    const gsize before =
        G_STRUCT_OFFSET(EdtProductSpec, packed) + sizeof a->packed; /* no padding */
    return a->packed_for == b->packed_for && memcmp(a, b, before) == 0;
}

const EdtProduct *edt_products_plan(EdtProducts *p, const EdtProductSpec *spec, GError **error)
{
    EdtProduct *product;

    for (guint i = 0; i < p->products->len; i++)
        if (same(&((EdtProduct *)p->products->pdata[i])->spec, spec))
            return p->products->pdata[i];
    product = g_new0(EdtProduct, 1);
    product->products = p;
    product->spec = *spec;
    if (!edt_onednn_ok(make(product), "plan a matrix product", error)) {
        product_free(product);
        return NULL;
    }
    g_ptr_array_add(p->products, product);
    p->scratch_bytes = MAX(p->scratch_bytes, product->scratch_bytes);
    if (product->reorder)
        p->turned_bytes = MAX(p->turned_bytes, dnnl_memory_desc_get_size(product->plain));
    return product;
}

/* Of one thread; what one operation of the product has none of stays NULL. */
static dnnl_status_t make_memories_of(EdtProduct *product, int thread,
                                      const_dnnl_memory_desc_t scratch)
{
    EdtProducts *p = product->products;
    const const_dnnl_memory_desc_t all[MEMORIES] = {product->a, product->b,     product->bias,
                                                    product->c, product->plain, scratch};
    dnnl_status_t status = dnnl_success;
    for (int i = 0; i < MEMORIES && !status; i++)
        if (all[i])
            status = dnnl_memory_create(&product->memories[thread][i], all[i], p->engine,
                                        i == SCRATCH ? p->scratch[thread] : DNNL_MEMORY_NONE);
    return status;
}

static dnnl_status_t make_memories(EdtProduct *product)
{
    const EdtProducts *p = product->products;
    dnnl_memory_desc_t scratch = NULL;
    dnnl_status_t status = dnnl_memory_desc_create_with_tag(
        &scratch, 1, (dnnl_dims_t){(dnnl_dim_t)p->prepared_bytes}, dnnl_u8, dnnl_a);

    product->memories = g_new0(Memories, p->threads);
    for (int i = 0; i < p->threads && !status; i++)
        status = make_memories_of(product, i, scratch);
    dnnl_memory_desc_destroy(scratch);
    return status;
}

/* Again where a later product wants more than there is: all of them look at the same.  They keep
 * what they have where there is no memory for more. */
static gboolean make_scratch(EdtProducts *p, GError **error)
{
    const gsize bytes = MAX(p->scratch_bytes, 64), turned = MAX(p->turned_bytes, 64);
    g_autofree void **all = g_new0(void *, 2 * p->threads);
    gboolean ok = TRUE;

    for (int i = 0; ok && i < 2 * p->threads; i++)
        ok = (all[i] = edt_alloc(i < p->threads ? bytes : turned, error)) != NULL;
    for (int i = 0; !ok && i < 2 * p->threads; i++)
        edt_free(all[i]);
    if (!ok)
        return FALSE;
    for (guint i = 0; i < p->products->len; i++)
        memories_free(p->products->pdata[i]);
    p->prepared_bytes = bytes;
    for (int i = 0; i < p->threads; i++) {
        edt_free(p->scratch[i]);
        edt_free(p->turned[i]);
        p->scratch[i] = all[i];
        p->turned[i] = all[p->threads + i];
    }
    return TRUE;
}

gboolean edt_products_prepare(EdtProducts *p, GError **error)
{
    const gboolean fits = p->scratch[0] && p->scratch_bytes <= p->prepared_bytes;

    if (!fits && !make_scratch(p, error))
        return FALSE;
    for (guint i = 0; i < p->products->len; i++) {
        EdtProduct *product = p->products->pdata[i];
        if (!product->memories &&
            !edt_onednn_ok(make_memories(product), "prepare a matrix product", error))
            return FALSE;
    }
    return TRUE;
}

static void note(EdtProducts *p, dnnl_status_t status)
{
    if (status)
        g_atomic_int_compare_and_exchange(&p->failure, 0, (int)status);
}

gsize edt_product_packed_bytes(const EdtProduct *product)
{
    return dnnl_memory_desc_get_size(product->b);
}

void edt_product_pack(const EdtProduct *product, int thread, const void *b, void *packed)
{
    EdtProducts *p = product->products;
    const EdtProductSpec *s = &product->spec;
    const dnnl_memory_t *m = product->memories[thread];
    const dnnl_exec_arg_t arguments[] = {
        {DNNL_ARG_FROM, m[PLAIN]},
        {DNNL_ARG_TO, m[B]},
        {DNNL_ARG_SCRATCHPAD, m[SCRATCH]},
    };
    void *plain = product->reorder ? p->turned[thread] : packed;

    if (s->b_row == 1)
        edt_train_kernels()->transpose((int)s->N, (int)s->K, b, plain, s->type);
    else if (!product->reorder)
        memcpy(packed, b, edt_product_packed_bytes(product));
    if (!product->reorder)
        return;
    dnnl_memory_set_data_handle(m[PLAIN], s->b_row == 1 ? plain : (void *)b);
    dnnl_memory_set_data_handle(m[B], packed);
    note(p, dnnl_primitive_execute(product->reorder, p->streams[thread], 3, arguments));
}

void edt_product_run(const EdtProduct *product, int thread, const void *a, const void *b,
                     const float *bias, void *c)
{
    EdtProducts *p = product->products;
    const dnnl_memory_t *m = product->memories[thread];
    dnnl_exec_arg_t arguments[] = {
        {DNNL_ARG_SRC, m[A]},     {DNNL_ARG_WEIGHTS, m[B]},
        {DNNL_ARG_DST, m[C]},     {DNNL_ARG_SCRATCHPAD, m[SCRATCH]},
        {DNNL_ARG_BIAS, m[BIAS]},
    };

    dnnl_memory_set_data_handle(m[A], (void *)a);
    dnnl_memory_set_data_handle(m[B], (void *)b);
    dnnl_memory_set_data_handle(m[C], c);
    if (m[BIAS])
        dnnl_memory_set_data_handle(m[BIAS], (void *)bias);
    note(p, dnnl_primitive_execute(product->primitive, p->streams[thread], m[BIAS] ? 5 : 4,
                                   arguments));
}

gboolean edt_products_check(EdtProducts *p, GError **error)
{
    int status = g_atomic_int_get(&p->failure);
    g_atomic_int_set(&p->failure, 0);
    return edt_onednn_ok((dnnl_status_t)status, "compute a matrix product", error);
}
