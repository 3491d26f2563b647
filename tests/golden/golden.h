/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reference numbers for tests: tests/golden/data/NAME.safetensors and NAME.json (data/README.md).
 * The reader is independent of core/files, which is itself under test.  A missing file or tensor
 * ends the test program: these are programs, not the engine.
 */
#pragma once

#include "base/type.h"

typedef struct Golden Golden;

/* name: "e_schedules". */
Golden *golden_open(const char *name);
void golden_close(Golden *golden);
/* Absolute path of a file of tests/golden/data; free with g_free(). */
char *golden_path(const char *file);

gboolean golden_has(Golden *golden, const char *name);
const EdtTensorView *golden_get(Golden *golden, const char *name);
gsize golden_count(const EdtTensorView *view); /* elements */
/* The data; type and count must be these. */
const float *golden_f32(Golden *golden, const char *name, gsize count);
const double *golden_f64(Golden *golden, const char *name, gsize count);
const gint64 *golden_i64(Golden *golden, const char *name, gsize count);

/* |value - reference| / |reference|, L2; infinite when value has NaN or infinity. */
double golden_distance(const float *value, const float *reference, gsize count);
/* The distance as a message of the test, and an assertion that it is within the gate. */
void golden_check(const char *what, const float *value, const float *reference, gsize count,
                  double gate);
/* The same against the tensor of that name. */
void golden_check_tensor(Golden *golden, const char *name, const float *value, gsize count,
                         double gate);
/* Against NAME.json, which describes tensors that are not stored: count, first eight values
 * (relative L2 of the eight), mean and standard deviation (absolute, in units of the latter). */
void golden_check_summary(Golden *golden, const char *name, const float *value, gsize count,
                          double gate);
