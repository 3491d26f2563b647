/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See linear_panels.h.  The weights [K,N] lie in panels of WIDTH columns, each [K,WIDTH], the last
 * one padded with zeros.  A thread has a rectangle of y.  It goes through its rows in chunks and
 * through K in slices, so that a slice of x stays in the second cache while all panels pass by, and
 * a slice of a panel in the first while all blocks of rows do.  y begins as the bias and every
 * slice adds to it; how K is sliced depends on K alone.  Next: linear.c.
 */
#include "cpu/linear_panels.h"
#include "base/memory.h"
#include "cpu/linear_int8.h"
#include "cpu/micro.h"
#include "cpu/onednn.h"
#include "cpu/pack.h"

#include <glib/gi18n-lib.h>
#include <omp.h>
#include <string.h>

#define WIDTH 24  /* columns: three vectors of AVX2, which with four rows fill its registers */
#define BLOCK 64  /* rows of a call of the micro kernel */
#define CHUNK 4   /* blocks of rows */
#define DEPTH 576 /* at most, of a slice of K */

struct EdtPanels {
    int K, N, depth;
    EdtEpilogue epilogue;
    EdtPool *pool;
    float *weights; /* [panels][K][WIDTH]; NULL: only planned */
    gsize bytes;
    float *bias; /* [N] */
};

/* The last of its kind may be smaller. */
static int pieces(gint64 whole, int piece)
{
    return (int)((whole + piece - 1) / piece);
}

gboolean edt_panels_are_for(const EdtDevice *dev, const EdtLinearSpec *spec)
{
    return edt_micro_is_here() && spec->x_type == EDT_F32 && spec->y_type == EDT_F32 &&
           !edt_int8_is_for(dev, spec);
}

/* ---- weights ---- */

static gboolean take_bias(EdtDevice *dev, EdtPanels *p, const EdtLinearSpec *spec, GError **error)
{
    p->bias = edt_alloc((gsize)p->N * sizeof(float), error);
    if (p->bias && spec->bias)
        dev->kernels->convert(p->N, spec->bias, spec->bias_type, p->bias, EDT_F32);
    else if (p->bias)
        memset(p->bias, 0, (gsize)p->N * sizeof(float));
    return p->bias != NULL;
}

/* torch keeps W as [N,K]. */
static gboolean take_weights(EdtDevice *dev, EdtPanels *p, const EdtLinearSpec *spec,
                             GError **error)
{
    dnnl_memory_desc_t desc = NULL;
    p->bytes = (gsize)pieces(p->N, WIDTH) * WIDTH * (gsize)p->K * sizeof(float);
    p->weights = edt_pool_take(p->pool, p->bytes, error);
    if (!p->weights)
        return FALSE;
    dnnl_status_t status = dnnl_memory_desc_create_with_tag(
        &desc, 2, (dnnl_dims_t){p->K, p->N}, edt_onednn_type(spec->weight_type), dnnl_ba);
    gboolean ok = edt_onednn_ok(status, N_("pack weights"), error) &&
                  edt_pack_panels(dev, desc, spec->weight, WIDTH, p->weights, error);
    dnnl_memory_desc_destroy(desc);
    return ok;
}

void edt_panels_free(EdtPanels *p)
{
    if (!p)
        return;
    edt_pool_give(p->pool, p->weights, p->bytes);
    edt_free(p->bias);
    g_free(p);
}

EdtPanels *edt_panels_new(EdtDevice *dev, const EdtLinearSpec *spec, GError **error)
{
    EdtPanels *p = g_new0(EdtPanels, 1);
    p->K = (int)spec->K;
    p->N = (int)spec->N;
    p->depth = pieces(p->K, pieces(p->K, DEPTH));
    p->epilogue = spec->epilogue;
    p->pool = dev->pool;
    if (take_bias(dev, p, spec, error) && (!spec->weight || take_weights(dev, p, spec, error)))
        return p;
    edt_panels_free(p);
    return NULL;
}

/* ---- calls ---- */

typedef struct {
    gint64 M;
    const float *x;
    float *y;
    EdtMicro *micro[2][2][2]; /* a whole block or panel or slice, or the last one */
} Product;

