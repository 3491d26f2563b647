/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The tensors of an AutoencoderKL become an EdtVaeCoder.  Widths, number of stages and of blocks
 * are read from the tensors; every shape is checked before its data is touched.
 */
#include "vae/coder.h"
#include "base/half.h"
#include "base/memory.h"

#include <glib/gi18n-lib.h>
#include <stdarg.h>

typedef struct {
    EdtVae *vae;
    EdtTensorSource *source;
    GError **error;
    char name[160]; /* of the tensor that is being read */
} Reader;

/* ---- tensors ---- */

#define ANY 0 /* a size that the tensor itself tells */

static G_GNUC_PRINTF(3, 4) gboolean find(Reader *reader, EdtTensorView *view, const char *format,
                                         ...)
{
    va_list args;
    va_start(args, format);
    g_vsnprintf(reader->name, sizeof reader->name, format, args);
    va_end(args);
    return reader->source->find(reader->source, reader->name, view);
}

static gboolean missing(Reader *reader)
{
    g_set_error(reader->error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                _("The autoencoder has no tensor %s. It is incomplete or of another kind than "
                  "AutoencoderKL; import it again from the original file."),
                reader->name);
    return FALSE;
}

static gboolean refuse(Reader *reader, const char *why)
{
    g_set_error(reader->error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                _("The autoencoder's tensor %s %s. Import it again from the original file."),
                reader->name, why);
    return FALSE;
}

static char *shape_text(int rank, const gint64 *shape)
{
    GString *text = g_string_new(NULL);
    for (int i = 0; i < rank; i++)
        g_string_append_printf(text, "%s%" G_GINT64_FORMAT, i ? ", " : "", shape[i]);
    return g_string_free(text, FALSE);
}

/* The tensor must be f32 or bf16 and have this shape. */
static gboolean check(Reader *reader, const EdtTensorView *view, int rank, const gint64 *shape)
{
    gboolean same = view->rank == rank;
    if (view->type != EDT_F32 && view->type != EDT_BF16)
        return refuse(reader, _("is neither f32 nor bf16"));
    for (int i = 0; i < rank && same; i++)
        same = shape[i] == ANY ? view->shape[i] > 0 && view->shape[i] <= G_MAXINT16
                               : view->shape[i] == shape[i];
    if (same)
        return TRUE;
    g_autofree char *found = shape_text(view->rank, view->shape), *wanted = shape_text(rank, shape);
    g_autofree char *text =
        g_strdup_printf(_("has the shape [%s] where [%s] is expected (0: any)"), found, wanted);
    return refuse(reader, text);
}

static void done(Reader *reader, const char *prefix, const char *suffix)
{
    char name[sizeof reader->name];
    if (reader->source->done == NULL)
        return;
    g_snprintf(name, sizeof name, "%s%s", prefix, suffix);
    reader->source->done(reader->source, name);
}

/* Count numbers of any type as f32. */
static void widen(const EdtTensorView *view, gsize count, float *out)
{
    for (gsize i = 0; i < count; i++)
        out[i] = view->type == EDT_F32 ? ((const float *)view->data)[i]
                                       : edt_bf16_to_f32(((const EdtHalf *)view->data)[i]);
}

/* A vector of C numbers on the device. */
static gboolean read_vector(Reader *reader, const char *prefix, const char *suffix, int C,
                            float **out)
{
    EdtVae *vae = reader->vae;
    EdtTensorView view;
    gsize bytes = (gsize)C * sizeof(float);
    if (!find(reader, &view, "%s%s", prefix, suffix))
        return missing(reader);
    if (!check(reader, &view, 1, (gint64[]){C}))
        return FALSE;
    g_autofree float *host = g_malloc(bytes);
    widen(&view, (gsize)C, host);
    *out = vae->backend->alloc(vae->dev, bytes, reader->error);
    if (*out == NULL)
        return FALSE;
    vae->backend->upload(vae->dev, *out, host, bytes);
    done(reader, prefix, suffix);
    return TRUE;
}

static gboolean read_norm(Reader *reader, const char *prefix, int C, EdtVaeNorm *norm)
{
    norm->C = C;
    if (!read_vector(reader, prefix, ".weight", C, &norm->weight) ||
        !read_vector(reader, prefix, ".bias", C, &norm->bias))
        return FALSE;
    g_snprintf(reader->name, sizeof reader->name, "%s.weight", prefix);
    return C % EDT_VAE_GROUPS == 0 ||
           refuse(reader, _("does not have a multiple of 32 channels, as its group norm needs"));
}

