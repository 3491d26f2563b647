/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The small autoencoders against their definition, step by step in f64: TAESD's clamp and our
 * codec's, blocks and skips, widths that differ, three and four channels of pixels, both halves,
 * both precisions; one thread against two; flat memory.
 */
#include "base/memory.h"
#include "cpu/cpu.h"
#include "golden/golden.h"
#include "golden/hash_weights.h"
#include "vae/vae.h"

#include <math.h>
#include <string.h>

#define GATE_F32 3e-6
#define GATE_BF16 2e-2
#define H 6 /* of the latent */
#define W 4

static const EdtVaeShape shapes[] = {
    {.kind = EDT_VAE_TAESD, .pixels = 3, .latent = 4, .factor = 4,
     .encoder = {3, {24, 24, 24}, {1, 2, 1}}, .decoder = {3, {24, 24, 24}, {1, 1, 2}}},
    {.kind = EDT_VAE_CODEC, .pixels = 4, .latent = 4, .factor = 8,
     .encoder = {4, {16, 24, 32, 40}, {1, 2, 1, 1}}, .decoder = {4, {12, 20, 32, 40}, {1, 1, 0, 2}}},
};

/* ---- weights: hashed, of a size that keeps the numbers' ---- */

typedef struct {
    EdtTensorSource base;
    GHashTable *views; /* name -> EdtTensorView, with its data */
} Weights;

static gboolean find(EdtTensorSource *source, const char *name, EdtTensorView *view)
{
    const EdtTensorView *found = g_hash_table_lookup(((Weights *)source)->views, name);
    if (found)
        *view = *found;
    return found != NULL;
}

static void add(const char *name, int rank, const gint64 *shape, gpointer views)
{
    EdtTensorView *view = g_new0(EdtTensorView, 1);
    gsize count = 1, inputs = 1;
    for (int i = 0; i < rank; i++) {
        view->shape[i] = shape[i];
        count *= (gsize)shape[i];
        inputs *= i > 0 ? (gsize)shape[i] : 1;
    }
    view->rank = rank;
    float *data = g_new(float, count);
    hash_fill(name, 0, rank == 1 ? 0.2 : sqrt(4.5 / (double)inputs), count, data);
    view->data = data;
    g_hash_table_insert(views, g_strdup(name), view);
}

static void view_free(gpointer data)
{
    g_free((gpointer)((EdtTensorView *)data)->data);
    g_free(data);
}

static Weights weights_new(const EdtVaeShape *shape)
{
    Weights w = {{find, NULL}, g_hash_table_new_full(g_str_hash, g_str_equal, g_free, view_free)};
    edt_vae_tensors(shape, EDT_VAE_DECODER | EDT_VAE_ENCODER, add, w.views);
    return w;
}

static const float *numbers(const Weights *w, const char *step, const char *rest)
{
    g_autofree char *name = g_strconcat(step, rest, NULL);
    const EdtTensorView *view = g_hash_table_lookup(w->views, name);
    return view ? view->data : NULL;
}

/* ---- the definition: planes of f64 ---- */

typedef struct {
    int C, h, w;
    double *x; /* [C][h][w] */
} Picture;

static Picture picture_new(int C, int h, int w)
{
    return (Picture){C, h, w, g_new0(double, C *h *w)};
}

static void become(Picture *p, Picture other)
{
    g_free(p->x);
    *p = other;
}

/* torch's Conv2d(kernel 3, padding 1, stride) of the tensors step.weight and step.bias. */
static Picture convolve(const Weights *weights, const char *step, const Picture *p, int C_out,
                        int stride)
{
    const float *weight = numbers(weights, step, ".weight"), *bias = numbers(weights, step, ".bias");
    Picture y = picture_new(C_out, p->h / stride, p->w / stride);
    double *to = y.x;
    for (int o = 0; o < C_out; o++)
        for (int row = 0; row < y.h; row++)
            for (int column = 0; column < y.w; column++, to++) {
                *to = bias ? (double)bias[o] : 0;
                for (int c = 0; c < p->C; c++)
                    for (int k = 0; k < 9; k++) {
                        int i = row * stride + k / 3 - 1, j = column * stride + k % 3 - 1;
                        if (i >= 0 && j >= 0 && i < p->h && j < p->w)
                            *to += p->x[(c * p->h + i) * p->w + j] *
                                   (double)weight[(o * p->C + c) * 9 + k];
                    }
            }
    return y;
}

static void relu(Picture *p)
{
    for (int i = 0; i < p->C * p->h * p->w; i++)
        p->x[i] = MAX(p->x[i], 0);
}

