/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a layer of scattered pictures remembers beside the record of its first picture: how they
 * were thrown, and what classes the others are of.
 */
#pragma once

#include "session/order.h"
#include "session/scatter.h"

/* A key file, to be freed; order makes the pictures of the scatter.  Its mask is not in it. */
char *edt_scattered_write(const EdtScatter *scatter, const EdtOrder *order);
/* The same read, from whom it may be; FALSE, and EDT_ERROR_BAD_FILE: it is none. */
gboolean edt_scattered_read(const char *text, EdtScatter *scatter, GError **error);
/* Whether its pictures are of several classes. */
gboolean edt_scattered_is_mixed(const char *text);
/* The pictures once more, of the record of their first one: as edt_order_again() has it, with
 * successive seeds.  scatter gets their seed. */
EdtOrder *edt_scattered_again(const EdtRecord *record, const char *text, double seed, int steps,
                              int threads, EdtScatter *scatter, GError **error);
