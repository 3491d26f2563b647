/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * edt_import(): one model from many wrappings, number by number against the deterministic weights
 * (tests/golden/data/README.md), and every reason to refuse.
 */
#include "models.h"
#include "base/half.h"
#include "base/int8.h"
#include "base/memory.h"
#include "golden/hash_weights.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BARE "pt/edt_tiny_bare.pt"

/* ---- values ---- */

/* The table of the README that the reference's weights were made by. */
static double scale_of(const char *name, const EdtTensorView *view)
{
    double fan_in = 1;

    for (int i = 1; i < view->rank; i++)
        fan_in *= (double)view->shape[i];
    if (g_str_has_suffix(name, "relative_position_bias_table") ||
        g_str_has_suffix(name, "embedding_table.weight"))
        return 0.5;
    if (g_str_has_suffix(name, ".bias"))
        return 0.05;
    if (strstr(name, "adaLN_modulation"))
        return 0.5 * sqrt(3 / fan_in);
    return sqrt(3 / fan_in);
}

static gsize count_of(const EdtSafetensor *t)
{
    return t->bytes / edt_type_size(t->view.type);
}

static void check_edt_tensor(const EdtSafetensor *t)
{
    const char *name = t->name + strlen("edt.");
    gsize n = count_of(t);
    float *expected = g_new(float, n);

    if (g_str_has_suffix(name, "pos_embed"))
        edt_position_table((int)lround(sqrt((double)t->view.shape[1])), (int)t->view.shape[2],
                           expected);
    else
        hash_fill(name, 0, scale_of(name, &t->view), n, expected);
    g_assert_cmpint(t->view.type, ==, EDT_F32);
    g_assert_cmpmem(t->view.data, t->bytes, expected, n * sizeof *expected);
    g_free(expected);
}

static void test_values(void)
{
    char *path = import_golden("values.safetensors", BARE, NULL, EDT_STORED_F32);
    EdtSafetensors *file = open_model(path);

    g_assert_cmpuint(edt_safetensors_count(file), ==, 98);
    for (guint i = 0; i < 98; i++)
        check_edt_tensor(edt_safetensors_get(file, i));
    edt_safetensors_close(file);
    g_free(path);
}

/* The same tensors with the same bytes in the same order; only where they came from differs. */
static void assert_same_tensors(const char *path, const char *other_path)
{
    EdtSafetensors *a = open_model(path), *b = open_model(other_path);

    g_assert_cmpuint(edt_safetensors_count(a), ==, edt_safetensors_count(b));
    for (guint i = 0; i < edt_safetensors_count(a); i++) {
        const EdtSafetensor *x = edt_safetensors_get(a, i), *y = edt_safetensors_get(b, i);
        g_assert_cmpstr(x->name, ==, y->name);
        g_assert_cmpmem(x->view.shape, sizeof x->view.shape, y->view.shape, sizeof y->view.shape);
        g_assert_cmpmem(x->view.data, x->bytes, y->view.data, y->bytes);
    }
    edt_safetensors_close(b);
    edt_safetensors_close(a);
}

static void test_wrappings(void)
{
    static const char *const files[] = {"pt/edt_tiny_bare_legacy.pt", "pt/edt_tiny_views.pt",
                                        "pt/edt_tiny_module_prefix.pt", "pt/edt_tiny_train.pt"};
    char *bare = import_golden("bare.safetensors", BARE, NULL, EDT_STORED_F32), *source;
    EdtImport import = {.output = NULL};

    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        char *path = import_golden("wrapped.safetensors", files[i], NULL, EDT_STORED_F32);
        assert_same_tensors(bare, path);
        g_free(path);
    }
    source = craft_edt("reference.safetensors", NULL);
    import.edt_path = source;
    import.output = craft_path("from-safetensors.safetensors");
    g_assert_true(edt_import(&import, NULL, NULL, NULL));
    assert_same_tensors(bare, import.output);
    g_free((char *)import.output);
    g_free(source);
    g_free(bare);
}