/* How many of a piece there are from `at` on. */
static int size_of(gint64 whole, int piece, gint64 at)
{
    return (int)MIN((gint64)piece, whole - at);
}

static gboolean find_micros(EdtDevice *dev, const EdtPanels *p, Product *product, GError **error)
{
    const gint64 M = product->M;
    const int rows[] = {BLOCK, (int)(M % BLOCK)}, columns[] = {WIDTH, p->N % WIDTH},
              depth[] = {p->depth, p->K % p->depth};
    for (int i = 0; i < 8; i++) {
        const int r = i & 1, c = i >> 1 & 1, d = i >> 2;
        const EdtMicroCall call = {rows[r], columns[c], depth[d], p->K, WIDTH, p->N};
        if (!call.rows || !call.columns || !call.depth || call.rows > M || call.columns > p->N)
            continue;
        product->micro[r][c][d] = edt_micro_for(dev, call, error);
        if (!product->micro[r][c][d])
            return FALSE;
    }
    return TRUE;
}

gboolean edt_panels_prepare(EdtDevice *dev, const EdtPanels *p, gint64 M, GError **error)
{
    Product product = {.M = M};
    return find_micros(dev, p, &product, error);
}

static void begin_rows(const EdtPanels *p, float *y, int rows, int columns, const float *bias)
{
    for (int r = 0; r < rows; r++)
        memcpy(y + (gint64)r * p->N, bias, (gsize)columns * sizeof(float));
}

/* A slice of K for one block of rows and one panel. */
static void add_slice(const EdtCpuKernels *kernels, const EdtPanels *p, const Product *product,
                      gint64 row, int panel, int k)
{
    const int column = panel * WIDTH, rows = size_of(product->M, BLOCK, row),
              columns = size_of(p->N, WIDTH, column), depth = size_of(p->K, p->depth, k);
    const float *weights = p->weights + ((gint64)panel * p->K + k) * WIDTH;
    float *y = product->y + row * p->N + column;

    if (k == 0)
        begin_rows(p, y, rows, columns, p->bias + column);
    edt_micro_run(product->micro[rows < BLOCK][columns < WIDTH][depth < p->depth],
                  product->x + row * p->K + k, weights, y);
    if (k + depth == p->K && p->epilogue == EDT_EPILOGUE_GELU)
        kernels->gelu(rows, columns, y, p->N);
}

typedef struct {
    int first, last;
} Range;

static void run_rectangle(const EdtCpuKernels *kernels, const EdtPanels *p, const Product *product,
                          Range blocks, Range panels)
{
    for (int first = blocks.first; first < blocks.last; first += CHUNK)
        for (int k = 0; k < p->K; k += p->depth)
            for (int panel = panels.first; panel < panels.last; panel++)
                for (int block = first; block < MIN(first + CHUNK, blocks.last); block++)
                    add_slice(kernels, p, product, (gint64)block * BLOCK, panel, k);
}

/* ---- threads ---- */

static Range share(int count, int i, int n)
{
    return (Range){(int)((gint64)count * i / n), (int)((gint64)count * (i + 1) / n)};
}

/* How many threads stand side by side over the panels, the others over the rows: the way that has
 * the smallest largest share. */
static int threads_across(int threads, int blocks, int panels)
{
    int best = 1;
    gint64 least = G_MAXINT64;
    for (int across = 1; across <= threads; across++) {
        gint64 share = (gint64)pieces(panels, across) * pieces(blocks, threads / across);
        if (threads % across == 0 && share < least) {
            least = share;
            best = across;
        }
    }
    return best;
}

void edt_panels_run(EdtDevice *dev, const EdtPanels *p, gint64 M, const float *x, float *y)
{
    Product product = {.M = M, .x = x, .y = y};
    GError *error = NULL;
    if (!find_micros(dev, p, &product, &error)) {
        edt_cpu_fail_error(dev, error);
        return;
    }
    const int blocks = pieces(M, BLOCK), panels = pieces(p->N, WIDTH);
    const int across = threads_across(dev->threads, blocks, panels), down = dev->threads / across;
#pragma omp parallel for schedule(static, 1) num_threads(dev->threads)
    for (int i = 0; i < dev->threads; i++)
        run_rectangle(dev->kernels, p, &product, share(blocks, i / across, down),
                      share(panels, i % across, across));
}
