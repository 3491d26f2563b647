/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Chooses a backend.  The CPU's is linked in; CUDA's is a module (module.c) that is only looked for
 * when somebody may want it, so the same build serves machines without one.
 */
#include "compute/backend.h"
#include "base/threads.h"
#include "compute/module.h"
#include "cpu/cpu.h"
#include "cpu/isa.h"
#include "machine.h"

#include <glib/gi18n-lib.h>

/* The CUDA module where it can be used; else NULL with the reason, a part of a sentence. */
static const EdtBackendModule *look_for_cuda(int *chosen, gboolean *bf16, GError **error)
{
    const EdtBackendModule *module = edt_backend_module_find(error);
    return module && module->probe(chosen, bf16, error) ? module : NULL;
}

/* CUDA for whoever wants it or does not mind; NULL without an error: the CPU. */
static const EdtBackend *choose_cuda(const EdtEngineOptions *wish, gboolean *bf16, char **why,
                                     GError **error)
{
    const EdtBackendModule *module = NULL;
    GError *reason = NULL;
    int chosen;

    if (wish->backend != EDT_BACKEND_CPU)
        module = look_for_cuda(&chosen, bf16, &reason);
    if (reason && wish->backend == EDT_BACKEND_CUDA)
        g_set_error(error, EDT_ERROR, EDT_ERROR_BACKEND,
                    _("The CUDA backend cannot be used: %s. Choose the backend auto or cpu."),
                    reason->message);
    else if (reason && why)
        *why = g_strdup(reason->message);
    g_clear_error(&reason);
    return module ? module->backend : NULL;
}

const EdtBackend *edt_backend_host(void)
{
    return edt_backend_cpu();
}

/* It is there to be quicker, so where it cannot be it is refused. */
static gboolean check_int8(const EdtEngineOptions *wish, GError **error)
{
    if (wish->backend == EDT_BACKEND_CUDA)
        g_set_error(error, EDT_ERROR, EDT_ERROR_BACKEND,
                    _("The CUDA backend does not compute in int8. Choose the type bf16, or the "
                      "backend cpu."));
    else if (!edt_cpu_has_int8())
        g_set_error(error, EDT_ERROR, EDT_ERROR_BACKEND,
                    _("This processor has no instructions for int8 products (VNNI, AVX-VNNI or "
                      "AMX), so the type int8 would not be quicker here. Choose the type %s."),
                    edt_cpu_has_bf16() ? "bf16" : "f32");
    else
        return TRUE;
    return FALSE;
}

const EdtBackend *edt_backend_choose(const EdtEngineOptions *wish, EdtDeviceOptions *options,
                                     char **why, GError **error)
{
    gboolean bf16 = FALSE;

    if (why)
        *why = NULL;
    const gboolean int8 = wish->precision == EDT_PRECISION_INT8;
    if (int8 && !check_int8(wish, error))
        return NULL;
    const EdtBackend *backend = int8 ? NULL : choose_cuda(wish, &bf16, why, error);
    if (!backend && wish->backend == EDT_BACKEND_CUDA)
        return NULL;
    if (!backend) {
        backend = edt_backend_host();
        bf16 = edt_cpu_has_bf16();
    }
    options->threads = edt_threads_resolve(wish->threads);
    options->precision = wish->precision;
    if (options->precision == EDT_PRECISION_AUTO)
        options->precision = bf16 ? EDT_PRECISION_BF16 : EDT_PRECISION_F32;
    return backend;
}

static void add(GArray *list, const char *name, gboolean usable, char *detail)
{
    EdtBackendInfo info = {name, usable, detail ? detail : g_strdup(_("it does not answer"))};
    g_array_append_val(list, info);
}

/* What chooses a GPU; takes detail. */
static char *with_hint(char *detail, int ordinal)
{
    char *text = g_strdup_printf("%s; EDT_CUDA_DEVICE=%d takes it", detail, ordinal);
    g_free(detail);
    return text;
}

/* The GPU that would be used first, or why there is none; then the others. */
static void list_cuda(GArray *list)
{
    gboolean bf16;
    GError *reason = NULL;
    int chosen;
    char *detail;
    const EdtBackendModule *module = look_for_cuda(&chosen, &bf16, &reason);

    if (!module) {
        add(list, "cuda", FALSE, g_strdup(reason->message));
        g_error_free(reason);
        return;
    }
    add(list, "cuda", TRUE, module->describe(chosen));
    for (int i = 0; (detail = module->describe(i)); i++) {
        if (i == chosen)
            g_free(detail);
        else
            add(list, "cuda", TRUE, with_hint(detail, i));
    }
}

EdtBackendInfo *edt_backends_list(void)
{
    GArray *list = g_array_new(TRUE, TRUE, sizeof(EdtBackendInfo));
    g_autofree char *cpu = edt_cpu_describe();
    add(list, "cpu", TRUE,
        g_strdup_printf("%s, %d threads, %s%s", cpu, edt_threads_resolve(0),
                        edt_cpu_has_bf16() ? "bf16 by default"
                                           : "f32 by default (bf16 is computed in f32)",
                        edt_cpu_has_int8() ? ", int8" : ", no int8"));
    list_cuda(list);
    return (EdtBackendInfo *)(gpointer)g_array_free(list, FALSE);
}

void edt_backends_free(EdtBackendInfo *list)
{
    for (int i = 0; list && list[i].name; i++)
        g_free(list[i].detail);
    g_free(list);
}