/* Tables stay f32, everything else is rounded once; f32 comes first, so all is aligned. */
static void test_bf16(void)
{
    char *full = import_golden("full.safetensors", BARE, NULL, EDT_STORED_F32);
    char *half = import_golden("half.safetensors", BARE, NULL, EDT_STORED_BF16);
    EdtSafetensors *a = open_model(full), *b = open_model(half);
    gboolean seen_half = FALSE;
    guint tables = 0;

    for (guint i = 0; i < edt_safetensors_count(b); i++) {
        const EdtSafetensor *y = edt_safetensors_get(b, i);
        const EdtSafetensor *x = edt_safetensors_find(a, y->name);
        const float *wide = x->view.data;
        const EdtHalf *narrow = y->view.data;
        if (g_str_has_suffix(y->name, "pos_embed")) {
            g_assert_cmpmem(x->view.data, x->bytes, y->view.data, y->bytes);
            g_assert_false(seen_half);
            tables++;
            continue;
        }
        seen_half = TRUE;
        g_assert_cmpint(y->view.type, ==, EDT_BF16);
        for (gsize k = 0; k < count_of(x); k++)
            g_assert_cmpuint(narrow[k], ==, edt_f32_to_bf16(wide[k]));
    }
    g_assert_cmpuint(tables, ==, 5);
    edt_safetensors_close(b);
    edt_safetensors_close(a);
    g_free(half);
    g_free(full);
}

/* The blocks' weights are bytes beside the scales of their rows, half a step off at most; all else
 * is as in bf16. */
static void test_int8(void)
{
    char *full = import_golden("wide.safetensors", BARE, NULL, EDT_STORED_F32);
    char *half = import_golden("halves.safetensors", BARE, NULL, EDT_STORED_BF16);
    char *small = import_golden("bytes.safetensors", BARE, NULL, EDT_STORED_INT8);
    EdtSafetensors *a = open_model(full), *b = open_model(half), *c = open_model(small);
    EdtModelInfo *info = edt_model_info_read(small, NULL), *wide = edt_model_info_read(full, NULL);
    guint64 inner = 0;

    for (guint i = 0; i < edt_safetensors_count(a); i++) {
        const EdtSafetensor *x = edt_safetensors_get(a, i);
        const EdtSafetensor *y = edt_safetensors_find(b, x->name);
        const EdtSafetensor *z = edt_safetensors_find(c, x->name);
        g_autofree char *name = g_strconcat(x->name, EDT_SCALE_SUFFIX, NULL);
        const EdtSafetensor *scale = edt_safetensors_find(c, name);
        const gint8 *bytes = z->view.data;
        const float *numbers = x->view.data, *scales = scale ? scale->view.data : NULL;
        if (!scale) {
            g_assert_cmpmem(y->view.data, y->bytes, z->view.data, z->bytes);
            continue;
        }
        g_assert_cmpint(z->view.type, ==, EDT_I8);
        g_assert_cmpint(scale->view.rank, ==, 1);
        g_assert_cmpint(scale->view.shape[0], ==, x->view.shape[0]);
        const gsize K = count_of(x) / (gsize)x->view.shape[0];
        for (gsize k = 0; k < count_of(x); k++)
            g_assert_cmpfloat(fabsf(numbers[k] - scales[k / K] * bytes[k]), <=,
                              0.501f * scales[k / K]);
        inner += count_of(x);
    }
    g_assert_cmpint(info->stored, ==, EDT_STORED_INT8);
    g_assert_cmpuint(info->n_inner, ==, inner);
    g_assert_cmpuint(info->n_parameters, ==, wide->n_parameters);
    g_assert_cmpuint(inner, >, info->n_parameters / 3);
    edt_model_info_free(wide);
    edt_model_info_free(info);
    edt_safetensors_close(c);
    edt_safetensors_close(b);
    edt_safetensors_close(a);
    g_free(small);
    g_free(half);
    g_free(full);
}

static void test_f16_source(void)
{
    char *path = import_golden("f16.safetensors", "pt/edt_tiny_bare_f16.pt", NULL, EDT_STORED_F32);
    EdtSafetensors *file = open_model(path);
    const EdtSafetensor *t = edt_safetensors_find(file, "edt.t_embedder.mlp.0.weight");
    const float *values = t->view.data;
    gsize n = count_of(t);
    float *expected = g_new(float, n);

    hash_fill("t_embedder.mlp.0.weight", 0, sqrt(3.0 / 256), n, expected);
    for (gsize i = 0; i < n; i++)
        g_assert_cmpfloat_with_epsilon(values[i], expected[i],
                                       fabsf(expected[i]) / 2048 + 0x1p-25f);
    g_free(expected);
    edt_safetensors_close(file);
    g_free(path);
}

