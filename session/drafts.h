/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Drafts: pictures of a few steps to choose from.  The same noise with more steps is the same
 * picture in more detail, so nothing of a draft is needed to finish it but its item.
 *
 *     EdtOrder *drafts = edt_order_drafts(settings, threads, &error);   // as it is made: cheap
 *     ... edt_studio_start(); somebody looks at them ...
 *     EdtOrder *order = edt_drafts_finish(drafts, &chosen, 1, &error);  // with all steps
 *     EdtOrder *more = edt_drafts_vary(drafts, chosen, 0.25, &error);   // drafts like that one
 */
#pragma once

#include "session/order.h"

#define EDT_DRAFTS 9
#define EDT_DRAFT_STEPS 6

/* How many, where so many pictures are asked for. */
int edt_drafts_count(int pictures);
/* Turns an order into one of drafts.  Samplers that draw noise in every step would make another
 * picture of more steps: DDPM gives way to DPM++ 2M, also when a draft is finished. */
gboolean edt_drafts_lay_out(EdtOrder *order, GError **error);

/* Drafts of n other items (their sources and masks the order's) with the settings of an order,
 * which draws no noise but at the start. */
EdtOrder *edt_drafts_of(const EdtOrder *order, const EdtItem *items, int n, GError **error);
/* How far two pictures of one size are apart: root mean square, of all that is seen, 0..1. */
double edt_drafts_distance(const EdtPicture *a, const EdtPicture *b);

/* Some of them as pictures, as many as are chosen. */
EdtOrder *edt_drafts_finish(const EdtOrder *drafts, const int *chosen, int n, GError **error);
/* As many others: from the seeds behind theirs, or where they vary one picture, further variations
 * of it. */
EdtOrder *edt_drafts_more(const EdtOrder *drafts, GError **error);
/* Drafts with the settings of a record, as many as one picture gets: from the seeds behind its own;
 * or of its picture, and what edt_drafts_vary() makes of that.  Errors: those, and
 * edt_order_again()'s. */
EdtOrder *edt_drafts_again(const EdtRecord *record, int threads, GError **error);
EdtOrder *edt_drafts_like(const EdtRecord *record, double amount, int threads, GError **error);
/* Whether pictures of an order hardly differ, though they vary one by enough to. */
gboolean edt_drafts_are_alike(const EdtOrder *order, const EdtPictures *pictures);
/* As many drafts as before: the chosen one, and others whose noise lies `amount` (0..1) of the way
 * to that of new seeds.  Errors: EDT_ERROR_USAGE where it has been varied too often. */
EdtOrder *edt_drafts_vary(const EdtOrder *drafts, int chosen, double amount, GError **error);
