/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See reference.h.
 */
#include "reference.h"
#include "engine/mould.h"
#include "sample/random.h"

#include <math.h>
#include <string.h>

enum { T = 1000, CAREFUL = 4 };

typedef struct {
    EdtEngine *engine;
    const EdtRequest *request;
    const EdtItem *item;
    int C, C_out, hw, count, S;
    double abar[T];   /* of all timesteps */
    double at[T + 1]; /* of the steps: at[0] is 1, at[s + 1] belongs to step s */
    int timestep[T];
    EdtRandom random[1 + EDT_VARIATIONS_MAX];
    const double *source;
    float *room; /* of edt_mould_planes() */
    double *mask, *z, *x, *estimate, *last, *older;
    double *from;        /* unipc: the corrected sample that the last step went from */
    gboolean from_fresh; /* and it went without earlier estimates */
} Ref;

/* ---- schedule ---- */

static double cosine(double time)
{
    return pow(cos((time + 0.008) / 1.008 * G_PI / 2), 2);
}

static void fill_abar(Ref *r)
{
    double product = 1;
    for (int t = 0; t < T; t++) {
        double beta = 1e-4 + (0.02 - 1e-4) * t / (T - 1);
        if (r->engine->info->schedule == EDT_SCHEDULE_COSINE)
            beta = MIN(1 - cosine((t + 1.0) / T) / cosine((double)t / T), 0.999);
        r->abar[t] = product *= 1 - beta;
    }
}

static double log_snr(double abar)
{
    return log(abar) - log1p(-abar);
}

static double freedom(const EdtItem *item)
{
    return item->source ? item->freedom : 1;
}

static int first_timestep(const Ref *r)
{
    int best = 0;
    if (freedom(r->item) == 1)
        return T - 1;
    for (int t = 0; t < T; t++)
        if (fabs(log_snr(r->abar[t]) - (0.5 - 6.5 * r->item->freedom)) <
            fabs(log_snr(r->abar[best]) - (0.5 - 6.5 * r->item->freedom)))
            best = t;
    return best;
}

static void fill_steps(Ref *r)
{
    const int from = first_timestep(r);
    r->at[0] = 1;
    for (int s = 0; s < r->S; s++) {
        r->timestep[s] = (int)nearbyint((double)s * from / (r->S - 1));
        r->at[s + 1] = r->abar[r->timestep[s]];
    }
}

/* ---- noise ---- */

static void slerp(double *a, const float *b, int n, double amount)
{
    double ab = 0, aa = 0, bb = 0;
    for (int i = 0; i < n; i++) {
        ab += a[i] * b[i];
        aa += a[i] * a[i];
        bb += (double)b[i] * b[i];
    }
    const double arc = acos(ab / sqrt(aa * bb));
    for (int i = 0; i < n; i++)
        a[i] = (a[i] * sin((1 - amount) * arc) + b[i] * sin(amount * arc)) / sin(arc);
}

static void draw(Ref *r, gboolean doubled, double *out)
{
    g_autofree float *own = g_new(float, r->count);
    for (int k = 0; k <= r->item->variation.n; k++) {
        edt_random_normal(&r->random[k], own, (gsize)r->count);
        if (doubled)
            edt_random_skip_normal(&r->random[k], (gsize)r->count);
        for (int i = 0; k == 0 && i < r->count; i++)
            out[i] = own[i];
        if (k)
            slerp(out, own, r->count, r->item->variation.of[k - 1].amount);
    }
}

/* ---- the network ---- */

static void ask(const Ref *r, int t, int class_index, double *out)
{
    const float time = (float)t;
    const int null_style = edt_network_variant(r->engine->network)->n_styles, zero = 0;
    g_autofree float *x = g_new(float, r->count), *f = g_new(float, r->C_out * r->hw);
    for (int i = 0; i < r->count; i++)
        x[i] = (float)r->x[i];
    edt_network_modulate(r->engine->network, 1, &time, &class_index, &null_style);
    edt_network_forward(r->engine->network, 1, x, &zero, NULL, FALSE, f);
    for (int i = 0; i < r->C_out * r->hw; i++)
        out[i] = f[i];
}