/* How a convolution is used; its channels come from the tensors where they are ANY. */
typedef struct {
    int C_in, C_out, kernel;
    int stride; /* 0: 1 */
    gboolean upsample, accumulate, from_norm;
    gboolean narrow; /* reads act; else f32: what stands alone and costs little */
} Use;

static gboolean read_conv(Reader *reader, const char *prefix, Use use, EdtVaeConv *out)
{
    EdtVae *vae = reader->vae;
    EdtTensorView weight, bias;

    if (!find(reader, &weight, "%s.weight", prefix))
        return missing(reader);
    if (!check(reader, &weight, 4, (gint64[]){use.C_out, use.C_in, use.kernel, use.kernel}))
        return FALSE;
    if (!find(reader, &bias, "%s.bias", prefix))
        return missing(reader);
    if (!check(reader, &bias, 1, (gint64[]){weight.shape[0]}))
        return FALSE;
    *out = (EdtVaeConv){
        .C_out = (int)weight.shape[0], .C_in = (int)weight.shape[1], .kernel = use.kernel,
        .stride = MAX(use.stride, 1), .upsample = use.upsample,
        .x_type = use.narrow ? vae->act : EDT_F32,
    };
    EdtConvSpec spec = {
        .C_in = out->C_in, .C_out = out->C_out, .kernel = out->kernel, .stride = out->stride,
        .upsample = out->upsample, .accumulate = use.accumulate, .from_norm = use.from_norm,
        .weight = weight.data, .weight_type = weight.type,
        .bias = bias.data, .bias_type = bias.type,
        .x_type = out->x_type, .y_type = EDT_F32,
    };
    out->conv = vae->backend->conv_new(vae->dev, &spec, reader->error);
    done(reader, prefix, ".weight");
    done(reader, prefix, ".bias");
    return out->conv != NULL;
}

/* ---- blocks ---- */

/* A block from C_in channels to *C_out, which may be ANY and is told then. */
static gboolean read_resnet(Reader *reader, const char *prefix, int C_in, int *C_out,
                            EdtVaeResnet *resnet)
{
    char norm1[160], conv1[160], norm2[160], conv2[160], shortcut[160];
    g_snprintf(norm1, sizeof norm1, "%s.norm1", prefix);
    g_snprintf(conv1, sizeof conv1, "%s.conv1", prefix);
    g_snprintf(norm2, sizeof norm2, "%s.norm2", prefix);
    g_snprintf(conv2, sizeof conv2, "%s.conv2", prefix);
    g_snprintf(shortcut, sizeof shortcut, "%s.conv_shortcut", prefix);
    if (!read_norm(reader, norm1, C_in, &resnet->norm1) ||
        !read_conv(reader, conv1, (Use){.C_in = C_in, .C_out = *C_out, .kernel = 3, .from_norm = TRUE,
                         .narrow = TRUE},
                   &resnet->conv1))
        return FALSE;
    *C_out = resnet->conv1.C_out;
    if (!read_norm(reader, norm2, *C_out, &resnet->norm2) ||
        !read_conv(reader, conv2,
                   (Use){.C_in = *C_out, .C_out = *C_out, .kernel = 3, .accumulate = TRUE,
                         .from_norm = TRUE, .narrow = TRUE},
                   &resnet->conv2))
        return FALSE;
    return C_in == *C_out || read_conv(reader, shortcut,
                                       (Use){.C_in = C_in, .C_out = *C_out, .kernel = 1},
                                       &resnet->shortcut);
}

/* Rows [at, at + C) of a [.., C] matrix and its bias, widened to f32. */
static gboolean read_rows(Reader *reader, const char *prefix, const char *which, int C, int at,
                          float *weight, float *bias)
{
    static const char *const suffix[] = {".weight", ".bias"};
    float *const to[] = {weight + (gsize)at * (gsize)C, bias + at};
    for (int i = 0; i < 2; i++) {
        EdtTensorView view;
        char name[sizeof reader->name];
        g_snprintf(name, sizeof name, "%s.%s", prefix, which);
        if (!find(reader, &view, "%s%s", name, suffix[i]))
            return missing(reader);
        if (!check(reader, &view, 2 - i, (gint64[]){C, C}))
            return FALSE;
        widen(&view, (gsize)C * (gsize)(i == 0 ? C : 1), to[i]);
        done(reader, name, suffix[i]);
    }
    return TRUE;
}

