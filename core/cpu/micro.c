/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See micro.h.  Distributions may build oneDNN without it.
 */
#include "cpu/micro.h"
#include "cpu/onednn.h"

#if defined(__x86_64__) && DNNL_VERSION_MAJOR == 3 && DNNL_VERSION_MINOR >= 7 &&                   \
    defined(DNNL_EXPERIMENTAL_UKERNEL)

#include <glib/gi18n-lib.h>
#include <oneapi/dnnl/dnnl_ukernel.h>
#include <string.h>

static guint hash(gconstpointer key)
{
    const EdtMicroCall *c = key;
    const int numbers[] = {c->rows, c->columns, c->depth, c->x_pitch, c->w_pitch, c->y_pitch};
    guint hash = 0;
    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++)
        hash = hash * 31 + (guint)numbers[i];
    return hash;
}

static gboolean same(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(EdtMicroCall)) == 0; /* six numbers, no padding */
}

static void destroy(gpointer micro)
{
    dnnl_brgemm_destroy(micro);
}

static dnnl_status_t make(const EdtMicroCall *c, dnnl_brgemm_t *micro)
{
    gsize scratch = 0;
    dnnl_status_t status = dnnl_brgemm_create(micro, c->rows, c->columns, c->depth, 1, c->x_pitch,
                                              c->w_pitch, c->y_pitch, dnnl_f32, dnnl_f32, dnnl_f32);
    if (!status)
        status = dnnl_brgemm_set_add_C(*micro, 1);
    if (!status)
        status = dnnl_brgemm_finalize(*micro);
    if (!status)
        status = edt_onednn_has_room() ? dnnl_brgemm_generate(*micro) : dnnl_out_of_memory;
    if (!status)
        status = dnnl_brgemm_get_scratchpad_size(*micro, &scratch);
    return !status && scratch ? dnnl_unimplemented : status; /* it is run without any */
}

gboolean edt_micro_is_here(void)
{
    const unsigned isa = dnnl_get_effective_cpu_isa();
    return (isa & dnnl_cpu_isa_avx2) == dnnl_cpu_isa_avx2 &&
           (isa & dnnl_cpu_isa_avx512_core) != dnnl_cpu_isa_avx512_core;
}

EdtMicro *edt_micro_for(EdtDevice *dev, EdtMicroCall call, GError **error)
{
    dnnl_brgemm_t micro = dev->micro ? g_hash_table_lookup(dev->micro, &call) : NULL;
    if (micro)
        return micro;
    if (!edt_onednn_ok(make(&call, &micro), N_("make a primitive"), error)) {
        dnnl_brgemm_destroy(micro);
        return NULL;
    }
    if (!dev->micro)
        dev->micro = g_hash_table_new_full(hash, same, g_free, destroy);
    g_hash_table_insert(dev->micro, g_memdup2(&call, sizeof call), micro);
    return micro;
}

void edt_micro_run(const EdtMicro *micro, const float *x, const float *w, float *y)
{
    static const dnnl_dim_t offsets[] = {0, 0};
    dnnl_brgemm_execute(micro, x, w, offsets, y, NULL);
}

#else

gboolean edt_micro_is_here(void)
{
    return FALSE;
}

EdtMicro *edt_micro_for(EdtDevice *dev, EdtMicroCall call, GError **error)
{
    g_return_val_if_reached(NULL);
}

void edt_micro_run(const EdtMicro *micro, const float *x, const float *w, float *y)
{
}

#endif

void edt_micro_forget(EdtDevice *dev)
{
    g_clear_pointer(&dev->micro, g_hash_table_unref);
}