/* ---- the autoencoder ---- */

static void test_vae_spellings(void)
{
    char *modern = import_golden("modern.safetensors", BARE, "pt/vae_small_modern.safetensors",
                                 EDT_STORED_F32);
    char *deprecated =
        import_golden("depr.safetensors", BARE, "pt/vae_small_deprecated.bin", EDT_STORED_F32);
    char *compvis =
        import_golden("compvis.safetensors", BARE, "pt/vae_small_compvis.ckpt", EDT_STORED_F32);
    EdtSafetensors *file = open_model(modern);
    const EdtSafetensor *t =
        edt_safetensors_find(file, "vae.decoder.mid_block.attentions.0.to_q.weight");
    float *expected = g_new(float, 64 * 64);

    assert_same_tensors(modern, deprecated);
    assert_same_tensors(modern, compvis);
    g_assert_cmpint(t->view.rank, ==, 2); /* though CompVis has a 1x1 convolution */
    hash_fill("decoder.mid_block.attentions.0.to_q.weight", 0, sqrt(3.0 / 64), 64 * 64, expected);
    g_assert_cmpmem(t->view.data, t->bytes, expected, 64 * 64 * sizeof *expected);
    g_free(expected);
    edt_safetensors_close(file);
    g_free(compvis);
    g_free(deprecated);
    g_free(modern);
}

/* The autoencoder of another model of ours may be used again. */
static void test_vae_of_a_model(void)
{
    char *first =
        import_golden("first.safetensors", BARE, "pt/vae_small_modern.safetensors", EDT_STORED_F32);
    char *output = craft_path("second.safetensors"), *edt = golden_file(BARE);
    EdtImport import = {.edt_path = edt, .vae_path = first, .output = output};

    g_assert_true(edt_import(&import, NULL, NULL, NULL));
    assert_same_tensors(first, output);
    g_free(edt);
    g_free(output);
    g_free(first);
}

/* ---- refusals ---- */

static void assert_fails(const char *edt, const char *vae, int code, const char *text)
{
    char *output = craft_path("refused.safetensors"), *message;
    EdtImport import = {.edt_path = edt, .vae_path = vae, .output = output};
    int found;

    message = failed_import(&import, &found);
    if (strstr(message, text) == NULL)
        g_error("“%s” does not contain “%s”", message, text);
    g_assert_cmpint(found, ==, code);
    g_free(message);
    g_free(output);
}

static gboolean without_mlp(const char *name, float *values, gsize count)
{
    return !strstr(name, ".mlp.fc2.");
}

static gboolean blocks_only(const char *name, float *values, gsize count)
{
    return g_str_has_prefix(name, "blocks.");
}

static void test_missing(void)
{
    char *source = craft_edt("missing.safetensors", without_mlp);

    assert_fails(source, NULL, EDT_ERROR_BAD_FILE,
                 "12 missing (blocks.0.mlp.fc2.weight, blocks.0.mlp.fc2.bias, "
                 "blocks.1.mlp.fc2.weight, blocks.1.mlp.fc2.bias, …)");
    g_free(source);
    source = craft_edt("part.safetensors", blocks_only);
    assert_fails(source, NULL, EDT_ERROR_BAD_FILE, "“x_embedder.proj.weight” is missing");
    g_free(source);
}