/* to_q, to_k and to_v become one product with 3C columns; to_out another. */
static gboolean read_attention(Reader *reader, const char *prefix, int C, EdtVaeAttention *a)
{
    EdtVae *vae = reader->vae;
    char norm[160];
    gsize rows = 4 * (gsize)C;
    float *weight = edt_alloc(rows * ((gsize)C + 1) * sizeof(float), reader->error);
    float *bias = weight ? weight + rows * (gsize)C : NULL;
    g_snprintf(norm, sizeof norm, "%s.group_norm", prefix);
    gboolean read = weight && read_norm(reader, norm, C, &a->norm) &&
                    read_rows(reader, prefix, "to_q", C, 0, weight, bias) &&
                    read_rows(reader, prefix, "to_k", C, C, weight, bias) &&
                    read_rows(reader, prefix, "to_v", C, 2 * C, weight, bias) &&
                    read_rows(reader, prefix, "to_out.0", C, 3 * C, weight, bias);
    if (read) {
        EdtLinearSpec spec = {
            .K = C, .N = 3 * C, .weight = weight, .weight_type = EDT_F32, .bias = bias,
            .bias_type = EDT_F32, .x_type = vae->act, .y_type = vae->act,
        };
        a->qkv = vae->backend->linear_new(vae->dev, &spec, reader->error);
        spec.N = C;
        spec.y_type = EDT_F32;
        spec.weight = weight + 3 * (gsize)C * (gsize)C;
        spec.bias = bias + 3 * C;
        a->out = a->qkv ? vae->backend->linear_new(vae->dev, &spec, reader->error) : NULL;
    }
    edt_free(weight);
    return a->out != NULL;
}

static gboolean read_middle(Reader *reader, const char *side, int C, EdtVaeCoder *coder)
{
    char name[160];
    for (int i = 0; i < 2; i++) {
        g_snprintf(name, sizeof name, "%s.mid_block.resnets.%d", side, i);
        if (!read_resnet(reader, name, C, &C, &coder->middle[i]))
            return FALSE;
    }
    g_snprintf(name, sizeof name, "%s.mid_block.attentions.0", side);
    return read_attention(reader, name, C, &coder->attention);
}

/* One stage, from *C channels to those of its blocks. */
static gboolean read_stage(Reader *reader, const char *prefix, const char *sampler, int *C,
                           EdtVaeStage *stage, int *factor)
{
    char name[160];
    EdtTensorView view;
    int width = ANY;
    while (find(reader, &view, "%s.resnets.%d.norm1.weight", prefix, stage->n_resnets)) {
        if (stage->n_resnets == EDT_VAE_RESNETS_MAX)
            return refuse(reader, _("is one block more than the eight a stage can have"));
        g_snprintf(name, sizeof name, "%s.resnets.%d", prefix, stage->n_resnets);
        if (!read_resnet(reader, name, *C, &width, &stage->resnets[stage->n_resnets++]))
            return FALSE;
        *C = width;
    }
    g_snprintf(name, sizeof name, "%s.%s.0.conv", prefix, sampler);
    if (!find(reader, &view, "%s.weight", name))
        return TRUE; /* the last stage keeps the size */
    gboolean up = sampler[0] == 'u';
    *factor *= 2;
    return read_conv(reader, name,
                     (Use){.C_in = *C, .C_out = *C, .kernel = 3, .stride = up ? 1 : 2,
                           .upsample = up, .narrow = TRUE},
                     &stage->sampler);
}

static gboolean read_stages(Reader *reader, const char *prefix, const char *sampler, int *C,
                            EdtVaeCoder *coder)
{
    EdtTensorView view;
    coder->factor = 1;
    while (find(reader, &view, "%s.%d.resnets.0.norm1.weight", prefix, coder->n_stages)) {
        char name[160];
        if (coder->n_stages == EDT_VAE_STAGES_MAX)
            return refuse(reader, _("is one stage more than the eight there can be"));
        g_snprintf(name, sizeof name, "%s.%d", prefix, coder->n_stages);
        if (!read_stage(reader, name, sampler, C, &coder->stages[coder->n_stages++],
                        &coder->factor))
            return FALSE;
    }
    return coder->n_stages > 0 || missing(reader);
}

