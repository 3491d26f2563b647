/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The VAE's operations beside convolution: group norm, addition, change of layout.  The kernels of
 * one thread are in kernels_picture.c.  The split of sums is the same for any number of threads.
 */
#include "cpu/device.h"
#include "base/number.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#define EPSILON 1e-6 /* GroupNorm eps of AutoencoderKL */
#define CHANNELS_MAX 4096
#define GROUPS_MAX 64
#define STRIPS 64 /* parts of a picture whose sums are added in order */
#define RANGE 128 /* pixels summed in f32; ranges are added in f64 */
#define BLOCK 256 /* pixels of one piece of work */

typedef struct {
    double sum[GROUPS_MAX], squares[GROUPS_MAX];
} Sums;

/* Group sums of one strip. */
static void strip_sums(EdtDevice *dev, const EdtGroupNorm *op, const void *x, int strip, Sums *out)
{
    gint64 begin = (gint64)op->hw * strip / STRIPS, end = (gint64)op->hw * (strip + 1) / STRIPS;
    int width = op->C / op->groups;
    float sum[CHANNELS_MAX], squares[CHANNELS_MAX];

    *out = (Sums){0};
    for (gint64 p = begin; p < end; p += RANGE) {
        dev->kernels->channel_sums(op->C, x, op->x_type, p, MIN(p + RANGE, end), sum, squares);
        for (int group = 0, c = 0; group < op->groups; group++)
            for (const int behind = c + width; c < behind; c++) {
                out->sum[group] += sum[c];
                out->squares[group] += squares[c];
            }
    }
}

/* y = x * a + b per channel: normalisation and affine in one. */
static void coefficients(const EdtGroupNorm *op, const Sums *strips, float *a, float *b)
{
    int width = op->C / op->groups;
    double count = (double)op->hw * width;
    for (int group = 0; group < op->groups; group++) {
        double sum = 0, squares = 0;
        for (int strip = 0; strip < STRIPS; strip++) {
            sum += strips[strip].sum[group];
            squares += strips[strip].squares[group];
        }
        double mean = sum / count, variance = MAX(squares / count - mean * mean, 0);
        double inverse = 1.0 / sqrt(variance + EPSILON);
        for (int c = group * width; c < (group + 1) * width; c++) {
            a[c] = (float)(inverse * op->weight[c]);
            b[c] = (float)(op->bias[c] - mean * inverse * op->weight[c]);
        }
    }
}

/* Picture n of the batch. */
static void normalise(EdtDevice *dev, const EdtGroupNorm *op, int n)
{
    const int width = op->C / op->planes; /* channels of a plane */
    const char *x =
        (const char *)op->x + (gsize)n * (gsize)op->hw * (gsize)op->C * edt_type_size(op->x_type);
    Sums strips[STRIPS];
    float a[CHANNELS_MAX], b[CHANNELS_MAX];

#pragma omp parallel for schedule(static) num_threads(dev->threads)
    for (int strip = 0; strip < STRIPS; strip++)
        strip_sums(dev, op, x, strip, &strips[strip]);
    coefficients(op, strips, a, b);
#pragma omp parallel for schedule(static) num_threads(dev->threads)
    for (gint64 p = 0; p < op->hw; p += BLOCK)
        for (int plane = 0; plane < op->planes; plane++) {
            gsize c = (gsize)plane * (gsize)width;
            gsize to = ((gsize)plane * (gsize)op->N + (gsize)n) * (gsize)op->hw * (gsize)width;
            EdtScaleShift affine = {
                .C = width,
                .x_pitch = op->C,
                .y_pitch = width,
                .x = x + c * edt_type_size(op->x_type),
                .x_type = op->x_type,
                .y = (char *)op->y + to * edt_type_size(op->y_type),
                .y_type = op->y_type,
                .a = a + c,
                .b = b + c,
                .silu = op->silu,
            };
            dev->kernels->scale_shift(&affine, p, MIN(p + BLOCK, op->hw));
        }
}