static void block(const Weights *w, const char *step, Picture *p)
{
    Picture x = *p;
    x.x = g_memdup2(p->x, (gsize)(p->C * p->h * p->w) * sizeof *p->x);
    for (int k = 0; k < 6; k += 2) {
        g_autofree char *name = g_strdup_printf("%s.conv.%d", step, k);
        become(&x, convolve(w, name, &x, p->C, 1));
        for (int i = 0; k == 4 && i < p->C * p->h * p->w; i++)
            x.x[i] += p->x[i];
        relu(&x);
    }
    become(p, x);
}

static void upsample(Picture *p)
{
    Picture y = picture_new(p->C, 2 * p->h, 2 * p->w);
    for (int i = 0; i < y.C * y.h * y.w; i++) {
        int c = i / (y.h * y.w), row = i / y.w % y.h, column = i % y.w;
        y.x[i] = p->x[(c * p->h + row / 2) * p->w + column / 2];
    }
    become(p, y);
}

static void clamp(Picture *p)
{
    for (int i = 0; i < p->C * p->h * p->w; i++)
        p->x[i] = 3 * tanh(p->x[i] / 3);
}

/* What step number i is called; places: encoder's and decoder's. */
static char *step_name(const EdtVaeShape *shape, const char *half, int i)
{
    return g_strdup_printf(shape->kind == EDT_VAE_TAESD ? "%s.layers.%d" : "%s.%d", half, i);
}

#define STEP(half, i) g_autofree char *step = step_name(shape, half, i)

static void blocks(const Weights *w, const EdtVaeShape *shape, const char *half, int *i, int n,
                   Picture *p)
{
    while (n-- > 0) {
        STEP(half, (*i)++);
        block(w, step, p);
    }
}

static void define_decode(const Weights *w, const EdtVaeShape *shape, Picture *p)
{
    const EdtVaeHalf *half = &shape->decoder;
    int i = 0;

    if (shape->kind == EDT_VAE_TAESD)
        clamp(p);
    for (int level = half->levels - 1; level >= 0; level--) {
        gboolean first = level == half->levels - 1;
        if (!first) {
            upsample(p);
            i++;
        }
        STEP("decoder", i++);
        become(p, convolve(w, step, p, half->width[level], 1));
        if (first) {
            relu(p);
            i++;
        }
        blocks(w, shape, "decoder", &i, half->blocks[level], p);
    }
    STEP("decoder", i);
    become(p, convolve(w, step, p, shape->pixels, 1));
}

static void define_encode(const Weights *w, const EdtVaeShape *shape, Picture *p)
{
    const EdtVaeHalf *half = &shape->encoder;
    int i = 0;

    for (int level = 0; level < half->levels; level++) {
        STEP("encoder", i++);
        become(p, convolve(w, step, p, half->width[level], level > 0 ? 2 : 1));
        blocks(w, shape, "encoder", &i, half->blocks[level], p);
    }
    STEP("encoder", i);
    become(p, convolve(w, step, p, shape->latent, 1));
    if (shape->kind == EDT_VAE_CODEC)
        clamp(p);
}

/* ---- comparing ---- */

typedef struct {
    const EdtBackend *backend;
    EdtDevice *dev;
    EdtVae *vae;
} Fixture;

static Fixture open_vae(Weights *w, EdtPrecision precision, int threads)
{
    GError *error = NULL;
    Fixture f = {.backend = edt_backend_cpu()};
    f.dev = f.backend->open(&(EdtDeviceOptions){threads, precision}, &error);
    g_assert_no_error(error);
    f.vae = edt_vae_new(f.backend, f.dev, &w->base, EDT_VAE_DECODER | EDT_VAE_ENCODER, &error);
    g_assert_no_error(error);
    return f;
}

static void close_vae(Fixture *f)
{
    edt_vae_free(f->vae);
    f->backend->close(f->dev);
}

static gsize pixel_count(const EdtVaeShape *shape)
{
    return (gsize)(shape->pixels * H * W * shape->factor * shape->factor);
}

/* What is between -1 and 1 for everybody else is between 0 and 1 for the network. */
static void check(const char *what, const float *ours, const Picture *p, double twice, double gate)
{
    gsize count = (gsize)(p->C * p->h * p->w);
    g_autofree float *reference = g_new(float, count);
    for (gsize i = 0; i < count; i++)
        reference[i] = (float)(twice > 0 ? 2 * p->x[i] - 1 : p->x[i]);
    golden_check(what, ours, reference, count, gate);
}

