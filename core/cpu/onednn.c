/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See onednn.h.
 */
#include "cpu/onednn.h"
#include "edt.h"

#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/mman.h>

#define GENERATOR_ROOM ((gsize)16 << 20) /* oneDNN's kernels and their generators, generously */

dnnl_data_type_t edt_onednn_type(EdtType type)
{
    switch (type) {
    case EDT_F32:
        return dnnl_f32;
    case EDT_BF16:
        return dnnl_bf16;
    EDT_CASE_OF_FILES:
        break;
    }
    return dnnl_data_type_undef; /* which oneDNN refuses */
}

gboolean edt_onednn_ok(dnnl_status_t status, const char *what, GError **error)
{
    if (status == dnnl_success)
        return TRUE;
    if (status == dnnl_out_of_memory)
        g_set_error(error, EDT_ERROR, EDT_ERROR_NO_MEMORY,
                    _("Out of memory: oneDNN could not %s. Close other programs, choose a smaller "
                      "model or a smaller batch."),
                    _(what));
    else
        g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED, _("oneDNN could not %s (status %d)."),
                    _(what), (int)status);
    return FALSE;
}

const char *edt_onednn_implementation(const_dnnl_primitive_desc_t desc)
{
    const char *name = NULL;
    dnnl_status_t status = dnnl_primitive_desc_query(desc, dnnl_query_impl_info_str, 0, &name);
    return status || !name ? "" : name;
}

gboolean edt_onednn_is_reference(const_dnnl_primitive_desc_t desc)
{
    const char *name = edt_onednn_implementation(desc);
    return strstr(name, "ref") || strstr(name, "simple");
}

gboolean edt_onednn_has_room(void)
{
    void *room = mmap(NULL, GENERATOR_ROOM, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return room != MAP_FAILED && munmap(room, GENERATOR_ROOM) == 0;
}

dnnl_status_t edt_onednn_make(const_dnnl_primitive_desc_t desc, const char *what, gint64 macs,
                              dnnl_primitive_t *primitive)
{
    if (edt_onednn_is_reference(desc) && macs > EDT_REFERENCE_MACS)
        g_message("oneDNN has no fast code for %s of %" G_GINT64_FORMAT
                  " million multiply-adds on this processor (%s): it will be slow.",
                  what, macs / 1000000, edt_onednn_implementation(desc));
    return edt_onednn_has_room() ? dnnl_primitive_create(primitive, desc) : dnnl_out_of_memory;
}

gsize edt_onednn_scratch(const_dnnl_primitive_desc_t desc)
{
    return dnnl_memory_desc_get_size(
        dnnl_primitive_desc_query_md(desc, dnnl_query_scratchpad_md, 0));
}