/* What the classes say by weight, then guidance. */
static void predict(const Ref *r, int s, double *out)
{
    const int n = r->C_out * r->hw, t = r->timestep[s];
    const EdtItem *item = r->item;
    g_autofree double *other = g_new(double, n);
    double rest = 1;
    gboolean late = item->mix_how == EDT_MIX_SHAPE && item->mix.n &&
                    log_snr(r->at[s + 1]) > -1 - 4.1 * item->mix.of[0].weight;

    ask(r, t, late ? item->mix.of[0].class_index : item->class_index, out);
    for (int k = 0; item->mix_how == EDT_MIX_BLEND && k < item->mix.n; k++)
        rest -= item->mix.of[k].weight;
    for (int i = 0; i < n; i++)
        out[i] *= rest;
    for (int k = 0; item->mix_how == EDT_MIX_BLEND && k < item->mix.n; k++) {
        ask(r, t, item->mix.of[k].class_index, other);
        for (int i = 0; i < n; i++)
            out[i] += item->mix.of[k].weight * other[i];
    }
    if (r->request->cfg_scale == 1)
        return;
    ask(r, t, r->engine->info->n_classes, other);
    for (int i = 0; i < r->engine->info->guided_channels * r->hw; i++)
        out[i] = other[i] + r->request->cfg_scale * (out[i] - other[i]);
}

/* ---- a step ---- */

static double clamp_one(double value)
{
    return CLAMP(value, -1, 1);
}

/* The estimate as a picture, held to the mask, and as a latent again. */
static void mould(const Ref *r)
{
    const EdtModelInfo *info = r->engine->info;
    const int count = r->count;
    g_autofree float *latent = g_new(float, 2 * count);
    for (int i = 0; i < count; i++)
        latent[i] = (float)r->estimate[i];
    EdtVae *decoder = edt_engine_decoder(r->engine, EDT_DECODE_FULL, NULL);
    float *planes = edt_engine_decode(r->engine, decoder, latent, NULL);
    edt_mould_planes(r->item->mask, info->image_size, planes, r->room);
    g_assert_true(edt_encode(r->engine, planes, latent, latent + count, NULL));
    for (int i = 0; i < count; i++)
        r->estimate[i] =
            ((double)latent[i] - info->latents[i / r->hw].shift) * info->latents[i / r->hw].scale;
}

static void estimate(Ref *r, int s, const double *out)
{
    const double a = r->at[s + 1];
    memcpy(r->older, r->last, sizeof(double) * (gsize)r->count);
    memcpy(r->last, r->estimate, sizeof(double) * (gsize)r->count);
    for (int i = 0; i < r->count; i++) {
        double e = r->engine->info->prediction == EDT_PREDICT_DENOISED
                       ? out[i]
                       : (r->x[i] - sqrt(1 - a) * out[i]) / sqrt(a);
        if (r->request->clip_denoised)
            e = clamp_one(e);
        if (r->item->fill == EDT_FILL_SHAPE && !r->room) {
            double alpha = 2 * r->mask[i % r->hw] - 1;
            e = i / r->hw == 3 ? alpha : MIN(e, alpha);
        }
        if (r->item->fill == EDT_FILL_MISSING && r->mask[i % r->hw] == 0)
            e = r->source[i];
        r->estimate[i] = e;
    }
    if (r->item->fill == EDT_FILL_SHAPE && r->room && s > 0)
        mould(r);
}

static void step_ddpm(Ref *r, int s, const double *out)
{
    const double a = r->at[s + 1], b = r->at[s], beta = 1 - a / b;
    const double least = log(s > 0 ? beta * (1 - b) / (1 - a) : 1), most = log(beta);
    g_autofree double *noise = g_new(double, r->count);

    draw(r, r->request->cfg_scale != 1, noise);
    for (int i = 0; i < r->count; i++) {
        double share = r->engine->info->learned_variance ? (out[r->count + i] + 1) / 2 : 1;
        r->x[i] =
            beta * sqrt(b) / (1 - a) * r->estimate[i] + (1 - b) * sqrt(a / b) / (1 - a) * r->x[i];
        if (s > 0)
            r->x[i] += exp((share * most + (1 - share) * least) / 2) * noise[i];
    }
}

