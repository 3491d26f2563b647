/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Chooses a backend.  The CPU's is linked in; the CUDA module is a GModule that is only looked for
 * when somebody may want it, so the same build serves machines without one.
 */
#include "compute/backend.h"
#include "base/threads.h"
#include "cpu/cpu.h"
#include "cpu/isa.h"

static gboolean cpu_has_bf16(void)
{
    return edt_isa_detect() >= EDT_ISA_AVX512BF16;
}

const EdtBackend *edt_backend_choose(const EdtEngineOptions *wish, EdtDeviceOptions *options,
                                     char **why, GError **error)
{
    static const char no_cuda[] = "this build has no CUDA module";

    if (why)
        *why = NULL;
    if (wish->backend == EDT_BACKEND_CUDA) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_BACKEND,
                    "The CUDA backend cannot be used: %s. Choose the backend auto or cpu.", no_cuda);
        return NULL;
    }
    if (wish->backend == EDT_BACKEND_AUTO && why)
        *why = g_strdup(no_cuda);
    options->threads = edt_threads_resolve(wish->threads);
    options->precision = wish->precision;
    if (options->precision == EDT_PRECISION_AUTO)
        options->precision = cpu_has_bf16() ? EDT_PRECISION_BF16 : EDT_PRECISION_F32;
    return edt_backend_cpu();
}

EdtBackendInfo *edt_backends_list(void)
{
    EdtBackendInfo *list = g_new0(EdtBackendInfo, 3);
    list[0] = (EdtBackendInfo){
        .name = "cpu",
        .usable = TRUE,
        .detail = g_strdup_printf("%s kernels, %d threads, %s by default",
                                  edt_isa_name(edt_isa_detect()), edt_threads_resolve(0),
                                  cpu_has_bf16() ? "bf16" : "f32"),
    };
    list[1] = (EdtBackendInfo){
        .name = "cuda",
        .usable = FALSE,
        .detail = g_strdup("this build has no CUDA module"),
    };
    return list;
}

void edt_backends_free(EdtBackendInfo *list)
{
    for (int i = 0; list && list[i].name; i++)
        g_free(list[i].detail);
    g_free(list);
}