void edt_cpu_group_norm(EdtDevice *dev, const EdtGroupNorm *op)
{
    double since = edt_cpu_begin(dev);
    if (op->C > CHANNELS_MAX || op->groups > GROUPS_MAX || op->C % op->groups != 0 ||
        op->C % op->planes != 0) {
        edt_cpu_fail_error(dev, g_error_new(EDT_ERROR, EDT_ERROR_FAILED,
                                            _("%d channels cannot be normalised in %d groups."),
                                            op->C, op->groups));
        return;
    }
    for (int n = 0; n < op->N; n++)
        normalise(dev, op, n);
    edt_cpu_end_moving(dev, EDT_PROFILE_NORM, since,
                       (double)op->N * op->hw * op->C *
                           (double)(2 * edt_type_size(op->x_type) + edt_type_size(op->y_type)));
}

void edt_cpu_add(EdtDevice *dev, gint64 count, void *x, const void *y, EdtType type)
{
    double since = edt_cpu_begin(dev);
    const gint64 piece = 16384;
#pragma omp parallel for schedule(static) num_threads(dev->threads)
    for (gint64 i = 0; i < count; i += piece) {
        gsize offset = (gsize)i * edt_type_size(type);
        dev->kernels->add(MIN(piece, count - i), (char *)x + offset, (const char *)y + offset,
                          type);
    }
    edt_cpu_end_moving(dev, EDT_PROFILE_OTHER, since, 3.0 * (double)count * edt_type_size(type));
}

/* Bytes of numbers that are read as one type and written as another. */
static double moved(gint64 count, EdtType from, EdtType to)
{
    return (double)count * (double)(edt_type_size(from) + edt_type_size(to));
}

void edt_cpu_convert_uncounted(EdtDevice *dev, gint64 count, const void *x, EdtType x_type, void *y,
                               EdtType y_type)
{
    const gint64 piece = 16384;
#pragma omp parallel for schedule(static) num_threads(dev->threads)
    for (gint64 i = 0; i < count; i += piece)
        dev->kernels->convert(MIN(piece, count - i),
                              (const char *)x + (gsize)i * edt_type_size(x_type), x_type,
                              (char *)y + (gsize)i * edt_type_size(y_type), y_type);
}

void edt_cpu_convert(EdtDevice *dev, gint64 count, const void *x, EdtType x_type, void *y,
                     EdtType y_type)
{
    double since = edt_cpu_begin(dev);
    edt_cpu_convert_uncounted(dev, count, x, x_type, y, y_type);
    edt_cpu_end_moving(dev, EDT_PROFILE_OTHER, since, moved(count, x_type, y_type));
}

/* Only the few channels of latents and pixels change their layout: plain loops do. */

void edt_cpu_to_nhwc(EdtDevice *dev, int N, int C, int hw, const float *x, void *y, EdtType y_type)
{
    double since = edt_cpu_begin(dev);
    for (int n = 0; n < N; n++)
        for (int i = 0; i < hw; i++)
            for (int c = 0; c < C; c++) {
                gsize to = ((gsize)n * hw + i) * C + c;
                edt_number_put(y, y_type, to, x[((gsize)n * C + c) * hw + i]);
            }
    edt_cpu_end_moving(dev, EDT_PROFILE_OTHER, since, moved((gint64)N * C * hw, EDT_F32, y_type));
}

void edt_cpu_to_nchw(EdtDevice *dev, int N, int C, int hw, const void *x, EdtType x_type, float *y)
{
    double since = edt_cpu_begin(dev);
    for (int n = 0; n < N; n++)
        for (int c = 0; c < C; c++)
            for (int i = 0; i < hw; i++) {
                gsize from = ((gsize)n * hw + i) * C + c;
                y[((gsize)n * C + c) * hw + i] = edt_number_at(x, x_type, from);
            }
    edt_cpu_end_moving(dev, EDT_PROFILE_OTHER, since, moved((gint64)N * C * hw, x_type, EDT_F32));
}
