/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Matrix products by cuBLASLt; see matmul.h.  cuBLASLt thinks in columns: our y[M,N] is its N x M
 * matrix, and W, as torch stores it, is the transposed left operand that it likes best.
 */
#include "matmul.h"

#include <cublasLt.h>
#include <glib/gi18n-lib.h>

#define ALIGNMENT 16 /* of the arenas' pointers, and of tiles and columns in them */

typedef struct {
    EdtMatmulShape shape; /* the key */
    cublasLtMatmulDesc_t desc;
    cublasLtMatrixLayout_t w, x, y;
    cublasLtMatmulAlgo_t algo;
} Plan;

struct EdtMatmuls {
    cublasLtHandle_t handle;
    gboolean tf32;
    void *workspace;
    GHashTable *plans; /* EdtMatmulShape -> Plan */
};

static gboolean ok(cublasStatus_t status, const char *what, GError **error)
{
    if (status == CUBLAS_STATUS_SUCCESS)
        return TRUE;
    g_set_error(error, EDT_ERROR,
                status == CUBLAS_STATUS_ALLOC_FAILED ? EDT_ERROR_NO_MEMORY : EDT_ERROR_BACKEND,
                _("cuBLASLt could not %s: %s. Try again, or choose the backend cpu."), _(what),
                cublasLtGetStatusString(status));
    return FALSE;
}

static guint hash_shape(gconstpointer key)
{
    const EdtMatmulShape *s = key;
    return (guint)((guint64)(s->M * 31 + s->N) * 1000003u + (guint64)s->K);
}

static gboolean same_shape(gconstpointer one, gconstpointer other)
{
    const EdtMatmulShape *a = one, *b = other;
    return a->M == b->M && a->N == b->N && a->K == b->K && a->ldx == b->ldx && a->ldw == b->ldw &&
           a->ldy == b->ldy && a->x_type == b->x_type && a->y_type == b->y_type &&
           a->epilogue == b->epilogue && a->bias == b->bias && a->accumulate == b->accumulate;
}

static void free_plan(gpointer data)
{
    Plan *plan = data;
    if (plan->desc)
        cublasLtMatmulDescDestroy(plan->desc);
    if (plan->w)
        cublasLtMatrixLayoutDestroy(plan->w);
    if (plan->x)
        cublasLtMatrixLayoutDestroy(plan->x);
    if (plan->y)
        cublasLtMatrixLayoutDestroy(plan->y);
    g_free(plan);
}

EdtMatmuls *edt_matmuls_open(gboolean tf32, GError **error)
{
    EdtMatmuls *matmuls = g_new0(EdtMatmuls, 1);
    matmuls->tf32 = tf32;
    matmuls->plans = g_hash_table_new_full(hash_shape, same_shape, NULL, free_plan);
    if (ok(cublasLtCreate(&matmuls->handle), N_("start"), error)) {
        if (cudaMalloc(&matmuls->workspace, EDT_MATMUL_WORKSPACE) == cudaSuccess)
            return matmuls;
        cudaGetLastError();
        ok(CUBLAS_STATUS_ALLOC_FAILED, N_("take 32 MiB of the GPU's memory"), error);
    }
    edt_matmuls_close(matmuls);
    return NULL;
}

void edt_matmuls_close(EdtMatmuls *matmuls)
{
    if (!matmuls)
        return;
    g_hash_table_unref(matmuls->plans);
    cudaFree(matmuls->workspace);
    if (matmuls->handle)
        cublasLtDestroy(matmuls->handle);
    g_free(matmuls);
}

static cudaDataType_t type_of(EdtType type)
{
    switch (type) {
    case EDT_F32:
        return CUDA_R_32F;
    case EDT_BF16:
        return CUDA_R_16BF;
    EDT_CASE_OF_FILES:
        break;
    }
    return CUDA_R_64F; /* which no product of ours takes: cuBLASLt refuses it */
}

static cublasStatus_t set(cublasLtMatmulDesc_t desc, cublasLtMatmulDescAttributes_t attribute,
                          const void *value, gsize bytes)
{
    return cublasLtMatmulDescSetAttribute(desc, attribute, value, bytes);
}

static const cublasLtEpilogue_t epilogues[][2] = {
    [EDT_EPILOGUE_NONE] = {CUBLASLT_EPILOGUE_DEFAULT, CUBLASLT_EPILOGUE_BIAS},
    [EDT_EPILOGUE_GELU] = {CUBLASLT_EPILOGUE_GELU, CUBLASLT_EPILOGUE_GELU_BIAS},
    [EDT_EPILOGUE_RELU] = {CUBLASLT_EPILOGUE_RELU, CUBLASLT_EPILOGUE_RELU_BIAS},
};

