/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See inventory.h.  Used by import.c on foreign checkpoints and by info.c on models.
 */
#include "files/inventory.h"
#include "base/shape.h"
#include "edt.h"

#include <glib/gi18n-lib.h>

#define NAMES_SHOWN 4

typedef struct {
    guint count;
    GString *names; /* the first few */
} Heap;

struct EdtInventory {
    Heap missing, misshaped, extra;
};

EdtInventory *edt_inventory_new(void)
{
    EdtInventory *inventory = g_new0(EdtInventory, 1);

    inventory->missing.names = g_string_new(NULL);
    inventory->misshaped.names = g_string_new(NULL);
    inventory->extra.names = g_string_new(NULL);
    return inventory;
}

static void add(Heap *heap, const char *name)
{
    if (heap->count < NAMES_SHOWN)
        g_string_append_printf(heap->names, "%s%s", heap->count ? ", " : "", name);
    else if (heap->count == NAMES_SHOWN)
        g_string_append(heap->names, ", …");
    heap->count++;
}

static void add_misshaped(Heap *heap, const char *name, int rank, const gint64 *shape,
                          int found_rank, const gint64 *found_shape)
{
    g_autofree char *wanted = edt_shape_text(rank, shape);
    g_autofree char *found = edt_shape_text(found_rank, found_shape);
    g_autofree char *text = g_strdup_printf(_("%s %s instead of %s"), name, found, wanted);

    add(heap, text);
}

gboolean edt_inventory_expect(EdtInventory *inventory, const char *name, int rank,
                              const gint64 *shape, int found_rank, const gint64 *found_shape)
{
    gboolean same = rank == found_rank;

    if (found_rank < 0) {
        add(&inventory->missing, name);
        return FALSE;
    }
    for (int i = 0; same && i < rank; i++)
        same = shape[i] == found_shape[i];
    if (!same)
        add_misshaped(&inventory->misshaped, name, rank, shape, found_rank, found_shape);
    return same;
}

void edt_inventory_extra(EdtInventory *inventory, const char *name)
{
    add(&inventory->extra, name);
}

static void tell(GString *text, const Heap *heap, const char *what)
{
    if (heap->count > 0)
        g_string_append_printf(text, "%s%u %s (%s)", text->len ? "; " : "", heap->count, what,
                               heap->names->str);
}

gboolean edt_inventory_close(EdtInventory *inventory, const char *of, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    gboolean ok;

    tell(text, &inventory->missing, _("missing"));
    tell(text, &inventory->misshaped, _("of another shape"));
    tell(text, &inventory->extra, _("that do not belong there"));
    ok = text->len == 0;
    if (!ok)
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                    _("%s does not have the tensors it should have: %s. It may be cut off, or of "
                      "another architecture."),
                    of, text->str);
    g_string_free(inventory->missing.names, TRUE);
    g_string_free(inventory->misshaped.names, TRUE);
    g_string_free(inventory->extra.names, TRUE);
    g_free(inventory);
    return ok;
}