static void step_ddim(Ref *r, int s)
{
    const double a = r->at[s + 1], b = r->at[s];
    const double sigma = r->request->eta * sqrt((1 - b) / (1 - a)) * sqrt(1 - a / b);
    g_autofree double *noise = g_new(double, r->count);

    draw(r, r->request->cfg_scale != 1, noise);
    for (int i = 0; i < r->count; i++) {
        double found = (r->x[i] - sqrt(a) * r->estimate[i]) / sqrt(1 - a);
        r->x[i] = sqrt(b) * r->estimate[i] + sqrt(MAX(1 - b - sigma * sigma, 0)) * found +
                  (s > 0 ? sigma * noise[i] : 0);
    }
}

static double lambda(double abar)
{
    return log_snr(abar) / 2;
}

static void step_dpmpp(Ref *r, int s, gboolean fresh)
{
    const double a = r->at[s + 1], b = r->at[s];
    if (s == 0) {
        memcpy(r->x, r->estimate, sizeof(double) * (gsize)r->count);
        return;
    }
    const double h = lambda(b) - lambda(a);
    const double ratio = fresh ? 0 : h / (lambda(a) - lambda(r->at[s + 2]));
    for (int i = 0; i < r->count; i++) {
        double target = r->estimate[i] + ratio / 2 * (r->estimate[i] - r->last[i]);
        r->x[i] = sqrt((1 - b) / (1 - a)) * r->x[i] - sqrt(b) * (exp(-h) - 1) * target;
    }
}

/* Weights by which estimates at places rk (in steps, from the last one on) give the step exactly
 * where they are a polynomial of lambda: algorithm 1 of the UniPC paper, sum_m a_m r_m^(k-1) =
 * k! phi_(k+1)(h) / B(h) for data prediction, solved by elimination. */
static void weigh(int n, const double *rk, double h, double *a)
{
    double m[2][3] = {0}, phi = (exp(-h) - 1) / -h - 1, factorial = 1;
    for (int k = 0; k < n; k++) {
        for (int i = 0; i < n; i++)
            m[k][i] = pow(rk[i], k);
        m[k][n] = phi * factorial / (exp(-h) - 1);
        factorial *= k + 2;
        phi = phi / -h - 1 / factorial;
    }
    if (n == 1) { /* B(h) = e^h - 1 makes it 1/2 for any h, as the paper says */
        a[0] = 0.5;
        return;
    }
    a[1] = (m[1][2] - m[1][0] * m[0][2]) / (m[1][1] - m[1][0] * m[0][1]);
    a[0] = m[0][2] - m[0][1] * a[1];
}

/* Algorithm 2: where the last step arrived is corrected by the estimate found there. */
static void correct(Ref *r, int s)
{
    const double a = r->at[s + 2], b = r->at[s + 1], h = lambda(b) - lambda(a);
    double rk[2] = {1, 1}, weight[2];
    const int n = r->from_fresh ? 1 : 2;
    if (n == 2)
        rk[0] = (lambda(r->at[s + 3]) - lambda(a)) / h;
    weigh(n, rk, h, weight);
    for (int i = 0; i < r->count; i++) {
        double sum = weight[n - 1] * (r->estimate[i] - r->last[i]);
        if (n == 2)
            sum += weight[0] * (r->older[i] - r->last[i]) / rk[0];
        r->x[i] =
            sqrt((1 - b) / (1 - a)) * r->from[i] - sqrt(b) * (exp(-h) - 1) * (r->last[i] + sum);
    }
}

static void step_unipc(Ref *r, int s, gboolean again, gboolean fresh)
{
    if (s > 0 && s < r->S - 1 && !again)
        correct(r, s);
    memcpy(r->from, r->x, sizeof(double) * (gsize)r->count);
    r->from_fresh = fresh;
    step_dpmpp(r, s, fresh);
}

/* x is as noisy as a says; what is kept gets as much of the same noise. */
static void keep(Ref *r, double a)
{
    for (int i = 0; r->item->fill == EDT_FILL_MISSING && i < r->count; i++)
        if (r->mask[i % r->hw] == 0)
            r->x[i] = sqrt(a) * r->source[i] + sqrt(1 - a) * r->z[i];
}

static void go_back(Ref *r, int s, const double *noise)
{
    const double beta = 1 - r->at[s + 1] / r->at[s];
    for (int i = 0; i < r->count; i++)
        r->x[i] = sqrt(1 - beta) * r->x[i] + sqrt(beta) * noise[i];
    keep(r, r->at[s + 1]);
}

