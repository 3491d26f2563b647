/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Chooses a backend.  The CPU's is linked in; CUDA's is a module (module.c) that is only looked for
 * when somebody may want it, so the same build serves machines without one.
 */
#include "compute/module.h"

#include <glib/gi18n-lib.h>

#include "base/threads.h"
#include "cpu/cpu.h"
#include "cpu/isa.h"

static gboolean cpu_has_bf16(void)
{
    return edt_isa_detect() >= EDT_ISA_AVX512BF16;
}

/* The CUDA backend where it can be used; else NULL with the reason, which is a part of a sentence.
 * *detail says what was found (free it). */
static const EdtBackend *look_for_cuda(char **detail, gboolean *bf16, GError **error)
{
    const EdtBackendModule *module = edt_backend_module_find(error);
    return module && module->probe(detail, bf16, error) ? module->backend : NULL;
}

/* CUDA for whoever wants it or does not mind; NULL without an error: the CPU. */
static const EdtBackend *choose_cuda(const EdtEngineOptions *wish, gboolean *bf16, char **why,
                                     GError **error)
{
    g_autofree char *detail = NULL;
    GError *reason = NULL;
    const EdtBackend *backend = NULL;

    if (wish->backend != EDT_BACKEND_CPU)
        backend = look_for_cuda(&detail, bf16, &reason);
    if (reason && wish->backend == EDT_BACKEND_CUDA)
        g_set_error(error, EDT_ERROR, EDT_ERROR_BACKEND,
                    _("The CUDA backend cannot be used: %s. Choose the backend auto or cpu."),
                    reason->message);
    else if (reason && why)
        *why = g_strdup(reason->message);
    g_clear_error(&reason);
    return backend;
}

const EdtBackend *edt_backend_choose(const EdtEngineOptions *wish, EdtDeviceOptions *options,
                                     char **why, GError **error)
{
    gboolean bf16 = FALSE;

    if (why)
        *why = NULL;
    const EdtBackend *backend = choose_cuda(wish, &bf16, why, error);
    if (backend == NULL && wish->backend == EDT_BACKEND_CUDA)
        return NULL;
    if (backend == NULL) {
        backend = edt_backend_cpu();
        bf16 = cpu_has_bf16();
    }
    options->threads = edt_threads_resolve(wish->threads);
    options->precision = wish->precision;
    if (options->precision == EDT_PRECISION_AUTO)
        options->precision = bf16 ? EDT_PRECISION_BF16 : EDT_PRECISION_F32;
    return backend;
}

static EdtBackendInfo describe_cuda(void)
{
    char *detail = NULL;
    gboolean bf16;
    GError *reason = NULL;
    gboolean usable = look_for_cuda(&detail, &bf16, &reason) != NULL;

    if (!usable)
        detail = g_strdup(reason->message);
    g_clear_error(&reason);
    return (EdtBackendInfo){.name = "cuda", .usable = usable, .detail = detail};
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
    list[1] = describe_cuda();
    return list;
}

void edt_backends_free(EdtBackendInfo *list)
{
    for (int i = 0; list && list[i].name; i++)
        g_free(list[i].detail);
    g_free(list);
}