/* A torch file with one tensor more, and one with another shape. */
static char *write_changed(const char *name, const char *reshaped, const char *extra)
{
    char *source = craft_edt("whole.safetensors", NULL), *path = craft_path(name);
    EdtSafetensors *from = open_model(source);
    EdtSafetensorsWriter *w = edt_safetensors_writer_new(path, TRUE, NULL);
    gint64 shape[EDT_RANK_MAX];

    for (guint i = 0; i < edt_safetensors_count(from); i++) {
        const EdtSafetensor *t = edt_safetensors_get(from, i);
        memcpy(shape, t->view.shape, sizeof shape);
        if (reshaped && strcmp(t->name, reshaped) == 0) {
            shape[0] *= 2;
            shape[1] /= 2;
        }
        edt_safetensors_writer_declare(w, t->name, EDT_F32, t->view.rank, shape);
    }
    if (extra)
        edt_safetensors_writer_declare(w, extra, EDT_F32, 1, (gint64[]){1});
    for (guint i = 0; i < edt_safetensors_count(from); i++) {
        const EdtSafetensor *t = edt_safetensors_get(from, i);
        edt_safetensors_writer_data(w, t->view.data, t->bytes, NULL);
    }
    if (extra)
        edt_safetensors_writer_data(w, "\0\0\0\0", 4, NULL);
    g_assert_true(edt_safetensors_writer_finish(w, NULL));
    edt_safetensors_close(from);
    g_free(source);
    return path;
}

static void test_misshaped_and_extra(void)
{
    char *path = write_changed("shape.safetensors", "blocks.2.adaLN_modulation.1.weight", NULL);

    assert_fails(path, NULL, EDT_ERROR_BAD_FILE,
                 "1 of another shape (blocks.2.adaLN_modulation.1.weight [480, 12] instead of "
                 "[240, 24])");
    g_free(path);
    path = write_changed("extra.safetensors", NULL, "blocks.0.attn.gate");
    assert_fails(path, NULL, EDT_ERROR_BAD_FILE, "1 that do not belong there (blocks.0.attn.gate)");
    g_free(path);
    path = write_changed("twice.safetensors", NULL, "module._orig_mod.pos_embed");
    assert_fails(path, NULL, EDT_ERROR_BAD_FILE, "two of its tensors are both “pos_embed”");
    g_free(path);
}

static void test_vae_refusals(void)
{
    char *bare = golden_file(BARE), *vae = golden_file("pt/vae_small_modern.safetensors");

    assert_fails(bare, bare, EDT_ERROR_BAD_FILE, "no autoencoder in it");
    assert_fails(vae, NULL, EDT_ERROR_BAD_FILE, "“x_embedder.proj.weight” is missing");
    g_free(vae);
    g_free(bare);
}

