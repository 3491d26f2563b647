/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See compare.h.
 */
#include "compare.h"

#include "base/half.h"
#include "cpu/cpu.h"
#include "machine.h"

#include <math.h>
#include <string.h>

#define ZONE 256
#define CANARY 0xA5

static EdtDevice *open_device(const EdtBackend *backend, EdtPrecision precision)
{
    GError *error = NULL;
    EdtDevice *dev = backend->open(&(EdtDeviceOptions){1, precision}, &error);
    g_assert_no_error(error);
    return dev;
}

Pair pair_open(EdtPrecision precision)
{
    Pair pair = {.cpu = edt_backend_cpu(), .other = other_backend()};
    pair.cpu_dev = open_device(pair.cpu, precision);
    pair.dev = open_device(pair.other, precision);
    pair.act = pair.other->act(pair.dev);
    g_assert_true(pair.act == pair.cpu->act(pair.cpu_dev) || precision > pair_last_precision());
    return pair;
}

EdtPrecision pair_last_precision(void)
{
    return edt_cpu_has_bf16() ? EDT_PRECISION_BF16 : EDT_PRECISION_F32;
}

void pair_close(Pair *pair)
{
    GError *error = NULL;
    pair->other->sync(pair->dev, &error);
    g_assert_no_error(error);
    pair->other->close(pair->dev);
    pair->cpu->close(pair->cpu_dev);
}

static gsize bytes_of(const Both *both)
{
    return both->count * edt_type_size(both->type);
}

/* Device memory of both sides with this content, canaries around it. */
static Both make(Pair *pair, EdtType type, gsize count, const void *content)
{
    Both both = {pair, type, count, NULL, NULL};
    GError *error = NULL;
    gsize bytes = bytes_of(&both);
    g_autofree guint8 *image = g_malloc(bytes + 2 * ZONE);

    memset(image, CANARY, bytes + 2 * ZONE);
    memcpy(image + ZONE, content, bytes);
    char *cpu = pair->cpu->alloc(pair->cpu_dev, bytes + 2 * ZONE, &error);
    g_assert_no_error(error);
    char *other = pair->other->alloc(pair->dev, bytes + 2 * ZONE, &error);
    g_assert_no_error(error);
    pair->cpu->upload(pair->cpu_dev, cpu, image, bytes + 2 * ZONE);
    pair->other->upload(pair->dev, other, image, bytes + 2 * ZONE);
    both.cpu = cpu + ZONE;
    both.other = other + ZONE;
    return both;
}

Both both_new(Pair *pair, EdtType type, gsize count)
{
    gsize bytes = count * edt_type_size(type);
    g_autofree char *nan = g_malloc(bytes);
    memset(nan, 0xff, bytes);
    return make(pair, type, count, nan);
}

Both both_random(Pair *pair, EdtType type, gsize count, double scale)
{
    g_autofree char *values = g_malloc(count * edt_type_size(type));
    for (gsize i = 0; i < count; i++) {
        float value = (float)g_test_rand_double_range(-scale, scale);
        if (type == EDT_F32)
            ((float *)values)[i] = value;
        else
            ((EdtHalf *)values)[i] = edt_f32_to_bf16(value);
    }
    return make(pair, type, count, values);
}

Both both_ints(Pair *pair, gsize count, int below)
{
    g_autofree int *values = g_new(int, count);
    for (gsize i = 0; i < count; i++)
        values[i] = g_test_rand_int_range(0, below);
    return make(pair, EDT_F32, count, values);
}

void both_free(Both *both)
{
    Pair *pair = both->pair;
    gsize bytes = bytes_of(both);
    g_autofree guint8 *image = g_malloc(bytes + 2 * ZONE);
    pair->other->download(pair->dev, image, (char *)both->other - ZONE, bytes + 2 * ZONE);
    for (gsize i = 0; i < ZONE; i++) {
        g_assert_cmpint(image[i], ==, CANARY);
        g_assert_cmpint(image[ZONE + bytes + i], ==, CANARY);
    }
    pair->cpu->free(pair->cpu_dev, (char *)both->cpu - ZONE);
    pair->other->free(pair->dev, (char *)both->other - ZONE);
    both->cpu = both->other = NULL;
}

static double value_at(const void *data, EdtType type, gsize i)
{
    return type == EDT_F32 ? ((const float *)data)[i] : edt_bf16_to_f32(((const EdtHalf *)data)[i]);
}

void both_compare(const char *what, Both *both, double gate)
{
    Pair *pair = both->pair;
    g_autofree char *right = g_malloc(bytes_of(both)), *ours = g_malloc(bytes_of(both));
    double off = 0, size = 0;
    GError *error = NULL;

    pair->cpu->download(pair->cpu_dev, right, both->cpu, bytes_of(both));
    pair->other->download(pair->dev, ours, both->other, bytes_of(both));
    pair->other->sync(pair->dev, &error);
    g_assert_no_error(error);
    for (gsize i = 0; i < both->count; i++) {
        double a = value_at(ours, both->type, i), b = value_at(right, both->type, i);
        off += (a - b) * (a - b);
        size += b * b;
    }
    double distance = sqrt(off / MAX(size, 1e-30));
    if (!(distance <= gate)) /* NaN too */
        g_test_message("%s: %g where %g is the gate", what, distance, gate);
    g_assert_true(distance <= gate);
    both_free(both);
}
