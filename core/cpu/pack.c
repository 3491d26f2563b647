/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See pack.h.  oneDNN 3.7's own reorder is not used: where a layout pads (24 output channels in
 * blocks of 16) it writes the padding of one tap over the weights of another, with ABcd8b16a2b and
 * AcdB16a2b from f32 (tests/kernels/test_pack.c has the sizes).  In a blocked layout the place of a
 * number is a sum of one term for each of its indices, so a table for each dimension says all.
 */
#include "cpu/pack.h"
#include "cpu/onednn.h"
#include "base/number.h"

#include <glib/gi18n-lib.h>

#define RANK 4
#define ROWS 64 /* of the first dimension, by one thread */
#define COLUMNS                                                                                    \
    64 /* of the second dimension, written together: they are neighbours in all layouts */

typedef struct {
    int count[RANK];
    gint64 *place[RANK]; /* in elements, of each index */
    EdtType type;
} Layout;

static void clear(Layout *layout)
{
    for (int d = 0; d < RANK; d++)
        g_free(layout->place[d]);
}

/* What index i of dimension d adds to the place: its digits in the inner blocks, innermost last,
 * and what is left of it in whole blocks. */
static gint64 place_of(int d, gint64 i, int n_blocks, const dnnl_dim_t *size,
                       const dnnl_dim_t *dimension, gint64 stride)
{
    gint64 place = 0, step = 1;
    for (int b = n_blocks - 1; b >= 0; b--) {
        if (dimension[b] == d) {
            place += i % size[b] * step;
            i /= size[b];
        }
        step *= size[b];
    }
    return place + i * stride;
}

static dnnl_status_t read_layout(const_dnnl_memory_desc_t desc, Layout *layout)
{
    const dnnl_dims_t *dims, *strides, *size, *dimension;
    dnnl_format_kind_t kind;
    dnnl_data_type_t type;
    int rank, n_blocks;

    if (dnnl_memory_desc_query(desc, dnnl_query_format_kind, &kind) || kind != dnnl_blocked ||
        dnnl_memory_desc_query(desc, dnnl_query_ndims_s32, &rank) || rank > RANK ||
        dnnl_memory_desc_query(desc, dnnl_query_data_type, &type) ||
        dnnl_memory_desc_query(desc, dnnl_query_dims, &dims) ||
        dnnl_memory_desc_query(desc, dnnl_query_strides, &strides) ||
        dnnl_memory_desc_query(desc, dnnl_query_inner_nblks_s32, &n_blocks) ||
        dnnl_memory_desc_query(desc, dnnl_query_inner_blks, &size) ||
        dnnl_memory_desc_query(desc, dnnl_query_inner_idxs, &dimension))
        return dnnl_unimplemented;
    if (type != dnnl_f32 && type != dnnl_bf16 && type != dnnl_s8)
        return dnnl_unimplemented;
    layout->type = type == dnnl_s8 ? EDT_I8 : type == dnnl_bf16 ? EDT_BF16 : EDT_F32;
    for (int d = 0; d < RANK; d++) {
        layout->count[d] = d < rank ? (int)(*dims)[d] : 1;
        layout->place[d] = g_new0(gint64, layout->count[d]);
        for (int i = 0; d < rank && i < layout->count[d]; i++)
            layout->place[d][i] = place_of(d, i, n_blocks, *size, *dimension, (*strides)[d]);
    }
    return dnnl_success;
}

/* One number from one place to another; the types are constants wherever this is inlined. */
EDT_INLINE void move(EdtType from_type, const void *from, gint64 at, EdtType to_type, void *to,
                     gint64 there, gboolean rounded)
{
    if (to_type == EDT_I8) {
        ((gint8 *)to)[there] = ((const gint8 *)from)[at];
        return;
    }
    float value = edt_number_at(from, from_type, (gsize)at);
    edt_number_put(to, to_type, (gsize)there,
                   rounded ? edt_bf16_to_f32(edt_f32_to_bf16(value)) : value);
}

