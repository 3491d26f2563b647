/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Seeds as settings have them: whole numbers in doubles; see order.h.
 */
#include "session/order.h"
#include "session/words.h"

#include <glib/gi18n.h>

gboolean edt_order_seed(double wanted, guint64 *seed, GError **error)
{
    *seed = wanted >= 0 ? (guint64)wanted : g_random_int();
    if (wanted == EDT_SEED_NEW || (double)*seed == wanted)
        return TRUE;
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                _("The seed must be a whole number, or -1 for a new one; not %g."), wanted);
    return FALSE;
}

gboolean edt_order_take_seeds(EdtOrder *order, const double *seeds, int n, GError **error)
{
    EdtModelInfo *info = NULL;
    gboolean ok = TRUE;
    if (n > EDT_COUNT_MAX) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    _("There are %d seeds, but at most %d pictures can be made at once."), n,
                    EDT_COUNT_MAX);
        return FALSE;
    }
    info = edt_model_info_read(order->model, error);
    if (!info)
        return FALSE;
    EdtItem *items = g_new(EdtItem, n);
    for (int i = 0; ok && i < n; i++) {
        items[i] = order->items[i % order->request.n_items];
        ok = edt_order_seed(seeds[i], &items[i].seed, error);
    }
    if (ok)
        edt_order_take_items(order, info, items, n);
    else
        g_free(items);
    edt_model_info_free(info);
    return ok;
}
