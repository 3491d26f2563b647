/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See guard.h.
 */
#include "guard.h"

#include "base/half.h"

#include <math.h>
#include <stdlib.h>

#define ZONE 256
#define CANARY 0xA5

Guarded guarded_new(gsize count, EdtType type)
{
    Guarded buffer = {.bytes = count * edt_type_size(type)};
    buffer.memory = aligned_alloc(64, (buffer.bytes + 2 * ZONE + 63) / 64 * 64);
    buffer.data = buffer.memory + ZONE;
    memset(buffer.memory, CANARY, ZONE);
    memset(buffer.data, 0xFF, buffer.bytes); /* NaN: what is not written shows */
    memset((guint8 *)buffer.data + buffer.bytes, CANARY, ZONE);
    return buffer;
}

void guarded_check(const Guarded *buffer)
{
    const guint8 *after = (const guint8 *)buffer->data + buffer->bytes;
    for (int i = 0; i < ZONE; i++) {
        g_assert_cmpint(buffer->memory[i], ==, CANARY);
        g_assert_cmpint(after[i], ==, CANARY);
    }
}

void guarded_free(Guarded *buffer)
{
    guarded_check(buffer);
    free(buffer->memory);
}

void guarded_fill(Guarded *buffer, EdtType type, double scale)
{
    gsize count = buffer->bytes / edt_type_size(type);
    for (gsize i = 0; i < count; i++) {
        float value = (float)g_test_rand_double_range(-scale, scale);
        if (type == EDT_F32)
            ((float *)buffer->data)[i] = value;
        else
            ((EdtHalf *)buffer->data)[i] = edt_f32_to_bf16(value);
    }
}

double guarded_get(const void *data, EdtType type, gsize i)
{
    return type == EDT_F32 ? ((const float *)data)[i] : edt_bf16_to_f32(((const EdtHalf *)data)[i]);
}

double guarded_distance(const void *a, EdtType type, const double *b, gsize count)
{
    double worst = 0;
    for (gsize i = 0; i < count; i++) {
        double off = fabs(guarded_get(a, type, i) - b[i]) / (1.0 + fabs(b[i]));
        worst = isnan(off) ? INFINITY : MAX(worst, off);
    }
    return worst;
}