/* To eight latent channels. */
static gsize widen(const char *name, gsize bytes, gint64 *shape)
{
    static const struct {
        const char *name;
        int rows, columns;
    } parts[] = {
        {"decoder.conv_in.weight", 1, 2}, {"encoder.conv_out.weight", 2, 1},
        {"encoder.conv_out.bias", 2, 1},  {"quant_conv.weight", 2, 2},
        {"quant_conv.bias", 2, 1},        {"post_quant_conv.weight", 2, 2},
        {"post_quant_conv.bias", 2, 1},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
        if (strcmp(name, parts[i].name) == 0) {
            shape[0] *= parts[i].rows;
            shape[1] *= parts[i].columns;
            return bytes * (gsize)(parts[i].rows * parts[i].columns);
        }
    return bytes;
}

/* An autoencoder of eight latent channels, and one that lacks its encoder. */
static char *write_vae(const char *name, gboolean wide, gboolean decoder_only)
{
    char *source = golden_file("pt/vae_small_modern.safetensors"), *path = craft_path(name);
    EdtSafetensors *from = open_model(source);
    EdtSafetensorsWriter *w = edt_safetensors_writer_new(path, TRUE, NULL);
    char *zeros = g_malloc0(1 << 20);
    gsize bytes = 0;

    for (guint i = 0; i < edt_safetensors_count(from); i++) {
        const EdtSafetensor *t = edt_safetensors_get(from, i);
        gint64 shape[EDT_RANK_MAX];
        gsize size = t->bytes;
        if (decoder_only && g_str_has_prefix(t->name, "encoder."))
            continue;
        memcpy(shape, t->view.shape, sizeof shape);
        if (wide)
            size = widen(t->name, size, shape);
        edt_safetensors_writer_declare(w, t->name, EDT_F32, t->view.rank, shape);
        bytes += size;
    }
    for (; bytes > 0; bytes -= MIN(bytes, 1 << 20))
        edt_safetensors_writer_data(w, zeros, MIN(bytes, 1 << 20), NULL);
    g_assert_true(edt_safetensors_writer_finish(w, NULL));
    edt_safetensors_close(from);
    g_free(zeros);
    g_free(source);
    return path;
}

static void test_vae_of_another_kind(void)
{
    char *bare = golden_file(BARE), *vae = write_vae("wide.safetensors", TRUE, FALSE);

    assert_fails(bare, vae, EDT_ERROR_BAD_FILE, "not have as many latent channels");
    g_free(vae);
    vae = write_vae("half.safetensors", FALSE, TRUE);
    assert_fails(bare, vae, EDT_ERROR_BAD_FILE, "“encoder.conv_in.weight”");
    g_free(vae);
    g_free(bare);
}

/* Quantised weights are whole numbers. */
static void test_whole_numbers(void)
{
    char *source = craft_edt("float.safetensors", NULL), *path = craft_path("whole-n.safetensors");
    EdtSafetensors *from = open_model(source);
    EdtSafetensorsWriter *w = edt_safetensors_writer_new(path, TRUE, NULL);

    for (guint i = 0; i < edt_safetensors_count(from); i++) {
        const EdtSafetensor *t = edt_safetensors_get(from, i);
        edt_safetensors_writer_declare(w, t->name, EDT_I64, t->view.rank, t->view.shape);
    }
    for (guint i = 0; i < 2 * edt_safetensors_count(from); i++) {
        const EdtSafetensor *t = edt_safetensors_get(from, i / 2);
        edt_safetensors_writer_data(w, t->view.data, t->bytes, NULL); /* twice the bytes */
    }
    g_assert_true(edt_safetensors_writer_finish(w, NULL));
    assert_fails(path, NULL, EDT_ERROR_BAD_FILE, "holds whole numbers");
    edt_safetensors_close(from);
    g_free(path);
    g_free(source);
}

static void test_module_is_refused(void)
{
    char *path = golden_file("pt/edt_tiny_whole_module_REFUSE.pt");
    assert_fails(path, NULL, EDT_ERROR_BAD_FILE, "“models_edt.EDT”");
    g_free(path);
}

static void test_model_is_no_checkpoint(void)
{
    char *model = import_golden("model.safetensors", BARE, NULL, EDT_STORED_F32);
    assert_fails(model, NULL, EDT_ERROR_BAD_FILE, "a model of this program already");
    g_free(model);
}

static void test_input_is_output(void)
{
    char *source = craft_edt("self.safetensors", NULL), *link_path = craft_path("self-link");
    EdtImport import = {.edt_path = source, .output = source, .force = TRUE};
    EdtSafetensors *still;
    char *message;
    int code;

    message = failed_import(&import, &code);
    g_assert_cmpint(code, ==, EDT_ERROR_USAGE);
    g_free(message);
    g_assert_cmpint(symlink(source, link_path), ==, 0);
    import.output = link_path; /* the same file by another name */
    message = failed_import(&import, &code);
    g_assert_cmpint(code, ==, EDT_ERROR_USAGE);
    g_free(message);
    still = open_model(source);
    g_assert_cmpuint(edt_safetensors_count(still), ==, 98);
    edt_safetensors_close(still);
    g_free(link_path);
    g_free(source);
}

static void test_missing_file(void)
{
    char *nowhere = craft_path("nowhere.pt"), *bare = golden_file(BARE);

    assert_fails(nowhere, NULL, EDT_ERROR_FAILED, "cannot be opened");
    assert_fails(bare, nowhere, EDT_ERROR_FAILED, "cannot be opened");
    g_free(bare);
    g_free(nowhere);
}

/* What could not be read again as metadata is not written. */
static void test_bad_title(void)
{
    static const char *const bad[] = {"two\nlines", "\xff", "\x1b[31m"};
    char *bare = golden_file(BARE), *output = craft_path("title.safetensors");

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        EdtImport import = {.edt_path = bare, .output = output, .title = bad[i]};
        int code;
        g_free(failed_import(&import, &code));
        g_assert_cmpint(code, ==, EDT_ERROR_USAGE);
    }
    g_free(output);
    g_free(bare);
}

/* ---- on the way ---- */

