/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Weights in oneDNN's blocked layouts: every number comes back from its place, what pads is zero,
 * and where nothing pads the bytes are those of oneDNN's own reorder (which loses numbers where it
 * pads: core/cpu/pack.c).
 */
#include "base/half.h"
#include "base/memory.h"
#include "cpu/cpu.h"
#include "cpu/onednn.h"
#include "cpu/pack.h"

typedef struct {
    dnnl_format_tag_t tag;
    EdtType type;
    dnnl_dims_t dims; /* O, I, k, k; or K, N */
    int rank;
    gboolean pads;
} Case;

static const Case cases[] = {
    {dnnl_ABcd8b16a2b, EDT_BF16, {24, 16, 3, 3}, 4, TRUE},
    {dnnl_ABcd8b16a2b, EDT_BF16, {64, 32, 3, 3}, 4, FALSE},
    {dnnl_AcdB16a2b, EDT_BF16, {40, 4, 3, 3}, 4, TRUE},
    {dnnl_AcdB16b32a2b, EDT_BF16, {128, 64, 3, 3}, 4, FALSE},
    {dnnl_AcdB16b32a2b, EDT_BF16, {33, 17, 3, 3}, 4, TRUE},
    {dnnl_ABcd16b16a, EDT_F32, {33, 17, 2, 2}, 4, TRUE},
    {dnnl_ABcd8b8a, EDT_F32, {16, 24, 1, 1}, 4, FALSE},
    {dnnl_abcd, EDT_F32, {5, 3, 3, 3}, 4, FALSE},
    {dnnl_BA16a64b2a, EDT_BF16, {312, 936, 0, 0}, 2, TRUE},
    {dnnl_BA16a64b2a, EDT_BF16, {64, 128, 0, 0}, 2, FALSE},
    {dnnl_BA16a64b, EDT_F32, {31, 70, 0, 0}, 2, TRUE},
    {dnnl_BA16a64b, EDT_F32, {32, 192, 0, 0}, 2, FALSE},
};

static dnnl_memory_desc_t describe(const Case *c, dnnl_format_tag_t tag, EdtType type)
{
    dnnl_memory_desc_t desc;
    g_assert_cmpint(
        dnnl_memory_desc_create_with_tag(&desc, c->rank, c->dims, edt_onednn_type(type), tag), ==,
        dnnl_success);
    return desc;
}

static void reorder(dnnl_memory_desc_t from_desc, void *from, dnnl_memory_desc_t to_desc, void *to)
{
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_memory_t x, y;
    dnnl_primitive_desc_t desc;
    dnnl_primitive_t primitive;
    dnnl_engine_create(&engine, dnnl_cpu, 0);
    dnnl_stream_create(&stream, engine, dnnl_stream_default_flags);
    dnnl_memory_create(&x, from_desc, engine, from);
    dnnl_memory_create(&y, to_desc, engine, to);
    dnnl_reorder_primitive_desc_create(&desc, from_desc, engine, to_desc, engine, NULL);
    dnnl_primitive_create(&primitive, desc);
    dnnl_primitive_execute(primitive, stream, 2,
                           (dnnl_exec_arg_t[]){{DNNL_ARG_FROM, x}, {DNNL_ARG_TO, y}});
    dnnl_stream_wait(stream);
    dnnl_primitive_destroy(primitive);
    dnnl_primitive_desc_destroy(desc);
    dnnl_memory_destroy(x);
    dnnl_memory_destroy(y);
    dnnl_stream_destroy(stream);
    dnnl_engine_destroy(engine);
}

static gsize count_of(const Case *c)
{
    gsize count = 1;
    for (int d = 0; d < c->rank; d++)
        count *= (gsize)c->dims[d];
    return count;
}

static gsize count_set(const guint8 *bytes, gsize count, gsize size)
{
    static const guint8 zero[4];
    gsize set = 0;
    for (gsize i = 0; i < count; i++)
        set += memcmp(bytes + i * size, zero, size) != 0;
    return set;
}

static void check(EdtDevice *dev, const Case *c)
{
    dnnl_memory_desc_t plain = describe(c, c->rank == 4 ? dnnl_abcd : dnnl_ba, EDT_F32);
    dnnl_memory_desc_t packed = describe(c, c->tag, c->type);
    gsize count = count_of(c), bytes = dnnl_memory_desc_get_size(packed);
    float *from = g_new(float, count), *back = g_new(float, count);
    guint8 *data = edt_alloc(bytes, NULL), *theirs = edt_alloc(bytes, NULL);
    GError *error = NULL;

    for (gsize i = 0; i < count; i++) /* none is zero */
        from[i] = (float)(1.0 + g_test_rand_double());
    memset(data, 0xff, bytes);
    g_assert_true(edt_pack(dev, plain, from, packed, data, &error));
    g_assert_cmpuint(count_set(data, bytes / edt_type_size(c->type), edt_type_size(c->type)), ==,
                     count);
    g_assert_true(edt_pack(dev, packed, data, plain, back, &error));
    for (gsize i = 0; i < count; i++)
        g_assert_cmpfloat(back[i], ==,
                          c->type == EDT_F32 ? from[i] : edt_bf16_to_f32(edt_f32_to_bf16(from[i])));
    if (!c->pads) {
        reorder(plain, from, packed, theirs);
        g_assert_cmpmem(data, bytes, theirs, bytes);
    }
    edt_free(data);
    edt_free(theirs);
    g_free(from);
    g_free(back);
    dnnl_memory_desc_destroy(plain);
    dnnl_memory_desc_destroy(packed);
}

static void test_layouts(void)
{
    const EdtBackend *backend = edt_backend_cpu();
    EdtDevice *dev = backend->open(&(EdtDeviceOptions){2, EDT_PRECISION_F32}, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        check(dev, &cases[i]);
    backend->close(dev);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pack/layouts", test_layouts);
    return g_test_run();
}