static cublasStatus_t describe(const EdtMatmuls *matmuls, Plan *plan)
{
    const EdtMatmulShape *s = &plan->shape;
    const gboolean tf32 = matmuls->tf32 && s->x_type == EDT_F32;
    const cublasOperation_t transposed = CUBLAS_OP_T;
    const cublasLtEpilogue_t epilogue = epilogues[s->epilogue][s->bias];
    const cudaDataType_t bias_type = type_of(s->y_type);
    cublasStatus_t status = cublasLtMatmulDescCreate(
        &plan->desc, tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F, CUDA_R_32F);

    if (!status)
        status = set(plan->desc, CUBLASLT_MATMUL_DESC_TRANSA, &transposed, sizeof transposed);
    if (!status)
        status = set(plan->desc, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue, sizeof epilogue);
    if (!status && s->bias)
        status = set(plan->desc, CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, &bias_type, sizeof bias_type);
    if (!status)
        status = cublasLtMatrixLayoutCreate(&plan->w, type_of(s->x_type), (guint64)s->K,
                                            (guint64)s->N, s->ldw);
    if (!status)
        status = cublasLtMatrixLayoutCreate(&plan->x, type_of(s->x_type), (guint64)s->K,
                                            (guint64)s->M, s->ldx);
    if (!status)
        status = cublasLtMatrixLayoutCreate(&plan->y, type_of(s->y_type), (guint64)s->N,
                                            (guint64)s->M, s->ldy);
    return status;
}

/* The first choice of cuBLASLt's heuristics.  Timing several would give another choice on another
 * day, other roundings, and another picture for the same seed. */
static cublasStatus_t choose(EdtMatmuls *matmuls, Plan *plan)
{
    const gsize workspace = EDT_MATMUL_WORKSPACE;
    const guint32 alignment = ALIGNMENT;
    const guint32 sums = CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE; /* parts are never added in bf16 */
    static const cublasLtMatmulPreferenceAttributes_t aligned[] = {
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES};
    cublasLtMatmulPreference_t preference = NULL;
    cublasLtMatmulHeuristicResult_t result;
    int found = 0;

    cublasStatus_t status = cublasLtMatmulPreferenceCreate(&preference);
    if (!status)
        status = cublasLtMatmulPreferenceSetAttribute(
            preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace, sizeof workspace);
    if (!status)
        status = cublasLtMatmulPreferenceSetAttribute(
            preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &sums, sizeof sums);
    for (guint i = 0; !status && i < G_N_ELEMENTS(aligned); i++)
        status = cublasLtMatmulPreferenceSetAttribute(preference, aligned[i], &alignment,
                                                      sizeof alignment);
    if (!status)
        status = cublasLtMatmulAlgoGetHeuristic(matmuls->handle, plan->desc, plan->w, plan->x,
                                                plan->y, plan->y, preference, 1, &result, &found);
    if (!status && found == 0)
        status = CUBLAS_STATUS_NOT_SUPPORTED;
    if (!status)
        plan->algo = result.algo;
    if (preference)
        cublasLtMatmulPreferenceDestroy(preference);
    return status;
}

static Plan *find(EdtMatmuls *matmuls, const EdtMatmulShape *shape, GError **error)
{
    Plan *plan = g_hash_table_lookup(matmuls->plans, shape);
    if (plan)
        return plan;
    plan = g_new0(Plan, 1);
    plan->shape = *shape;
    cublasStatus_t status = describe(matmuls, plan);
    if (!status)
        status = choose(matmuls, plan);
    if (!ok(status, N_("plan a matrix product"), error)) {
        free_plan(plan);
        return NULL;
    }
    g_hash_table_insert(matmuls->plans, &plan->shape, plan);
    return plan;
}

gboolean edt_matmul_prepare(EdtMatmuls *matmuls, const EdtMatmulShape *shape, GError **error)
{
    return find(matmuls, shape, error) != NULL;
}

gboolean edt_matmul_run(EdtMatmuls *matmuls, const EdtMatmulShape *shape, const void *x,
                        const void *w, const void *bias, void *y, cudaStream_t stream,
                        GError **error)
{
    const float one = 1, beta = shape->accumulate ? 1 : 0;
    cublasStatus_t status = CUBLAS_STATUS_SUCCESS;
    Plan *plan = find(matmuls, shape, error);

    if (!plan)
        return FALSE;
    if (shape->bias)
        status = set(plan->desc, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &bias, sizeof bias);
    if (!status)
        status = cublasLtMatmul(matmuls->handle, plan->desc, &one, w, plan->w, x, plan->x, &beta, y,
                                plan->y, y, plan->y, &plan->algo, matmuls->workspace,
                                EDT_MATMUL_WORKSPACE, stream);
    return ok(status, N_("multiply matrices"), error);
}