static void check_shape(const EdtVaeShape *shape, EdtPrecision precision, double gate)
{
    Weights w = weights_new(shape);
    Fixture f = open_vae(&w, precision, 2);
    Picture z = picture_new(shape->latent, H, W);
    Picture p = picture_new(shape->pixels, H * shape->factor, W * shape->factor);
    const gsize n = (gsize)(shape->latent * H * W);
    g_autofree float *latent = g_new(float, n), *mean = g_new(float, n), *logvar = g_new(float, n);
    g_autofree float *pixels = g_new(float, pixel_count(shape));
    GError *error = NULL;

    hash_input("input.image", pixel_count(shape), pixels);
    for (gsize i = 0; i < pixel_count(shape); i++)
        p.x[i] = ((double)pixels[i] + 1) / 2;
    g_assert_true(edt_vae_encode(f.vae, H, W, pixels, mean, logvar, &error));
    define_encode(&w, shape, &p);
    check("encoded", mean, &p, 0, gate);
    for (gsize i = 0; i < n; i++)
        g_assert_true(isinf(logvar[i]) && logvar[i] < 0);

    hash_fill("input.z", 0, 4, n, latent); /* far enough for the clamp to matter */
    for (gsize i = 0; i < n; i++)
        z.x[i] = (double)latent[i];
    g_assert_true(edt_vae_decode(f.vae, H, W, latent, pixels, &error));
    define_decode(&w, shape, &z);
    check("decoded", pixels, &z, 1, gate);
    g_free(z.x);
    g_free(p.x);
    close_vae(&f);
    g_hash_table_unref(w.views);
}

static void test_f32(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(shapes); i++)
        check_shape(&shapes[i], EDT_PRECISION_F32, GATE_F32);
}

static void test_bf16(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(shapes); i++)
        check_shape(&shapes[i], EDT_PRECISION_BF16, GATE_BF16);
}

/* Two sizes in turn, with one thread and two: after each was seen once nothing is allocated, and
 * results stay the same. */
static void test_memory(void)
{
    const EdtVaeShape *shape = &shapes[1];
    const gsize n = pixel_count(shape), latents = (gsize)(shape->latent * H * W);
    g_autofree float *latent = g_new(float, latents), *mean = g_new(float, latents);
    g_autofree float *logvar = g_new(float, latents);
    g_autofree float *first = g_new(float, n), *again = g_new(float, n), *small = g_new(float, n);
    Weights w = weights_new(shape);
    GError *error = NULL;

    hash_fill("input.z", 0, 2, latents, latent);
    for (int threads = 1; threads <= 2; threads++) {
        Fixture f = open_vae(&w, EDT_PRECISION_F32, threads);
        guint64 before = 0;
        for (int i = 0; i < 4; i++) {
            g_assert_true(edt_vae_decode(f.vae, H, W, latent, i || threads > 1 ? again : first,
                                         &error));
            g_assert_true(edt_vae_decode(f.vae, 2, 2, latent, small, &error));
            g_assert_true(edt_vae_encode(f.vae, H, W, first, mean, logvar, &error));
            if (i || threads > 1)
                golden_check("again", again, first, n, threads > 1 ? GATE_F32 : 0);
            before = i == 0 ? edt_alloc_count() : before;
        }
        g_assert_cmpuint(edt_alloc_count(), ==, before);
        close_vae(&f);
    }
    g_hash_table_unref(w.views);
}

/* Each tensor is needed, with its shape. */
static void test_refused(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(shapes); i++) {
        Weights w = weights_new(&shapes[i]);
        const EdtBackend *backend = edt_backend_cpu();
        EdtDevice *dev = backend->open(&(EdtDeviceOptions){1, EDT_PRECISION_F32}, NULL);
        g_autoptr(GList) names = g_hash_table_get_keys(w.views);
        for (GList *l = names; l; l = l->next) {
            gpointer name = g_strdup(l->data), view = NULL;
            GError *error = NULL;
            g_hash_table_steal_extended(w.views, l->data, NULL, &view);
            EdtVae *vae = edt_vae_new(backend, dev, &w.base, 3, &error);
            if (vae || !g_error_matches(error, EDT_ERROR, EDT_ERROR_BAD_FILE))
                g_error("without %s it loads", (char *)name);
            g_clear_error(&error);
            ((EdtTensorView *)view)->shape[0] += 1;
            g_hash_table_insert(w.views, name, view);
            g_assert_null(edt_vae_new(backend, dev, &w.base, 3, &error));
            g_assert_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE);
            g_clear_error(&error);
            ((EdtTensorView *)view)->shape[0] -= 1;
        }
        backend->close(dev);
        g_hash_table_unref(w.views);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vae/small/f32", test_f32);
    g_test_add_func("/vae/small/bf16", test_bf16);
    g_test_add_func("/vae/small/memory", test_memory);
    g_test_add_func("/vae/small/refused", test_refused);
    return g_test_run();
}