/* ---- a run ---- */

static void step(Ref *r, int s, int round, int rounds)
{
    g_autofree double *out = g_new(double, r->C_out * r->hw), *noise = g_new(double, r->count);
    const gboolean fresh = s == r->S - 1 || round > 0 || (s == 1 && r->S < 15);

    predict(r, s, out);
    estimate(r, s, out);
    if (r->request->sampler == EDT_SAMPLER_DDPM)
        step_ddpm(r, s, out);
    else if (r->request->sampler == EDT_SAMPLER_DDIM)
        step_ddim(r, s);
    else if (r->request->sampler == EDT_SAMPLER_UNIPC)
        step_unipc(r, s, round > 0, fresh);
    else
        step_dpmpp(r, s, fresh);
    keep(r, r->at[s]);
    if (round == rounds - 1)
        return;
    draw(r, FALSE, noise);
    go_back(r, s, noise);
}

static void load_mask(Ref *r)
{
    const EdtModelInfo *info = r->engine->info;
    const int side = info->latent_size, factor = info->image_size / side;
    for (int i = 0; r->item->mask && i < info->image_size * info->image_size; i++) {
        const int x = i % info->image_size, y = i / info->image_size;
        double *to = &r->mask[y / factor * side + x / factor];
        if (r->item->fill == EDT_FILL_SHAPE)
            *to = r->item->mask[i];
        else if (r->item->mask[i] > 0)
            *to = 1;
    }
}

static void begin(Ref *r)
{
    const double a = r->at[r->S];
    edt_random_seed(&r->random[0], r->item->seed);
    for (int k = 0; k < r->item->variation.n; k++)
        edt_random_seed(&r->random[k + 1], r->item->variation.of[k].seed);
    draw(r, FALSE, r->z);
    for (int i = 0; i < r->count; i++)
        r->x[i] = freedom(r->item) < 1 ? sqrt(a) * r->source[i] + sqrt(1 - a) * r->z[i] : r->z[i];
    keep(r, a);
}

double *reference_run(EdtEngine *engine, const EdtRequest *request, const EdtItem *item,
                      const double *source)
{
    const EdtModelInfo *info = engine->info;
    Ref *r = g_new0(Ref, 1);
    r->engine = engine, r->request = request, r->item = item, r->source = source;
    r->C = info->channels, r->hw = info->latent_size * info->latent_size;
    r->C_out = edt_network_variant(engine->network)->out_channels;
    r->count = r->C * r->hw, r->S = request->steps;
    r->mask = g_new0(double, 7 * r->count);
    r->z = r->mask + r->count, r->x = r->z + r->count;
    r->estimate = r->x + r->count, r->last = r->estimate + r->count;
    r->older = r->last + r->count, r->from = r->older + r->count;

    if (info->needs_vae)
        r->room = g_new(float, edt_mould_room(info->image_size));
    g_assert_true(edt_network_prepare(engine->network, 1, 1, NULL));
    fill_abar(r);
    fill_steps(r);
    load_mask(r);
    begin(r);
    const int careful = item->careful && item->fill == EDT_FILL_MISSING ? r->S * 6 / 10 : 0;
    for (int s = r->S - 1; s >= 0; s--) {
        const int rounds = s >= r->S - careful ? CAREFUL : 1;
        for (int round = 0; round < rounds; round++)
            step(r, s, round, rounds);
    }
    double *latent = g_memdup2(r->x, sizeof(double) * (gsize)r->count);
    g_free(r->mask);
    g_free(r->room);
    g_free(r);
    return latent;
}

double *reference_source(EdtEngine *engine, const EdtItem *item)
{
    const EdtModelInfo *info = engine->info;
    const int hw = info->latent_size * info->latent_size, count = info->channels * hw;
    if (!item->source)
        return NULL;
    double *source = g_new(double, count);
    g_autofree float *mean = g_new(float, count), *logvar = g_new(float, count);
    if (info->needs_vae)
        g_assert_true(edt_encode(engine, item->source, mean, logvar, NULL));
    for (int i = 0; i < count; i++)
        source[i] = !info->needs_vae ? item->source[i]
                                     : ((double)mean[i] - info->latents[i / hw].shift) *
                                           info->latents[i / hw].scale;
    return source;
}