static gboolean read_decoder(Reader *reader, EdtVaeCoder *decoder)
{
    if (!read_conv(reader, "post_quant_conv", (Use){.kernel = 1}, &decoder->quant) ||
        !read_conv(reader, "decoder.conv_in",
                   (Use){.C_in = decoder->quant.C_out, .kernel = 3},
                   &decoder->conv_in))
        return FALSE;
    int C = decoder->conv_in.C_out;
    reader->vae->channels = decoder->quant.C_in;
    return read_middle(reader, "decoder", C, decoder) &&
           read_stages(reader, "decoder.up_blocks", "upsamplers", &C, decoder) &&
           read_norm(reader, "decoder.conv_norm_out", C, &decoder->norm_out) &&
           read_conv(reader, "decoder.conv_out",
                     (Use){.C_in = C, .C_out = 3, .kernel = 3, .from_norm = TRUE},
                     &decoder->conv_out);
}

static gboolean read_encoder(Reader *reader, EdtVaeCoder *encoder)
{
    EdtVae *vae = reader->vae;
    if (!read_conv(reader, "encoder.conv_in", (Use){.C_in = 3, .kernel = 3},
                   &encoder->conv_in))
        return FALSE;
    int C = encoder->conv_in.C_out;
    if (!read_stages(reader, "encoder.down_blocks", "downsamplers", &C, encoder) ||
        !read_middle(reader, "encoder", C, encoder) ||
        !read_norm(reader, "encoder.conv_norm_out", C, &encoder->norm_out) ||
        !read_conv(reader, "encoder.conv_out",
                   (Use){.C_in = C, .C_out = 2 * vae->channels, .kernel = 3, .from_norm = TRUE},
                   &encoder->conv_out))
        return FALSE;
    vae->channels = encoder->conv_out.C_out / 2;
    if (encoder->conv_out.C_out % 2 != 0) {
        g_snprintf(reader->name, sizeof reader->name, "encoder.conv_out.weight");
        return refuse(reader, _("has an odd number of channels where means and variances are due"));
    }
    return read_conv(reader, "quant_conv",
                     (Use){.C_in = 2 * vae->channels, .C_out = 2 * vae->channels, .kernel = 1},
                     &encoder->quant);
}

gboolean edt_vae_load(EdtVae *vae, EdtTensorSource *source, GError **error)
{
    Reader reader = {.vae = vae, .source = source, .error = error};
    if ((vae->parts & EDT_VAE_DECODER) && !read_decoder(&reader, &vae->decoder))
        return FALSE;
    if ((vae->parts & EDT_VAE_ENCODER) && !read_encoder(&reader, &vae->encoder))
        return FALSE;
    if (vae->parts == (EDT_VAE_DECODER | EDT_VAE_ENCODER) &&
        vae->decoder.factor != vae->encoder.factor) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                    "The autoencoder's encoder shrinks pictures %d times, its decoder enlarges "
                    "them %d times; they do not belong together.",
                    vae->encoder.factor, vae->decoder.factor);
        return FALSE;
    }
    return TRUE;
}

/* ---- the end ---- */

static void free_norm(EdtVae *vae, EdtVaeNorm *norm)
{
    vae->backend->free(vae->dev, norm->weight);
    vae->backend->free(vae->dev, norm->bias);
}

static void free_resnet(EdtVae *vae, EdtVaeResnet *resnet)
{
    free_norm(vae, &resnet->norm1);
    free_norm(vae, &resnet->norm2);
    vae->backend->conv_free(vae->dev, resnet->conv1.conv);
    vae->backend->conv_free(vae->dev, resnet->conv2.conv);
    vae->backend->conv_free(vae->dev, resnet->shortcut.conv);
}

static void free_coder(EdtVae *vae, EdtVaeCoder *coder)
{
    for (int i = 0; i < coder->n_stages; i++) {
        for (int r = 0; r < coder->stages[i].n_resnets; r++)
            free_resnet(vae, &coder->stages[i].resnets[r]);
        vae->backend->conv_free(vae->dev, coder->stages[i].sampler.conv);
    }
    free_resnet(vae, &coder->middle[0]);
    free_resnet(vae, &coder->middle[1]);
    free_norm(vae, &coder->attention.norm);
    vae->backend->linear_free(vae->dev, coder->attention.qkv);
    vae->backend->linear_free(vae->dev, coder->attention.out);
    free_norm(vae, &coder->norm_out);
    vae->backend->conv_free(vae->dev, coder->conv_in.conv);
    vae->backend->conv_free(vae->dev, coder->conv_out.conv);
    vae->backend->conv_free(vae->dev, coder->quant.conv);
}

void edt_vae_unload(EdtVae *vae)
{
    free_coder(vae, &vae->decoder);
    free_coder(vae, &vae->encoder);
}
