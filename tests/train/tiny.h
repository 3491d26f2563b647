/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The tiny networks of the training references: their shapes from h_train_*.json, and the hashed
 * weights.
 */
#pragma once

#include "golden/golden.h"
#include "train/parameters.h"

#include <json-glib/json-glib.h>

typedef struct {
    Golden *golden;
    JsonParser *parser;
    JsonObject *facts; /* NAME.json */
    EdtVariant v;
    EdtParameters *parameters;
    float *weights;
    int N, t[8], y[8];
} Tiny;

Tiny *tiny_open(const char *name);
void tiny_close(Tiny *tiny);
JsonParser *tiny_json(const char *name); /* NAME.json of data/ */