typedef struct {
    guint calls;
    guint64 done, total;
} Seen;

static void note(guint64 done, guint64 total, const char *what, gpointer user_data)
{
    Seen *seen = user_data;

    g_assert_cmpuint(done, >=, seen->done);
    g_assert_cmpuint(done, <=, total);
    g_assert_nonnull(what);
    seen->calls++;
    seen->done = done;
    seen->total = total;
}

static void test_progress(void)
{
    char *bare = golden_file(BARE), *output = craft_path("progress.safetensors");
    EdtImport import = {.edt_path = bare, .output = output};
    Seen seen = {0};

    g_assert_true(edt_import(&import, note, &seen, NULL));
    g_assert_cmpuint(seen.calls, ==, 1 + 98 + 1);
    g_assert_cmpuint(seen.done, ==, seen.total);
    g_assert_cmpuint(seen.total, ==, 158828 * 4);
    g_free(output);
    g_free(bare);
}

static void kill_half_way(guint64 done, guint64 total, const char *what, gpointer user_data)
{
    if (done > total / 2)
        kill(getpid(), SIGKILL);
}

static void test_killed(void)
{
    char *bare = golden_file(BARE), *output = craft_path("killed.safetensors");
    EdtImport import = {.edt_path = bare, .output = output};
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        edt_import(&import, kill_half_way, NULL, NULL);
        _exit(0);
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFSIGNALED(status));
    g_assert_false(g_file_test(output, G_FILE_TEST_EXISTS));
    g_free(output);
    g_free(bare);
}

/* Each large allocation fails once: an error, nothing behind, and the next import works. */
static void test_no_memory(void)
{
    static const char *const files[] = {BARE, "pt/edt_tiny_bare_legacy.pt", "pt/edt_tiny_views.pt"};

    for (gsize f = 0; f < G_N_ELEMENTS(files); f++) {
        char *source = golden_file(files[f]), *output = craft_path("memory.safetensors");
        EdtImport import = {.edt_path = source, .output = output};
        guint64 before = edt_alloc_count(), calls;
        GError *error = NULL;
        g_assert_true(edt_import(&import, NULL, NULL, NULL));
        calls = edt_alloc_count() - before;
        g_assert_cmpuint(calls, >, 0);
        g_remove(output);
        for (guint64 n = 1; n <= calls; n++) {
            edt_alloc_fail_at(n);
            g_assert_false(edt_import(&import, NULL, NULL, &error));
            g_assert_error(error, EDT_ERROR, EDT_ERROR_NO_MEMORY);
            g_clear_error(&error);
            g_assert_false(g_file_test(output, G_FILE_TEST_EXISTS));
        }
        edt_alloc_fail_at(0);
        g_assert_true(edt_import(&import, NULL, NULL, NULL));
        g_remove(output);
        g_free(output);
        g_free(source);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/import/values", test_values);
    g_test_add_func("/import/wrappings", test_wrappings);
    g_test_add_func("/import/bf16", test_bf16);
    g_test_add_func("/import/int8", test_int8);
    g_test_add_func("/import/f16-source", test_f16_source);
    g_test_add_func("/import/vae-spellings", test_vae_spellings);
    g_test_add_func("/import/vae-of-a-model", test_vae_of_a_model);
    g_test_add_func("/import/missing", test_missing);
    g_test_add_func("/import/misshaped-and-extra", test_misshaped_and_extra);
    g_test_add_func("/import/vae-refusals", test_vae_refusals);
    g_test_add_func("/import/vae-of-another-kind", test_vae_of_another_kind);
    g_test_add_func("/import/whole-numbers", test_whole_numbers);
    g_test_add_func("/import/module-is-refused", test_module_is_refused);
    g_test_add_func("/import/model-is-no-checkpoint", test_model_is_no_checkpoint);
    g_test_add_func("/import/input-is-output", test_input_is_output);
    g_test_add_func("/import/missing-file", test_missing_file);
    g_test_add_func("/import/bad-title", test_bad_title);
    g_test_add_func("/import/progress", test_progress);
    g_test_add_func("/import/killed", test_killed);
    g_test_add_func("/import/no-memory", test_no_memory);
    return g_test_run();
}
