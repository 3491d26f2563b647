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
#include "golden/small_vae.h"
#include "vae/vae.h"

#include <math.h>
#include <string.h>

#define GATE_F32 3e-6
#define GATE_BF16 2e-2
#define H 6 /* of the latent */
#define W 4

static const EdtVaeShape *const shapes[] = {&small_vae_taesd, &small_vae_codec};

static const float *numbers(SmallVae *vae, const char *step, const char *rest)
{
    g_autofree char *name = g_strconcat(step, rest, NULL);
    return small_vae_numbers(vae, name);
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
static Picture convolve(SmallVae *weights, const char *step, const Picture *p, int C_out,
                        int stride)
{
    const float *weight = numbers(weights, step, ".weight"),
                *bias = numbers(weights, step, ".bias");
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

static void block(SmallVae *w, const char *step, Picture *p)
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

static void blocks(SmallVae *w, const EdtVaeShape *shape, const char *half, int *i, int n,
                   Picture *p)
{
    while (n-- > 0) {
        STEP(half, (*i)++);
        block(w, step, p);
    }
}

static void define_decode(SmallVae *w, const EdtVaeShape *shape, Picture *p)
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

static void define_encode(SmallVae *w, const EdtVaeShape *shape, Picture *p)
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

static Fixture open_vae(SmallVae *w, EdtPrecision precision, int threads)
{
    GError *error = NULL;
    Fixture f = {.backend = edt_backend_cpu()};
    f.dev = f.backend->open(&(EdtDeviceOptions){threads, precision}, &error);
    g_assert_no_error(error);
    f.vae = edt_vae_new(f.backend, f.dev, small_vae_source(w), EDT_VAE_DECODER | EDT_VAE_ENCODER,
                        &error);
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
    SmallVae *w = small_vae_new(shape);
    Fixture f = open_vae(w, precision, 2);
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
    define_encode(w, shape, &p);
    check("encoded", mean, &p, 0, gate);
    for (gsize i = 0; i < n; i++)
        g_assert_true(isinf(logvar[i]) && logvar[i] < 0);

    hash_fill("input.z", 0, 4, n, latent); /* far enough for the clamp to matter */
    for (gsize i = 0; i < n; i++)
        z.x[i] = (double)latent[i];
    g_assert_true(edt_vae_decode(f.vae, H, W, latent, pixels, &error));
    define_decode(w, shape, &z);
    check("decoded", pixels, &z, 1, gate);
    g_free(z.x);
    g_free(p.x);
    close_vae(&f);
    small_vae_free(w);
}

static void test_f32(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(shapes); i++)
        check_shape(shapes[i], EDT_PRECISION_F32, GATE_F32);
}

static void test_bf16(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(shapes); i++)
        check_shape(shapes[i], EDT_PRECISION_BF16, GATE_BF16);
}

/* Two sizes in turn, with one thread and two: after each was seen once nothing is allocated, and
 * results stay the same. */
static void test_memory(void)
{
    const EdtVaeShape *shape = &small_vae_codec;
    const gsize n = pixel_count(shape), latents = (gsize)(shape->latent * H * W);
    g_autofree float *latent = g_new(float, latents), *mean = g_new(float, latents);
    g_autofree float *logvar = g_new(float, latents);
    g_autofree float *first = g_new(float, n), *again = g_new(float, n), *small = g_new(float, n);
    SmallVae *w = small_vae_new(shape);
    GError *error = NULL;

    hash_fill("input.z", 0, 2, latents, latent);
    for (int threads = 1; threads <= 2; threads++) {
        Fixture f = open_vae(w, EDT_PRECISION_F32, threads);
        guint64 before = 0;
        for (int i = 0; i < 4; i++) {
            g_assert_true(
                edt_vae_decode(f.vae, H, W, latent, i || threads > 1 ? again : first, &error));
            g_assert_true(edt_vae_decode(f.vae, 2, 2, latent, small, &error));
            g_assert_true(edt_vae_encode(f.vae, H, W, first, mean, logvar, &error));
            if (i || threads > 1)
                golden_check("again", again, first, n, threads > 1 ? GATE_F32 : 0);
            before = i == 0 ? edt_alloc_count() : before;
        }
        g_assert_cmpuint(edt_alloc_count(), ==, before);
        close_vae(&f);
    }
    small_vae_free(w);
}

/* Each tensor is needed. */
static void test_refused(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(shapes); i++) {
        SmallVae *w = small_vae_new(shapes[i]);
        const EdtBackend *backend = edt_backend_cpu();
        EdtDevice *dev = backend->open(&(EdtDeviceOptions){1, EDT_PRECISION_F32}, NULL);
        g_autoptr(GList) names = small_vae_names(w);
        for (GList *l = names; l; l = l->next) {
            GError *error = NULL;
            small_vae_hide(w, l->data, TRUE);
            EdtVae *vae = edt_vae_new(backend, dev, small_vae_source(w),
                                      EDT_VAE_DECODER | EDT_VAE_ENCODER, &error);
            if (vae || !g_error_matches(error, EDT_ERROR, EDT_ERROR_BAD_FILE))
                g_error("without %s it loads", (char *)l->data);
            g_clear_error(&error);
            small_vae_hide(w, l->data, FALSE);
        }
        backend->close(dev);
        small_vae_free(w);
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