/* Rows [first, last) of the first dimension, columns [begin, end) of the second. */
EDT_INLINE void move_block(const Layout *f, EdtType from_type, const void *from, const Layout *t,
                           EdtType to_type, void *to, int first, int last, int begin, int end,
                           gboolean rounded)
{
    for (int a = first; a < last; a++)
        for (int c = 0; c < f->count[2]; c++)
            for (int d = 0; d < f->count[3]; d++) {
                gint64 at = f->place[0][a] + f->place[2][c] + f->place[3][d];
                gint64 there = t->place[0][a] + t->place[2][c] + t->place[3][d];
                for (int b = begin; b < end; b++)
                    move(from_type, from, at + f->place[1][b], to_type, to, there + t->place[1][b],
                         rounded);
            }
}

static void move_all(EdtDevice *dev, const Layout *f, const void *from, const Layout *t, void *to)
{
    const gboolean rounded = dev->rounded;
#pragma omp parallel for collapse(2) schedule(static) num_threads(dev->threads)
    for (int first = 0; first < f->count[0]; first += ROWS)
        for (int begin = 0; begin < f->count[1]; begin += COLUMNS) {
            const int last = MIN(first + ROWS, f->count[0]);
            const int end = MIN(begin + COLUMNS, f->count[1]);
            if (f->type == EDT_I8)
                move_block(f, EDT_I8, from, t, EDT_I8, to, first, last, begin, end, FALSE);
            EDT_BY_TYPE(f->type, FROM,
                        EDT_BY_TYPE(t->type, TO,
                                    move_block(f, FROM, from, t, TO, to, first, last, begin, end,
                                               rounded && FROM == EDT_F32 && TO == EDT_F32)));
        }
}

/* Only a layout that pads has places where no number goes. */
static void clear_padding(EdtDevice *dev, const Layout *t, char *to, gsize bytes)
{
    const gsize piece = (gsize)256 << 10;
    gsize numbers = edt_type_size(t->type);
    for (int d = 0; d < RANK; d++)
        numbers *= (gsize)t->count[d];
    if (numbers == bytes)
        return;
#pragma omp parallel for schedule(static) num_threads(dev->threads)
    for (gsize at = 0; at < bytes; at += piece)
        memset(to + at, 0, MIN(piece, bytes - at));
}

gboolean edt_pack_panels(EdtDevice *dev, const_dnnl_memory_desc_t from_desc, const void *from,
                         int width, float *to, GError **error)
{
    Layout f = {0};
    dnnl_status_t status = read_layout(from_desc, &f);
    if (!status && f.type == EDT_I8)
        status = dnnl_unimplemented;
    if (!status) {
        const int K = f.count[0], N = f.count[1], panels = (N + width - 1) / width;
        const dnnl_dim_t inner[] = {width}, of_columns[] = {1};
        Layout t = {.count = {K, N, 1, 1}, .type = EDT_F32};
        for (int d = 0; d < RANK; d++)
            t.place[d] = g_new0(gint64, t.count[d]);
        for (int k = 0; k < K; k++)
            t.place[0][k] = (gint64)k * width;
        for (int n = 0; n < N; n++)
            t.place[1][n] = place_of(1, n, 1, inner, of_columns, (gint64)K * width);
        clear_padding(dev, &t, (char *)to, (gsize)panels * (gsize)(width * K) * sizeof(float));
        move_all(dev, &f, from, &t, to);
        clear(&t);
    }
    clear(&f);
    return edt_onednn_ok(status, N_("pack weights"), error);
}

gboolean edt_pack(EdtDevice *dev, const_dnnl_memory_desc_t from_desc, const void *from,
                  const_dnnl_memory_desc_t to_desc, void *to, GError **error)
{
    Layout f = {0}, t = {0};
    dnnl_status_t status = read_layout(from_desc, &f);
    if (!status)
        status = read_layout(to_desc, &t);
    if (!status && (f.type == EDT_I8) != (t.type == EDT_I8))
        status = dnnl_unimplemented;
    if (!status) {
        clear_padding(dev, &t, to, dnnl_memory_desc_get_size(to_desc));
        move_all(dev, &f, from, &t, to);
    }
    clear(&f);
    clear(&t);
    return edt_onednn_ok(status, N_("pack weights"), error);
}
